"""`make bench`: what calls to Claude cost us besides Claude: billed input, CPU of the adapter, waiting, duplicates.

Everything runs against the offline server, which counts a prompt cache as the API does.
"""

import asyncio
import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
from azure.storage.blob.aio import BlobServiceClient
from durabletask.internal.orchestrator_service_pb2 import HistoryEvent

from local.drafts.messages_api.faults import Fault
from local.drafts.messages_api.server import DraftsServer
from local.engine_store import EngineStore
from local.host import LocalHost
from shared.claude.adapter import AnthropicApi, Claude
from shared.credentials import FixedKey
from tests.e2e.conftest import prd_text
from tests.shared.agents.test_cache_layout import CHOSEN, FOUR, THREE, asked, billed_share, design, prd_of

ANSWER = "A line of an answer as long as any. " * 228
CALLS, REPEATS, DROPS = 7, 10, 100
OFFLINE = {"ANTHROPIC_API_KEY": "", "ANTHROPIC_BASE_URL": ""}
ENDED = {"completed", "completed_with_findings", "partial", "failed", "cancelled"}


def _answer(*_: object) -> str:
    return ANSWER


async def measure_billed_input() -> None:
    """Setup, architecture, warming and fan-out, against the same calls without a cache."""
    for tokens, architecture, specialists in (
        (20_000, 6_000, THREE), (20_000, 15_000, THREE), (20_000, 15_000, FOUR), (100_000, 15_000, FOUR),
    ):  # fmt: skip
        server = DraftsServer(seconds_per_answer=0)
        claude = Claude(AnthropicApi(FixedKey("key"), await server.start()), timeout_seconds=60)
        with patch("local.drafts.messages_api.server.answer_prompt", _answer):
            await design(claude, prd_of(tokens), "An event. " * (architecture * 4 // 10), specialists)
        readers = f"{len(specialists)} specialists"
        print(f"billed input, PRD of {tokens:,}, architecture of {architecture:,} tokens, {readers}: ", end="")
        print(f"{billed_share(server):.3f} of uncached")
        await claude.close()
        await server.stop()


async def measure_cpu() -> None:
    """CPU of this process for a run's calls, the server in another one."""
    with _server_elsewhere() as url:
        claude = Claude(AnthropicApi(FixedKey("key"), url), timeout_seconds=60)
        prompt = asked(prd_of(5_000), "system-architect")
        await claude.write(prompt, CHOSEN)  # imports the SDK
        started = time.process_time()
        for _ in range(REPEATS):
            await asyncio.gather(*(claude.write(prompt, CHOSEN) for _ in range(CALLS)))
        milliseconds = (time.process_time() - started) * 1_000 / REPEATS
        await claude.close()
    print(f"CPU of {CALLS} calls with answers of {len(ANSWER) / 1000:.1f} kB: {milliseconds:.0f} ms")


@contextmanager
def _server_elsewhere() -> Generator[str]:
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield mine.recv()
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection) -> None:
    async def serve() -> None:
        parent.send(await DraftsServer(seconds_per_answer=0).start())
        await asyncio.Event().wait()

    with patch("local.drafts.messages_api.server.answer_prompt", _answer):
        asyncio.run(serve())


async def measure_host() -> None:
    """Functions that run while Claude throttles, what warming delays, and how often duplicates are paid for."""
    with tempfile.TemporaryDirectory() as state:
        host = LocalHost(state_dir=Path(state), environment=OFFLINE, drafts={"seconds_per_answer": 0}, quiet=True)
        info = await host.start()
        try:
            async with (
                httpx2.AsyncClient(base_url=info.url, timeout=120) as http,
                BlobServiceClient.from_connection_string(info.storage) as storage,
            ):
                await _finished(http, prd_text("First"))  # imports everything
                warmed = [await _finished(http, f"{prd_of(20_000)}\n\nRun {number}\n") for number in range(3)]
                await _measure_duplicates(host, http, storage)
                await _measure_waiting(host, http)
        finally:
            await host.stop()
        _print_warming(Path(state), [run["id"] for run in warmed])


def _print_warming(state: Path, run_ids: list[str]) -> None:
    """How long the fan-out of these runs waited for the prefix to be warmed, by their histories."""
    with closing(sqlite3.connect(state / "engine.sqlite", isolation_level=None)) as database:
        histories = {each.instance_id: each.history for each in EngineStore(database).load()}
    waits = [_seconds_of("warm_prefix", list(histories[run_id])) for run_id in run_ids]
    print(f"fan-out waits for warming a prefix of 35,000 tokens: {statistics.median(waits):.2f} s")


def _seconds_of(activity: str, history: list[HistoryEvent]) -> float:
    """From the orchestrator's turn that asked for it (what is asked for has no time of its own) to its answer."""
    turn, asked, seconds = datetime.min, dict[int, datetime](), 0.0
    for event in history:
        if event.HasField("orchestratorStarted"):
            turn = event.timestamp.ToDatetime()
        elif event.taskScheduled.name == activity:
            asked[event.eventId] = turn
        elif event.HasField("taskCompleted") and event.taskCompleted.taskScheduledId in asked:
            seconds += (event.timestamp.ToDatetime() - asked[event.taskCompleted.taskScheduledId]).total_seconds()
    return seconds


async def _measure_duplicates(host: LocalHost, http: httpx2.AsyncClient, storage: BlobServiceClient) -> None:
    assert host.drafts
    before, started = len(host.drafts.seen), time.perf_counter()
    prd = prd_text("Duplicates").encode()
    names = [f"duplicate-{number}.md" for number in range(DROPS)]
    await asyncio.gather(*(storage.get_blob_client("prds", name).upload_blob(prd) for name in names))
    while True:
        runs = (await http.get("/api/runs")).json()["runs"]
        ended = [run for run in runs if run["prd"] in names and run["status"] in ENDED]
        if len(ended) == DROPS:
            break
        await asyncio.sleep(1)
    calls = sum(bool(seen.agent) for seen in host.drafts.seen[before:])
    print(f"{DROPS} duplicate drops: {calls} calls in {time.perf_counter() - started:.0f} s")


async def _measure_waiting(host: LocalHost, http: httpx2.AsyncClient) -> None:
    """Claude asks for ten minutes: what the worker does during ten seconds of them."""
    assert host.drafts
    host.drafts.order([Fault("*", "429", retry_after=600)])
    run_id = (await http.post("/api/runs", json={"prd": prd_text("Throttled")})).json()["id"]
    while not any(row["retry_at"] for row in (await _run(http, run_id))["agents"]):
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)
    samples: list[int] = []
    for _ in range(100):
        samples.append(host.worker.busy)
        await asyncio.sleep(0.1)
    until = next(row["retry_at"] for row in (await _run(http, run_id))["agents"] if row["retry_at"])
    print(f"waiting until {until} for a throttled model: at most {max(samples)} functions running in 10 s")


async def _run(http: httpx2.AsyncClient, run_id: str) -> dict[str, Any]:
    return (await http.get(f"/api/runs/{run_id}")).json()


async def _finished(http: httpx2.AsyncClient, prd: str) -> dict[str, Any]:
    run_id = (await http.post("/api/runs", json={"prd": prd})).json()["id"]
    while (run := await _run(http, run_id))["status"] not in ENDED:
        await asyncio.sleep(0.05)
    return run


async def _measure() -> None:
    await measure_billed_input()
    await measure_cpu()
    await measure_host()


if __name__ == "__main__":
    asyncio.run(_measure())
