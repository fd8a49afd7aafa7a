"""How long a run waits for Claude: what it is asked to, within bounds, spread, and the same on replay."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from orchestrators.active_run import ActiveRun
from orchestrators.asking import MOST_TRIES, ask, seconds_to_wait
from orchestrators.spending import Spending
from shared.contracts import AgentRequest, AgentResult, BlobRef, Interruption, Options, Patience, RunInput, Usage

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


def test_they_outlast_a_long_call_all_the_same():
    interruption = Interruption("wait", 5.0, steady=True)
    assert sum(seconds_to_wait(PATIENCE, interruption, attempt, "run") for attempt in range(1, MOST_TRIES)) > 2_400


def test_tries_are_bounded_whatever_the_patience_and_the_end_is_a_reason():
    prd, options = BlobRef("runs", "r1/prd.md", "ab" * 32, 12), Options("python", "asked for")
    endless = replace(PATIENCE, total_seconds=1e9)
    run = RunInput("r1", "p", "P", prd, "p.md", None, options, "designs", (), patience=endless)
    context = Mock(current_utc_datetime=datetime(2026, 11, 22, tzinfo=UTC))
    request = AgentRequest("r1", "system-architect", "draft", "p", "python", None, prd, "p.md")
    asking = ask(ActiveRun(context, run, Mock(), Mock(), Spending(run)), Mock(key="architect", model="m"), request)
    busy, asked = AgentResult(Usage(), "m", interruption=Interruption("Busy.")).to_dict(), 0
    given: Any = None
    try:
        while True:
            asking.send(given)
            asked, given = asked + (given is None), busy if given is None else None
    except StopIteration as end:
        result: AgentResult = end.value
    assert result.failure
    assert (result.failure.code, asked) == ("given-up", MOST_TRIES - 1)


def test_the_same_wait_on_replay_and_another_for_another_run():
    assert wait(3) == wait(3)
    assert len({wait(3, seed=f"run-{number}/agent") for number in range(50)}) > 45
