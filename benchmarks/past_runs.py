"""What listing and starting runs cost when there were many: `python -m benchmarks.past_runs 2000 [--engine azure]`.

Past runs are written as they are left behind: into the listing, and as instances of the orchestration store.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import re
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp
import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import OrchestrationInstance

from local.engine_store import EngineStore
from local.state import PROJECT
from shared.storage import run_index
from shared.storage.blobs import BlobStore
from shared.storage.run_index import Listed
from tests.durable_host.build import dotnet
from tests.durable_host.host import AzureHost
from tests.e2e.conftest import DRAFTS, FAST, Product, prd_text, running_product

NOW = datetime.now(UTC) - timedelta(days=1)
AT_ONCE = 32
TIMES = 10
_PAYLOAD = json.dumps("x" * 2_600)


async def measure(product: Product, count: int, engine: str) -> None:
    """Print how long a page, a filtered page and a start take, and how large a page is."""
    pages = [await _timed(product.http.get("/api/runs")) for _ in range(TIMES)]
    filtered = [await _timed(product.http.get("/api/runs", params={"status": "failed"})) for _ in range(3)]
    key = {"x-functions-key": "bench"}
    starts = [
        await _timed(product.http.post("/api/runs", json={"prd": prd_text(f"Bench {n}")}, headers=key))
        for n in range(TIMES)
    ]
    for name, taken in (
        ("GET /api/runs", pages),
        ("GET /api/runs?status=failed", filtered),
        ("POST /api/runs", starts),
    ):
        times = [seconds * 1000 for seconds, _ in taken]
        size = max(len(answer.content) for _, answer in taken)
        said = f"median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms, {size:,} bytes"
        print(f"{engine}, {count:,} past runs: {name} {said}, HTTP {taken[-1][1].status_code}")


async def _timed(asked: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = await asked
    return time.perf_counter() - began, answer


async def add_to_listing(storage: str, count: int) -> None:
    """`count` runs that have completed, each a minute before the other."""
    blobs, free = BlobStore.from_connection_string(storage), asyncio.Semaphore(AT_ONCE)

    async def add(number: int) -> None:
        created = (NOW - timedelta(minutes=number)).isoformat(timespec="milliseconds")
        async with free:
            run = Listed(f"past-{number:05}", "past", f"Past {number}", "past.md", created)
            await run_index.close(blobs, run, "completed", created)

    await asyncio.gather(*map(add, range(count)))
    await blobs.create("runs", "index-complete", b"")
    await blobs.close()


def add_to_local_engine(state: Path, count: int) -> None:
    """The instances, as the local engine keeps them."""
    database = sqlite3.connect(state / "engine.sqlite", isolation_level=None)
    rows: dict[str, OrchestrationInstance | None] = {}
    for number in range(count):
        at = NOW - timedelta(minutes=number)
        about: dict[str, Any] = {"name": "design_backend", "version": None, "completion_token": 1, "input": _PAYLOAD}
        about |= {"created_at": at, "last_updated_at": at, "completed_at": at, "output": "{}"}
        name = f"past-{number:05}"
        rows[name] = OrchestrationInstance(instance_id=name, status=pb.ORCHESTRATION_STATUS_COMPLETED, **about)
    EngineStore(database).save(rows)
    database.close()


async def add_to_azure_engine(storage: str, count: int) -> None:
    """The instances, as DurableTask.AzureStorage keeps them: rows of a table."""
    parts = dict(part.split("=", 1) for part in storage.rstrip(";").split(";"))
    account, key = parts["AccountName"], base64.b64decode(parts["AccountKey"])
    path, free = "/DesignBackendInstances", asyncio.Semaphore(AT_ONCE)
    signed = f"/{account}/{account}{path}"
    async with aiohttp.ClientSession() as http:

        async def add(number: int) -> None:
            at = (NOW - timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            row = {
                "PartitionKey": f"past-{number:05}",
                "RowKey": "",
                "Name": "design_backend",
                "RuntimeStatus": "Completed",
            }
            row |= {"Input": _PAYLOAD, "Output": "{}", "CreatedTime": at, "CreatedTime@odata.type": "Edm.DateTime"}
            row |= {
                "LastUpdatedTime": at,
                "LastUpdatedTime@odata.type": "Edm.DateTime",
                "ExecutionId": "x",
                "TaskHubName": "DesignBackend",
            }
            date = formatdate(usegmt=True)
            mac = base64.b64encode(hmac.new(key, f"{date}\n{signed}".encode(), hashlib.sha256).digest()).decode()
            heads = {"x-ms-date": date, "Authorization": f"SharedKeyLite {account}:{mac}", "x-ms-version": "2019-02-02"}
            heads |= {
                "Content-Type": "application/json",
                "Accept": "application/json;odata=nometadata",
                "Prefer": "return-no-content",
            }
            async with free, http.post(parts["TableEndpoint"] + path, data=json.dumps(row), headers=heads) as answer:
                assert answer.status == 204, await answer.text()

        await asyncio.gather(*map(add, range(count)))


async def main(count: int, engine: str) -> None:
    """Fill, start, measure."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        if engine == "local":
            async with running_product(state, {}):
                pass
            add_to_local_engine(state, count)
            async with running_product(state, {}) as product:
                await add_to_listing(_storage_of(state), count)
                await measure(product, count, engine)
            return
        assert dotnet(), "needs the .NET SDK"
        host = AzureHost(PROJECT, state, environment=FAST, drafts=DRAFTS, quiet=True)
        info = await host.start()
        try:
            await add_to_azure_engine(info.storage, count)
            await add_to_listing(info.storage, count)
            async with _client(info.url) as http:
                await measure(Product(host, http, None), count, engine)  # pyright: ignore[reportArgumentType] - not asked
        finally:
            await host.stop()


def _client(url: str) -> Any:
    import httpx2

    return httpx2.AsyncClient(base_url=url, timeout=60)


def _storage_of(state: Path) -> str:
    return re.sub(r"\s+$", "", json.loads((state / "host.json").read_text())["storage"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--engine", choices=("local", "azure"), default="local")
    given = parser.parse_args()
    asyncio.run(main(given.count, given.engine))
