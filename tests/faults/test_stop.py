"""SIGTERM ends the host in order: what is under way is finished and kept, and nothing is paid twice."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.faults.product_under_test import product
from tests.faults.table import ROWS, Row
from tests.faults.verdict import enter, extra_calls, judge

LONGEST_STOP = 10.0


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX's; on Windows the end of stdin stops a host")
async def test_a_host_that_is_told_to_stop_finishes_the_calls_in_flight_and_the_next_one_goes_on(tmp_path: Path):
    ROWS.append(row := Row("SIGTERM", tries=1))
    async with product(tmp_path, seconds_per_answer=1.0) as target:
        await target.run_apart()
        for part in range(3):
            await target.drop(f"Interrupted {part}")
        while not any(asked.task == "draft" for asked in target.drafts.asked):
            await asyncio.sleep(0.05)
        assert target.process
        target.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(target.process.wait, LONGEST_STOP) == 0
        target.drafts.pace = 0.0
        began = time.monotonic()
        await target.run_apart()
        runs = await target.all_ended(3, within=60)
        row.worst_seconds = time.monotonic() - began
        verdict = await judge(target, runs, expected=3)
        extra, twice = extra_calls(target)
        enter(row, verdict, extra)
        assert verdict.problems + twice == []
