"""Which prompt prefixes Claude has in its cache, as far as this process has seen. Touches the clock and nothing else.

What the cache gives does not count against the limit of input tokens, so this decides what a call will probably take.
"""

import hashlib
import time
from collections.abc import Callable, Hashable, Iterator

from shared.agents import CHARACTERS_PER_TOKEN, Prompt, estimated_tokens

KEPT_SECONDS = 240.0
"""Claude keeps a prefix for five minutes; a minute less, so that what is expected is still there."""


class CachedPrefixes:
    """Prefixes seen lately. `reader` stands for what must be equal to share a cache: model, effort, thinking."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[Hashable, str], float] = {}

    def note(self, prompt: Prompt, reader: Hashable) -> None:
        """Claude has answered `prompt`: what it marks as cacheable is cached."""
        now = self._clock()
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until |= {(reader, digest): now + KEPT_SECONDS for digest, _ in _prefixes(prompt)}

    def uncached_tokens(self, prompt: Prompt, reader: Hashable) -> int:
        """About how many of `prompt`'s tokens no cache gives."""
        now = self._clock()
        known = (tokens for digest, tokens in _prefixes(prompt) if self._until.get((reader, digest), 0.0) > now)
        return estimated_tokens(prompt) - max(known, default=0)


def _prefixes(prompt: Prompt) -> Iterator[tuple[str, int]]:
    """Digest and length in tokens of each prefix that ends at a cache breakpoint."""
    digest, characters = hashlib.sha256(prompt.system.encode()), len(prompt.system)
    for block in prompt.blocks:
        digest.update(b"\0" + block.text.encode())
        characters += len(block.text)
        if block.cached:
            yield digest.copy().hexdigest(), characters // CHARACTERS_PER_TOKEN
