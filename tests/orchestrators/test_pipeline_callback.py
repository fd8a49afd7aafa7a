"""What a waiting pipeline's orchestration decides, step by step, without an engine."""

import json
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.task import TaskFailedError

from orchestrators.pipeline_callback import pipeline_callback
from shared.contracts import AwaitedRun, Callback, CallbackOutcome, CompleteResult, TellResult
from tests.orchestrators.test_replay import LARGEST_BYTES
from triggers.http_callbacks import LONGEST_NAME, MOST_RUNS, looks_at

START = datetime(2026, 1, 1, tzinfo=UTC)
WAITING = Callback(
    callback_id="callback-1",
    runs=(AwaitedRun("orders-1", "orders.md"),),
    until=(START + timedelta(hours=1)).isoformat(),
    seconds=10,
    attempts=3,
    first_retry_seconds=1,
)


class Context:
    """As much of an orchestration's context as this one uses. Tasks are what was asked for."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.current_utc_datetime = START.replace(tzinfo=None)
        self.again: Any = None

    def get_input(self) -> Any:
        return self.callback.to_dict()

    def call_activity_with_retry(self, name: str, policy: Any, request: Any) -> Any:
        assert policy.max_number_of_attempts == WAITING.attempts
        return name, request

    def create_timer(self, due: datetime) -> Any:
        self.current_utc_datetime = due
        return "timer", None

    def continue_as_new(self, callback: Any) -> None:
        self.again = callback


def drive(context: Context, answers: dict[str, Any]) -> tuple[list[str], Any]:
    """The names of what was scheduled, and the result. An answer that is an error is thrown; without one, a step repeats."""
    steps = cast("Generator[Any, Any, Any]", pipeline_callback(cast(Any, context)))
    scheduled: list[str] = []
    try:
        name, request = next(steps)
        while True:
            scheduled.append(name)
            answer = answers.get(name, request)
            name, request = steps.throw(answer) if isinstance(answer, Exception) else steps.send(answer)
    except StopIteration as end:
        return scheduled, end.value


def failed(message: str) -> TaskFailedError:
    return TaskFailedError("failed", pb.TaskFailureDetails(errorType="CallbackFailed", errorMessage=message))


def heard(*, ended: bool) -> dict[str, Any]:
    return TellResult(("running d",), 7, ended).to_dict()


def test_a_pipeline_is_told_until_its_runs_have_ended_and_then_once_that_they_have():
    answers = {"tell_pipeline": heard(ended=True), "complete_task": CompleteResult("succeeded").to_dict()}
    scheduled, result = drive(Context(WAITING), answers)
    assert scheduled == ["tell_pipeline", "complete_task", "close_callback"]
    assert CallbackOutcome.from_dict(result) == CallbackOutcome("callback-1", WAITING.runs, "succeeded")


def test_no_history_grows_long_and_the_next_one_knows_what_was_told():
    context = Context(WAITING)
    scheduled, _ = drive(context, {"tell_pipeline": heard(ended=False)})
    assert scheduled == ["tell_pipeline", "timer"] * WAITING.looks
    assert Callback.from_dict(context.again) == replace(WAITING, told=("running d",), log=7)


def test_a_history_about_many_runs_of_long_names_stays_small_too():
    runs = tuple(AwaitedRun(f"{'r' * 60}-{number}", "n" * LONGEST_NAME) for number in range(MOST_RUNS))
    told = TellResult(tuple("running azure-devops-pipelines-expert" for _ in runs), 7, ended=False).to_dict()
    callback = replace(WAITING, runs=runs, looks=looks_at(MOST_RUNS))
    scheduled, _ = drive(Context(callback), {"tell_pipeline": told})
    looks = scheduled.count("tell_pipeline")
    assert 0 < looks < WAITING.looks
    assert len(json.dumps(callback.to_dict())) * (looks + 1) + len(json.dumps(told)) * 2 * looks < LARGEST_BYTES


def test_a_pipeline_waits_no_longer_than_the_settings_let_it():
    context = Context(replace(WAITING, until=(START + timedelta(seconds=15)).isoformat()))
    answers = {"tell_pipeline": heard(ended=False), "complete_task": CompleteResult("failed").to_dict()}
    scheduled, result = drive(context, answers)
    assert scheduled == [
        "tell_pipeline",
        "timer",
        "tell_pipeline",
        "timer",
        "tell_pipeline",
        "complete_task",
        "close_callback",
    ]
    assert result["result"] == "failed"


def test_storage_that_fails_for_a_while_ends_no_callback():
    context = Context(WAITING)
    scheduled, _ = drive(context, {"tell_pipeline": failed("storage is down")})
    assert len(scheduled) == 2 * WAITING.looks
    assert Callback.from_dict(context.again) == WAITING


def test_what_azure_devops_never_took_is_the_outcome():
    answers = {"tell_pipeline": heard(ended=True), "complete_task": failed("CallbackFailed: HTTP 401.")}
    scheduled, result = drive(Context(WAITING), answers)
    assert scheduled[-1] == "close_callback"
    assert result["failure"]["code"] == "pipeline-not-told"
    assert "HTTP 401" in result["failure"]["detail"]
