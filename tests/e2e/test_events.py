"""Events that come twice, late, in the wrong order or not at all; PRDs that change or vanish while their run is going."""

import asyncio
from typing import Any

import pytest

from tests.e2e.conftest import Product, prd_text

pytestmark = pytest.mark.engine


async def runs_of(product: Product, name: str) -> list[dict[str, Any]]:
    return [run for run in (await product.http.get("/api/runs")).json()["runs"] if run["prd"] == name]


async def under_way(product: Product, name: str) -> dict[str, Any]:
    while not (found := [run for run in await runs_of(product, name) if run["status"] == "running"]):
        await asyncio.sleep(0.05)
    return found[0]


async def test_a_hundred_duplicate_events_during_and_after_the_run_give_one_run_of_seven_calls(product: Product):
    before = len(product.calls())
    etag = await product.drop("doubled.md", prd_text("Doubled Event"))
    await asyncio.gather(*(product.tell("doubled.md", etag) for _ in range(50)))
    await product.run_of("doubled.md")
    await asyncio.gather(*(product.tell("doubled.md", etag) for _ in range(50)))
    assert len(await runs_of(product, "doubled.md")) == 1
    assert len(product.calls(before)) == 7


async def test_a_prd_overwritten_while_its_run_is_going_keeps_that_run_and_gets_another(product: Product):
    assert product.host.drafts
    product.host.drafts.pace = 1.0
    old = prd_text("Overwritten", "- Tickets must be sold.")
    first_etag = await product.drop("overwritten.md", old)
    first = await under_way(product, "overwritten.md")
    second_etag = await product.drop("overwritten.md", prd_text("Overwritten", "- Tickets must be sold and printed."))
    while len(await runs_of(product, "overwritten.md")) < 2:
        await asyncio.sleep(0.05)
    product.host.drafts.pace = 0.05
    for etag in (second_etag, first_etag, first_etag):  # late and in the wrong order
        await product.tell("overwritten.md", etag)
    runs = [await product.ended(run["id"]) for run in await runs_of(product, "overwritten.md")]
    assert {run["prd"]["etag"] for run in runs} == {first_etag, second_etag}
    assert {run["status"] for run in runs} == {"completed"}
    assert (await product.blob("runs", f"{first['id']}/prd.md")).decode() == old


async def test_a_prd_deleted_while_its_run_is_going_ends_as_any_other(product: Product):
    assert product.host.drafts
    product.host.drafts.pace = 0.5
    await product.drop("vanishing.md", prd_text("Vanishing PRD"))
    run = await under_way(product, "vanishing.md")
    await product.storage.get_blob_client("prds", "vanishing.md").delete_blob()
    product.host.drafts.pace = 0.05
    assert (await product.ended(run["id"]))["status"] == "completed"


async def test_two_runs_at_once_with_the_same_output_folder_share_no_file(product: Product):
    prds = [prd_text("Shared Shelf", f"- Shelf {number} must hold books.") for number in range(2)]
    started = await asyncio.gather(*(product.post(prd, output="shelves/shared") for prd in prds))
    runs = [await product.ended(run["id"]) for run in started]
    assert all(run["folder"].startswith("shelves/shared/") for run in runs)
    paths = [file["path"] for run in runs for file in run["files"]]
    assert len(paths) == len(set(paths))
