"""Killed at any point where something is written: everything completes, and no step is paid twice without need.

A seed picks the points: the n-th write from the last kill on that leaves the app (to storage or the model), just
before it is done or just after; or the n-th transaction of the durable engine, likewise. `make faults` makes many.
"""

import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.product_under_test import ProductUnderTest, product
from tests.faults.proxy import Fault, FaultProxy, Passing, no_faults
from tests.faults.table import ROWS, Row, count, in_time, only_long, seed
from tests.faults.verdict import enter, extra_calls, judge

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
WRITES_OF_A_RUN = 60
TRANSACTIONS_OF_A_RUN = 50
AT_ONCE = 3
TWO_PLACES = {"MAX_ACTIVE_RUNS": "2"}
"""So that one run waits for its place while the others are hit."""
LONGEST_LIFE = 12.0
"""Seconds; a host that had too little to do to reach its transaction is killed then."""
WITHIN = 240.0


class Strikes:
    """Kills at seeded writes as long as there are kills to make, and notes how long it takes until writes pass again."""

    def __init__(
        self,
        target: ProductUnderTest,
        row: Row,
        kills: int,
        kill: Callable[[], Awaitable[None]],
        ways: tuple[FaultProxy, ...],
    ) -> None:
        self.left = kills
        self._chance = random.Random(f"{row.fault} {seed()}")
        self._row = row
        self._kill = kill
        self._writes_until = self._chance.randint(1, WRITES_OF_A_RUN)
        self._struck: float | None = None
        target.storage.answered = self._recovered
        for way in ways:
            way.plan = self.plan

    def plan(self, passing: Passing) -> Fault | None:
        """What happens to one request: nothing, or the kill."""
        if not passing.writes:
            return None
        self._writes_until -= 1
        if self._writes_until or not self.left:
            return None
        self._writes_until = self._chance.randint(1, WRITES_OF_A_RUN)
        self.left -= 1
        self._row.tries += 1
        return Fault("lost" if self._chance.random() < 0.5 else "reset", then=self._strike)

    async def _strike(self) -> None:
        await self._kill()
        self._struck = time.monotonic()

    def _recovered(self, passing: Passing) -> None:
        if self._struck is not None and passing.writes:
            self._row.worst_seconds = max(self._row.worst_seconds, time.monotonic() - self._struck)
            self._struck = None


async def strike(
    target: ProductUnderTest, row: Row, kills: int, kill: Callable[[], Awaitable[None]], ways: tuple[FaultProxy, ...]
) -> None:
    """Make all kills while runs are under way; all of the runs must end well."""
    strikes, runs = Strikes(target, row, kills, kill, ways), 0
    while strikes.left and in_time(row):
        for _ in range(AT_ONCE):
            runs += 1
            await target.drop(f"Struck {runs}")
        await target.all_ended(runs, WITHIN)
    target.storage.plan = target.model.plan = no_faults
    await settle(target, row, runs)


async def settle(target: ProductUnderTest, row: Row, expected: int) -> None:
    """Judge all that happened, and note the figures."""
    verdict = await judge(target, await target.runs(), expected=expected)
    extra, unexplained = extra_calls(target)
    enter(row, verdict, extra)
    assert verdict.problems + unexplained == []
    assert set(verdict.statuses) == {"completed_with_findings"}


async def test_a_worker_killed_at_any_write_costs_at_most_the_call_in_flight(tmp_path: Path):
    ROWS.append(row := Row("worker killed"))
    async with product(tmp_path, TWO_PLACES) as target:
        await target.run_here()
        await strike(target, row, count(2, 0.5), target.kill_worker, (target.storage, target.model))


@only_long
async def test_storage_that_is_restarted_at_any_write_loses_nothing(tmp_path: Path):
    ROWS.append(row := Row("storage restarted"))
    async with product(tmp_path, TWO_PLACES) as target:
        await target.run_here()
        await strike(target, row, count(1, 0.2), target.restart_storage, (target.storage,))
        assert row.extra_calls == 0


@only_long
async def test_a_host_killed_at_any_transaction_goes_on_where_it_was(tmp_path: Path):
    ROWS.append(row := Row("host killed"))
    chance, runs = random.Random(f"host {seed()}"), 0
    async with product(tmp_path, TWO_PLACES) as target:
        for _ in range(count(1, 0.3)):
            if not in_time(row):
                break
            row.tries += 1
            await target.run_apart(str(chance.randint(1, TRANSACTIONS_OF_A_RUN)), chance.choice(["before", "after"]))
            if target.direct:
                runs += 1
                await target.drop(f"Life {row.tries}")
            await target.dead_within(LONGEST_LIFE)
        began = time.monotonic()
        await target.run_apart()
        await target.all_ended(runs, WITHIN)
        row.worst_seconds = time.monotonic() - began
        await settle(target, row, runs)
