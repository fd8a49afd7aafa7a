"""How long a run waits for Claude: what it is asked to, within bounds, spread, and the same on replay."""

import pytest

from orchestrators.asking import seconds_to_wait
from shared.contracts import Interruption, Patience

PATIENCE = Patience(first_seconds=5, longest_seconds=600, total_seconds=7_200)


def wait(attempt: int, retry_after: float | None = None, seed: str = "run/agent") -> float:
    return seconds_to_wait(PATIENCE, Interruption("529", retry_after), attempt, seed)


@pytest.mark.parametrize(("attempt", "least"), [(1, 5), (2, 10), (3, 20), (6, 160)])
def test_waits_double_and_spread_by_a_quarter(attempt: int, least: float):
    assert least <= wait(attempt) <= least * 1.25


@pytest.mark.parametrize("attempt", [8, 20, 99])
def test_no_wait_is_longer_than_the_longest(attempt: int):
    assert 450 <= wait(attempt) <= 600


def test_the_api_may_ask_for_more_but_not_for_more_than_the_longest():
    assert 60 <= wait(1, retry_after=60) <= 75
    assert 450 <= wait(1, retry_after=4_000_000) <= 600


def test_waits_for_a_call_that_is_under_way_do_not_grow():
    waits = [seconds_to_wait(PATIENCE, Interruption("wait", 5.0, steady=True), attempt, "run") for attempt in (1, 5, 9)]
    assert all(5 <= wait <= 6.25 for wait in waits)


def test_the_same_wait_on_replay_and_another_for_another_run():
    assert wait(3) == wait(3)
    assert len({wait(3, seed=f"run-{number}/agent") for number in range(50)}) > 45
