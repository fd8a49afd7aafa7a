"""Many requests to storage, Key Vault and the model go wrong: every run ends in its time, and says how and why.

What happens to a request follows from the seed, the request and how often it was made, whatever the order.
"""

import asyncio
import random
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.e2e.conftest import ENDED
from tests.faults.product_under_test import ProductUnderTest, product
from tests.faults.proxy import Fault, Kind, Passing, Plan, no_faults
from tests.faults.table import IS_LONG, ROWS, Row, count, in_time, only_long, seed
from tests.faults.verdict import enter, extra_calls, judge

SHARE = 0.3 if IS_LONG else 0.1
"""Of the requests; a third as many in the suite, where retries are most of the time."""
BUDGET = 300.0
"""Seconds that a run may take, waits included: six tries of a step and half a minute of patience with the model."""
AT_ONCE = 40
RUNS = count(4, 5)
RUNS_OF_A_HOUSE = 200
"""As many as a listing shows."""
KEY_SECONDS = "1"
"""How long a key is kept, so that the vault is asked all the time."""
DAY = 86_400.0
KINDS: tuple[Kind, ...] = (
    "reset", "lost", "cut", "truncated", "slow", "skew", "409", "412", "429", "500", "503", "500-after",
)  # fmt: skip


def noise(who: str, slowness: float, seen: Counter[str]) -> Plan:
    """Hits a share of the requests, each in a way of its own."""
    made = Counter[str]()

    def plan(passing: Passing) -> Fault | None:
        request = f"{passing.method} {passing.path} {len(passing.body)}"
        made[request] += 1
        chance = random.Random(f"{seed()} {who} {request} {made[request]}")
        if chance.random() >= SHARE:
            return None
        kind = "refused" if chance.random() < 0.02 else chance.choice(KINDS)
        seen[f"{who} {kind}"] += 1
        seconds = {"slow": slowness, "refused": 0.2, "skew": chance.choice((-DAY, DAY))}.get(kind, 0.0)
        return Fault(kind, seconds)

    return plan


async def start(target: ProductUnderTest, number: int) -> None:
    """Half of the runs are asked for over HTTP, half are dropped."""
    if number % 2:
        await target.post(f"Noisy {number}")
    else:
        await target.drop(f"Noisy {number}")


async def live_through(target: ProductUnderTest, first: int, many: int) -> None:
    """Start runs as others end, so that always as many are under way as may be, until all have ended."""
    async with asyncio.TaskGroup() as starts:
        started, ended, stalled = 0, 0, time.monotonic()
        while ended < many:
            for _ in range(min(AT_ONCE - (started - ended), many - started)):
                starts.create_task(start(target, first + started))
                started += 1
            await asyncio.sleep(1)
            runs = await target.runs_if_told()
            left = [run for run in runs if run["status"] not in ENDED]
            if len(runs) - len(left) > ended:
                ended, stalled = len(runs) - len(left), time.monotonic()
            assert time.monotonic() - stalled < 1.5 * BUDGET, f"{ended} of {many} ended; not: {left[:5]}"


async def noisy_house(state: Path, row: Row, many: int, seen: Counter[str]) -> list[str]:
    """Some runs in a product of their own; what should not be, and the figures in `row`."""
    settings = {
        "SWEEP_SCHEDULE": "*/10 * * * * *",
        "MAX_ACTIVE_RUNS": str(AT_ONCE),
        "ANTHROPIC_KEY_CACHE_SECONDS": KEY_SECONDS,
    }
    async with product(state, settings, with_vault=True) as target:
        await target.run_here()
        ways = (target.storage, target.model, target.vault)
        for way, who, slowness in zip(ways, ("storage", "model", "vault"), (0.3, 3.5, 0.3), strict=True):
            way.plan = noise(who, slowness, seen)
        await live_through(target, row.tries, many)
        for way in ways:
            way.plan = no_faults
        runs = await target.runs()
        verdict = await judge(target, runs, expected=many, calls_end=False)
        row.tries += many
        enter(row, verdict, extra_calls(target)[0])
        row.requests += sum(way.count for way in ways)
        assert target.vault.count, "the key comes from the vault"
    longest = max(_moment(run["updated_at"]) - _moment(run["created_at"]) for run in runs)
    row.worst_seconds = max(row.worst_seconds, longest)
    return verdict.problems + ([f"a run took {longest:.0f} s"] if longest >= BUDGET else [])


async def test_with_many_requests_hit_every_run_ends_and_says_why(tmp_path: Path):
    ROWS.append(row := Row(f"{SHARE:.0%} of requests hit"))
    seen, problems = Counter[str](), list[str]()
    while row.tries < RUNS and in_time(row):
        many = min(RUNS_OF_A_HOUSE, RUNS - row.tries)
        problems += await noisy_house(tmp_path / str(row.tries), row, many, seen)
    row.fault += f" ({seen.total()} faults of {len(seen)} kinds, {row.requests} requests)"
    assert problems == []
    assert row.ends["completed_with_findings"] > row.runs / 2, "six tries outlast most of it"


@only_long
async def test_a_prd_whose_events_were_all_lost_is_found_by_the_sweep(tmp_path: Path):
    """Five tries of the trigger fail, as its limit is, and the blob is given up; then the sweep comes round."""
    async with product(tmp_path, {"SWEEP_SCHEDULE": "0 0 0 1 1 *"}) as target:
        await target.run_here()
        target.storage.plan = lambda passing: Fault("409") if "/prds/missed.md" in passing.path else None
        await target.drop("missed")
        assert target.host
        while sum(passing.path.startswith("/devstoreaccount1/prds/missed.md") for passing, _ in target.storage.log) < 5:
            await asyncio.sleep(0.1)
        target.storage.plan = no_faults
        assert await target.runs() == []
        await target.sweep()
        runs = await target.all_ended(1, within=30)
        assert (await judge(target, runs, expected=1)).problems == []


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
