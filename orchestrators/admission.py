"""Admission control: a run waits for a run slot before it begins, and releases the slot when it has ended."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from orchestrators.active_run import Steps
from orchestrators.custom_status import CustomStatus
from orchestrators.steps import step
from shared.contracts import SLOT_EVENT, NextRuns, RunInput, Slot, SlotRequest

LOOK_AGAIN, RARELY = timedelta(minutes=2), 8
"""The event that wakes a waiting run can be lost, so a waiting run also asks again by itself, ever more rarely."""
MOST_LOOKS = 10_000
"""A bound for the loop, far beyond any queue."""


def wait_for_slot(
    context: df.DurableOrchestrationContext, run: RunInput, cancel: Task[Any], status: CustomStatus
) -> Steps[bool]:
    """Wait for a run slot; False where the run was cancelled before it got one.

    Runs without a limit, those started before there was one included, take no step here.
    """
    if not run.max_active:
        return True
    status.queue(0)
    request = _request(context, run)
    called: Task[Any] = context.wait_for_external_event(SLOT_EVENT)
    for look in range(1, MOST_LOOKS):
        place = yield from step(context, run, "take_place", request, Slot)
        if place.taken:
            status.admit()
            break
        status.queue(place.ahead)
        timer = context.create_timer(context.current_utc_datetime + LOOK_AGAIN * min(look, RARELY))
        first = yield context.task_any([cancel, called, timer])
        if first is cancel:
            return False
        if first is called:
            called = context.wait_for_external_event(SLOT_EVENT)
    return True


def release_slot(context: df.DurableOrchestrationContext, run: RunInput) -> Steps[None]:
    """Release the run slot, which wakes the next waiting run. Where that fails, the timer sweep does it."""
    if not run.max_active:
        return
    with suppress(TaskFailedError):
        yield from step(context, run, "leave_place", _request(context, run), NextRuns)


def _request(context: df.DurableOrchestrationContext, run: RunInput) -> SlotRequest:
    since = context.current_utc_datetime.isoformat(timespec="microseconds")
    return SlotRequest(run.run_id, since, run.max_active)
