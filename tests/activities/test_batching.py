"""A batch is sent once whatever dies over it, and what it gave is found by whoever asks."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from activities.agents import call_agent
from activities.batching import SETTLED, open_record, read_record, send
from activities.cancel_batch import cancel_batch
from activities.poll_batch import poll_batch
from activities.submit_batch import submit_batch
from local.drafts.messages_api.faults import Fault
from local.drafts.messages_api.server import DraftsServer
from shared.contracts import AgentRequest, AgentResult, BatchLook, BatchRequest, BatchState, Usage
from shared.services import Services
from shared.storage.blobs import WORK
from tests.agent_at_work import app_on

AGENTS = ("api-backend-tester", "azure-monitor-logs-expert")
LONG_AGO = SETTLED + timedelta(minutes=1)


@pytest.fixture(scope="module")
async def drafts() -> AsyncIterator[DraftsServer]:
    server = DraftsServer(seconds_per_answer=0, seconds_per_batch=0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def app(storage: str, drafts: DraftsServer) -> AsyncIterator[Services]:
    drafts.batches.seconds = drafts.batches.cut = 0
    async with app_on(storage, drafts) as services:
        yield services


async def requests(app: Services, run_id: str, prd: str) -> tuple[AgentRequest, ...]:
    """Two agents asked about the same PRD, which other runs may ask about as well."""
    ref = await app.blobs.write(
        WORK, f"{run_id}/prd.md", f"# {prd}\n\n- A {prd} must open.\n".encode(), "text/markdown"
    )
    return tuple(AgentRequest(run_id, agent, "draft", "shop", "python", None, ref, "shop.md") for agent in AGENTS)


async def batch_of(app: Services, prd: str | None = None, *, fresh: bool = False) -> BatchRequest:
    run_id = f"run-{uuid4().hex[:12]}"
    asked = await requests(app, run_id, prd or run_id)
    return BatchRequest(run_id, f"{run_id}/batches/phase-3.json", tuple(replace(one, fresh=fresh) for one in asked))


def look(batch: BatchRequest) -> BatchLook:
    return BatchLook(batch.run_id, batch.batch)


async def answers(app: Services, batch: BatchRequest) -> list[AgentResult]:
    return [await call_agent(app, request) for request in batch.requests]


async def aged(app: Services, batch: BatchRequest) -> None:
    """As if the batch had been sent a while ago."""
    kept = await read_record(app, batch.batch)
    assert kept
    older = replace(kept.record, sent_at=(datetime.now(UTC) - LONG_AGO).isoformat())
    await app.blobs.replace(WORK, batch.batch, json.dumps(older.to_dict()).encode(), kept.etag)


def taken(drafts: DraftsServer) -> int:
    return len(drafts.batches.taken)


def asked_live(drafts: DraftsServer) -> int:
    return sum(not seen.batch for seen in drafts.seen)


async def test_a_batch_answers_all_its_calls_at_half_price(app: Services, drafts: DraftsServer):
    before, live, batch = taken(drafts), asked_live(drafts), await batch_of(app)
    sent = await submit_batch(app, batch)
    assert sent == BatchState(ended=False, id=list(drafts.batches.taken)[-1])
    assert await poll_batch(app, look(batch)) == BatchState(ended=True, id=sent.id)
    for result in await answers(app, batch):
        assert result.draft
        assert result.usage.calls == 1
        assert result.usage == replace(result.usage.batched or Usage(), batched=result.usage.batched)
    assert (taken(drafts), asked_live(drafts)) == (before + 1, live)


async def test_a_batch_is_sent_once_however_often_its_activities_come(app: Services, drafts: DraftsServer):
    before, batch = taken(drafts), await batch_of(app)
    for _ in range(3):
        await submit_batch(app, batch)
        await poll_batch(app, look(batch))
    assert taken(drafts) == before + 1


async def test_a_batch_whose_sender_was_not_told_is_found_again(app: Services, drafts: DraftsServer):
    before, batch = taken(drafts), await batch_of(app)
    drafts.batches.cut = 1
    sent = await submit_batch(app, batch)
    assert (sent.ended, sent.id) == (False, "")
    assert not (await poll_batch(app, look(batch))).ended, "it may still be on its way"
    stranger = await batch_of(app)
    await submit_batch(app, stranger)  # just as large, and newer
    await aged(app, batch)
    found = await poll_batch(app, look(batch))
    assert (found.ended, found.id) == (True, list(drafts.batches.taken)[before])
    assert taken(drafts) == before + 2
    assert all(result.usage.batched for result in await answers(app, batch))


async def test_a_batch_whose_sender_died_before_sending_it_is_sent_then(app: Services, drafts: DraftsServer):
    before, batch = taken(drafts), await batch_of(app)
    await open_record(app, batch)
    await aged(app, batch)
    assert not (await submit_batch(app, batch)).ended
    assert taken(drafts) == before + 1
    assert (await poll_batch(app, look(batch))).ended


async def test_while_a_batch_that_may_be_the_lost_one_is_processed_none_is_sent(app: Services, drafts: DraftsServer):
    batch = await batch_of(app)
    drafts.batches.seconds, drafts.batches.cut = 600, 1
    await submit_batch(app, batch)
    await aged(app, batch)
    before = taken(drafts)
    assert not (await poll_batch(app, look(batch))).ended
    assert taken(drafts) == before
    list(drafts.batches.taken.values())[-1].ends = 0
    assert (await poll_batch(app, look(batch))).ended


async def test_the_same_calls_of_two_runs_go_in_one_batch(app: Services, drafts: DraftsServer):
    before, first, second = taken(drafts), await batch_of(app, "kiosk"), await batch_of(app, "kiosk")
    await submit_batch(app, first)
    assert (await submit_batch(app, second)).ended, "the first run may be gone: the second one collects"
    assert taken(drafts) == before + 1
    assert [(result.usage.calls, result.usage.reused) for result in await answers(app, second)] == [(0, 1), (0, 1)]
    assert all(result.usage.batched for result in await answers(app, first))


async def test_a_run_that_has_no_time_does_not_wait_for_a_batch(app: Services, drafts: DraftsServer):
    batch, hurried = await batch_of(app, "arcade"), await batch_of(app, "arcade")
    drafts.batches.seconds = 600
    await submit_batch(app, batch)
    live = asked_live(drafts)
    assert all(result.draft and not result.usage.batched for result in await answers(app, hurried))
    assert asked_live(drafts) == live + 2


async def test_a_fresh_run_has_its_calls_made_whatever_is_kept(app: Services, drafts: DraftsServer):
    first, fresh = await batch_of(app, "museum"), await batch_of(app, "museum", fresh=True)
    for batch in (first, fresh):
        await submit_batch(app, batch)
        await poll_batch(app, look(batch))
        assert all(result.usage.batched for result in await answers(app, batch))


@pytest.mark.parametrize("kind", ["400", "500", "expired"])
async def test_a_call_that_a_batch_did_not_answer_is_made_live(app: Services, drafts: DraftsServer, kind: str):
    batch = await batch_of(app)
    drafts.order([Fault(AGENTS[0], kind, times=1)])  # pyright: ignore[reportArgumentType] (one of the kinds)
    await submit_batch(app, batch)
    assert (await poll_batch(app, look(batch))).unanswered == 1
    live, batched = await answers(app, batch)
    assert live.draft
    assert live.usage.batched is None
    assert batched.usage.batched


@pytest.mark.parametrize("fresh", [False, True])
async def test_an_answer_that_a_batch_cut_off_goes_on_live(app: Services, drafts: DraftsServer, fresh: bool):
    prd = f"harbour {fresh}"
    batch, whole = await batch_of(app, prd, fresh=fresh), await batch_of(app, prd, fresh=True)
    drafts.order([Fault(AGENTS[0], "max_tokens", times=1)])
    await submit_batch(app, batch)
    assert (await poll_batch(app, look(batch))).ended
    live = asked_live(drafts)
    joined, _ = await answers(app, batch)
    assert asked_live(drafts) == live + 1
    expected, _ = await answers(app, whole)
    assert joined.draft
    assert expected.draft
    assert joined.draft.sha256 == expected.draft.sha256
    assert joined.usage.batched
    assert 0 < joined.usage.batched.output_tokens < joined.usage.output_tokens


async def test_a_refusal_in_a_batch_is_final_and_counted(app: Services, drafts: DraftsServer):
    batch = await batch_of(app)
    drafts.order([Fault(AGENTS[0], "refusal", times=1)])
    await submit_batch(app, batch)
    await poll_batch(app, look(batch))
    live = asked_live(drafts)
    refused, _ = await answers(app, batch)
    assert refused.failure
    assert refused.failure.code == "refusal"
    assert refused.usage.batched
    assert asked_live(drafts) == live
    again = await batch_of(app)
    again = replace(again, requests=tuple(replace(one, run_id=again.run_id) for one in batch.requests))
    await submit_batch(app, again)
    await poll_batch(app, look(again))
    assert all(result.draft for result in await answers(app, again)), "a later run asks again"


async def test_a_batch_that_is_refused_fails_its_calls_rather_than_cost_the_full_price(
    app: Services, drafts: DraftsServer
):
    batch, live = await batch_of(app), asked_live(drafts)
    drafts.keys = ["another key"]
    try:
        assert (await submit_batch(app, batch)).ended
    finally:
        drafts.keys = None
    assert [result.failure and result.failure.code for result in await answers(app, batch)] == ["http-401"] * 2
    assert asked_live(drafts) == live


async def test_a_cancelled_batch_frees_its_calls(app: Services, drafts: DraftsServer):
    batch, later = await batch_of(app, "airport"), await batch_of(app, "airport")
    drafts.batches.seconds = 600
    await submit_batch(app, batch)
    assert (await cancel_batch(app, look(batch))).ended
    assert list(drafts.batches.taken.values())[-1].cancelled
    drafts.batches.seconds = 0
    before = taken(drafts)
    await submit_batch(app, later)
    assert taken(drafts) == before + 1


async def test_a_batch_that_is_sent_while_its_run_is_cancelled_is_called_off(app: Services, drafts: DraftsServer):
    batch = await batch_of(app)
    drafts.batches.seconds = 600
    kept = await open_record(app, batch)
    assert kept
    await cancel_batch(app, look(batch))
    assert (await send(app, kept)).ended
    assert list(drafts.batches.taken.values())[-1].cancelled


async def test_a_batch_that_claude_no_longer_knows_leaves_its_calls_to_be_made_live(
    app: Services, drafts: DraftsServer
):
    batch = await batch_of(app)
    sent = await submit_batch(app, batch)
    del drafts.batches.taken[sent.id]
    looked = await poll_batch(app, look(batch))
    assert (looked.ended, looked.unanswered) == (True, 2)
    assert all(result.draft and not result.usage.batched for result in await answers(app, batch))
