"""The prompt cache as the API keeps it: by prefix, up to each breakpoint, for five minutes. No I/O."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.drafts.messages_api.protocol import Block, Usage, count_tokens

SMALLEST_PREFIX_TOKENS = 1024
SECONDS_KEPT = 300.0


@dataclass(frozen=True)
class Reading:
    """What one request may read, and what it will leave behind once its answer begins."""

    usage: Usage
    prefixes: tuple[str, ...]


@dataclass
class PrefixCache:
    """Prefixes that a begun answer has written, each with the time at which it is forgotten."""

    now: Callable[[], float] = time.monotonic
    _kept_until: dict[str, float] = field(default_factory=dict[str, float])

    def read(self, reader: str, blocks: tuple[Block, ...]) -> Reading:
        """Split a prompt's tokens into read, written and plain. Changes nothing.

        `reader` is what must be equal to share a prefix: the model, and whatever else comes before the first block.
        """
        total, candidates = _breakpoints(reader, blocks)
        read = max((tokens for key, tokens in candidates if self._kept_until.get(key, 0.0) > self.now()), default=0)
        cached = max((tokens for _, tokens in candidates), default=0)
        usage = Usage(total - max(cached, read), max(0, cached - read), read)
        return Reading(usage, tuple(key for key, _ in candidates))

    def write(self, reading: Reading) -> None:
        """Make a prompt's prefixes readable: call when its answer begins, not before."""
        until = self.now() + SECONDS_KEPT
        self._kept_until |= dict.fromkeys(reading.prefixes, until)


def _breakpoints(reader: str, blocks: tuple[Block, ...]) -> tuple[int, list[tuple[str, int]]]:
    """All tokens of the prompt, and (key, tokens) for each breakpoint whose prefix is long enough."""
    digest, characters, found = hashlib.sha256(reader.encode()), 0, list[tuple[str, int]]()
    for block in blocks:
        digest.update(f"\0{block.role}\0{block.text}".encode())
        characters += len(block.text)
        tokens = count_tokens("x" * characters)
        if block.cached and tokens >= SMALLEST_PREFIX_TOKENS:
            found.append((digest.hexdigest(), tokens))
    return count_tokens("x" * characters), found
