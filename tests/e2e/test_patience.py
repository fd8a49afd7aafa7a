"""What Claude's servers do to a run, and what the run makes of it: seen through the public door of a patient host."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.drafts.messages_api.faults import EventName, Fault, Kind
from local.drafts.messages_api.rate_limit import Limits
from local.drafts.messages_api.server import DraftsServer
from tests.e2e.conftest import ENDED, Product, prd_text, running_product
from tests.e2e.test_pack import deliverables

PATIENT = {"LONGEST_WAIT_SECONDS": "1", "PATIENCE_SECONDS": "90", "CALL_TIMEOUT_SECONDS": "2"}


@pytest.fixture(scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """A host that waits for Claude longer than the others do."""
    async with running_product(tmp_path_factory.mktemp("patient"), PATIENT) as running:
        yield running


@pytest.fixture
def drafts(product: Product) -> DraftsServer:
    assert product.host.drafts
    product.host.drafts.order([])
    return product.host.drafts


async def finished(product: Product, title: str) -> dict[str, Any]:
    """A run that came to a good end."""
    run = await product.ended((await product.post(prd_text(title)))["id"])
    assert run["status"] == "completed", run["error"]
    assert deliverables(run) == 5
    return run


def attempts(run: dict[str, Any]) -> dict[str, int]:
    """How often each agent's draft was asked for."""
    return {row["agent"]: row["usage"]["attempts"] for row in run["agents"] if row["task"] == "draft"}


async def test_a_wait_of_weeks_that_claude_asks_for_is_cut_to_the_longest(product: Product, drafts: DraftsServer):
    drafts.order([Fault("system-architect", "429", times=1, retry_after=4_000_000)])
    assert attempts(await finished(product, "Throttled"))["system-architect"] == 2


async def test_a_storm_of_overload_passes(product: Product, drafts: DraftsServer):
    before = len(drafts.seen)
    drafts.order([Fault("*", "529", times=6)])
    await finished(product, "Storm")
    assert [seen.status for seen in drafts.seen[before:]].count(529) == 6


async def test_a_stream_that_breaks_is_asked_for_again_in_whatever_event_it_broke(
    product: Product, drafts: DraftsServer
):
    broken: dict[str, tuple[EventName, Kind]] = {
        "system-architect": ("message_start", "malformed"),
        "api-backend-tester": ("content_block_start", "misshapen"),
        "azure-devops-pipelines-expert": ("content_block_delta", "error_event"),
        "azure-monitor-logs-expert": ("content_block_stop", "malformed"),
        "python-backend-dev": ("message_delta", "misshapen"),
    }
    cuts = [Fault(agent, "cut", times=1, at=at) for agent, (at, _) in broken.items()]
    others = [Fault(agent, kind, times=1, at="message_delta") for agent, (_, kind) in broken.items()]
    drafts.order([*cuts, *others, Fault("orchestrator", "cut", at="message_stop", times=1, task="synthesis")])
    run = await finished(product, "Broken Streams")
    assert attempts(run) == dict.fromkeys(broken, 3)


async def test_an_answer_cut_off_three_times_is_whole_and_an_interruption_costs_the_last_part_alone(
    product: Product, drafts: DraftsServer
):
    drafts.order(
        [
            Fault("system-architect", "max_tokens", times=3),
            Fault("python-backend-dev", "max_tokens", times=2),
            Fault("python-backend-dev", "cut", times=1),
        ]
    )
    before = len(product.calls())
    run = await finished(product, "Long Answers")
    calls = product.calls(before)
    assert calls.count("system-architect:draft") == 4
    assert calls.count("python-backend-dev:draft") == 4, "two parts, one that broke, and the rest"
    assert (attempts(run)["system-architect"], attempts(run)["python-backend-dev"]) == (1, 2)


async def test_a_server_that_never_answers_is_asked_again(product: Product, drafts: DraftsServer):
    drafts.order([Fault("azure-monitor-logs-expert", "silence", times=1)])
    assert attempts(await finished(product, "Silence"))["azure-monitor-logs-expert"] == 2


async def test_concurrent_runs_keep_under_the_rate_limits_and_say_so(product: Product, drafts: DraftsServer):
    drafts.limit(Limits(requests=1_000, input_tokens=900_000, output_tokens=600_000, left=0.05))
    before = len(drafts.seen)
    try:
        started = [(await product.post(prd_text(f"Limited {number}")))["id"] for number in range(3)]
        waits = await held_back(product, started)
        runs = [await product.run(run_id) for run_id in started]
    finally:
        drafts.limit(None)
    assert [run["status"] for run in runs] == ["completed"] * 3, [run["error"] for run in runs]
    seen = drafts.seen[before:]
    assert [call.status for call in seen if call.status != 200] == [], "nobody bounced"
    assert waits, "somebody waited, and the status said for what and until when"
    assert all(run["usage"]["attempts"] == 7 for run in runs), "what was held back was not sent"


async def held_back(product: Product, run_ids: list[str]) -> list[str]:
    """What waiting agents said, until all runs have ended."""
    said: list[str] = []
    while True:
        runs = [await product.run(run_id) for run_id in run_ids]
        rows = [row for run in runs for row in run["agents"] if row["state"] == "waiting" and row["retry_at"]]
        said += [row["error"] for row in rows if row["error"].startswith("Held back")]
        if all(run["status"] in ENDED for run in runs):
            return said
        await asyncio.sleep(0.1)
