"""`make bench`: time and memory of indexing, time of a run, and the size of its history, on a host of its own."""

import asyncio
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
from durabletask.internal.orchestrator_service_pb2 import HistoryChunk

from local.engine_store import EngineStore
from local.host import LocalHost

PROJECT = Path(__file__).parents[1]
PRD = (PROJECT / "examples/prds/order-service.md").read_text(encoding="utf-8")
INDEXING = """
import resource, sys, time
started = time.perf_counter()
import function_app
took = time.perf_counter() - started
assert "anthropic" not in sys.modules
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
SETTINGS = {"ANTHROPIC_API_KEY": "", "ANTHROPIC_BASE_URL": ""}


def measure_indexing(times: int = 5) -> None:
    """Import of function_app in a fresh interpreter: seconds and peak memory."""
    figures = [_index_once() for _ in range(times)]
    seconds = [figure[0] for figure in figures]
    print(f"indexing: median {statistics.median(seconds):.2f} s, best {min(seconds):.2f} s, {figures[0][1]} MB peak")


def _index_once() -> tuple[float, int]:
    done = subprocess.run([sys.executable, "-c", INDEXING], cwd=PROJECT, capture_output=True, text=True, check=True)
    seconds, megabytes = done.stdout.split()
    return float(seconds), int(megabytes)


async def measure_runs() -> None:
    """Start of a host, first and later runs with drafts that take no time, a PRD of 20 times the length, 20 at once."""
    with tempfile.TemporaryDirectory() as state:
        started = time.perf_counter()
        host = LocalHost(state_dir=Path(state), environment=SETTINGS, drafts={"seconds_per_answer": 0}, quiet=True)
        info = await host.start()
        print(f"local host: ready after {time.perf_counter() - started:.1f} s")
        try:
            async with httpx2.AsyncClient(base_url=info.url, timeout=120) as http:
                print(f"first run: {await _run(http, PRD):.1f} s")
                later = [await _run(http, f"{PRD}\n- Variant {number} must work.\n") for number in range(5)]
                print(f"later runs: median {statistics.median(later):.2f} s")
                long = PRD + "\n".join(
                    f"Background paragraph {number}. {'More words. ' * 20}\n" for number in range(400)
                )
                print(f"a PRD of {len(long) // 1000} kB: {await _run(http, long):.2f} s")
                together = time.perf_counter()
                prds = [f"{PRD}\n- Together {number} must work.\n" for number in range(20)]
                await asyncio.gather(*(_run(http, prd) for prd in prds))
                print(f"20 runs at once: {time.perf_counter() - together:.1f} s")
        finally:
            await host.stop()
        _print_histories(Path(state))
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(
        f"largest child process: {children} MB; host: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )


async def _run(http: httpx2.AsyncClient, prd: str) -> float:
    started = time.perf_counter()
    run_id = (await http.post("/api/runs", json={"prd": prd, "name": "order-service.md"})).json()["id"]
    while (run := (await http.get(f"/api/runs/{run_id}")).json())["status"] in ("queued", "running"):
        await asyncio.sleep(0.02)
    assert run["status"] == "completed", run["error"]
    return time.perf_counter() - started


def _print_histories(state: Path) -> None:
    database = sqlite3.connect(state / "engine.sqlite", isolation_level=None)
    histories = [HistoryChunk(events=instance.history) for instance in EngineStore(database).load()]
    database.close()
    sizes = sorted(chunk.ByteSize() for chunk in histories)
    events = sorted(len(chunk.events) for chunk in histories)
    print(f"history: {events[0]}-{events[-1]} events, {sizes[0]:,}-{sizes[-1]:,} bytes in {len(sizes)} runs")


if __name__ == "__main__":
    measure_indexing()
    asyncio.run(measure_runs())
