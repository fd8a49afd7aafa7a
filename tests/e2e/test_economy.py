"""Economy mode through the public doors: batches at half the price, and live calls where a batch gives nothing."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import httpx2

from local.drafts.messages_api.faults import Fault
from local.drafts.messages_api.server import DraftsServer
from local.drafts.seeded_defects import SeededDefect
from tests.e2e.conftest import ENDED, Product, prd_text
from tests.e2e.test_accounting import drafts_of, manifest_json_of, manifest_of
from tests.e2e.test_durability import run_until, start_host, url_of
from tests.e2e.test_pack import deliverables


def sent(drafts: DraftsServer, since: int = 0) -> list[list[str]]:
    """The agents of each batch that the server took, from the `since`-th on."""
    batches = list(drafts.batches.taken)[since:]
    return [sorted(seen.agent for seen in drafts.seen if seen.batch == batch) for batch in batches]


SPECIALISTS = sorted(
    ["api-backend-tester", "azure-devops-pipelines-expert", "azure-monitor-logs-expert", "python-backend-dev"]
)
ONE_BATCH_A_PHASE = [["orchestrator"], ["system-architect"], SPECIALISTS, ["orchestrator"]]


async def test_a_run_in_economy_mode_is_batched_whole_and_costs_half(product: Product):
    drafts, prd = drafts_of(product), prd_text("Thrift Shop")
    drafts.order([])
    batches, calls = len(drafts.batches.taken), len(product.calls())
    started = await product.post(prd, economy=True)
    assert "economy: 4 batches" in started["plan"]["text"]
    run = await product.ended(started["id"])
    assert run["status"] == "completed", run["error"]
    assert run["options"]["economy"] is True
    assert sent(drafts, batches) == ONE_BATCH_A_PHASE
    assert len(product.calls(calls)) == 7
    told = await manifest_json_of(product, run)
    usage = told["accounting"]["total"]
    assert (usage["calls"], usage["batched"]["calls"], usage["attempts"]) == (7, 7, 7)
    assert usage["batched"]["output_tokens"] == usage["output_tokens"]
    live = sum(price_at_once(entry["usage"]) for entry in told["accounting"]["calls"])
    assert abs(told["accounting"]["total_cost_usd"] - live / 2) < 1e-5
    assert "| system-architect (batch) |" in await manifest_of(product, run)

    again = await product.ended((await product.post(prd, full=True))["id"])
    assert again["id"] != run["id"], "without economy it is another run"
    assert (again["usage"]["calls"], again["usage"]["reused"]) == (0, 7)


def price_at_once(usage: dict[str, Any]) -> float:
    """Dollars at the prices of claude-sonnet-5-5."""
    prices = {"input_tokens": 2.0, "cache_write_tokens": 2.5, "cache_read_tokens": 0.1, "output_tokens": 10.0}
    return sum(usage[name] * price for name, price in prices.items()) / 1e6


async def test_what_a_batch_does_not_answer_is_asked_live(product: Product):
    drafts = drafts_of(product)
    drafts.order([Fault("azure-monitor-logs-expert", "500", times=1), Fault("python-backend-dev", "expired", times=1)])
    batches = len(drafts.batches.taken)
    prd = "---\neconomy: true\n---\n" + prd_text("Second Hand")
    await product.drop("second-hand.md", prd)
    run = await product.run_of("second-hand.md")
    drafts.order([])
    assert run["status"] == "completed", run["error"]
    assert sent(drafts, batches) == ONE_BATCH_A_PHASE
    batched = {agent["agent"]: agent["usage"]["batched"] for agent in run["agents"] if agent["task"] == "draft"}
    assert [agent for agent, usage in batched.items() if usage is None] == [
        "azure-monitor-logs-expert",
        "python-backend-dev",
    ]
    assert (run["usage"]["calls"], run["usage"]["batched"]["calls"]) == (7, 5)


async def test_a_revision_comes_in_a_batch_of_its_own(product: Product):
    drafts = drafts_of(product)
    drafts.order([])
    drafts.seed([SeededDefect("api-backend-tester", "", "\n```python\nnever closed\n", mends=True)])
    batches = len(drafts.batches.taken)
    try:
        run = await product.ended((await product.post(prd_text("Mended Shoes"), economy=True))["id"])
    finally:
        drafts.seed([])
    assert run["status"] == "completed", run["error"]
    revised = [*ONE_BATCH_A_PHASE[:3], ["api-backend-tester"], ONE_BATCH_A_PHASE[3]]
    assert sent(drafts, batches) == revised
    assert (run["usage"]["calls"], run["usage"]["batched"]["calls"]) == (8, 8)


async def test_a_run_that_waits_for_a_batch_says_so_and_takes_the_batch_along_when_cancelled(product: Product):
    drafts = drafts_of(product)
    drafts.order([])
    pace, drafts.batches.seconds = drafts.batches.seconds, 600
    try:
        run_id = (await product.post(prd_text("Called Off"), economy=True))["id"]
        while not (setup := (await product.run(run_id))["agents"][0])["batch"]:
            await asyncio.sleep(0.05)
        assert setup["state"] == "waiting_for_batch"
        assert setup["batch"]["id"] in drafts.batches.taken
        assert setup["batch"]["since"] < setup["retry_at"]
        await product.http.delete(f"/api/runs/{run_id}")
        run = await product.ended(run_id)
    finally:
        drafts.batches.seconds = pace
    assert run["status"] == "cancelled"
    assert drafts.batches.taken[setup["batch"]["id"]].cancelled


async def test_a_host_killed_while_a_batch_is_processed_sends_no_second_one(tmp_path: Path):
    drafts = DraftsServer(seconds_per_answer=0.05, seconds_per_batch=0.2)
    model_url = await drafts.start()
    host = start_host(tmp_path, model_url)
    try:
        url = await url_of(tmp_path, host)
        drafts.batches.seconds = 3
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            run_id = (await http.post("/api/runs", json={"prd": prd_text("Patient"), "economy": True})).json()["id"]
        await run_until(url, run_id, lambda run: bool(run["agents"][0]["batch"]))
        host.send_signal(signal.SIGKILL)
        host.wait()
        drafts.batches.seconds = 0.2
        host = start_host(tmp_path, model_url)
        url = await url_of(tmp_path, host)
        run = await run_until(url, run_id, lambda run: run["status"] in ENDED, within=150)
        assert run["status"] == "completed", run["error"]
        assert deliverables(run) == 5
        assert sent(drafts) == ONE_BATCH_A_PHASE
        assert run["usage"]["batched"]["calls"] == 7
    finally:
        host.terminate()
        host.wait(20)
        await drafts.stop()
