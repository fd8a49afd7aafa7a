"""Many PRDs at once: as many runs are active as may be, the others wait visibly and in order, and all complete."""

import asyncio
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local.host import LocalHost
from tests.e2e.conftest import ENDED
from tests.faults.product_under_test import ProductUnderTest, product
from tests.faults.table import IS_LONG, ROWS, Row, count
from tests.faults.verdict import enter, extra_calls, judge

MANY = count(7) - 1
"""Besides the one that comes alone."""
PLACES = 10 if IS_LONG else 3
LET_IN_TOGETHER = 8
"""Drops that the local host takes up at the same time: their order is nobody's."""


async def watch(target: ProductUnderTest, expected: int) -> tuple[int, int, set[int]]:
    """Look on until all have ended: the most that were running, the most memory in MB, and the places seen in line."""
    most, memory, seen = 0, 0, set[int]()
    deadline = time.monotonic() + 30 + 10 * expected
    while True:
        listed = await target.runs()
        most = max(most, sum(run["status"] == "running" for run in listed))
        seen |= {run["ahead"] for run in listed if run["status"] == "queued" and run["ahead"] is not None}
        memory = max(memory, resident(target.host))
        if len(listed) >= expected and all(run["status"] in ENDED for run in listed):
            return most, memory, seen
        assert time.monotonic() < deadline, Counter(run["status"] for run in listed)
        await asyncio.sleep(3 if IS_LONG else 0.3)  # a listing of 200 runs is work of its own


def resident(host: LocalHost | None) -> int:
    """MB of memory that the worker and this process, which is the host, hold; 0 where the system does not say."""
    if not sys.platform.startswith("linux") or host is None or host.worker.pid is None:
        return 0
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (os.getpid(), host.worker.pid)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20


@pytest.fixture
async def target(tmp_path: Path) -> Any:
    async with product(tmp_path, {"MAX_ACTIVE_RUNS": str(PLACES), "SWEEP_SCHEDULE": "*/15 * * * * *"}) as built:
        await built.run_here()
        yield built


async def test_many_prds_dropped_at_once_all_complete_in_their_order(target: ProductUnderTest):
    await target.drop("Alone")
    _, alone, _ = await watch(target, 1)
    ROWS.append(row := Row(f"{MANY} dropped at once, {PLACES} places", tries=1))
    await asyncio.gather(*(target.drop(f"Crowd {number:03}") for number in range(MANY)))
    most, memory, seen = await watch(target, MANY + 1)
    runs = await target.runs()
    verdict = await judge(target, runs, expected=MANY + 1)
    enter(row, verdict, extra_calls(target)[0])
    row.fault += f"; {alone} MB for one run, {memory} MB for all (host and worker)"
    assert verdict.problems == []
    assert row.extra_calls == 0
    assert most <= PLACES
    assert {0, 1} <= seen, "who waits sees how many are before it"
    assert furthest_out_of_order(target, runs) <= PLACES + LET_IN_TOGETHER


def furthest_out_of_order(target: ProductUnderTest, runs: list[dict[str, Any]]) -> int:
    """By how many ranks a run's first call came earlier or later than its arrival."""
    arrived = [run["project"] for run in sorted(runs, key=lambda run: run["created_at"])]
    begun = [asked.project for asked in target.drafts.asked if asked.task == "setup"]
    return max(abs(arrived.index(project) - begun.index(project)) for project in begun)


async def test_a_queued_run_can_be_cancelled_and_a_killed_worker_keeps_the_line(target: ProductUnderTest):
    assert target.http
    target.drafts.pace = 0.5
    await asyncio.gather(*(target.post(f"Queue {number}") for number in range(6)))
    queued: list[str] = []
    while not queued:
        queued = [run["id"] for run in await target.runs() if run["status"] == "queued" and run["ahead"] == 1]
    answer = await target.http.delete(f"/api/runs/{queued[0]}")
    assert answer.status_code == 202, answer.text
    await target.kill_worker()
    runs = await target.all_ended(6, within=60)
    assert sorted(run["status"] for run in runs) == ["cancelled"] + ["completed_with_findings"] * 5
    assert (await judge(target, runs, expected=6)).problems == []
    view = (await target.http.get(f"/api/runs/{queued[0]}")).json()
    assert view["usage"]["calls"] == 0
    assert any(file["path"].endswith("/MANIFEST.md") for file in view["files"])
