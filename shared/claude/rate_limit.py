"""Keeps a process's calls under Claude's rate limits: who may call now, when the others may. Touches the clock alone.

Claude keeps a bucket of requests, of input tokens that no cache gave and of output tokens for each model, refills it
all the time, and tells with each answer what is left and when it is full again
(platform.claude.com/docs/en/api/rate-limits). What is not told limits nothing. A call that does not fit is held back
before anything is sent, with the time at which it will fit: waiting is the orchestrator's, no worker is held.
"""

import time
from collections.abc import Callable, Generator, Hashable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from shared.errors import CallInterrupted

HELD_BACK = "held-back"
"""Code of the interruption that means: nothing was sent, there is no room for the call yet."""
WINDOW_SECONDS = 60.0
"""Limits are per minute: a bucket is full again after that long, whatever was told."""
SHORTEST_WAIT_SECONDS = 0.25
LATE_FACTOR, LATE_SECONDS = 0.5, 5.0
"""By how much of its wait, and how much more, a call may come late before its place is given away."""
EARLIEST = 0.75
"""Waits are spread: the longest one may be that much shorter."""
_KINDS: tuple[str, ...] = ("requests", "input-tokens", "output-tokens")


@dataclass(frozen=True)
class Cost:
    """What a call will probably take: input tokens that no cache gives, and what it writes."""

    input_tokens: int
    output_tokens: int

    def by_kind(self) -> dict[str, float]:
        """The same by bucket."""
        return dict(zip(_KINDS, (1.0, self.input_tokens, self.output_tokens), strict=True))


@dataclass
class _Bucket:
    """One limit as it was last told. `left` may be negative: what is spent is taken off until Claude tells anew."""

    limit: float
    left: float
    rate: float
    told_at: float

    def left_at(self, now: float) -> float:
        return min(self.limit, self.left + self.rate * (now - self.told_at))


@dataclass(frozen=True)
class _Place:
    """The place of a call that was held back, kept for it until `until`."""

    cost: dict[str, float]
    until: float


class Turn:
    """A call under way. What it will take counts as taken until Claude's own figures hold it."""

    def __init__(self, limits: "_ModelLimits", cost: Cost) -> None:
        self._limits = limits
        self.pending = cost.by_kind()
        self.output_tokens = 0

    def told(self, headers: Mapping[str, str]) -> None:
        """Claude has begun to answer: its figures hold the request and its input, not yet what it will write."""
        self._limits.learn(headers)
        self.pending |= {"requests": 0.0, "input-tokens": 0.0}

    def throttled(self, headers: Mapping[str, str], seconds: float | None) -> None:
        """Claude has refused the call for lack of room: nobody need try before that time."""
        self._limits.learn(headers)
        self.pending = dict.fromkeys(_KINDS, 0.0)
        self._limits.close_for(seconds or 0.0)


class RateLimits:
    """The limits of all models, as far as their answers told. `clock` gives seconds since 1970.

    `longest_wait_seconds` is how long a refused call waits at most before it comes again, whatever Claude asked for.
    """

    def __init__(self, longest_wait_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._longest_wait = longest_wait_seconds
        self._clock = clock
        self._models: dict[str, _ModelLimits] = {}

    @contextmanager
    def turn(self, model: str, who: Hashable, cost: Cost) -> Generator[Turn]:
        """Room for one call, in the order of asking. `who` is the call's identity when it comes again.

        Raises `CallInterrupted` (HELD_BACK) with the seconds to wait where there is no room.
        """
        limits = self._models.setdefault(model, _ModelLimits(model, self._longest_wait, self._clock))
        turn = limits.enter(who, cost)
        try:
            yield turn
        finally:
            limits.leave(turn)


class _ModelLimits:
    """One model's buckets, its calls under way, and the places of those that wait, in their order."""

    def __init__(self, model: str, longest_wait_seconds: float, clock: Callable[[], float]) -> None:
        self._model = model
        self._longest_closed = longest_wait_seconds * EARLIEST
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._under_way: set[Turn] = set()
        self._places: dict[Hashable, _Place] = {}
        self._closed_until = 0.0

    def enter(self, who: Hashable, cost: Cost) -> Turn:
        now = self._clock()
        wait = self._wait(who, cost.by_kind(), now)
        if wait > 0:
            wait = max(wait, SHORTEST_WAIT_SECONDS)
            self._places[who] = _Place(cost.by_kind(), now + wait * (1 + LATE_FACTOR) + LATE_SECONDS)
            held = f"Held back for {wait:.1f} s: {self._model} has no room for the call within its rate limits."
            raise CallInterrupted(HELD_BACK, held, round(wait, 3))
        self._places.pop(who, None)
        turn = Turn(self, cost)
        self._under_way.add(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """What the call took comes off what was last told."""
        self._under_way.discard(turn)
        taken = turn.pending | {"output-tokens": float(turn.output_tokens)}
        for kind, bucket in self._buckets.items():
            bucket.left -= taken[kind]

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take over what an answer tells, in place of all that was told before."""
        now = self._clock()
        told = ((kind, _told(headers, kind, now)) for kind in _KINDS)
        self._buckets = {kind: bucket for kind, bucket in told if bucket is not None}

    def close_for(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, self._clock() + min(seconds, self._longest_closed))

    def _wait(self, who: Hashable, cost: dict[str, float], now: float) -> float:
        """Seconds until there is room for `cost` behind all who are under way or wait longer; 0 if there is now."""
        ahead = [turn.pending for turn in self._under_way] + self._ahead_of(who, now)
        waits = [self._closed_until - now]
        for kind, bucket in self._buckets.items():
            # What is larger than the bucket goes when it is full.
            needed = min(cost[kind], bucket.limit) + sum(each[kind] for each in ahead)
            waits.append((needed - bucket.left_at(now)) / bucket.rate)
        return max(0.0, *waits)

    def _ahead_of(self, who: Hashable, now: float) -> list[dict[str, float]]:
        self._places = {other: place for other, place in self._places.items() if place.until > now}
        ahead: list[dict[str, float]] = []
        for other, place in self._places.items():
            if other == who:
                break
            ahead.append(place.cost)
        return ahead


def _told(headers: Mapping[str, str], kind: str, now: float) -> _Bucket | None:
    """One bucket as the headers tell it; None where they do not, or make no sense."""
    limit, left, reset = (headers.get(f"anthropic-ratelimit-{kind}-{part}", "") for part in _PARTS)
    try:
        most, rest = float(limit), float(left)
        full_in = datetime.fromisoformat(reset).timestamp() - now if reset else WINDOW_SECONDS
    except ValueError:
        return None
    if most <= 0:
        return None
    if "." not in reset:
        full_in += 1.0  # whole seconds are cut off, not rounded
    rate = most / WINDOW_SECONDS
    if full_in > 0:
        rate = max(rate, (most - rest) / full_in)
    return _Bucket(most, rest, rate, now)


_PARTS = ("limit", "remaining", "reset")
