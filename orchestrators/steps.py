"""Schedules activities: the one retry policy, and how a failure that outlived it reads. Nothing else retries."""

from datetime import timedelta
from typing import Any, Protocol

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from shared.contracts import Failure, Payload, RunInput, in_short

LONGEST_WAIT = timedelta(minutes=5)
LONGEST_REASON = 500


class Tried(Protocol):
    """An orchestrator's input: how often its steps are tried, and how long the first wait is."""

    @property
    def attempts(self) -> int: ...

    @property
    def first_retry_seconds(self) -> float: ...


def step(context: df.DurableOrchestrationContext, run: RunInput, activity: str, request: Payload) -> Task[Any]:
    """Schedule one activity of a run, with its request in short."""
    return attempt(context, run, activity, in_short(request, run))


def attempt(context: df.DurableOrchestrationContext, tried: Tried, activity: str, request: dict[str, Any]) -> Task[Any]:
    """Schedule one activity. It is tried `tried.attempts` times, with doubling waits between."""
    policy = df.RetryPolicy(
        first_retry_interval=timedelta(seconds=tried.first_retry_seconds),
        max_number_of_attempts=tried.attempts,
        backoff_coefficient=2,
        max_retry_interval=LONGEST_WAIT,
    )
    return context.call_activity_with_retry(activity, policy, request)


def failure_of(error: TaskFailedError, run: Tried) -> Failure:
    """The reason of the last try, without stack and cut to a length that history bears."""
    reason = error.details.message.removeprefix("Result: Failure").strip().removeprefix("Exception:").strip()
    reason = reason.split("\nStack:")[0].strip()
    kind, _, detail = reason.partition(": ")
    detail = detail if detail and " " not in kind else reason
    return Failure(
        code="step-failed",
        detail=f"{detail[:LONGEST_REASON]} (tried {run.attempts} times)",
        mend="Start the run again; what was already written is kept.",
    )
