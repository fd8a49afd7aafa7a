"""Carries work from the durable engine to the worker and the results back. Touches those two only."""

import asyncio
import base64
import contextlib
import json
import os
import time

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf import wrappers_pb2

from local.engine import DurableEngine
from local.errors import WorkerLost
from local.functions import App, Function
from local.log import Log
from local.wire import Json
from local.worker_process import Answer, Call, FunctionFailed, WorkerProcess

AT_ONCE_PER_CORE = 10
"""Activities, and orchestrator steps, that run at once unless host.json says otherwise, as in Azure."""
_LONGEST_SLEEP = 30.0
"""Timers are looked at again after this many seconds, so that a suspended laptop is not late by its sleep."""
_MESSAGE_LIMIT = 8_000
_STACK_LIMIT = 16_000


class DurableDispatcher:
    """Runs orchestrator steps and activities as long as `run` runs."""

    def __init__(self, worker: WorkerProcess, durable: Json, log: Log) -> None:
        """`durable` is the section of host.json that says how much runs at once."""
        most = AT_ONCE_PER_CORE * (os.process_cpu_count() or 1)
        self._worker = worker
        self._most_steps = int(durable.get("maxConcurrentOrchestratorFunctions", most))
        self._most_activities = int(durable.get("maxConcurrentActivityFunctions", most))
        self._steps = 0
        self._log = log
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[None]] = set()
        self._is_draining = False
        self._orchestrators: dict[str, Function] = {}
        self._activities: dict[str, Function] = {}

    def wake(self) -> None:
        """There may be work. Called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the host is gone
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, engine: DurableEngine, app: App) -> None:
        """Take work whenever there is some and room for it; ends by cancellation."""
        self._orchestrators = app.durable("orchestrationTrigger")
        self._activities = app.durable("activityTrigger")
        try:
            while True:
                self._wake.clear()
                next_timer = engine.fire_due_timers()
                while item := self._next(engine):
                    self._start(engine, item)
                longest = _LONGEST_SLEEP if next_timer is None else min(_LONGEST_SLEEP, next_timer)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), longest)
        finally:
            for task in self._running:
                task.cancel()

    async def drain(self, seconds: float) -> None:
        """Take no more work, and give what is under way some time to end and be written."""
        self._is_draining = True
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def _next(self, engine: DurableEngine) -> pb.WorkItem | None:
        """Work for which there is room; steps and activities do not take each other's."""
        if self._is_draining:
            return None
        activities = len(self._running) - self._steps
        return engine.take(steps=self._steps < self._most_steps, activities=activities < self._most_activities)

    def _start(self, engine: DurableEngine, item: pb.WorkItem) -> None:
        is_step = item.HasField("orchestratorRequest")
        task = asyncio.create_task(self._do(engine, item))
        self._steps += is_step
        self._running.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, is_step=is_step))

    def _ended(self, task: asyncio.Task[None], *, is_step: bool) -> None:
        self._running.discard(task)
        self._steps -= is_step
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            self._log.error(f"durable work failed in the host: {error!r}")

    async def _do(self, engine: DurableEngine, item: pb.WorkItem) -> None:
        try:
            if item.HasField("orchestratorRequest"):
                engine.complete_step(await self._step(item))
            else:
                engine.complete_activity(await self._activity(item))
        except WorkerLost:
            engine.give_back(item)

    async def _step(self, item: pb.WorkItem) -> pb.OrchestratorResponse:
        request = item.orchestratorRequest
        function = self._orchestrators.get(_orchestrator_name(request))
        if function is None:
            failure = _not_found("orchestrator", _orchestrator_name(request))
            return _failed_step(item, failure)
        payload = base64.b64encode(request.SerializeToString()).decode()
        started = time.perf_counter()
        try:
            answer = await self._call(function, {"kind": "string", "value": payload})
        except FunctionFailed as error:
            self._log.called(function.name, started, str(error))
            return _failed_step(item, _failure(error))
        response = pb.OrchestratorResponse.FromString(base64.b64decode(answer.value["value"]))
        response.completionToken = item.completionToken
        return response

    async def _activity(self, item: pb.WorkItem) -> pb.ActivityResponse:
        request = item.activityRequest
        response = pb.ActivityResponse(
            instanceId=request.orchestrationInstance.instanceId,
            taskId=request.taskId,
            completionToken=item.completionToken,
        )
        function = self._activities.get(request.name)
        if function is None:
            response.failureDetails.CopyFrom(_not_found("activity", request.name))
            return response
        started = time.perf_counter()
        payload = request.input.value if request.HasField("input") else "null"
        try:
            answer = await self._call(function, {"kind": "json", "value": payload})
        except FunctionFailed as error:
            self._log.called(function.name, started, str(error))
            response.failureDetails.CopyFrom(_failure(error))
            return response
        self._log.called(function.name, started)
        response.result.value = _result_text(answer)
        return response

    async def _call(self, function: Function, argument: Json) -> Answer:
        return await self._worker.invoke(Call(function, {function.argument: argument}))


def client_config(engine_address: str, site_url: str, task_hub: str) -> str:
    """What a durable client binding is given: the engine's address, and management links as Azure has them.

    The local host does not serve the links: they open every instance to whoever holds one.
    """
    base = f"{site_url}/runtime/webhooks/durabletask"
    instance = f"{base}/instances/INSTANCEID"
    return json.dumps(
        {
            "taskHubName": task_hub,
            "rpcBaseUrl": engine_address,
            "baseUrl": base,
            "httpBaseUrl": base,
            "requiredQueryStringParameters": "",
            "creationUrls": {},
            "managementUrls": {"id": "INSTANCEID", "statusQueryGetUri": instance},
        }
    )


def _orchestrator_name(request: pb.OrchestratorRequest) -> str:
    """The last start counts: continue-as-new starts again in the same instance."""
    for event in reversed([*request.pastEvents, *request.newEvents]):
        if event.HasField("executionStarted"):
            return event.executionStarted.name
    return ""


def _result_text(answer: Answer) -> str:
    """What an activity returned, as the JSON text that history keeps."""
    if answer.value is None:
        return "null"
    if answer.value["kind"] == "bytes":
        return answer.body.decode()
    return str(answer.value["value"])


def _failed_step(item: pb.WorkItem, failure: pb.TaskFailureDetails) -> pb.OrchestratorResponse:
    """A step that could not be run at all fails its orchestration."""
    end = pb.CompleteOrchestrationAction(orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, failureDetails=failure)
    return pb.OrchestratorResponse(
        instanceId=item.orchestratorRequest.instanceId,
        completionToken=item.completionToken,
        actions=[pb.OrchestratorAction(id=-1, completeOrchestration=end)],
    )


def _failure(error: FunctionFailed) -> pb.TaskFailureDetails:
    """The app's exception, capped: very long exception texts have hung instances."""
    return pb.TaskFailureDetails(
        errorType=error.error_type,
        errorMessage=error.message[:_MESSAGE_LIMIT],
        stackTrace=wrappers_pb2.StringValue(value=error.stack[-_STACK_LIMIT:]),
    )


def _not_found(kind: str, name: str) -> pb.TaskFailureDetails:
    message = f"The app has no {kind} named {name!r}."
    return pb.TaskFailureDetails(errorType="FunctionNotFound", errorMessage=message, isNonRetriable=True)
