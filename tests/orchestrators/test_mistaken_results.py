"""A durable engine that has lost a lease can give a step the result of another one. No run may end for it, or go wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from durabletask.internal.orchestrator_service_pb2 import (
    HistoryEvent,
    OrchestrationStatus,
    OrchestratorStartedEvent,
    TaskCompletedEvent,
    TaskScheduledEvent,
)
from google.protobuf.wrappers_pb2 import StringValue

from shared.contracts import RunInput, RunResult
from shared.contracts.signing import sign, unsigned
from tests.orchestrators.test_replay import history, replay, start_of

MOST_STEPS = 200
_TIMES = ("started", "written", "since")

type Meddle = Callable[[str, dict[str, Any]], dict[str, Any] | None]
"""Another step's result for this activity and request; None for its own."""


def step_of(name: str, request: dict[str, Any]) -> str:
    """Which step of a run this is, whenever it is made."""
    return json.dumps([name, {key: value for key, value in request.items() if key not in _TIMES}], sort_keys=True)


class Engine:
    """Plays the recorded run that went well anew; `meddle` may mistake results. Knows what was asked."""

    def __init__(self, meddle: Meddle, *, signed: bool) -> None:
        events = history("completed")
        self._answers = _answers(events)
        self._meddle = meddle
        self._start = next(event for event in events if event.HasField("executionStarted"))
        run = RunInput.from_dict(json.loads(start_of(events).input.value))
        self._input = json.dumps(replace(run, signed=signed).to_dict())
        self.asked: list[str] = []
        self.manifest: dict[str, Any] = {}

    def play(self) -> RunResult:
        """How the run ends."""
        start = HistoryEvent()
        start.CopyFrom(self._start)
        start.executionStarted.input.value = self._input
        past, new = (
            list[HistoryEvent](),
            [HistoryEvent(eventId=-1, orchestratorStarted=OrchestratorStartedEvent()), start],
        )
        for _ in range(MOST_STEPS):
            response = replay(past, new)
            past += new
            new = [HistoryEvent(eventId=-1, orchestratorStarted=OrchestratorStartedEvent())]
            for action in response.actions:
                if action.HasField("completeOrchestration"):
                    end = action.completeOrchestration
                    assert end.orchestrationStatus == OrchestrationStatus.ORCHESTRATION_STATUS_COMPLETED, (
                        end.failureDetails
                    )
                    return RunResult.from_dict(json.loads(end.result.value))
                assert action.HasField("scheduleTask"), action
                task = action.scheduleTask
                past.append(
                    HistoryEvent(eventId=action.id, taskScheduled=TaskScheduledEvent(name=task.name, input=task.input))
                )
                result = StringValue(value=json.dumps(self._result(task.name, json.loads(task.input.value))))
                done = TaskCompletedEvent(taskScheduledId=action.id, result=result)
                new.append(HistoryEvent(eventId=-1, taskCompleted=done))
        raise AssertionError("the run does not end")

    def _result(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        said, signature = unsigned(request)
        self.asked.append(step_of(name, said))
        if name == "write_manifest":
            self.manifest = said
        mistaken = self._meddle(name, said)
        return mistaken or sign(self._answers[step_of(name, said)], signature)


def _answers(events: list[HistoryEvent]) -> dict[str, dict[str, Any]]:
    orders = {e.eventId: e.taskScheduled for e in events if e.HasField("taskScheduled")}
    done = [event.taskCompleted for event in events if event.HasField("taskCompleted")]
    by_step = [(orders[each.taskScheduledId], json.loads(each.result.value)) for each in done]
    return {step_of(task.name, json.loads(task.input.value)): result for task, result in by_step}


def never(_name: str, _request: dict[str, Any]) -> None:
    return None


def once(name: str, result: dict[str, Any]) -> Meddle:
    """The first result of an activity is this one."""
    left = [result]
    return lambda asked, _: left.pop() if asked == name and left else None


FILE = {"path": "a/b.md", "size": 3, "sha256": "ab" * 32}
OTHER_DRAFT = {"usage": [1], "model": "m", "draft": "runs/r/drafts/other.md 3 " + "A" * 43}


def test_a_run_whose_results_are_signed_goes_as_one_whose_are_not():
    signed, plain = Engine(never, signed=True), Engine(never, signed=False)
    assert signed.play() == plain.play()
    assert signed.asked == plain.asked


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    "activity",
    ["take_place", "claim_folder", "check_deliverable", "check_pack", "write_manifest", "publish_deliverable"],
)
def test_a_step_that_is_given_the_result_of_another_kind_is_asked_again(activity: str, signed: bool):
    result: dict[str, Any] = FILE if activity != "publish_deliverable" else {"errors": 1, "warnings": 0}
    right, engine = Engine(never, signed=signed), Engine(once(activity, result), signed=signed)
    if activity == "take_place" and not any("take_place" in asked for asked in right.asked):
        right.play()
    assert engine.play() == right.play()
    assert len(engine.asked) - len(set(engine.asked)) >= 1


def test_a_deliverable_is_never_made_of_another_agents_draft():
    """Of the same kind and well-formed: only the signature tells."""
    right = Engine(never, signed=True)
    right.play()
    names = {json.loads(asked)[0] for asked in right.asked}
    agents = sorted(
        names
        - {
            "take_place",
            "leave_place",
            "claim_folder",
            "check_deliverable",
            "check_pack",
            "publish_deliverable",
            "write_manifest",
            "warm_prefix",
        }
    )
    assert len(agents) > 4
    for agent in agents:
        answers = right._answers  # pyright: ignore[reportPrivateUsage]
        others = [
            result for step, result in answers.items() if json.loads(step)[0] in agents and json.loads(step)[0] != agent
        ]
        engine = Engine(once(agent, sign(others[0], "0123456789ab")), signed=True)
        engine.play()
        assert engine.manifest["outcomes"] == right.manifest["outcomes"], agent
