"""Rate limits as the API keeps them: three buckets for each model, refilled all the time. No I/O.

A request takes one of requests and what it reads beyond the cache of input tokens; output tokens are taken as they are
written, so that bucket may be overdrawn (platform.claude.com/docs/en/api/rate-limits).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

KINDS: tuple[str, ...] = ("requests", "input-tokens", "output-tokens")
WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Limits:
    """What one model may be asked for in a minute; `left` is the share of it that is there at the start."""

    requests: int
    input_tokens: int
    output_tokens: int
    left: float = 1.0


class RateLimiter:
    """The buckets of one server. `now` gives seconds since 1970."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.time) -> None:
        self._most = dict(zip(KINDS, (limits.requests, limits.input_tokens, limits.output_tokens), strict=True))
        self._at_start = {kind: most * limits.left for kind, most in self._most.items()}
        self._now = now
        self._left: dict[str, tuple[dict[str, float], float]] = {}

    def take(self, model: str, input_tokens: int) -> int | None:
        """Let a request in. Where there is no room for it, whole seconds until there is."""
        left = self._refilled(model)
        needed = {"requests": 1.0, "input-tokens": min(input_tokens, self._most["input-tokens"]), "output-tokens": 1.0}
        lacking = {kind: amount - left[kind] for kind, amount in needed.items() if amount > left[kind]}
        if lacking:
            return max(1, *(math.ceil(amount * WINDOW_SECONDS / self._most[kind]) for kind, amount in lacking.items()))
        left["requests"] -= 1
        left["input-tokens"] -= input_tokens
        return None

    def written(self, model: str, output_tokens: int) -> None:
        """An answer of this length was written."""
        self._refilled(model)["output-tokens"] -= output_tokens

    def headers(self, model: str) -> dict[str, str]:
        """What each answer tells: the limits, what is left, and when all of it is there again."""
        left, told = self._refilled(model), dict[str, str]()
        for kind, most in self._most.items():
            full = self._now() + (most - left[kind]) / most * WINDOW_SECONDS
            told[f"anthropic-ratelimit-{kind}-limit"] = str(most)
            told[f"anthropic-ratelimit-{kind}-remaining"] = str(max(0, math.floor(left[kind])))
            told[f"anthropic-ratelimit-{kind}-reset"] = datetime.fromtimestamp(full, UTC).isoformat()
        return told

    def _refilled(self, model: str) -> dict[str, float]:
        now = self._now()
        left, since = self._left.get(model, (self._at_start, now))
        share = (now - since) / WINDOW_SECONDS
        refilled = {kind: min(self._most[kind], left[kind] + most * share) for kind, most in self._most.items()}
        self._left[model] = refilled, now
        return refilled
