"""Histories are purged after their time, in pages, on the real protocol of the durable client; what they told stays."""

import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import azure.durable_functions as df
import durabletask.internal.orchestrator_service_pb2 as pb
import pytest
from durabletask.client import AsyncTaskHubGrpcClient, OrchestrationQuery
from durabletask.testing.in_memory_backend import OrchestrationInstance

from local.engine import DurableEngine
from local.engine_store import EngineStore
from shared.contracts import BlobRef, Claim, Options, RunInput, RunResult, Usage, claim_name
from shared.services import Services
from shared.storage import past_runs, run_index
from shared.storage.blobs import WORK
from triggers.intake import has_ended
from triggers.purge import PAGE, index_runs, pages, purge_histories

NOW = datetime.now(UTC)
OLD, YOUNG = NOW - timedelta(days=31), NOW - timedelta(days=29)
ALL = OrchestrationQuery(max_instance_count=PAGE)


class Store:
    """A real engine with past orchestrations, and a durable client of it."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "engine.sqlite", check_same_thread=False, isolation_level=None)
        self._store = EngineStore(self._database)
        self._engine = DurableEngine(self._store, lambda: None)

    def add(self, *instances: OrchestrationInstance) -> None:
        self._store.save({instance.instance_id: instance for instance in instances})

    def start(self) -> df.DurableFunctionsClient:
        self._client = AsyncTaskHubGrpcClient(host_address=self._engine.start())
        return cast(df.DurableFunctionsClient, self._client)

    async def close(self) -> None:
        await self._client.close()
        self._engine.stop(0)
        self._database.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    started = Store(tmp_path)
    yield started
    await started.close()


def instance(run_id: str, ended: datetime, **given: Any) -> OrchestrationInstance:
    """An orchestration that took an hour."""
    about: dict[str, Any] = {
        "name": "design_backend",
        "status": pb.ORCHESTRATION_STATUS_COMPLETED,
        "output": json.dumps(RunResult("completed", "p", "f", None, Usage(), 0).to_dict()),
        "custom_status": json.dumps({"agents": []}),
    }
    about |= {"created_at": ended - timedelta(hours=1), "last_updated_at": ended, "completed_at": ended}
    about |= {"version": None, "completion_token": 1, "input": "1" * 2_600}
    return OrchestrationInstance(instance_id=run_id, **(about | given))


async def claim(services: Services, run_id: str) -> Claim:
    prd = BlobRef(WORK, f"{run_id}/prd.md", "ab" * 32, 12)
    run = RunInput(run_id, "p", "T", prd, "o.md", None, Options("python", "asked for"), "out", ())
    claimed = Claim(run, "http", "i", OLD.isoformat(timespec="milliseconds"))
    await services.blobs.write(WORK, claim_name(run_id), json.dumps(claimed.to_dict()).encode(), "application/json")
    return claimed


async def left(client: df.DurableFunctionsClient) -> list[str]:
    return [state.instance_id async for page in pages(client, ALL) for state in page]


async def test_what_ended_before_is_purged_and_still_known_and_listed(store: Store, services: Services):
    failed: dict[str, Any] = {
        "status": pb.ORCHESTRATION_STATUS_FAILED, "output": None, "custom_status": "null",
        "failure_details": pb.TaskFailureDetails(errorType="E", errorMessage="no storage"),
    }  # fmt: skip
    store.add(
        instance("purged-done", OLD), instance("purged-failed", OLD, **failed), instance("purged-young", YOUNG),
        instance("purged-live", OLD, status=pb.ORCHESTRATION_STATUS_RUNNING, output=None, completed_at=None),
        instance("purged-late", YOUNG, created_at=OLD), instance("purged-callback", OLD, name="pipeline_callback"),
    )  # fmt: skip
    claimed = [await claim(services, run_id) for run_id in ("purged-done", "purged-failed")]
    client = store.start()
    assert await purge_histories(services, client) == 3
    assert await left(client) == ["purged-late", "purged-live", "purged-young"]
    done = await past_runs.state_of(services.blobs, client, "purged-done")
    gone = await past_runs.state_of(services.blobs, client, "purged-failed")
    assert done
    assert gone
    assert (done.runtime_status.name, done.serialized_custom_status) == ("COMPLETED", '{"agents": []}')
    assert gone.failure_details
    assert gone.failure_details.message == "no storage"
    assert await has_ended(services.blobs, "purged-failed"), "nobody starts it again"
    listed = {run.run_id: run.status async for run in run_index.runs(services.blobs, since=OLD - timedelta(days=1))}
    assert {run_id: listed[run_id] for run_id in ("purged-done", "purged-failed")} == {
        "purged-done": "completed", "purged-failed": "failed",
    }  # fmt: skip
    assert not await services.blobs.exists(WORK, "purged-callback/ended.json")
    assert [run_index.listed(each).run_id for each in claimed] == ["purged-done", "purged-failed"]


@pytest.mark.parametrize("count", [2_054, pytest.param(20_000, marks=pytest.mark.long)])
async def test_many_histories_are_looked_at_in_pages_and_purged_within_a_time_limit(
    store: Store, services: Services, count: int
):
    store.add(*(instance(f"many-{number:05}", OLD, name="pipeline_callback") for number in range(count)))
    client = store.start()
    sizes = [len(page) async for page in pages(client, ALL)]
    assert sizes == [PAGE] * (count // PAGE) + [count % PAGE] * (count % PAGE > 0)
    assert await purge_histories(services, client, seconds=0) == PAGE, "one page at least, then the next sweep"
    assert await purge_histories(services, client) == count - PAGE
    assert await left(client) == []


async def test_runs_of_an_earlier_release_are_listed_once(store: Store, services: Services):
    await services.blobs.delete(WORK, "index-complete")
    store.add(instance("earlier-1", OLD), instance("earlier-2", YOUNG), instance("earlier-callback", OLD, name="other"))
    await claim(services, "earlier-1")
    client = store.start()
    assert await index_runs(services, client) == 1, "of a run without a claim nothing is known"
    assert await index_runs(services, client) == 0
    assert "earlier-1" in [run.run_id async for run in run_index.runs(services.blobs)]
