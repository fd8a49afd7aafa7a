"""Orchestrators and activities of the sample app. Activities leave a mark in the folder that MARKS names."""

import asyncio
import os
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import azure.durable_functions as df
from durabletask.task import RetryPolicy, Task

steps = df.Blueprint()

type Flow = Generator[Task[Any], Any, Any]


def mark(name: str, text: str) -> int:
    """Append a line to a mark file; returns how many lines it has."""
    path = Path(os.environ["MARKS"]) / name
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    return len(path.read_text(encoding="utf-8").splitlines())


@steps.activity_trigger(input_name="work")
async def wait(work: dict) -> dict[str, Any]:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType] - indexing wants the bare type
    """Sleep, and say how often this piece of work was begun."""
    given = cast("dict[str, Any]", work)
    times = mark(f"wait-{given['key']}", "begun")
    await asyncio.sleep(given["seconds"])
    return {"key": given["key"], "times": times}


@steps.activity_trigger(input_name="key")
def flaky(key: str) -> int:
    """Fail twice, then say how often it was called."""
    times = mark(f"flaky-{key}", "called")
    if times < 3:
        raise ValueError(f"not yet, {times}")
    return times


@steps.activity_trigger(input_name="number")
async def noop(number: int) -> int:
    return number


@steps.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType] - typed for two arguments
def fan(context: df.DurableOrchestrationContext) -> Flow:
    """One activity, then some side by side, then one: the shape of a run."""
    given: dict[str, Any] = context.get_input()
    context.set_custom_status("waiting")
    first = yield context.call_activity("wait", {"key": f"{given['key']}-a", "seconds": 0})
    work = [{"key": f"{given['key']}-{n}", "seconds": given["seconds"]} for n in range(3)]
    rest = yield context.task_all([context.call_activity("wait", item) for item in work])
    return [first, *rest]


@steps.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType] - typed for two arguments
def noops(context: df.DurableOrchestrationContext) -> Flow:
    first = yield context.call_activity("noop", 1)
    some = yield context.task_all([context.call_activity("noop", number) for number in range(4)])
    last = yield context.call_activity("noop", sum(some))
    return first + last


@steps.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType] - typed for two arguments
def retrying(context: df.DurableOrchestrationContext) -> Flow:
    given: dict[str, Any] = context.get_input()
    pause = timedelta(milliseconds=given["pause"])
    policy = RetryPolicy(first_retry_interval=pause, max_number_of_attempts=4)
    times = yield context.call_activity_with_retry("flaky", policy, given["key"])
    return times


@steps.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType] - typed for two arguments
def approval(context: df.DurableOrchestrationContext) -> Flow:
    """Wait for `approve`, no longer than the input says, in seconds."""
    deadline = context.current_utc_datetime + timedelta(seconds=context.get_input())
    event = context.wait_for_external_event("approve")
    timer = context.create_timer(deadline)
    winner = yield context.task_any([event, timer])
    if winner == event:
        return {"approved": event.result}
    return {"approved": None}


@steps.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType] - typed for two arguments
def parent(context: df.DurableOrchestrationContext) -> Flow:
    child = yield context.call_sub_orchestrator("fan", context.get_input())
    return {"child": child}


@steps.orchestration_trigger(context_name="context")  # pyright: ignore[reportArgumentType] - typed for two arguments
def failing(context: df.DurableOrchestrationContext) -> Flow:
    yield context.call_activity("flaky", context.get_input())
