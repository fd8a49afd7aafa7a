"""Runs in flight survive a deployment: recorded histories replay, step by step, on today's code."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.internal.orchestrator_service_pb2 import (
    HistoryChunk,
    HistoryEvent,
    OrchestratorRequest,
    OrchestratorResponse,
)
from google.protobuf import json_format

from orchestrators.design_backend import design_backend
from shared.contracts import (
    AgentRequest,
    BatchLook,
    BatchRequest,
    CheckRequest,
    FolderRequest,
    ManifestRequest,
    PackCheckRequest,
    Payload,
    PlaceRequest,
    PublishRequest,
    RunInput,
    WarmRequest,
)
from shared.history import in_full, run_of

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))
LARGEST_BYTES = 64 * 1024


def load(path: Path) -> list[HistoryEvent]:
    return list(json_format.Parse(path.read_text(encoding="utf-8"), HistoryChunk()).events)


def steps(events: list[HistoryEvent]) -> Iterator[tuple[list[HistoryEvent], list[HistoryEvent], list[HistoryEvent]]]:
    """(what was known, what was new, what the orchestrator scheduled then) for each recorded step."""
    starts = [number for number, event in enumerate(events) if event.HasField("orchestratorStarted")]
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        batch = events[start:end]
        new = [
            event
            for event in batch
            if event.WhichOneof("eventType") not in ("taskScheduled", "timerCreated", "executionCompleted")
        ]
        yield events[:start], new, [event for event in batch if event not in new]


def replay(
    past: list[HistoryEvent], new: list[HistoryEvent], orchestrator: Any = design_backend
) -> OrchestratorResponse:
    request = OrchestratorRequest(instanceId="replayed", pastEvents=past, newEvents=new)
    body = base64.b64encode(request.SerializeToString()).decode()
    answer = DurableFunctionsWorker().execute_orchestration_request(orchestrator, body)
    return OrchestratorResponse.FromString(base64.b64decode(answer))


type Decision = tuple[str, int, str]
"""Kind, id and content: an activity's name, or how the run ended."""


def decided(response: OrchestratorResponse) -> list[Decision]:
    """What a replayed step orders."""
    orders: list[Decision] = []
    for action in response.actions:
        if action.HasField("completeOrchestration"):
            orders.append(("complete", 0, action.completeOrchestration.result.value))
        else:
            orders.append((action.WhichOneof("orchestratorActionType") or "", action.id, action.scheduleTask.name))
    return orders


def recorded(events: list[HistoryEvent]) -> list[Decision]:
    """What the recorded step ordered."""
    orders: list[Decision] = []
    for event in events:
        if event.HasField("executionCompleted"):
            orders.append(("complete", 0, event.executionCompleted.result.value))
        else:
            kind = "scheduleTask" if event.HasField("taskScheduled") else "createTimer"
            orders.append((kind, event.eventId, event.taskScheduled.name))
    return orders


def test_there_is_a_history_for_every_path():
    assert {path.stem for path in HISTORIES} == {
        "architect-refused", "cancelled", "capped", "completed", "economy", "longest", "queued", "reconciled", "retried",
        "revised", "revision-refused", "setup-refused", "specialist-interrupted", "specialist-refused", "synthesis-refused",
        "throttled", "unlimited",
    }  # fmt: skip


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_recorded_run_replays_to_the_same_decisions(path: Path):
    for past, new, ordered in steps(load(path)):
        response = replay(past, new)
        errors = [action.completeOrchestration.failureDetails.errorMessage for action in response.actions]
        assert decided(response) == recorded(ordered), errors


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_history_stays_small(path: Path):
    assert HistoryChunk(events=load(path)).ByteSize() < LARGEST_BYTES


REQUESTS: dict[str, type[Payload]] = {
    "take_place": PlaceRequest,
    "leave_place": PlaceRequest,
    "claim_folder": FolderRequest,
    "warm_prefix": WarmRequest,
    "submit_batch": BatchRequest,
    "poll_batch": BatchLook,
    "check_deliverable": CheckRequest,
    "check_pack": PackCheckRequest,
    "publish_deliverable": PublishRequest,
    "write_manifest": ManifestRequest,
}
"""What activities are asked with; all others are agents."""


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_what_is_scheduled_can_be_read_with_the_runs_claim(path: Path):
    events = load(path)
    (started,) = [event.executionStarted for event in events if event.HasField("executionStarted")]
    run = RunInput.from_dict(json.loads(started.input.value))
    for past, new, _ in steps(events):
        for task in (action.scheduleTask for action in replay(past, new).actions if action.HasField("scheduleTask")):
            kind, said = REQUESTS.get(task.name, AgentRequest), json.loads(task.input.value)
            assert run_of(kind, said) in (None, run.run_id)
            whole = json.dumps(kind.from_dict(in_full(kind, said, run)).to_dict())
            assert '"~/' not in whole
            assert len(task.input.value) <= len(whole)


def test_all_specialists_are_scheduled_in_one_step():
    (path,) = [path for path in HISTORIES if path.stem == "completed"]
    together = [
        [event.taskScheduled.name for event in ordered if event.HasField("taskScheduled")]
        for _, _, ordered in steps(load(path))
    ]
    assert [
        "api_backend_tester",
        "azure_devops_pipelines_expert",
        "azure_monitor_logs_expert",
        "python_backend_dev",
    ] in together


def test_a_changed_sequence_of_calls_is_noticed():
    (path,) = [path for path in HISTORIES if path.stem == "completed"]
    events = load(path)
    renamed = next(event for event in events if event.HasField("taskScheduled"))
    renamed.taskScheduled.name = "another_activity"
    past, new, _ = list(steps(events))[-1]
    (action,) = replay(past, new).actions
    assert "another_activity" in action.completeOrchestration.failureDetails.errorMessage
