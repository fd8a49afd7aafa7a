"""How an orchestrator changes without breaking the runs that are under way (docs/upgrades.md): shown on a new step.

The step is "take a place", which runs had not to take before there was a limit on them. Once it is put in for all, once
for those whose input asks for it; both are held against the history of a run that was started before.
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task

from orchestrators.design_backend import design_backend
from orchestrators.steps import step
from shared.contracts import RunInput, Slot, SlotRequest
from tests.orchestrators.test_replay import HISTORIES, decided, load, recorded, replay, steps

type Run = Generator[Task[Any], Any, dict[str, Any]]
EARLIER = load(next(path for path in HISTORIES if path.stem == "unlimited"))


def new_step_for_all(context: df.DurableOrchestrationContext) -> Run:
    run = RunInput.from_dict(context.get_input())
    yield from step(context, run, "take_place", SlotRequest(run.run_id, "2026-11-22T00:00:00.000000", 1), Slot)
    return (yield from design_backend(context))


def new_step_for_new_runs(context: df.DurableOrchestrationContext) -> Run:
    if RunInput.from_dict(context.get_input()).max_active:
        return (yield from new_step_for_all(context))
    return (yield from design_backend(context))


def test_a_step_put_in_for_all_runs_breaks_those_under_way():
    said: list[str] = []
    for past, new, _ in steps(EARLIER):
        for action in replay(past, new, new_step_for_all).actions:
            said.append(action.completeOrchestration.failureDetails.errorMessage)
    assert any("trying to call take_place" in text for text in said), said


def test_a_step_for_new_runs_alone_leaves_those_under_way_as_they_were():
    for past, new, ordered in steps(EARLIER):
        assert decided(replay(past, new, new_step_for_new_runs)) == recorded(ordered)


def test_the_step_is_taken_by_runs_whose_input_asks_for_it():
    queued = load(next(path for path in HISTORIES if path.stem == "queued"))
    past, new, _ = next(steps(queued))
    (order,) = decided(replay(past, new, new_step_for_new_runs))
    assert order[2] == "take_place"


def test_a_run_that_waits_for_its_place_has_claimed_nothing_yet():
    queued = load(next(path for path in HISTORIES if path.stem == "queued"))
    tasks = [event.taskScheduled.name for event in queued if event.HasField("taskScheduled")]
    assert tasks[:3] == ["take_place", "take_place", "claim_folder"]
    assert tasks[-1] == "leave_place"
