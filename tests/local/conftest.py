"""One local host for most tests, running the sample app on real storage and the real worker library."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from azure.storage.blob.aio import BlobServiceClient, LinearRetry

from local.host import LocalHost
from local.state import HostInfo

SAMPLE_APP = Path(__file__).parent / "sample_app"
PATIENCE = 20.0


@dataclass(frozen=True)
class Site:
    """A running host as tests see it."""

    host: LocalHost
    info: HostInfo
    state: Path
    marks: Path
    http: aiohttp.ClientSession
    storage: BlobServiceClient

    async def start(self, orchestrator: str, instance: str, given: Any = None) -> int:
        """Start an orchestration; returns the status of the answer."""
        async with self.http.post(f"/api/start/{orchestrator}/{instance}", json=given) as response:
            return response.status

    async def status(self, instance: str) -> dict[str, Any]:
        async with self.http.get(f"/api/status/{instance}") as response:
            return await response.json() or {}

    async def ended(self, instance: str) -> dict[str, Any]:
        """The status of an orchestration once it has ended."""

        async def look() -> dict[str, Any] | None:
            status = await self.status(instance)
            return status if status.get("runtimeStatus") in ("Completed", "Failed", "Terminated") else None

        return await eventually(look)

    async def drop(self, name: str, content: bytes = b"# A PRD", **metadata: str) -> None:
        blob = self.storage.get_blob_client("prds", name)
        await blob.upload_blob(content, overwrite=True, metadata=metadata)

    def lines(self, mark: str) -> list[str]:
        """What the sample app has written under that name."""
        path = self.marks / mark
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def drops(self, name: str) -> list[dict[str, Any]]:
        """What the sample app was told about the blob, once for each call."""
        return [about for about in map(json.loads, self.lines("dropped")) if about["name"] == f"prds/{name}"]


async def eventually[T](look: Callable[[], Awaitable[T | None]]) -> T:
    """The first result that is something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing within {PATIENCE:.0f} s")


async def eventually_true(holds: Callable[[], object]) -> None:
    async def look() -> bool:
        return bool(holds())

    await eventually(look)


@pytest_asyncio.fixture(scope="session")
async def site(tmp_path_factory: Any) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("local")
    marks = folder / "marks"
    marks.mkdir()
    environment = {"MARKS": str(marks), "TICK_SCHEDULE": "* * * * * *", "ANTHROPIC_API_KEY": "unused"}
    host = LocalHost(SAMPLE_APP, folder / "state", environment=environment)
    info = await host.start()
    storage = BlobServiceClient.from_connection_string(info.storage, retry_policy=LinearRetry(backoff=1))
    async with aiohttp.ClientSession(info.url) as http, storage:
        yield Site(host, info, folder / "state", marks, http, storage)
    await host.stop()
