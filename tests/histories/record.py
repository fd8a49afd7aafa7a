"""Records one orchestration history per path of `design_backend`, on the real engine with the real app.

`uv run python -m tests.histories.record` rewrites the JSON files beside this module, or those that it is given the
names of. Record anew only when runs in
flight may break: a changed history means that yesterday's runs do not replay on today's code (docs/upgrades.md).
"""

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import httpx2
from azure.storage.blob.aio import BlobServiceClient
from durabletask.internal.orchestrator_service_pb2 import HistoryChunk
from google.protobuf import json_format

from local.drafts.faults import Fault
from local.drafts.plants import Plant
from local.engine_store import EngineStore
from local.host import LocalHost
from tests.e2e.conftest import DRAFTS, FAST, Product, prd_text

FOLDER = Path(__file__).parent


WRITERS = (
    "system-architect",
    "api-backend-tester",
    "azure-devops-pipelines-expert",
    "azure-monitor-logs-expert",
    "python-backend-dev",
)
BROKEN = "\n```python\nnever closed\n"
"""Fails a document's own checks."""
CITES_NOTHING = "\nThis also serves [R-999].\n"
"""Passes a document's own checks, and fails when it is held against the PRD."""


@dataclass(frozen=True)
class Story:
    """A way a run can go, and what makes it go so: faults of the API, defects of the drafts, settings of the host."""

    name: str
    faults: tuple[Fault, ...] = ()
    plants: tuple[Plant, ...] = ()
    cancelled: bool = False
    queued: bool = False
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    economy: bool = False


STORIES = (
    Story("completed"),
    Story("retried", (Fault("system-architect", "529", times=1), Fault("python-backend-dev", "500", times=2))),
    Story("specialist-refused", (Fault("api-backend-tester", "400", times=1),)),
    Story("specialist-interrupted", (Fault("azure-monitor-logs-expert", "529", times=9),)),
    Story("architect-refused", (Fault("system-architect", "refusal", times=1),)),
    Story("setup-refused", (Fault("orchestrator", "400", times=1, task="setup"),)),
    Story("synthesis-refused", (Fault("orchestrator", "400", times=1, task="synthesis"),)),
    Story("cancelled", cancelled=True),
    Story("throttled", tuple(Fault(writer, "429", times=1) for writer in WRITERS)),
    Story("revised", plants=(Plant("azure-monitor-logs-expert", "", BROKEN),)),
    Story(
        "revision-refused",
        (Fault("api-backend-tester", "400", times=1, task="revise"),),
        (Plant("api-backend-tester", "", BROKEN),),
    ),
    Story("reconciled", plants=(Plant("azure-devops-pipelines-expert", "", CITES_NOTHING),)),
    Story(
        "longest",
        tuple(Fault(writer, "529", times=1) for writer in WRITERS),
        tuple(Plant(writer, "", text, mends=False) for writer in WRITERS for text in (CITES_NOTHING, BROKEN)),
    ),
    Story("economy", (Fault("python-backend-dev", "expired", times=1),), economy=True),
    Story("capped", settings={"RUN_TOKEN_CAP": "12000"}),
    Story("unlimited", settings={"MAX_ACTIVE_RUNS": "0"}),
    Story("queued", queued=True, settings={"MAX_ACTIVE_RUNS": "1"}),
)


async def record(*wanted: str) -> None:
    """Run every story, or those wanted, and write its history as `{story}.json`."""
    chosen = [story for story in STORIES if not wanted or story.name in wanted]
    for settings, stories in groupby(chosen, key=lambda story: story.settings):
        with tempfile.TemporaryDirectory() as state:
            _write(Path(state), await _run_all(Path(state), tuple(stories), settings))


def _write(state: Path, names: Mapping[str, str]) -> None:
    database = sqlite3.connect(state / "engine.sqlite", isolation_level=None)
    for instance in EngineStore(database).load():
        if instance.instance_id not in names:
            continue
        chunk = HistoryChunk(events=instance.history)
        path = FOLDER / f"{names[instance.instance_id]}.json"
        path.write_text(json_format.MessageToJson(chunk, indent=1) + "\n", encoding="utf-8")
        print(f"{path.name}: {len(chunk.events)} events, {chunk.ByteSize():,} bytes")
    database.close()


async def _run_all(state: Path, stories: tuple[Story, ...], settings: Mapping[str, str]) -> dict[str, str]:
    environment = {**FAST, **settings}
    host = LocalHost(state_dir=state, environment=environment, drafts=DRAFTS, quiet=True)
    info = await host.start()
    try:
        async with (
            httpx2.AsyncClient(base_url=info.url, timeout=60) as http,
            BlobServiceClient.from_connection_string(info.storage) as storage,
        ):
            product = Product(host, http, storage)
            return {await _run(product, story): story.name for story in stories}
    finally:
        await host.stop()


async def _run(product: Product, story: Story) -> str:
    assert product.host.drafts
    product.host.drafts.order(story.faults)
    product.host.drafts.plant(story.plants)
    product.host.drafts.pace = 1.0 if story.cancelled or story.queued else 0.05
    if story.queued:
        await product.post(prd_text("Whoever came before"))
    run_id: str = (await product.post(prd_text(f"Story {story.name}"), economy=story.economy))["id"]
    if story.cancelled:
        while (await product.run(run_id))["phase"] != 3:
            await asyncio.sleep(0.05)
        await product.http.delete(f"/api/runs/{run_id}")
    if story.queued:
        while (await product.run(run_id))["ahead"] is None:
            await asyncio.sleep(0.05)
        product.host.drafts.pace = 0.05
    await product.ended(run_id)
    return run_id


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
