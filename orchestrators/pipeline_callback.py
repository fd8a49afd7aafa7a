"""A pipeline waits for runs: tell it how they go, then that they have ended. The runs themselves know nothing of it."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from orchestrators.steps import attempt, failure_of
from shared.contracts import Callback, CallbackOutcome, CompleteRequest, CompleteResult, TellRequest, TellResult

bp = df.Blueprint()


def pipeline_callback(context: df.DurableOrchestrationContext) -> Generator[Task[Any], Any, dict[str, Any] | None]:
    """Durable entry: `Callback` in, `CallbackOutcome` out."""
    callback = Callback.from_dict(context.get_input())
    until = datetime.fromisoformat(callback.until)
    for _ in range(callback.looks):
        heard = yield from _tell(context, callback)
        now = context.current_utc_datetime.replace(tzinfo=UTC)
        if heard.ended or now >= until:
            outcome = yield from _complete(context, callback)
            yield from attempt(context, callback, "close_callback", outcome.to_dict(), CallbackOutcome)
            return outcome.to_dict()
        callback = replace(callback, told=heard.told, log=heard.log)
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=callback.seconds))
    context.continue_as_new(callback.to_dict())
    return None


bp.orchestration_trigger(context_name="context")(
    pipeline_callback  # pyright: ignore[reportArgumentType] (typed for 2-argument orchestrators; one is documented)
)


def _tell(context: df.DurableOrchestrationContext, callback: Callback) -> Generator[Task[Any], Any, TellResult]:
    request = TellRequest(callback.callback_id, callback.runs, callback.told, callback.log)
    try:
        return (yield from attempt(context, callback, "tell_pipeline", request.to_dict(), TellResult))
    except TaskFailedError:
        return TellResult(callback.told, callback.log, ended=False)  # the next look says it all


def _complete(
    context: df.DurableOrchestrationContext, callback: Callback
) -> Generator[Task[Any], Any, CallbackOutcome]:
    request = CompleteRequest(callback.callback_id, callback.runs)
    try:
        done = yield from attempt(context, callback, "complete_task", request.to_dict(), CompleteResult)
    except TaskFailedError as error:
        mend = "Start the pipeline's job again: the runs go on by themselves, and those that have ended cost nothing."
        failure = replace(failure_of(error, callback), code="pipeline-not-told", mend=mend)
        return CallbackOutcome(callback.callback_id, callback.runs, failure=failure)
    return CallbackOutcome(callback.callback_id, callback.runs, done.result)
