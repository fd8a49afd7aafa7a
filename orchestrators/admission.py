"""Lets a run begin when there is a place for it among the active ones, and gives the place back when it has ended."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from orchestrators.desk import Steps
from orchestrators.progress import Board
from orchestrators.steps import step
from shared.contracts import PLACE_EVENT, NextRuns, Place, PlaceRequest, RunInput

LOOK_AGAIN, RARELY = timedelta(minutes=2), 8
"""A call for the next in line can be lost with whoever made it: who waits looks for itself, too, ever more rarely."""
MOST_LOOKS = 10_000
"""A bound for the loop, far beyond any queue."""


def admitted(context: df.DurableOrchestrationContext, run: RunInput, cancel: Task[Any], board: Board) -> Steps[bool]:
    """Wait for a place; False where the run was cancelled before it got one.

    Runs without a limit, those started before there was one included, take no step here.
    """
    if not run.max_active:
        return True
    board.queue(0)
    request = _request(context, run)
    called: Task[Any] = context.wait_for_external_event(PLACE_EVENT)
    for look in range(1, MOST_LOOKS):
        place = yield from step(context, run, "take_place", request, Place)
        if place.taken:
            board.let_in()
            break
        board.queue(place.ahead)
        timer = context.create_timer(context.current_utc_datetime + LOOK_AGAIN * min(look, RARELY))
        first = yield context.task_any([cancel, called, timer])
        if first is cancel:
            return False
        if first is called:
            called = context.wait_for_external_event(PLACE_EVENT)
    return True


def leave(context: df.DurableOrchestrationContext, run: RunInput) -> Steps[None]:
    """Give the place back, which calls who is next. Where that fails, the sweep does it."""
    if not run.max_active:
        return
    with suppress(TaskFailedError):
        yield from step(context, run, "leave_place", _request(context, run), NextRuns)


def _request(context: df.DurableOrchestrationContext, run: RunInput) -> PlaceRequest:
    since = context.current_utc_datetime.isoformat(timespec="microseconds")
    return PlaceRequest(run.run_id, since, run.max_active)
