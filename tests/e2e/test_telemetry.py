"""A run told to Application Insights: the real exporter posts to a loopback ingestion endpoint."""

import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web

from local.client import running_host
from shared import telemetry
from tests.e2e.conftest import ENDED, FAST, prd_text

PROJECT = Path(__file__).parents[2]
LINE = "- A canary customer must be able to borrow a ladder."
SOON = {
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_BLRP_SCHEDULE_DELAY": "200",
    "OTEL_METRIC_EXPORT_INTERVAL": "500",
    # What the package sends to Microsoft about itself: no test opens a socket beyond loopback.
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
}


class Insights:
    """An ingestion endpoint that accepts everything and keeps it."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    async def start(self) -> str:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/{path:.*}", self._track)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        return f"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:{port}/"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _track(self, request: web.Request) -> web.Response:
        assert request.path.endswith("/track"), request.path
        body = await request.read()
        text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        items = json.loads(text)
        self.items += items
        return web.json_response({"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of each item of a kind, with its tags."""
        found = [item for item in self.items if item["data"]["baseType"] == kind]
        return [item["data"]["baseData"] | {"tags": item["tags"]} for item in found]

    async def until(self, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not enough():
            assert time.monotonic() < deadline, [item["data"]["baseData"].get("name") for item in self.items]
            await asyncio.sleep(0.1)


@pytest.fixture
async def insights() -> AsyncIterator[Insights]:
    collector = Insights()
    yield collector
    await collector.stop()


def start_host(state: Path, connection: str) -> subprocess.Popen[bytes]:
    environment = os.environ | FAST | SOON | {"APPLICATIONINSIGHTS_CONNECTION_STRING": connection}
    with (state / "host.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "local", "--state", str(state)], cwd=PROJECT, env=environment, stdout=log, stderr=log
        )


@asynccontextmanager
async def run_to_its_end(state: Path, connection: str) -> AsyncGenerator[str]:
    """A host of its own with export switched on; yields the id of a run once it has ended."""
    host = start_host(state, connection)
    try:
        while (info := await asyncio.to_thread(running_host, state)) is None:
            assert host.poll() is None, (state / "host.log").read_text()
            await asyncio.sleep(0.1)
        async with httpx2.AsyncClient(base_url=info.url, timeout=60) as http:
            prd = prd_text("Ladder Library", LINE)
            run_id = (await http.post("/api/runs", json={"prd": prd, "stack": "python"})).json()["id"]
            run, deadline = {"status": "queued"}, time.monotonic() + 60
            while run["status"] not in ENDED:
                assert time.monotonic() < deadline, run
                await asyncio.sleep(0.1)
                run = (await http.get(f"/api/runs/{run_id}")).raise_for_status().json()
            assert run["status"].startswith("completed"), run["error"]
        yield run_id
    finally:
        host.terminate()
        await asyncio.to_thread(host.wait, 20)


async def test_a_run_reaches_application_insights_as_one_trace_without_content(insights: Insights, tmp_path: Path):
    async with run_to_its_end(tmp_path, await insights.start()) as run_id:
        await insights.until(lambda: any(name.startswith("invoke_workflow") for name in _names(insights)))
        await insights.until(lambda: "design_backend.runs" in _metrics(insights))
        _one_trace(insights.of("RemoteDependencyData"), run_id)
        _lines_have_fields(insights.of("MessageData"), run_id)
        assert {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"} <= _metrics(insights)
        _without_content(json.dumps(insights.items))
    log = (tmp_path / "host.log").read_text()
    assert (
        f"design_backend.activities.agents: answered by claude-sonnet-5-5 run_id={run_id} agent=system-architect" in log
    )
    _without_content(log)


def _names(insights: Insights) -> set[str]:
    return {span["name"] for span in insights.of("RemoteDependencyData")}


def _metrics(insights: Insights) -> set[str]:
    return {metric["name"] for data in insights.of("MetricData") for metric in data["metrics"]}


def _one_trace(spans: list[dict[str, Any]], run_id: str) -> None:
    trace_id, span_id = telemetry.run_ids(run_id)
    assert {span["tags"]["ai.operation.id"] for span in spans} == {f"{trace_id:032x}"}
    (whole,) = (span for span in spans if span["name"].startswith("invoke_workflow"))
    agents = {span["id"]: span for span in spans if span["name"].startswith("invoke_agent")}
    calls = [span for span in spans if span["name"].startswith("chat")]
    assert whole["id"] == f"{span_id:016x}"
    assert len(agents) == 7
    assert {span["tags"]["ai.operation.parentId"] for span in agents.values()} == {whole["id"]}
    assert {span["tags"]["ai.operation.parentId"] for span in calls} <= {*agents, whole["id"]}
    assert {span["type"] for span in calls} == {"GenAI | anthropic"}


def _lines_have_fields(lines: list[dict[str, Any]], run_id: str) -> None:
    assert lines
    told = [line["properties"] for line in lines if line["message"].startswith("answered by")]
    assert {properties["run_id"] for properties in told} == {run_id}
    assert {"system-architect", "api-backend-tester", "orchestrator"} <= {properties["agent"] for properties in told}
    assert len({properties["request_id"] for properties in told}) == len(told)


def _without_content(told: str) -> None:
    assert "ladder" not in told.lower().replace("ladder-library", "")
    assert "offline-drafts" not in told, "the key"
