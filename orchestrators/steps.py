"""Schedules activities: the one retry policy, and how a failure that outlived it reads. Nothing else retries."""

from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from shared.contracts import Failure, Payload, RunInput
from shared.history import in_short

LONGEST_WAIT = timedelta(minutes=5)
LONGEST_REASON = 500


def step(context: df.DurableOrchestrationContext, run: RunInput, activity: str, request: Payload) -> Task[Any]:
    """Schedule one activity. It is tried `run.attempts` times, with doubling waits between."""
    policy = df.RetryPolicy(
        first_retry_interval=timedelta(seconds=run.first_retry_seconds),
        max_number_of_attempts=run.attempts,
        backoff_coefficient=2,
        max_retry_interval=LONGEST_WAIT,
    )
    return context.call_activity_with_retry(activity, policy, in_short(request, run))


def failure_of(error: TaskFailedError, run: RunInput) -> Failure:
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
