"""The durable engine: orchestrations with their history, timers and messages, kept through any crash.

durabletask's in-memory backend keeps the state and speaks the protocol of the durable client (gRPC, loopback
only). This subclass writes each change through to SQLite before anybody sees it, hands out work without polling,
accepts each result once, and needs no thread for a timer or a sub-orchestration. Entities are not offered.
Touches its database and its loopback port.
"""

import contextlib
import heapq
import logging
import time
from collections.abc import Callable, Generator
from concurrent import futures
from datetime import UTC, datetime
from typing import Any, NoReturn, cast, override

import durabletask.internal.helpers as events  # pyright: ignore[reportMissingTypeStubs] - has types, no stub
import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs  # pyright: ignore[reportMissingTypeStubs] - generated code
import grpc
from durabletask.testing.in_memory_backend import (
    ActivityWorkItem,
    InMemoryOrchestrationBackend,
    OrchestrationInstance,
)
from google.protobuf import wrappers_pb2

from local.engine_queries import LARGEST_PAGE, NEVER_SET, page_of
from local.engine_store import EngineStore

_LOG = logging.getLogger(__name__)
_GRPC_THREADS = 64
_LARGEST_MESSAGE = 4 * 1024 * 1024
"""Bytes of one gRPC message, as Azure's durable clients take it."""
_NO_HISTORY_LIMIT = 1_000_000
_ENDED = (
    pb.ORCHESTRATION_STATUS_COMPLETED,
    pb.ORCHESTRATION_STATUS_FAILED,
    pb.ORCHESTRATION_STATUS_TERMINATED,
)
_ORDERS = ("taskScheduled", "timerCreated", "subOrchestrationInstanceCreated")
_RESULTS = ("taskCompleted", "taskFailed", "subOrchestrationInstanceCompleted", "subOrchestrationInstanceFailed")


class DurableEngine(InMemoryOrchestrationBackend):
    """Orchestrations of one task hub. `on_work` is called, from any thread, when there may be work to take."""

    def __init__(self, store: EngineStore, on_work: Callable[[], None]) -> None:
        super().__init__(max_history_size=_NO_HISTORY_LIMIT, port=0)
        self.address = ""
        self._store = store
        self._on_work = on_work
        self._touched: set[str] = set()
        self._awaited: dict[str, dict[int, str]] = {}
        """For each instance the tasks, timers and children without a result, with the token of their order."""
        self._timers: list[tuple[float, str, int, str]] = []
        self._parents: dict[str, list[tuple[str, int, str]]] = {}

    # -- life

    @override
    def start(self) -> str:
        """Take up what was left unfinished and listen; returns the address for durable clients."""
        with self._transaction():
            for instance in self._store.load():
                self._instances[instance.instance_id] = instance
                self._next_completion_token = max(self._next_completion_token, instance.completion_token + 1)
            for instance in list(self._instances.values()):
                if not self._is_terminal_status(instance.status):
                    self._resume(instance)
        options = [("grpc.so_reuseport", 0), ("grpc.max_send_message_length", _LARGEST_MESSAGE)]
        server = grpc.server(futures.ThreadPoolExecutor(_GRPC_THREADS), options=options)
        generated: Any = stubs  # code without types
        generated.add_TaskHubSidecarServiceServicer_to_server(self, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._server = server
        self.address = f"127.0.0.1:{port}"
        return self.address

    def _resume(self, instance: OrchestrationInstance) -> None:
        """Order again whatever has no result yet, and deliver the messages that wait."""
        open_orders: dict[int, pb.HistoryEvent] = {}
        for event in [*instance.history, *instance.pending_events]:
            if event.WhichOneof("eventType") in _ORDERS:
                open_orders[event.eventId] = event  # a retry orders again under the same id
            else:
                open_orders.pop(_answers(event), None)
        for event in open_orders.values():
            self._order_again(instance, event)
        if instance.pending_events:
            self._enqueue_orchestration(instance.instance_id)

    def _order_again(self, instance: OrchestrationInstance, event: pb.HistoryEvent) -> None:
        if event.HasField("taskScheduled"):
            task = event.taskScheduled
            token = self._await(instance.instance_id, event.eventId)
            payload = task.input.value if task.HasField("input") else None
            item = ActivityWorkItem(instance.instance_id, task.name, event.eventId, payload, int(token))
            self._activity_queue.append(item)
        elif event.HasField("timerCreated"):
            self._order_timer(instance, event.eventId, event.timerCreated.fireAt.ToDatetime(tzinfo=UTC))
        else:
            child = event.subOrchestrationInstanceCreated.instanceId
            self._watch_sub_orchestration(instance.instance_id, child, event.eventId)

    # -- work, taken and completed by the host in this process

    def take(self, *, steps: bool = True, activities: bool = True) -> pb.WorkItem | None:
        """The next orchestrator step or activity to run, of those asked for, or None."""
        with self._lock:
            return (steps and self._take_step()) or (activities and self._take_activity()) or None

    def complete_step(self, response: pb.OrchestratorResponse) -> None:
        """An orchestrator decided. A decision of a step that is no longer current changes nothing."""
        with self._transaction():
            instance = self._instances.get(response.instanceId)
            if instance is None or str(instance.completion_token) != response.completionToken:
                _LOG.warning("a late step of %s was ignored", response.instanceId)
                return
            self._touch(instance.instance_id)
            self.CompleteOrchestratorTask(response, cast("grpc.ServicerContext", _InProcess()))

    def complete_activity(self, response: pb.ActivityResponse) -> None:
        """An activity returned or failed. Only the first result of each order counts."""
        if response.HasField("failureDetails"):
            event = pb.HistoryEvent(eventId=-1, taskFailed=pb.TaskFailedEvent(
                taskScheduledId=response.taskId, failureDetails=response.failureDetails))  # fmt: skip
        else:
            event = pb.HistoryEvent(eventId=-1, taskCompleted=pb.TaskCompletedEvent(
                taskScheduledId=response.taskId, result=response.result))  # fmt: skip
        with self._transaction():
            self._deliver(response.instanceId, response.taskId, response.completionToken, event)

    def give_back(self, item: pb.WorkItem) -> None:
        """The worker was lost before it answered: the item becomes work again."""
        with self._transaction():
            if item.HasField("orchestratorRequest"):
                request = pb.AbandonOrchestrationTaskRequest(completionToken=item.completionToken)
                self.AbandonTaskOrchestratorWorkItem(request, cast("grpc.ServicerContext", _InProcess()))
                return
            task = item.activityRequest
            owner = task.orchestrationInstance.instanceId
            if self._awaited.get(owner, {}).get(task.taskId) == item.completionToken:
                payload = task.input.value if task.HasField("input") else None
                self._activity_queue.append(
                    ActivityWorkItem(owner, task.name, task.taskId, payload, int(item.completionToken))
                )

    def fire_due_timers(self) -> float | None:
        """Fire the timers whose time has come; returns the seconds until the next one, None when there is none."""
        with self._transaction():
            while self._timers and self._timers[0][0] <= time.time():
                at, instance_id, timer_id, token = heapq.heappop(self._timers)
                fired = events.new_timer_fired_event(timer_id, datetime.fromtimestamp(at, UTC))
                self._deliver(instance_id, timer_id, token, fired)
            return max(0.0, self._timers[0][0] - time.time()) if self._timers else None

    def _take_step(self) -> pb.WorkItem | None:
        while self._orchestration_queue:
            instance_id = self._orchestration_queue.popleft()
            self._orchestration_queue_set.discard(instance_id)
            instance = self._instances.get(instance_id)
            if instance is None or not instance.pending_events or instance_id in self._orchestration_in_flight:
                continue  # one under way is queued again by its completion, when events wait
            if instance.history and not instance.pending_events[0].HasField("orchestratorStarted"):
                instance.pending_events.insert(0, events.new_orchestrator_started_event(datetime.now(UTC)))
            instance.dispatched_events = list(instance.pending_events)
            instance.pending_events.clear()
            self._orchestration_in_flight.add(instance_id)
            request = pb.OrchestratorRequest(
                instanceId=instance_id, pastEvents=instance.history, newEvents=instance.dispatched_events
            )
            return pb.WorkItem(completionToken=str(instance.completion_token), orchestratorRequest=request)
        return None

    def _take_activity(self) -> pb.WorkItem | None:
        while self._activity_queue:
            task = self._activity_queue.popleft()
            if self._awaited.get(task.instance_id, {}).get(task.task_id) != str(task.completion_token):
                continue
            request = pb.ActivityRequest(
                name=task.name,
                taskId=task.task_id,
                input=None if task.input is None else wrappers_pb2.StringValue(value=task.input),
                orchestrationInstance=pb.OrchestrationInstance(instanceId=task.instance_id),
            )
            return pb.WorkItem(completionToken=str(task.completion_token), activityRequest=request)
        return None

    # -- orders and results

    def _await(self, instance_id: str, order_id: int) -> str:
        token = str(self._instances[instance_id].completion_token)
        self._awaited.setdefault(instance_id, {})[order_id] = token
        return token

    def _deliver(self, instance_id: str, order_id: int, token: str, event: pb.HistoryEvent) -> None:
        """Give an instance the result of an order, if it still waits for exactly that one."""
        waiting = self._awaited.get(instance_id, {})
        if waiting.get(order_id) != token:
            return
        del waiting[order_id]
        event.timestamp.GetCurrentTime()
        instance = self._instances[instance_id]
        instance.pending_events.append(event)
        instance.last_updated_at = datetime.now(UTC)
        self._enqueue_orchestration(instance_id)

    def _order_timer(self, instance: OrchestrationInstance, timer_id: int, fire_at: datetime) -> None:
        token = self._await(instance.instance_id, timer_id)
        heapq.heappush(self._timers, (fire_at.timestamp(), instance.instance_id, timer_id, token))

    @override
    def _process_schedule_task_action(self, instance: OrchestrationInstance, action: pb.OrchestratorAction) -> None:
        super()._process_schedule_task_action(instance, action)
        self._await(instance.instance_id, action.id)

    @override
    def _process_create_timer_action(self, instance: OrchestrationInstance, action: pb.OrchestratorAction) -> None:
        fire_at = action.createTimer.fireAt.ToDatetime(tzinfo=UTC)
        instance.history.append(events.new_timer_created_event(action.id, fire_at))
        self._order_timer(instance, action.id, fire_at)

    @override
    def _watch_sub_orchestration(self, parent_instance_id: str, sub_instance_id: str, task_id: int) -> None:
        token = self._await(parent_instance_id, task_id)
        self._parents.setdefault(sub_instance_id, []).append((parent_instance_id, task_id, token))
        self._tell_parents(sub_instance_id)

    @override
    def _notify_waiters(self, instance_id: str) -> None:
        super()._notify_waiters(instance_id)
        self._tell_parents(instance_id)

    def _tell_parents(self, child_id: str) -> None:
        """When a child has ended, its parents get its result."""
        child = self._instances.get(child_id)
        if child is None or not self._is_terminal_status(child.status):
            return
        for parent_id, task_id, token in self._parents.pop(child_id, []):
            self._deliver(parent_id, task_id, token, _child_result(child, task_id))

    @override
    def _wait_for_state(
        self, instance_id: str, predicate: Callable[[OrchestrationInstance], bool], timeout: float | None
    ) -> OrchestrationInstance | None:
        """As inherited, but None means no limit, where the base takes 30 seconds."""
        longest = 7 * 24 * 3600.0
        return super()._wait_for_state(instance_id, predicate, longest if timeout is None else timeout)

    # -- every change is written before it is seen

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        """Hold the state, then write all that was touched at once."""
        with self._lock:
            try:
                yield
            finally:
                touched, self._touched = self._touched, set()
                for instance_id in touched:
                    self._forget_old_orders(instance_id)
                self._store.save({key: self._instances.get(key) for key in touched})
                if touched:  # only then: whoever looks for due timers must not wake itself
                    self._on_work()

    def _forget_old_orders(self, instance_id: str) -> None:
        """An instance that ended, or began anew, waits for nothing that it ordered before."""
        instance = self._instances.get(instance_id)
        if instance is None or not instance.history or self._is_terminal_status(instance.status):
            self._awaited.pop(instance_id, None)

    def _touch(self, instance_id: str) -> None:
        self._touched.add(instance_id)

    @override
    def _enqueue_orchestration(self, instance_id: str) -> None:
        """Every new message of an instance passes here."""
        self._touch(instance_id)
        instance = self._instances.get(instance_id)
        if instance is not None and self._is_terminal_status(instance.status):
            instance.pending_events.clear()
        else:
            super()._enqueue_orchestration(instance_id)

    # -- the durable client's calls that change something (names are the protocol's)

    @override
    def StartInstance(self, request: pb.CreateInstanceRequest, context: grpc.ServicerContext) -> Any:
        """As in Azure, an id is taken while its instance is alive; an ended one is replaced."""
        with self._transaction():
            if not request.orchestrationIdReusePolicy.replaceableStatus:
                request.orchestrationIdReusePolicy.replaceableStatus.extend(_ENDED)
            answer = super().StartInstance(request, context)
            instance = self._instances.get(answer.instanceId)
            if instance is not None and instance.custom_status is None:
                instance.custom_status = NEVER_SET
            return answer

    @override
    def QueryInstances(
        self, request: pb.QueryInstancesRequest, context: grpc.ServicerContext
    ) -> pb.QueryInstancesResponse:
        """In the order of ids and in pages, as Azure Tables gives them, and refuses them."""
        if request.query.maxInstanceCount > LARGEST_PAGE:
            context.abort(grpc.StatusCode.UNKNOWN, f"a page has at most {LARGEST_PAGE:,} instances")
        with self._lock:
            found, token = page_of(self._instances, request.query)
            whole = request.query.fetchInputsAndOutputs
            states = [self._build_instance_response(instance, whole).orchestrationState for instance in found]
        return pb.QueryInstancesResponse(orchestrationState=states, continuationToken=token)

    @override
    def RaiseEvent(self, request: pb.RaiseEventRequest, context: grpc.ServicerContext) -> Any:
        with self._transaction():
            self._touch(request.instanceId)
            return super().RaiseEvent(request, context)

    @override
    def TerminateInstance(self, request: pb.TerminateRequest, context: grpc.ServicerContext) -> Any:
        with self._transaction():
            return super().TerminateInstance(request, context)

    @override
    def SuspendInstance(self, request: pb.SuspendRequest, context: grpc.ServicerContext) -> Any:
        with self._transaction():
            return super().SuspendInstance(request, context)

    @override
    def ResumeInstance(self, request: pb.ResumeRequest, context: grpc.ServicerContext) -> Any:
        with self._transaction():
            return super().ResumeInstance(request, context)

    @override
    def RestartInstance(self, request: pb.RestartInstanceRequest, context: grpc.ServicerContext) -> Any:
        with self._transaction():
            return super().RestartInstance(request, context)

    @override
    def RewindInstance(self, request: pb.RewindInstanceRequest, context: grpc.ServicerContext) -> Any:
        with self._transaction():
            return super().RewindInstance(request, context)

    @override
    def PurgeInstances(self, request: pb.PurgeInstancesRequest, context: grpc.ServicerContext) -> Any:
        with self._transaction():
            before = {request.instanceId} if request.instanceId else set(self._instances)
            answer = super().PurgeInstances(request, context)
            self._touched |= before - self._instances.keys()
            return answer

    # -- what this engine does not offer

    @override
    def GetWorkItems(self, request: pb.GetWorkItemsRequest, context: grpc.ServicerContext) -> NoReturn:
        """Work is run by the host's own worker only."""
        _refuse(context, "work items are not handed out")

    @override
    def SignalEntity(self, request: pb.SignalEntityRequest, context: grpc.ServicerContext) -> NoReturn:
        _refuse(context, "the local engine has no entities")


class _InProcess:
    """Stands for the call's context where the host calls a method of the protocol itself."""

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise RuntimeError(f"{code.name}: {details}")


def _refuse(context: grpc.ServicerContext, why: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, why)
    raise AssertionError("abort raises")


def _answers(event: pb.HistoryEvent) -> int:
    """The id of the order that an event is the result of; -1 for any other event."""
    kind = event.WhichOneof("eventType")
    if kind == "timerFired":
        return event.timerFired.timerId
    return getattr(event, kind).taskScheduledId if kind in _RESULTS else -1


def _child_result(child: OrchestrationInstance, task_id: int) -> pb.HistoryEvent:
    if child.status == pb.ORCHESTRATION_STATUS_COMPLETED:
        return events.new_sub_orchestration_completed_event(task_id, child.output)
    failure = child.failure_details or pb.TaskFailureDetails(
        errorType="SubOrchestrationFailed", errorMessage=f"{child.name} {child.instance_id} was ended"
    )
    return pb.HistoryEvent(eventId=-1, subOrchestrationInstanceFailed=pb.SubOrchestrationInstanceFailedEvent(
        taskScheduledId=task_id, failureDetails=failure))  # fmt: skip
