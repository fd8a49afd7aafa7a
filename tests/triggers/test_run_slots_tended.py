"""The sweep takes back what dead runs hold, and calls whoever is next in queue."""

from types import SimpleNamespace
from typing import Any, cast

import azure.durable_functions as df
from durabletask.client import OrchestrationStatus

from shared.contracts import SLOT_EVENT, SlotRequest
from shared.services import Services
from shared.storage import leave_slot, read_queue, take_slot
from shared.storage.blobs import WORK
from triggers.sweep import release_stale_slots


class Instances:
    """A Durable client that knows the status of some runs and notes whom it calls."""

    def __init__(self, known: dict[str, OrchestrationStatus]) -> None:
        self._known = known
        self.called: list[tuple[str, str]] = []

    async def get_orchestration_state(self, instance_id: str, **_: Any) -> SimpleNamespace | None:
        status = self._known.get(instance_id)
        return SimpleNamespace(runtime_status=status) if status is not None else None

    async def raise_orchestration_event(self, instance_id: str, event_name: str) -> None:
        self.called.append((instance_id, event_name))


async def test_the_place_of_a_dead_run_goes_to_the_first_live_one_in_line(services: Services):
    async for info in services.blobs.list(WORK, "places/"):
        await services.blobs.delete(WORK, info.name)
    limit = services.settings.max_active_runs
    runs = [f"tended-{number:02}" for number in range(limit + 3)]
    for number, run_id in enumerate(runs):
        since = f"2026-11-22T00:00:{number:02}.000000+00:00"
        await take_slot(services.blobs, SlotRequest(run_id, since, limit))
    known = dict.fromkeys(runs, OrchestrationStatus.RUNNING)
    known[runs[0]] = OrchestrationStatus.FAILED  # it held a place
    del known[runs[limit]]  # it was first in queue, and was purged
    client = Instances(known)
    assert await release_stale_slots(services, cast(df.DurableFunctionsClient, client)) == [runs[limit + 1]]
    assert client.called == [(runs[limit + 1], SLOT_EVENT)]
    queue = await read_queue(services.blobs)
    assert runs[0] not in queue.taken.values()
    assert list(queue.waiting) == runs[limit + 1 :]
    for run_id in runs:
        await leave_slot(services.blobs, run_id)
