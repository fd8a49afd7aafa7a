"""The offline model, asked by the real SDK and by plain HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
import anthropic
import pytest

from local.drafts.messages_api.faults import Fault, Kind
from local.drafts.messages_api.rate_limit import Limits
from local.drafts.messages_api.server import DraftsServer
from local.drafts.seeded_defects import SeededDefect
from tests.local.drafts.samples import LIBRARY, draft, lay_out

LONG = LIBRARY + "\n".join(f"- The system must keep note {number} for the record." for number in range(200))


def client_of(server: DraftsServer) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key="any", base_url=server.url, max_retries=0)


async def ask(server: DraftsServer, body: dict[str, object]) -> anthropic.types.Message:
    """One streamed call through the SDK."""
    async with client_of(server) as client, client.messages.stream(**cast("Any", body)) as stream:
        return await stream.get_final_message()


async def post(server: DraftsServer, body: object, path: str = "/v1/messages") -> tuple[int, dict[str, Any]]:
    """One plain call: (status, answer)."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"x-api-key": "any"}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(server.url + path, data=data) as answer:
        return answer.status, await answer.json()


async def faulty(*faults: Fault) -> AsyncIterator[DraftsServer]:
    server = DraftsServer(seconds_per_answer=0.0, faults=faults)
    await server.start()
    yield server
    await server.stop()


async def test_the_sdk_streams_exactly_the_draft(server: DraftsServer) -> None:
    message = await ask(server, lay_out(LIBRARY, "system-architect"))
    assert message.content[0].type == "text"
    assert message.content[0].text == draft(LIBRARY, "system-architect")
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 1000


async def test_the_sdk_gets_the_same_text_without_streaming(server: DraftsServer) -> None:
    async with client_of(server) as client:
        body = cast("Any", lay_out(LIBRARY, "orchestrator", "setup") | {"max_tokens": 8000})
        message = cast("anthropic.types.Message", await client.messages.create(**body))
    assert message.content[0].type == "text"
    assert message.content[0].text == draft(LIBRARY, "orchestrator", "setup")


async def test_every_request_is_on_record(server: DraftsServer) -> None:
    await ask(server, lay_out(LIBRARY, "api-backend-tester"))
    seen = server.seen[0]
    assert (seen.agent, seen.task, seen.stream, seen.status) == ("api-backend-tester", "draft", True, 200)
    assert seen.request_id.startswith("req_")
    assert server.calls == {("api-backend-tester", "draft"): 1}


async def test_the_second_agent_reads_the_prefix_that_the_first_wrote(server: DraftsServer) -> None:
    first = (await ask(server, lay_out(LONG, "system-architect"))).usage
    second = (await ask(server, lay_out(LONG, "api-backend-tester"))).usage
    written = first.cache_creation_input_tokens or 0
    assert written > 1024
    assert first.cache_read_input_tokens == 0
    assert second.cache_read_input_tokens == written
    assert second.cache_creation_input_tokens == 0


async def test_a_changed_prd_reads_nothing_of_the_old_one(server: DraftsServer) -> None:
    await ask(server, lay_out(LONG, "system-architect"))
    usage = (await ask(server, lay_out("Changed. " + LONG, "system-architect"))).usage
    assert usage.cache_read_input_tokens == 0


async def test_a_short_prefix_is_never_cached(server: DraftsServer) -> None:
    for _ in range(2):
        usage = (await ask(server, lay_out("# Small", "system-architect"))).usage
        assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 0)


async def test_a_warming_call_says_nothing_and_fills_the_cache(server: DraftsServer) -> None:
    status, answer = await post(server, lay_out(LONG, "system-architect") | {"max_tokens": 0})
    assert (status, answer["content"], answer["stop_reason"]) == (200, [], "max_tokens")
    usage = (await ask(server, lay_out(LONG, "api-backend-tester"))).usage
    assert (usage.cache_read_input_tokens or 0) > 1024


async def test_a_foreign_prompt_gets_an_honest_sentence(server: DraftsServer) -> None:
    body = {"model": "claude-haiku-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
    status, answer = await post(server, body)
    assert status == 200
    assert "no model is behind it" in answer["content"][0]["text"]


@pytest.mark.parametrize(
    ("change", "status", "kind", "word"),
    [
        ({"temperature": 0.2}, 400, "invalid_request_error", "temperature"),
        ({"top_k": 3}, 400, "invalid_request_error", "top_k"),
        ({"max_tokens": None}, 400, "invalid_request_error", "max_tokens"),
        ({"messages": []}, 400, "invalid_request_error", "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, "invalid_request_error", "role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, 400, "invalid_request_error", "text"),
        ({"model": "gpt-9"}, 404, "not_found_error", "gpt-9"),
    ],
)
async def test_a_bad_request_is_refused_in_the_apis_shape(
    server: DraftsServer, change: dict[str, object], status: int, kind: str, word: str
) -> None:
    got, answer = await post(server, lay_out(LIBRARY, "system-architect") | change)
    assert (got, answer["type"], answer["error"]["type"]) == (status, "error", kind)
    assert word in answer["error"]["message"]
    assert answer["request_id"].startswith("req_")


@pytest.mark.parametrize(
    ("system", "messages", "status", "said"),
    [
        (2, 2, 200, None),
        (0, 5, 400, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        (3, 3, 400, "A maximum of 4 blocks with cache_control may be provided. Found 6."),
    ],
)
async def test_a_request_has_at_most_four_cache_breakpoints(
    server: DraftsServer, system: int, messages: int, status: int, said: str | None
) -> None:
    cached = {"type": "text", "text": "Once more.", "cache_control": {"type": "ephemeral"}}
    plain = {"type": "text", "text": "And then."}
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 50,
        "system": [cached] * system + [plain],
        "messages": [{"role": "user", "content": [cached] * messages + [plain]}],
    }
    got, answer = await post(server, body)
    error = answer.get("error", {})
    assert (got, error.get("message")) == (status, said)
    assert error.get("type") == (None if said is None else "invalid_request_error")


async def test_broken_json_and_unknown_routes_are_refused(server: DraftsServer) -> None:
    assert (await post(server, b"{nope"))[0] == 400
    status, answer = await post(server, {}, "/v1/nothing")
    assert (status, answer["error"]["type"]) == (404, "not_found_error")


async def test_a_missing_key_is_refused(server: DraftsServer) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/v1/models") as answer:
        assert answer.status == 401
        assert (await answer.json())["error"]["type"] == "authentication_error"


async def test_models_and_token_counts_answer_the_sdk(server: DraftsServer) -> None:
    async with client_of(server) as client:
        names = [model.id async for model in client.models.list()]
        model = await client.models.retrieve(names[0])
        messages = cast("Any", [{"role": "user", "content": "abcd" * 10}])
        counted = await client.messages.count_tokens(model=names[0], messages=messages)
    assert model.id == names[0]
    assert counted.input_tokens == 10


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("400", anthropic.BadRequestError),
        ("429", anthropic.RateLimitError),
        ("500", anthropic.InternalServerError),
        ("529", anthropic.InternalServerError),
    ],
)
async def test_a_scripted_status_strikes_its_agent_as_often_as_ordered(kind: Kind, error: type[Exception]) -> None:
    async for server in faulty(Fault("system-architect", kind, times=1)):
        with pytest.raises(error):
            await ask(server, lay_out(LIBRARY, "system-architect"))
        assert (await ask(server, lay_out(LIBRARY, "system-architect"))).stop_reason == "end_turn"
        assert [seen.status for seen in server.seen] == [int(kind), 200]


@pytest.mark.parametrize("kind", ["refusal", "max_tokens"])
async def test_a_scripted_stop_cuts_the_text(kind: Kind) -> None:
    async for server in faulty(Fault("*", kind)):
        message = await ask(server, lay_out(LIBRARY, "system-architect"))
        assert message.stop_reason == kind
        assert message.content[0].type == "text"
        assert draft(LIBRARY, "system-architect").startswith(message.content[0].text)


@pytest.mark.parametrize("kind", ["cut", "error_event"])
async def test_a_stream_can_break_half_way(kind: Kind) -> None:
    async for server in faulty(Fault("system-architect", kind, times=1)):
        with pytest.raises(Exception, match=r"(?i)overloaded|closed|peer|disconnect|reset|protocol|incomplete"):
            await ask(server, lay_out(LIBRARY, "system-architect"))


async def test_a_small_limit_ends_the_answer_there(server: DraftsServer) -> None:
    message = await ask(server, lay_out(LIBRARY, "system-architect") | {"max_tokens": 100})
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 100)


DEFECT = SeededDefect("system-architect", "## Error taxonomy", "## Errors")


def revise(prd: str, agent: str, *, previous: str = "# Before") -> dict[str, object]:
    """The body of a request to revise."""
    body = cast("dict[str, Any]", lay_out(prd, agent, "revise"))
    tag = "document-0123456789ab"
    own = {"type": "text", "text": f'<{tag} name="file.md" agent="{agent}">\n{previous}\n</{tag}>'}
    body["messages"][0]["content"] += [own, {"type": "text", "text": "Return the whole corrected document."}]
    return body


async def text_of(server: DraftsServer, body: dict[str, object]) -> str:
    block = (await ask(server, body)).content[0]
    assert block.type == "text"
    return block.text


async def test_a_planted_defect_is_in_the_draft_and_mended_in_the_revision(server: DraftsServer) -> None:
    server.seed([DEFECT])
    clean = draft(LIBRARY, "system-architect")
    assert await text_of(server, lay_out(LIBRARY, "system-architect")) == clean.replace(DEFECT.old, DEFECT.new, 1)
    assert await text_of(server, revise(LIBRARY, "system-architect")) == clean
    assert server.calls == {("system-architect", "draft"): 1, ("system-architect", "revise"): 1}


async def test_a_defect_that_does_not_mend_is_there_again(server: DraftsServer) -> None:
    server.seed([replace(DEFECT, mends=False), SeededDefect("system-architect", "", "\nTODO\n")])
    first = await text_of(server, lay_out(LIBRARY, "system-architect"))
    second = await text_of(server, revise(LIBRARY, "system-architect"))
    assert first.endswith("\nTODO\n")
    assert "## Errors" in first
    assert "## Errors" in second
    assert "TODO" not in second


async def test_a_defect_strikes_its_agent_and_task_alone(server: DraftsServer) -> None:
    server.seed([SeededDefect("orchestrator", "", "planted", task="setup")])
    assert await text_of(server, lay_out(LIBRARY, "system-architect")) == draft(LIBRARY, "system-architect")
    assert (await text_of(server, lay_out(LIBRARY, "orchestrator", "setup"))).endswith("planted")
    assert "planted" not in await text_of(server, lay_out(LIBRARY, "orchestrator", "synthesis"))


async def test_a_plant_that_finds_no_ground_is_reported(server: DraftsServer) -> None:
    server.seed([SeededDefect("system-architect", "not in any draft", "x")])
    with pytest.raises(anthropic.BadRequestError, match="does not hold 'not in any draft'"):
        await ask(server, lay_out(LIBRARY, "system-architect"))


async def test_a_revision_reads_the_prefix_that_the_draft_wrote(server: DraftsServer) -> None:
    written = (await ask(server, lay_out(LONG, "system-architect"))).usage.cache_creation_input_tokens
    usage = (await ask(server, revise(LONG, "system-architect"))).usage
    assert usage.cache_read_input_tokens == written
    assert usage.cache_creation_input_tokens == 0


async def test_plants_may_be_ordered_from_the_start() -> None:
    server = DraftsServer(seconds_per_answer=0.0, defects=[DEFECT])
    await server.start()
    assert "## Errors" in await text_of(server, lay_out(LIBRARY, "system-architect"))
    await server.stop()


async def test_rate_limits_are_told_with_each_answer_and_kept() -> None:
    limits = Limits(requests=2, input_tokens=10**6, output_tokens=10**6)
    server = DraftsServer(seconds_per_answer=0, limits=limits)
    await server.start()
    body, left = cast("Any", lay_out(LIBRARY, "system-architect") | {"max_tokens": 100}), list[str]()
    async with client_of(server) as client:
        for _ in range(2):
            answer = cast("Any", await client.messages.with_raw_response.create(**body))
            left.append(answer.headers["anthropic-ratelimit-requests-remaining"])
        with pytest.raises(anthropic.RateLimitError) as refused:
            await client.messages.create(**body)
    assert left == ["1", "0"]
    headers = refused.value.response.headers
    assert 1 <= int(headers["retry-after"]) <= 30
    assert headers["anthropic-ratelimit-requests-limit"] == "2"
    assert datetime.fromisoformat(headers["anthropic-ratelimit-requests-reset"]) > datetime.now(UTC)
    await server.stop()


async def test_the_sdk_has_a_batch_answered_item_by_item() -> None:
    faults = [Fault("api-backend-tester", "500", times=1), Fault("azure-monitor-logs-expert", "expired", times=1)]
    server = DraftsServer(seconds_per_batch=0, faults=faults)
    await server.start()
    agents = ("system-architect", "api-backend-tester", "azure-monitor-logs-expert")
    try:
        async with client_of(server) as client:
            bodies = {agent: lay_out(LIBRARY, agent) | {"max_tokens": 64_000} for agent in agents}
            requests: Any = [{"custom_id": agent, "params": body} for agent, body in bodies.items()]
            taken = await client.messages.batches.create(requests=requests)
            assert (taken.processing_status, taken.request_counts.processing) == ("in_progress", 3)
            counts = (await client.messages.batches.retrieve(taken.id)).request_counts
            assert (counts.succeeded, counts.errored, counts.expired) == (1, 1, 1)
            results = [line async for line in await client.messages.batches.results(taken.id)]
            assert {line.custom_id: line.result.type for line in results} == {
                "system-architect": "succeeded",
                "api-backend-tester": "errored",
                "azure-monitor-logs-expert": "expired",
            }
            assert [batch.id async for batch in client.messages.batches.list(limit=1)] == [taken.id]
    finally:
        await server.stop()


async def test_a_batch_that_is_called_off_answers_nothing() -> None:
    server = DraftsServer(seconds_per_batch=600)
    await server.start()
    try:
        async with client_of(server) as client:
            requests: Any = [{"custom_id": "one", "params": lay_out(LIBRARY, "system-architect")}]
            taken = await client.messages.batches.create(requests=requests)
            assert (await client.messages.batches.cancel(taken.id)).processing_status == "canceling"
            assert (await client.messages.batches.retrieve(taken.id)).request_counts.canceled == 1
    finally:
        await server.stop()
