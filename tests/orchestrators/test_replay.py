"""Runs in flight survive a deployment: recorded histories replay, step by step, on today's code."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.internal.orchestrator_service_pb2 import (
    CreateTimerAction,
    ExecutionStartedEvent,
    HistoryChunk,
    HistoryEvent,
    OrchestrationStatus,
    OrchestratorAction,
    OrchestratorRequest,
    OrchestratorResponse,
    ScheduleTaskAction,
    SendEventAction,
    TaskScheduledEvent,
    TimerCreatedEvent,
)
from google.protobuf import json_format

from orchestrators.design_backend import design_backend
from orchestrators.pipeline_callback import pipeline_callback
from shared.contracts import (
    AgentRequest,
    BatchLook,
    BatchRequest,
    Callback,
    CallbackOutcome,
    CheckRequest,
    CompleteRequest,
    FolderRequest,
    ManifestRequest,
    MovesRequest,
    PackCheckRequest,
    Payload,
    PublishRequest,
    RunInput,
    SlotRequest,
    TellRequest,
    WarmRequest,
    unsigned,
)
from shared.contracts.history import in_full, run_of

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))
CALLBACKS = [path for path in HISTORIES if path.stem.startswith("callback-")]
RUNS = [path for path in HISTORIES if path not in CALLBACKS]
ORCHESTRATORS: dict[str, Any] = {each.__name__: each for each in (design_backend, pipeline_callback)}
LARGEST_BYTES = 64 * 1024
ORDERS = ("taskScheduled", "timerCreated", "executionCompleted", "continueAsNew")
"""Events that record what an orchestrator decided; all others tell it something."""


def load(path: Path) -> list[HistoryEvent]:
    return list(json_format.Parse(path.read_text(encoding="utf-8"), HistoryChunk()).events)


def history(name: str) -> list[HistoryEvent]:
    return load(next(path for path in HISTORIES if path.stem == name))


def start_of(events: list[HistoryEvent]) -> ExecutionStartedEvent:
    (started,) = [event.executionStarted for event in events if event.HasField("executionStarted")]
    return started


def steps(events: list[HistoryEvent]) -> Iterator[tuple[list[HistoryEvent], list[HistoryEvent], list[HistoryEvent]]]:
    """(what was known, what was new, what the orchestrator scheduled then) for each recorded step."""
    starts = [number for number, event in enumerate(events) if event.HasField("orchestratorStarted")]
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        batch = events[start:end]
        new = [event for event in batch if event.WhichOneof("eventType") not in ORDERS]
        yield events[:start], new, [event for event in batch if event not in new]


def replay(past: list[HistoryEvent], new: list[HistoryEvent], orchestrator: Any = None) -> OrchestratorResponse:
    """What today's orchestrator of that name, or the one that is given, decides then."""
    orchestrator = orchestrator or ORCHESTRATORS[start_of([*past, *new]).name]
    request = OrchestratorRequest(instanceId="replayed", pastEvents=past, newEvents=new)
    body = base64.b64encode(request.SerializeToString()).decode()
    answer = DurableFunctionsWorker().execute_orchestration_request(orchestrator, body)
    return OrchestratorResponse.FromString(base64.b64decode(answer))


type Decision = tuple[str, int, str, Any]
"""Kind, id, name and content: an activity with its request, a timer with its time, an ending with its result (of one
that begins anew: the new input)."""


def decided(response: OrchestratorResponse) -> list[Decision]:
    """What a replayed step orders. An order of a kind that is compared with nothing is an error."""
    orders: list[Decision] = []
    for action in response.actions:
        kind = action.WhichOneof("orchestratorActionType")
        if kind == "scheduleTask":
            orders.append(_task(action.id, action.scheduleTask))
        elif kind == "createTimer":
            orders.append(_timer(action.id, action.createTimer))
        elif kind == "completeOrchestration":
            end = action.completeOrchestration
            orders.append(_end(end.orchestrationStatus, end.result.value))
        else:
            raise AssertionError(f"{kind} is compared with nothing")
    return orders


def recorded(events: list[HistoryEvent]) -> list[Decision]:
    """What the recorded step ordered."""
    orders: list[Decision] = []
    for event in events:
        if event.HasField("taskScheduled"):
            orders.append(_task(event.eventId, event.taskScheduled))
        elif event.HasField("timerCreated"):
            orders.append(_timer(event.eventId, event.timerCreated))
        elif event.HasField("executionCompleted"):
            end = event.executionCompleted
            orders.append(_end(end.orchestrationStatus, end.result.value))
        else:
            orders.append(
                _end(OrchestrationStatus.ORCHESTRATION_STATUS_CONTINUED_AS_NEW, event.continueAsNew.input.value)
            )
    return orders


def _task(number: int, task: ScheduleTaskAction | TaskScheduledEvent) -> Decision:
    return "task", number, task.name, json.loads(task.input.value)


def _timer(number: int, timer: CreateTimerAction | TimerCreatedEvent) -> Decision:
    return "timer", number, "", timer.fireAt.ToJsonString()


def _end(status: OrchestrationStatus, said: str) -> Decision:
    return "end", 0, OrchestrationStatus.Name(status), json.loads(said or "null")


def test_there_is_a_history_for_every_path():
    assert {path.stem for path in HISTORIES} == {
        "architect-first", "edited", "edited-again", "edits-refused", "longest-edited", "architect-refused", "cancelled", "capped", "completed", "economy", "longest", "queued", "reconciled", "retried",
        "revised", "revision-refused", "setup-refused", "specialist-interrupted", "specialist-refused", "synthesis-refused",
        "throttled", "unlimited", "carried-over", "updated", "updated-economy",
        "callback-anew-1", "callback-anew-2", "callback-interrupted", "callback-late", "callback-told", "callback-untold",
    }  # fmt: skip


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_what_is_recorded_replays_to_the_same_decisions(path: Path):
    for past, new, ordered in steps(load(path)):
        response = replay(past, new)
        errors = [action.completeOrchestration.failureDetails.errorMessage for action in response.actions]
        assert decided(response) == recorded(ordered), errors


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_history_stays_small(path: Path):
    assert HistoryChunk(events=load(path)).ByteSize() < LARGEST_BYTES


REQUESTS: dict[str, type[Payload]] = {
    "take_place": SlotRequest,
    "leave_place": SlotRequest,
    "claim_folder": FolderRequest,
    "warm_prefix": WarmRequest,
    "submit_batch": BatchRequest,
    "poll_batch": BatchLook,
    "check_deliverable": CheckRequest,
    "check_pack": PackCheckRequest,
    "find_moves": MovesRequest,
    "publish_deliverable": PublishRequest,
    "write_manifest": ManifestRequest,
}
"""What activities are asked with; all others are agents."""


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_what_is_scheduled_can_be_read_with_the_runs_claim(path: Path):
    events = load(path)
    run = RunInput.from_dict(json.loads(start_of(events).input.value))
    for past, new, _ in steps(events):
        for task in (action.scheduleTask for action in replay(past, new).actions if action.HasField("scheduleTask")):
            kind, (said, _) = REQUESTS.get(task.name, AgentRequest), unsigned(json.loads(task.input.value))
            assert run_of(kind, said) in (None, run.run_id)
            whole = json.dumps(kind.from_dict(in_full(kind, said, run)).to_dict())
            assert '"~/' not in whole
            assert len(json.dumps(said)) <= len(whole)


CALLBACK_REQUESTS: dict[str, type[Payload]] = {
    "tell_pipeline": TellRequest,
    "complete_task": CompleteRequest,
    "close_callback": CallbackOutcome,
}


@pytest.mark.parametrize("path", CALLBACKS, ids=lambda path: path.stem)
def test_what_a_callback_has_scheduled_can_still_be_read(path: Path):
    for task in (event.taskScheduled for event in load(path) if event.HasField("taskScheduled")):
        said = json.loads(task.input.value)
        assert CALLBACK_REQUESTS[task.name].from_dict(said).to_dict() == said


@pytest.mark.parametrize(
    ("name", "run_ended", "result", "code"),
    [
        ("callback-told", True, "succeeded", None),
        ("callback-interrupted", True, "succeeded", None),
        ("callback-anew-2", True, "succeeded", None),
        ("callback-late", False, "failed", None),
        ("callback-untold", True, None, "pipeline-not-told"),
    ],
)
def test_each_recorded_callback_ended_as_it_is_called(name: str, run_ended: bool, result: str | None, code: str | None):
    events = history(name)
    results = [json.loads(event.taskCompleted.result.value) for event in events if event.HasField("taskCompleted")]
    outcome = CallbackOutcome.from_dict(json.loads(events[-1].executionCompleted.result.value))
    assert [result["ended"] for result in results if "ended" in result][-1] == run_ended
    assert (outcome.result, outcome.failure and outcome.failure.code) == (result, code)


def test_a_recorded_callback_went_on_after_telling_had_failed_for_good():
    events = history("callback-interrupted")
    attempts = Callback.from_dict(json.loads(start_of(events).input.value)).attempts
    failed = [event.taskFailed.taskScheduledId for event in events if event.HasField("taskFailed")]
    names = {event.eventId: event.taskScheduled.name for event in events if event.HasField("taskScheduled")}
    failures = [names[number] for number in failed]
    assert failures.count("tell_pipeline") >= 2 * attempts
    assert failures.count("complete_task") == 1


def test_a_recorded_callback_that_began_anew_has_both_its_generations():
    first, second = history("callback-anew-1"), history("callback-anew-2")
    names = [event.taskScheduled.name for event in first if event.HasField("taskScheduled")]
    assert names == ["tell_pipeline"] * Callback.looks
    assert first[-1].continueAsNew.input == start_of(second).input
    assert Callback.from_dict(json.loads(start_of(second).input.value)).told


def test_all_specialists_are_scheduled_in_one_step():
    together = [
        [event.taskScheduled.name for event in ordered if event.HasField("taskScheduled")]
        for _, _, ordered in steps(history("completed"))
    ]
    assert [
        "api_backend_tester",
        "azure_devops_pipelines_expert",
        "azure_monitor_logs_expert",
        "python_backend_dev",
    ] in together


def test_a_changed_sequence_of_calls_is_noticed():
    events = history("completed")
    renamed = next(event for event in events if event.HasField("taskScheduled"))
    renamed.taskScheduled.name = "another_activity"
    past, new, _ = list(steps(events))[-1]
    (action,) = replay(past, new).actions
    assert "another_activity" in action.completeOrchestration.failureDetails.errorMessage


def test_a_new_generation_that_forgets_what_was_told_is_noticed():
    events = history("callback-anew-1")
    past, new, ordered = list(steps(events))[-1]
    callback = Callback.from_dict(json.loads(ordered[0].continueAsNew.input.value))
    ordered[0].continueAsNew.input.value = json.dumps(replace(callback, told=()).to_dict())
    assert decided(replay(past, new)) != recorded(ordered)


def test_an_order_that_is_not_compared_is_no_match():
    with pytest.raises(AssertionError, match="sendEvent is compared with nothing"):
        decided(OrchestratorResponse(actions=[OrchestratorAction(id=1, sendEvent=SendEventAction(name="next"))]))
