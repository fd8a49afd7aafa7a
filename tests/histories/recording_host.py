"""Records the scenarios: the real app on the real engine, and an Azure DevOps that can be called back.

The engine forgets the history of an instance that begins anew (`continue_as_new`); here it keeps it.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import override
from unittest.mock import patch

from durabletask.internal.orchestrator_service_pb2 import (
    ContinueAsNewEvent,
    HistoryEvent,
    OrchestratorResponse,
)

from local import platform
from local.engine import DurableEngine
from local.engine_store import EngineStore
from tests.azure_devops import AzureDevOpsServer
from tests.e2e.conftest import Product, running_product


class KeepingEngine(DurableEngine):
    """The engine, with the histories of all generations of each instance."""

    def __init__(self, store: EngineStore, on_work: Callable[[], None]) -> None:
        super().__init__(store, on_work)
        self._forgotten: dict[str, list[list[HistoryEvent]]] = {}

    @override
    def complete_step(self, response: OrchestratorResponse) -> None:
        """As inherited. A generation that is over ends, as in Azure, with the event that says so."""
        with self._lock:
            instance = self._instances[response.instanceId]
            known = [*instance.history, *instance.dispatched_events]
            super().complete_step(response)
            if known and not instance.history:
                (over,) = (action.completeOrchestration for action in response.actions)
                known.append(HistoryEvent(eventId=-1, continueAsNew=ContinueAsNewEvent(input=over.result)))
                self._forgotten.setdefault(response.instanceId, []).append(known)

    def generations(self, instance_id: str) -> list[list[HistoryEvent]]:
        """The histories of an instance, the current one last; none before it has begun."""
        with self._lock:
            instance = self._instances.get(instance_id)
            return [*self._forgotten.get(instance_id, []), list(instance.history)] if instance else []

    def count(self, instance_id: str, kind: str) -> int:
        """How many events of a kind, such as `taskFailed`, an instance's histories hold."""
        return sum(event.HasField(kind) for events in self.generations(instance_id) for event in events)


@dataclass(frozen=True)
class RecordingHost:
    """A running host as `Product` sees it, with its engine, and a server that waiting pipelines belong to."""

    product: Product
    engine: KeepingEngine
    azure_devops: AzureDevOpsServer

    async def until(self, seen: Callable[[], bool], within: float = 120) -> None:
        """Wait for what `seen` looks for; `TimeoutError` where it does not come."""
        deadline = time.monotonic() + within
        while not seen():
            if time.monotonic() > deadline:
                raise TimeoutError("The scenario did not end in time.")
            await asyncio.sleep(0.02)


@asynccontextmanager
async def set_up(state: Path, settings: Mapping[str, str]) -> AsyncGenerator[RecordingHost]:
    """Start a host with `settings` whose files are below `state`."""
    engines: list[KeepingEngine] = []

    def engine(store: EngineStore, on_work: Callable[[], None]) -> KeepingEngine:
        engines.append(KeepingEngine(store, on_work))
        return engines[-1]

    azure_devops = AzureDevOpsServer(state)
    await azure_devops.start()
    own = {**azure_devops.app_settings, **settings}
    try:
        with patch.object(platform, "DurableEngine", engine):
            async with running_product(state / "host", own) as product:
                yield RecordingHost(product, engines[0], azure_devops)
    finally:
        await azure_devops.stop()
