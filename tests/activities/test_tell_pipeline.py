"""What a pipeline hears when Azure DevOps does not take everything at once: all of it, and nothing twice."""

import json
from datetime import UTC, datetime
from typing import Any, cast

from durabletask.client import OrchestrationState, OrchestrationStatus

from activities.tell_pipeline import tell_pipeline
from shared.callbacks.azure_devops import AzureDevOps
from shared.contracts import AwaitedRun, Callback, PipelineTask, TellRequest
from shared.credentials import Key
from shared.errors import CallbackFailed
from shared.services import Services

RUN = AwaitedRun("orders-1", "orders.md")
WAITING = Callback("callback-told", (RUN,), "2026-01-01T00:00:00+00:00", 10, 8, 5)
REFUSED = CallbackFailed("callback-refused", "HTTP 500.")


class Pipeline(AzureDevOps):
    """A task's logs, in memory. Refuses what is in `refused`."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[str] = []
        self.kept: list[str] = []
        self.refused: set[str] = set()

    async def say(self, task: PipelineTask, token: Key, lines: list[str]) -> None:
        if "say" in self.refused:
            raise REFUSED
        self.live += lines

    async def begin_log(self, task: PipelineTask, token: Key) -> int:
        if "log" in self.refused:
            raise REFUSED
        return 5

    async def keep(self, task: PipelineTask, token: Key, log: int, lines: list[str]) -> None:
        self.kept += lines


class Durable:
    """Knows one run, whose architect is in `state`."""

    def __init__(self, state: str) -> None:
        self._row = {"deliverable": "integration-architecture.md", "task": "draft", "state": state}

    async def get_orchestration_state(self, _instance: str, **_: Any) -> OrchestrationState:
        now = datetime.now(UTC)
        status = json.dumps({"agents": [self._row]})
        return OrchestrationState(
            "orders-1", "design_backend", OrchestrationStatus.RUNNING, now, now, None, None, status, None
        )


async def told(services: Services, request: TellRequest, state: str) -> TellRequest:
    """Look once; the request of the next look."""
    heard = await tell_pipeline(services, request, cast(Any, Durable(state)))
    assert not heard.ended
    return TellRequest(request.callback_id, request.runs, heard.told, heard.log)


async def test_what_was_not_taken_is_told_again_and_what_was_shown_is_not(services: Services):
    await services.callbacks.claim(WAITING, PipelineTask("https://dev.azure.com/contoso", *(["0"] * 6)))
    await services.callbacks.keep_token(WAITING.callback_id, Key("token"))
    pipeline = services.azure_devops = Pipeline()
    look = TellRequest(WAITING.callback_id, WAITING.runs)

    pipeline.refused = {"say"}
    look = await told(services, look, "drafting")
    assert (look.told, pipeline.live) == (("",), [])

    pipeline.refused = {"log"}
    look = await told(services, look, "drafting")
    assert pipeline.live == ["orders.md: integration-architecture.md is drafting", "orders.md: run running"]
    look = await told(services, look, "drafting")
    assert (len(pipeline.live), look.log, pipeline.kept) == (2, 0, [])

    pipeline.refused = set()
    look = await told(services, look, "done")
    assert pipeline.live[2:] == pipeline.kept == ["orders.md: integration-architecture.md is done"]
    assert look.log == 5
