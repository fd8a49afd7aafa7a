"""The durable engine by itself: what it keeps, what it hands out again, which results it accepts.

A test plays the worker: it takes work and writes the answers of an orchestrator by hand.
"""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from google.protobuf import timestamp_pb2, wrappers_pb2

from local.engine import DurableEngine
from local.engine_store import EngineStore

type Start = Callable[[], DurableEngine]
calls: list[int] = []
"""One entry for each time an engine said that there may be work."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an engine on one database; the one before it is dropped as by a crash."""
    running: list[tuple[DurableEngine, sqlite3.Connection]] = []

    def crash() -> None:
        for engine, database in running:
            engine.stop(0)
            database.close()
        running.clear()

    def begin() -> DurableEngine:
        crash()
        database = sqlite3.connect(tmp_path / "engine.sqlite", check_same_thread=False, isolation_level=None)
        engine = DurableEngine(EngineStore(database), lambda: calls.append(1))
        engine.start()
        running.append((engine, database))
        return engine

    yield begin
    crash()


NO_CALL = cast("grpc.ServicerContext", None)


def create(engine: DurableEngine, instance: str = "one", name: str = "flow") -> None:
    engine.StartInstance(pb.CreateInstanceRequest(instanceId=instance, name=name), NO_CALL)


def text(value: str) -> wrappers_pb2.StringValue:
    return wrappers_pb2.StringValue(value=value)


def activity(order: int, name: str = "act") -> pb.OrchestratorAction:
    return pb.OrchestratorAction(id=order, scheduleTask=pb.ScheduleTaskAction(name=name, input=text("1")))


def timer(order: int, seconds: float) -> pb.OrchestratorAction:
    at = timestamp_pb2.Timestamp()
    at.FromDatetime(datetime.now(UTC) + timedelta(seconds=seconds))
    return pb.OrchestratorAction(id=order, createTimer=pb.CreateTimerAction(fireAt=at))


def child(order: int, instance: str) -> pb.OrchestratorAction:
    return pb.OrchestratorAction(
        id=order, createSubOrchestration=pb.CreateSubOrchestrationAction(instanceId=instance, name="child")
    )


def complete(
    result: str = '"done"', status: pb.OrchestrationStatus = pb.ORCHESTRATION_STATUS_COMPLETED
) -> pb.OrchestratorAction:
    end = pb.CompleteOrchestrationAction(orchestrationStatus=status, result=text(result))
    return pb.OrchestratorAction(id=99, completeOrchestration=end)


def take(engine: DurableEngine) -> pb.WorkItem:
    item = engine.take()
    assert item is not None
    return item


def decide(engine: DurableEngine, item: pb.WorkItem, *actions: pb.OrchestratorAction) -> None:
    """Answer an orchestrator step."""
    engine.complete_step(
        pb.OrchestratorResponse(
            instanceId=item.orchestratorRequest.instanceId,
            completionToken=item.completionToken,
            actions=actions,
            customStatus=None,
        )
    )


def finish(engine: DurableEngine, item: pb.WorkItem, result: str = "1", failed: bool = False) -> None:
    """Answer an activity."""
    request = item.activityRequest
    answer = pb.ActivityResponse(
        instanceId=request.orchestrationInstance.instanceId,
        taskId=request.taskId,
        completionToken=item.completionToken,
    )
    if failed:
        answer.failureDetails.CopyFrom(pb.TaskFailureDetails(errorType="E", errorMessage="no"))
    else:
        answer.result.value = result
    engine.complete_activity(answer)


def news(item: pb.WorkItem) -> list[str | None]:
    """The kinds of the new events of a step, without its opening."""
    return [event.WhichOneof("eventType") for event in item.orchestratorRequest.newEvents][1:]


def status(engine: DurableEngine, instance: str = "one") -> pb.OrchestrationStatus:
    found = engine.GetInstance(pb.GetInstanceRequest(instanceId=instance), NO_CALL)
    return found.orchestrationState.orchestrationStatus


def test_an_activity_that_was_under_way_is_ordered_again_after_a_crash(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), activity(1))
    take(engine)
    engine = start()
    again = take(engine)
    assert (again.activityRequest.name, again.activityRequest.input.value) == ("act", "1")
    finish(engine, again)
    assert news(take(engine)) == ["taskCompleted"]


def test_a_step_that_was_under_way_is_taken_again_after_a_crash(start: Start) -> None:
    engine = start()
    create(engine)
    take(engine)
    engine = start()
    assert news(take(engine)) == ["executionStarted"]


def test_a_result_is_kept_when_the_crash_comes_before_its_step(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), activity(1))
    finish(engine, take(engine))
    engine = start()
    step = take(engine)
    assert news(step) == ["taskCompleted"]
    assert engine.take() is None


def test_a_retry_under_the_same_order_id_is_ordered_again_after_a_crash(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), activity(1))
    finish(engine, take(engine), failed=True)
    decide(engine, take(engine), activity(1))
    engine = start()
    assert take(engine).activityRequest.taskId == 1


def test_a_timer_fires_after_a_crash_and_only_once(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), timer(1, -1), timer(2, 3600))
    engine = start()
    left = engine.fire_due_timers()
    assert left is not None
    assert 3000 < left <= 3600
    assert news(take(engine)) == ["timerFired"]
    engine.fire_due_timers()
    assert engine.take() is None


def test_a_child_that_ends_after_a_crash_still_tells_its_parent(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), child(1, "below"))
    engine = start()
    decide(engine, take(engine), complete('"from below"'))
    step = take(engine)
    assert news(step) == ["subOrchestrationInstanceCompleted"]
    told = step.orchestratorRequest.newEvents[1].subOrchestrationInstanceCompleted
    assert (told.taskScheduledId, told.result.value) == (1, '"from below"')


def test_a_failing_child_tells_its_parent_what_failed(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), child(1, "below"))
    end = pb.CompleteOrchestrationAction(
        orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED,
        failureDetails=pb.TaskFailureDetails(errorType="ValueError", errorMessage="a bad PRD"),
    )
    decide(engine, take(engine), pb.OrchestratorAction(id=9, completeOrchestration=end))
    told = take(engine).orchestratorRequest.newEvents[1].subOrchestrationInstanceFailed
    assert (told.failureDetails.errorType, told.failureDetails.errorMessage) == ("ValueError", "a bad PRD")


def test_a_second_result_of_one_activity_changes_nothing(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), activity(1))
    work = take(engine)
    finish(engine, work, "1")
    finish(engine, work, "2")
    step = take(engine)
    assert news(step) == ["taskCompleted"]
    assert step.orchestratorRequest.newEvents[1].taskCompleted.result.value == "1"
    assert engine.take() is None


def test_a_second_decision_of_one_step_changes_nothing(start: Start) -> None:
    engine = start()
    create(engine)
    step = take(engine)
    decide(engine, step, activity(1))
    decide(engine, step, activity(1), complete())
    assert status(engine) == pb.ORCHESTRATION_STATUS_RUNNING
    take(engine)
    assert engine.take() is None


def test_a_result_that_comes_after_the_end_changes_nothing(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), activity(1), complete())
    assert engine.take() is None, "nobody waits for the activity"
    engine.RaiseEvent(pb.RaiseEventRequest(instanceId="one", name="late"), NO_CALL)
    assert engine.take() is None
    assert status(engine) == pb.ORCHESTRATION_STATUS_COMPLETED


def test_a_result_for_the_generation_before_continue_as_new_is_not_taken_for_the_new_one(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), activity(1))
    old = take(engine)
    engine.RaiseEvent(pb.RaiseEventRequest(instanceId="one", name="again"), NO_CALL)
    decide(engine, take(engine), complete("2", pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW))
    decide(engine, take(engine), activity(1))
    finish(engine, old, "old")
    new = take(engine)
    finish(engine, new, "new")
    assert take(engine).orchestratorRequest.newEvents[1].taskCompleted.result.value == "new"


def test_work_of_a_lost_worker_is_given_out_again(start: Start) -> None:
    engine = start()
    create(engine)
    step = take(engine)
    engine.give_back(step)
    step = take(engine)
    assert news(step) == ["executionStarted"]
    decide(engine, step, activity(1))
    work = take(engine)
    engine.give_back(work)
    assert take(engine) == work
    assert engine.take() is None


def test_the_host_is_woken_by_a_change_and_not_by_looking_for_one(start: Start) -> None:
    engine = start()
    calls.clear()
    engine.fire_due_timers()
    engine.take()
    assert not calls
    create(engine)
    assert calls


def test_events_that_arrive_during_a_step_start_the_next_one_at_once(start: Start) -> None:
    engine = start()
    create(engine)
    step = take(engine)
    engine.RaiseEvent(pb.RaiseEventRequest(instanceId="one", name="go", input=text("1")), NO_CALL)
    assert engine.take() is None, "one step at a time"
    decide(engine, step)
    assert news(take(engine)) == ["eventRaised"]


def test_an_event_for_a_suspended_orchestration_survives_a_crash(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine))
    engine.SuspendInstance(pb.SuspendRequest(instanceId="one"), NO_CALL)
    decide(engine, take(engine))
    engine.RaiseEvent(pb.RaiseEventRequest(instanceId="one", name="go"), NO_CALL)
    assert engine.take() is None
    engine = start()
    engine.ResumeInstance(pb.ResumeRequest(instanceId="one"), NO_CALL)
    assert news(take(engine)) == ["eventRaised", "executionResumed"]


def test_a_purged_instance_stays_away_after_a_crash(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), complete())
    engine.PurgeInstances(pb.PurgeInstancesRequest(instanceId="one"), NO_CALL)
    engine = start()
    assert not engine.GetInstance(pb.GetInstanceRequest(instanceId="one"), NO_CALL).exists


def test_an_ended_instance_is_as_it_was_after_a_crash(start: Start) -> None:
    engine = start()
    create(engine)
    decide(engine, take(engine), complete('"done"'))
    query = pb.GetInstanceRequest(instanceId="one", getInputsAndOutputs=True)
    before = engine.GetInstance(query, NO_CALL)
    history = pb.StreamInstanceHistoryRequest(instanceId="one")
    chunks = list(engine.StreamInstanceHistory(history, NO_CALL))
    engine = start()
    assert engine.GetInstance(query, NO_CALL) == before
    assert list(engine.StreamInstanceHistory(history, NO_CALL)) == chunks
    assert before.orchestrationState.output.value == '"done"'


def test_a_status_that_nobody_has_set_is_null_as_in_azure(start: Start) -> None:
    engine = start()
    create(engine)
    asked = pb.GetInstanceRequest(instanceId="one", getInputsAndOutputs=True)
    assert engine.GetInstance(asked, NO_CALL).orchestrationState.customStatus.value == "null"
    assert page(engine, 1).orchestrationState[0].customStatus.value == "null"
    engine = start()
    assert engine.GetInstance(asked, NO_CALL).orchestrationState.customStatus.value == "null"


def page(engine: DurableEngine, size: int, token: str = "") -> pb.QueryInstancesResponse:
    """A page of all instances, asked for over the wire."""
    query = pb.InstanceQuery(maxInstanceCount=size, fetchInputsAndOutputs=True, continuationToken=text(token))
    with grpc.insecure_channel(engine.address) as channel:
        call = channel.unary_unary(
            "/TaskHubSidecarService/QueryInstances",
            request_serializer=pb.QueryInstancesRequest.SerializeToString,
            response_deserializer=pb.QueryInstancesResponse.FromString,
        )
        answer: object = call(pb.QueryInstancesRequest(query=query), timeout=5)
    assert isinstance(answer, pb.QueryInstancesResponse)
    return answer


def test_pages_go_on_by_id_while_instances_are_purged(start: Start) -> None:
    engine = start()
    for instance in ("c", "a", "b", "d"):
        create(engine, instance)
        decide(engine, take(engine), complete())
    first = page(engine, 2)
    for state in first.orchestrationState:
        engine.PurgeInstances(pb.PurgeInstancesRequest(instanceId=state.instanceId), NO_CALL)
    second = page(engine, 2, first.continuationToken.value)
    found = [state.instanceId for state in (*first.orchestrationState, *second.orchestrationState)]
    assert found == ["a", "b", "c", "d"]
    assert not second.continuationToken.value


@pytest.mark.parametrize("size", [1_001, (1 << 31) - 1])
def test_a_page_that_azure_tables_would_refuse_is_refused(start: Start, size: int) -> None:
    engine = start()
    with pytest.raises(grpc.RpcError, match="1,000"):
        page(engine, size)


def test_a_message_above_four_mebibytes_is_refused(start: Start) -> None:
    engine = start()
    for number in range(5):
        engine.StartInstance(
            pb.CreateInstanceRequest(instanceId=f"{number}", name="flow", input=text("x" * 1_000_000)), NO_CALL
        )
    assert len(page(engine, 4).orchestrationState) == 4
    with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
        page(engine, 5)


def test_entities_and_foreign_workers_are_refused_plainly(start: Start) -> None:
    engine = start()
    with grpc.insecure_channel(engine.address) as channel:
        call = channel.unary_unary(
            "/TaskHubSidecarService/SignalEntity",
            request_serializer=pb.SignalEntityRequest.SerializeToString,
            response_deserializer=pb.SignalEntityResponse.FromString,
        )
        with pytest.raises(grpc.RpcError, match="no entities"):
            call(pb.SignalEntityRequest(instanceId="@e@1", name="add"), timeout=5)
