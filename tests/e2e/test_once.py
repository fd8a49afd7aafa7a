"""One PRD version with one set of options is one run, however often somebody asks."""

import asyncio

import pytest

from tests.e2e.conftest import Product, prd_text

pytestmark = pytest.mark.engine


async def test_a_hundred_equal_requests_during_and_after_the_run_give_one_run(product: Product):
    before = len(product.calls())
    prd = prd_text("Bakery Orders")
    during = await asyncio.gather(*(product.post(prd) for _ in range(60)))
    ids = {started["id"] for started in during}
    assert len(ids) == 1
    assert sum(started["created"] for started in during) == 1
    await product.ended(ids.pop())
    after = await asyncio.gather(*(product.post(prd) for _ in range(40)))
    assert {started["id"] for started in after} == {during[0]["id"]}
    assert not any(started["created"] for started in after)
    assert len(product.calls(before)) == 7


async def test_other_options_are_another_run(product: Product):
    prd = prd_text("Flower Shop")
    first, second = await product.post(prd), await product.post(prd, db="mongodb")
    assert first["id"] != second["id"]
    folders = {(await product.ended(started["id"]))["folder"] for started in (first, second)}
    assert len(folders) == 2


async def test_fresh_designs_again_beside_the_first(product: Product):
    prd = prd_text("Clock Repair")
    first = await product.ended((await product.post(prd))["id"])
    again = await product.post(prd, fresh=True)
    assert again["created"]
    assert again["id"] == first["id"] + "-2"
    assert (await product.ended(again["id"]))["folder"] != first["folder"]


async def test_a_new_version_of_a_dropped_prd_is_a_new_run(product: Product):
    await product.drop("versions.md", prd_text("Tea House"))
    first = await product.run_of("versions.md")
    await product.drop("versions.md", prd_text("Tea House", "- Teas must be rated."))
    second = first
    for _ in range(200):
        if second["id"] != first["id"]:
            break
        await asyncio.sleep(0.1)
        second = await product.run_of("versions.md")
    assert second["id"] != first["id"]
    assert second["prd"]["sha256"] != first["prd"]["sha256"]


async def test_runs_started_together_never_share_a_folder(product: Product):
    started = [await product.post(prd_text("Same Title", f"- Variant {number} must work.")) for number in range(5)]
    runs = [await product.ended(run["id"]) for run in started]
    assert len({run["folder"] for run in runs}) == 5
    paths = [file["path"] for run in runs for file in run["files"]]
    assert len(paths) == len(set(paths))
    assert sum("/agents/" in path for path in paths) == 25
