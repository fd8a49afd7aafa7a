"""Paid once, accounted for, and never over the cap: seen through the public doors."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.drafts.messages_api.faults import Fault
from tests.e2e.conftest import Product, prd_text, running_product


async def manifest_of(product: Product, run: dict[str, Any]) -> str:
    return (await product.blob("designs", f"{run['folder']}/MANIFEST.md")).decode()


async def manifest_json_of(product: Product, run: dict[str, Any]) -> dict[str, Any]:
    return json.loads(await product.blob("designs", f"{run['folder']}/manifest.json"))


def drafts_of(product: Product):
    assert product.host.drafts
    return product.host.drafts


def long_prd(title: str) -> str:
    """Long enough for its prefix to be worth caching."""
    lines = [f"- A customer must be able to order article {number} of the spring catalogue." for number in range(150)]
    return prd_text(title, *lines)


async def test_the_same_prd_under_another_name_is_designed_without_a_call(product: Product):
    prd = long_prd("Toy Lending")
    await product.drop("toys.md", prd)
    first = await product.run_of("toys.md")
    before, requests = len(product.calls()), len(drafts_of(product).seen)
    await product.drop("toys-again.md", prd, {"full": "true"})
    second = await product.run_of("toys-again.md")
    assert product.calls(before) == []
    assert len(drafts_of(product).seen) == requests, "nor is the cache warmed for nobody"
    assert second["id"] != first["id"]
    assert second["status"] == first["status"] == "completed"
    assert (first["usage"]["calls"], first["usage"]["reused"]) == (7, 0)
    assert (second["usage"]["calls"], second["usage"]["reused"], second["usage"]["attempts"]) == (0, 7, 0)
    assert second["cost_usd"] == 0
    assert first["cost_usd"] > 0
    digests = [sorted(file["sha256"] for file in run["files"] if "/agents/" in file["path"]) for run in (first, second)]
    assert digests[0] == digests[1]
    assert "7 answer(s) were reused" in await manifest_of(product, second)


async def test_a_run_after_a_failure_repeats_the_failed_call_alone(product: Product):
    prd = prd_text("Choir Rehearsals")
    drafts_of(product).order([Fault("azure-monitor-logs-expert", "400", times=1)])
    failed = await product.ended((await product.post(prd))["id"])
    assert failed["status"] == "partial"
    before = len(product.calls())
    again = await product.ended((await product.post(prd))["id"])
    assert again["status"] == "completed"
    # The synthesis reads all documents, so it is another question now.
    assert product.calls(before) == ["azure-monitor-logs-expert:draft", "orchestrator:synthesis"]
    assert (again["usage"]["calls"], again["usage"]["reused"]) == (2, 5)


async def test_a_fresh_run_makes_every_call_again(product: Product):
    prd = prd_text("Boat Moorings")
    await product.ended((await product.post(prd))["id"])
    before = len(product.calls())
    fresh = await product.ended((await product.post(prd, fresh=True))["id"])
    assert len(product.calls(before)) == 7
    assert (fresh["usage"]["calls"], fresh["usage"]["reused"]) == (7, 0)


async def test_concurrent_duplicates_make_each_call_once(product: Product):
    prd, before = prd_text("Night Buses"), len(product.calls())
    drafts_of(product).pace = 0.3
    try:
        await asyncio.gather(*(product.drop(f"buses-{number}.md", prd) for number in range(3)))
        runs = [await product.run_of(f"buses-{number}.md") for number in range(3)]
    finally:
        drafts_of(product).pace = 0.05
    assert {run["status"] for run in runs} == {"completed"}
    assert len(product.calls(before)) == 7
    assert sum(run["usage"]["calls"] for run in runs) == 7
    assert sum(run["usage"]["reused"] for run in runs) == 14


async def test_every_call_is_accounted_for_in_status_and_manifests(product: Product):
    drafts_of(product).order([Fault("python-backend-dev", "529", times=2)])
    run = await product.ended((await product.post(long_prd("Seed Bank")))["id"])
    rows = {(agent["agent"], agent["task"]): agent for agent in run["agents"]}
    python = rows["python-backend-dev", "draft"]
    assert (python["usage"]["calls"], python["usage"]["attempts"]) == (1, 3)
    assert python["model"] == "claude-sonnet-5-5"
    for agent in run["agents"]:
        usage = agent["usage"]
        assert usage["output_tokens"] > 0
        assert usage["first_token_seconds"] > 0
        priced = usage["input_tokens"] * 2 + usage["cache_write_tokens"] * 2.5 + usage["cache_read_tokens"] * 0.1
        assert agent["cost_usd"] == pytest.approx((priced + usage["output_tokens"] * 10) / 1e6, abs=2e-6)
    assert run["usage"]["cache_read_tokens"] > 0
    warming = run["cost_usd"] - sum(agent["cost_usd"] for agent in run["agents"])
    assert warming > 0, "the cache warm-up is paid for too"

    told = (await manifest_json_of(product, run))["accounting"]
    assert told["total"] == run["usage"]
    assert told["total_cost_usd"] == run["cost_usd"]
    manifest = await manifest_of(product, run)
    assert re.search(r"\| python-backend-dev \| claude-sonnet-5-5 \| 3 \|", manifest)
    assert "| cache warm-up | claude-sonnet-5-5 |" in manifest
    assert f"US dollars at the prices of {run['prices_as_of']}." in manifest


async def test_the_plan_is_counted_by_claude_and_priced(product: Product):
    while not drafts_of(product).counted:  # the first plan of a process may come too early to be counted
        await product.http.post("/api/plan", json={"prd": "# Early"})
    counted = drafts_of(product).counted
    answer = await product.http.post("/api/plan", json={"prd": long_prd("Plan Only")})
    plan = answer.json()["plan"]
    assert drafts_of(product).counted == counted + 1
    assert plan["estimated_tokens"]["basis"] == "counted"
    assert plan["estimated_cost_usd"] > 0
    assert re.search(r"^Estimated cost: about \$\d+\.\d\d \(prices of \d{4}-\d\d-\d\d\)$", plan["text"], re.MULTILINE)
    started = await product.post(long_prd("Plan Only"))
    assert started["plan"] == plan
    run = await product.ended(started["id"])
    assert (await manifest_json_of(product, run))["plan"] == plan, "the manifest keeps the plan as it was shown"


@pytest.fixture
async def capped(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[Product]:
    """A host of its own with the settings that the test asks for."""
    async with running_product(tmp_path_factory.mktemp("capped"), request.param) as running:
        yield running


@pytest.mark.parametrize(
    ("capped", "said"),
    [
        ({"RUN_TOKEN_CAP": "12000"}, "The run's cap of 12,000 tokens is reached: "),
        ({"RUN_COST_CAP_USD": "0.05"}, "The run's cap of $0.05 is reached: "),
    ],
    indirect=["capped"],
)
async def test_at_the_cap_the_run_stops_in_order(capped: Product, said: str):
    run = await capped.ended((await capped.post(prd_text("Capped Lending")))["id"])
    assert run["status"] == "partial"
    assert capped.calls() == ["orchestrator:setup", "system-architect:draft"]
    manifest = await manifest_of(capped, run)
    missing = manifest.split("## What is missing\n\n")[1].split("\n\n")[0].splitlines()
    assert len(missing) == 5
    assert all(said in line and "not paid for twice" in line for line in missing[:4])
    assert said in missing[4] or "the run's cap is reached" in missing[4]
    told = await manifest_json_of(capped, run)
    assert [one["failure"] and one["failure"]["code"] for one in told["missing"]] == ["cap-reached"] * 4 + [None]
    assert told["accounting"]["cap"] == run["cap"]


UNPRICED = {"ANTHROPIC_MODEL": "claude-fable-5-2"}


@pytest.mark.parametrize("capped", [UNPRICED], indirect=True)
async def test_an_unknown_model_is_counted_in_tokens_at_a_price_unknown(capped: Product):
    started = await capped.post(prd_text("Unpriced"))
    assert started["plan"]["estimated_cost_usd"] is None
    run = await capped.ended(started["id"])
    assert run["status"] == "completed"
    assert run["cost_usd"] is None
    assert run["usage"]["output_tokens"] > 0
    assert "price unknown" in await manifest_of(capped, run)


@pytest.mark.parametrize("capped", [{"ANTHROPIC_MODEL_STRONG": "claude-opus-9"}], indirect=True)
async def test_a_model_that_claude_does_not_know_is_a_setting_to_mend(capped: Product):
    run = await capped.ended((await capped.post(prd_text("Misspelt")))["id"])
    assert run["status"] == "failed"
    assert "Claude knows no model 'claude-opus-9'." in run["error"]
    assert capped.calls() == ["orchestrator:setup"], "no architect was called"
