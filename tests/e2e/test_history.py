"""A run from its first moment to long after its history was purged, as its caller sees it."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Product, prd_text, running_product

pytestmark = pytest.mark.engine
FORGETFUL = {"HISTORY_DAYS": "0.00001", "SWEEP_SCHEDULE": "*/2 * * * * *", "CLAIM_GRACE_SECONDS": "1"}


async def test_a_run_can_be_looked_at_and_is_listed_from_its_first_moment(product: Product):
    started = [await product.post(prd_text(f"First Moment {number}")) for number in range(4)]
    for run_id in [run["id"] for run in started]:
        view = await product.run(run_id)
        assert {row["state"] for row in view["agents"]} <= {"waiting", "drafting", "checking", "done"}
        listing = await product.http.get("/api/runs")
        assert listing.status_code == 200, listing.text
        assert run_id in [run["id"] for run in listing.json()["runs"]]
    for run in started:
        await product.ended(run["id"])


async def test_a_run_whose_history_was_purged_is_as_it_was(tmp_path: Path):
    async with running_product(tmp_path, FORGETFUL) as product:
        prd = prd_text("Long Ago")
        run_id = (await product.post(prd))["id"]
        before = await product.ended(run_id)
        await product.wait_for_blob("runs", f"{run_id}/ended.json", within=60)
        await asyncio.sleep(4)  # the purge itself, and another sweep
        assert await product.run(run_id) == before
        (listed,) = (await product.http.get("/api/runs", params={"status": "completed"})).json()["runs"]
        assert (listed["id"], listed["updated_at"]) == (run_id, before["updated_at"])
        file = before["files"][0]
        assert len((await product.http.get(file["url"])).content) == file["size"]
        calls = len(product.calls())
        again = await product.post(prd)
        assert (again["id"], again["created"], again["status"]) == (run_id, False, "completed")
        cancelled = await product.http.delete(f"/api/runs/{run_id}")
        assert cancelled.status_code == 409
        assert len(product.calls()) == calls


@pytest.mark.long
async def test_a_step_longer_than_messages_stay_invisible_is_made_once(product: Product):
    """host.json says one minute; the engine renews that while the step goes on."""
    assert product.host.drafts
    product.host.drafts.pace = 75
    before = len(product.calls())
    run_id = (await product.post(prd_text("Slow Beginning")))["id"]
    deadline = time.monotonic() + 30
    while len(product.calls()) == before:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    product.host.drafts.pace = 0.05
    assert (await product.ended(run_id, within=150))["status"] == "completed"
    assert len(product.calls(before)) == 7
