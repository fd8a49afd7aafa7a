"""Calls stay under what Claude's headers leave room for: nobody bounces, nobody starves, nothing is held for long."""

from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from shared.agents.prompts import Block, Prompt
from shared.claude.prefix_cache import CachedPrefixes
from shared.claude.rate_limit import HELD_BACK, Cost, RateLimits
from shared.errors import CallInterrupted

MODEL = "claude-sonnet-5-5"


class Api:
    """A model with 60,000 input tokens a minute: 1,000 come back each second. `now` is everybody's time."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.limits = RateLimits(600.0, lambda: self.now)

    def headers(self, left: int, *, output_left: int = 10_000) -> dict[str, str]:
        told: dict[str, str] = {}
        buckets = {"input-tokens": (60_000, left), "output-tokens": (10_000, output_left)}
        for kind, (limit, rest) in buckets.items():
            full = datetime.fromtimestamp(self.now + (1 - rest / limit) * 60, UTC)
            told[f"anthropic-ratelimit-{kind}-limit"] = str(limit)
            told[f"anthropic-ratelimit-{kind}-remaining"] = str(rest)
            told[f"anthropic-ratelimit-{kind}-reset"] = full.isoformat(timespec="microseconds")
        return told

    def learn(self, left: int, output_left: int = 10_000) -> None:
        with self.limits.turn(MODEL, "first", Cost(0, 0)) as turn:
            turn.told(self.headers(left, output_left=output_left))

    def wait(self, who: str, tokens: int, output: int = 0) -> float:
        """How long a call is held back; 0 is a call that was made."""
        try:
            with self.limits.turn(MODEL, who, Cost(tokens, output)) as turn:
                turn.told(self.headers(0))
        except CallInterrupted as held:
            assert (held.code, held.spent) == (HELD_BACK, None)
            return held.retry_after or 0
        return 0


@pytest.fixture
def api() -> Api:
    return Api()


def test_what_is_not_told_limits_nothing(api: Api):
    with ExitStack() as calls:
        for number in range(100):
            turn = calls.enter_context(api.limits.turn(MODEL, number, Cost(10**6, 10**6)))
            turn.told({"anthropic-ratelimit-input-tokens-limit": "many", "retry-after": "5"})


def test_a_call_that_does_not_fit_is_told_when_it_will(api: Api):
    api.learn(left=5_000)
    assert api.wait("second", 8_000) == pytest.approx(3.0)
    api.now += 3.0
    assert api.wait("second", 8_000) == 0


def test_a_call_that_fits_is_made_whatever_another_model_has_left(api: Api):
    api.learn(left=0)
    with api.limits.turn("claude-haiku-5-5", "other", Cost(50_000, 0)):
        pass


def test_calls_under_way_count_until_claude_has_counted_them(api: Api):
    api.learn(left=10_000)
    with api.limits.turn(MODEL, "one", Cost(8_000, 0)) as one:
        assert api.wait("two", 8_000) == pytest.approx(6.0)
        one.told(api.headers(9_000))  # the cache gave most of it
        assert api.wait("two", 8_000) == 0


def test_what_is_being_written_counts_and_then_what_was(api: Api):
    api.learn(left=60_000, output_left=10_000)
    with api.limits.turn(MODEL, "one", Cost(0, 8_000)) as one:
        one.told(api.headers(60_000, output_left=10_000))
        assert api.wait("two", 0, output=4_000) == pytest.approx(12.0)
        one.output_tokens = 3_000
    assert api.wait("two", 0, output=4_000) == 0


def test_who_waits_keeps_the_place_in_the_line(api: Api):
    api.learn(left=0)
    waits = [api.wait(f"run-{number}", 10_000) for number in range(4)]
    assert waits == pytest.approx([10, 20, 30, 40]), "not all at the same time, to be held back again"
    api.now += 10.0
    assert api.wait("newcomer", 10_000) > 30
    assert api.wait("run-0", 10_000) == 0


def test_a_place_is_given_away_when_nobody_comes(api: Api):
    api.learn(left=0)
    assert api.wait("cancelled", 60_000) == pytest.approx(60)
    api.now += 100.0
    assert api.wait("other", 60_000) == 0


def test_what_is_larger_than_the_bucket_goes_when_it_is_full(api: Api):
    api.learn(left=30_000)
    assert api.wait("huge", 200_000) == pytest.approx(30)
    api.now += 30.0
    assert api.wait("huge", 200_000) == 0


def test_a_throttled_call_stops_the_others_for_as_long_as_claude_asked(api: Api):
    with api.limits.turn(MODEL, "one", Cost(0, 0)) as turn:
        turn.throttled({}, 7.0)
    assert api.wait("two", 0) == pytest.approx(7.0)
    with api.limits.turn("claude-haiku-5-5", "other", Cost(0, 0)):
        pass


def test_a_model_is_not_closed_for_longer_than_a_refused_call_waits(api: Api):
    with api.limits.turn(MODEL, "one", Cost(0, 0)) as turn:
        turn.throttled({}, 4_000_000.0)
    assert api.wait("two", 0) == pytest.approx(450.0)


def test_nothing_that_was_told_holds_for_longer_than_a_minute(api: Api):
    with api.limits.turn(MODEL, "one", Cost(0, 0)) as turn:
        turn.told(api.headers(0) | {"anthropic-ratelimit-input-tokens-reset": "2099-01-01T00:00:00Z"})
    assert api.wait("two", 60_000) == pytest.approx(60.0)


def test_a_prefix_that_was_read_lately_is_expected_from_the_cache():
    now = 0.0
    cached = CachedPrefixes(lambda: now)
    blocks = (Block("p" * 4_000, cached=True), Block("d" * 4_000, cached=True))
    one, two = (Prompt("s" * 400, (*blocks, Block(role * 400, cached=False)), "go on") for role in "ab")
    assert cached.uncached_tokens(one, "sonnet") == 2_200
    cached.note(one, "sonnet")
    assert cached.uncached_tokens(two, "sonnet") == 100
    assert cached.uncached_tokens(two, "opus") == 2_200
    shorter = Prompt("s" * 400, (blocks[0], Block("other", cached=True)), "go on")
    assert cached.uncached_tokens(shorter, "sonnet") == pytest.approx(1, abs=1)
    now = 241.0
    assert cached.uncached_tokens(two, "sonnet") == 2_200
