"""Schedules activities: the one retry policy, and how a failure that outlived it reads. Nothing else retries."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any, Protocol

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from shared import logs
from shared.contracts import Failure, Payload, RunInput, answer_in, in_short, sign, signature_of

LONGEST_WAIT = timedelta(minutes=5)
LONGEST_REASON = 500
MOST_ASKED = 20
"""A bound for the loop, far beyond what mistaken results there can be."""
log = logs.logger(__name__)


class Tried(Protocol):
    """An orchestrator's input: how steps are tried, and whether their results are signed."""

    @property
    def attempts(self) -> int: ...

    @property
    def first_retry_seconds(self) -> float: ...

    @property
    def signed(self) -> bool: ...


def step[R: Payload](
    context: df.DurableOrchestrationContext, run: RunInput, activity: str, request: Payload, kind: type[R]
) -> Generator[Task[Any], Any, R]:
    """One activity of a run, with its request in short; its result."""
    return (yield from attempt(context, run, activity, in_short(request, run), kind))


def attempt[R: Payload](
    context: df.DurableOrchestrationContext, tried: Tried, activity: str, request: dict[str, Any], kind: type[R]
) -> Generator[Task[Any], Any, R]:
    """One activity, tried `tried.attempts` times with doubling waits between; its result, a `kind`.

    A result that does not answer this request is another step's, which the engine has mistaken: the step is asked
    again. Activities may be repeated, so that costs nothing but time.
    """
    policy = df.RetryPolicy(
        first_retry_interval=timedelta(seconds=tried.first_retry_seconds),
        max_number_of_attempts=tried.attempts,
        backoff_coefficient=2,
        max_retry_interval=LONGEST_WAIT,
    )
    signature = signature_of(activity, request) if tried.signed else None
    for asked in range(1, MOST_ASKED + 1):
        result: Any = yield context.call_activity_with_retry(activity, policy, sign(request, signature))
        try:
            return answer_in(result, kind, signature)
        except ValueError as wrong:
            if asked == MOST_ASKED:
                raise
            if not context.is_replaying:
                log.warning("%s is asked again: %s", activity, wrong)
    raise AssertionError("the last answer is taken or raised")


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
