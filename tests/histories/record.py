"""Records one orchestration history per path of `design_backend`, on the real engine with the real app.

`uv run python -m tests.histories.record` rewrites the JSON files beside this module. Record anew only when runs in
flight may break: a changed history means that yesterday's runs do not replay on today's code (docs/operations.md).
"""

import asyncio
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx2
from azure.storage.blob.aio import BlobServiceClient
from durabletask.internal.orchestrator_service_pb2 import HistoryChunk
from google.protobuf import json_format

from local.drafts.faults import Fault
from local.engine_store import EngineStore
from local.host import LocalHost
from tests.e2e.conftest import FAST, Product, prd_text

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Story:
    """A way a run can go, and the faults that make it go so."""

    name: str
    faults: tuple[Fault, ...] = ()
    cancelled: bool = False


STORIES = (
    Story("completed"),
    Story("retried", (Fault("system-architect", "529", times=1), Fault("python-backend-dev", "500", times=2))),
    Story("specialist-refused", (Fault("api-backend-tester", "400", times=1),)),
    Story("specialist-interrupted", (Fault("azure-monitor-logs-expert", "529", times=9),)),
    Story("architect-refused", (Fault("system-architect", "refusal", times=1),)),
    Story("setup-refused", (Fault("orchestrator", "400", times=1, task="setup"),)),
    Story("synthesis-refused", (Fault("orchestrator", "400", times=1, task="synthesis"),)),
    Story("cancelled", cancelled=True),
)


async def record() -> None:
    """Run every story and write its history as `{story}.json`."""
    with tempfile.TemporaryDirectory() as state:
        names = await _run_all(Path(state))
        database = sqlite3.connect(Path(state) / "engine.sqlite", isolation_level=None)
        for instance in EngineStore(database).load():
            chunk = HistoryChunk(events=instance.history)
            path = FOLDER / f"{names[instance.instance_id]}.json"
            path.write_text(json_format.MessageToJson(chunk, indent=1) + "\n", encoding="utf-8")
            print(f"{path.name}: {len(chunk.events)} events, {chunk.ByteSize():,} bytes")
        database.close()


async def _run_all(state: Path) -> dict[str, str]:
    host = LocalHost(state_dir=state, environment=FAST, drafts={"seconds_per_answer": 0.05}, quiet=True)
    info = await host.start()
    try:
        async with (
            httpx2.AsyncClient(base_url=info.url, timeout=60) as http,
            BlobServiceClient.from_connection_string(info.storage) as storage,
        ):
            product = Product(host, http, storage)
            return {await _run(product, story): story.name for story in STORIES}
    finally:
        await host.stop()


async def _run(product: Product, story: Story) -> str:
    assert product.host.drafts
    product.host.drafts.order(story.faults)
    product.host.drafts.pace = 1.0 if story.cancelled else 0.05
    run_id: str = (await product.post(prd_text(f"Story {story.name}")))["id"]
    if story.cancelled:
        while (await product.run(run_id))["phase"] != 3:
            await asyncio.sleep(0.05)
        await product.http.delete(f"/api/runs/{run_id}")
    await product.ended(run_id)
    return run_id


if __name__ == "__main__":
    asyncio.run(record())
