"""Many requests to storage and to the model go wrong: every run ends in its time, and says how and why.

What happens to a request follows from the seed, the request and how often it was made, whatever the order.
"""

import asyncio
import random
from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.faults.house import House, house
from tests.faults.proxy import Fault, Kind, Passing, Plan, no_faults
from tests.faults.table import IS_LONG, ROWS, Row, count, in_time, only_long, seed
from tests.faults.verdict import extra_calls, judge

SHARE = 0.3 if IS_LONG else 0.1
"""Of the requests; a third as many in the suite, where retries are most of the time."""
BUDGET = 300.0
"""Seconds that a run may take, waits included: six tries of a step and half a minute of patience with the model."""
AT_ONCE = 30
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


async def start(target: House, number: int) -> None:
    """Half of the runs are asked for over HTTP, half are dropped."""
    if number % 2:
        await target.post(f"Noisy {number}")
    else:
        await target.drop(f"Noisy {number}")


@only_long
async def test_with_many_requests_hit_every_run_ends_and_says_why(tmp_path: Path):
    ROWS.append(row := Row(f"{SHARE:.0%} of requests hit"))
    seen = Counter[str]()
    async with house(tmp_path, {"SWEEP_SCHEDULE": "*/10 * * * * *", "MAX_ACTIVE_RUNS": str(AT_ONCE)}) as target:
        await target.run_here()
        while row.tries < count(2) and in_time(row):
            target.storage.plan, target.model.plan = noise("storage", 0.3, seen), noise("model", 3.5, seen)
            batch = range(row.tries, min(row.tries + AT_ONCE, count(2)))
            await asyncio.gather(*(start(target, number) for number in batch))
            row.tries += len(batch)
            await target.all_ended(row.tries, BUDGET * 1.5)
            target.storage.plan = target.model.plan = no_faults
        runs = await target.runs()
        verdict = await judge(target, runs, expected=row.tries, calls_end=False)
        row.runs, row.lost, row.duplicated, row.ends = verdict.runs, verdict.lost, verdict.duplicated, verdict.statuses
        row.extra_calls, _ = extra_calls(target)
        took = [_moment(run["updated_at"]) - _moment(run["created_at"]) for run in runs]
        row.worst_seconds = max(took)
        row.fault += (
            f" ({seen.total()} faults of {len(seen)} kinds, {target.storage.count + target.model.count} requests)"
        )
    assert verdict.problems == []
    assert max(took) < BUDGET


@only_long
async def test_a_prd_whose_events_were_all_lost_is_found_by_the_sweep(tmp_path: Path):
    """Five tries of the trigger fail, as its limit is, and the blob is given up; then the sweep comes round."""
    async with house(tmp_path, {"SWEEP_SCHEDULE": "0 0 0 1 1 *"}) as target:
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
