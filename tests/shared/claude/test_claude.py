"""The Claude adapter through the real SDK, against a loopback server that speaks the Messages API."""

from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest

from local.drafts.messages_api.faults import EventName, Fault
from local.drafts.messages_api.models import model_info
from local.drafts.messages_api.server import DraftsServer
from shared.agents.agent_files import catalogue
from shared.agents.models import ModelSettings
from shared.agents.prompts import Assignment, Prompt, Reading, Text, compose, estimated_tokens
from shared.claude.adapter import AnthropicApi, Claude
from shared.claude.responses import join
from shared.credentials import FixedKey
from shared.errors import CallInterrupted, CallRefused, SettingsError

CANARY = "sk-canary-0123456789"


@pytest.fixture
async def claude(drafts: DraftsServer) -> AsyncIterator[Claude]:
    client = Claude(AnthropicApi(FixedKey(CANARY), drafts.url), timeout_seconds=2)
    yield client
    await client.close()


@pytest.fixture
async def hasty(drafts: DraftsServer) -> AsyncIterator[Claude]:
    """One that does not wait long."""
    client = Claude(AnthropicApi(FixedKey(CANARY), drafts.url), timeout_seconds=0.3)
    yield client
    await client.close()


def prompt() -> Prompt:
    agent = catalogue()["system-architect"]
    prd = Text("orders.md", "# Orders\n\n" + "- A customer must be able to place an order.\n" * 200)
    reading = Reading(catalogue().system, prd, "", [])
    return compose(reading, Assignment(agent, agent.tasks["draft"], "orders", "python", None))


SONNET = ModelSettings("claude-sonnet-5-5", 64_000)


async def write(claude: Claude):
    return await claude.write(prompt(), SONNET)


async def test_an_answer_comes_whole_and_counted(claude: Claude, drafts: DraftsServer):
    drafts.order([])
    first, second = await write(claude), await write(claude)
    assert first.text.startswith("# ")
    assert second.text == first.text
    assert first.model == "claude-sonnet-5-5"
    assert (first.request_id or "").startswith("req_")
    assert first.usage.calls == 1
    assert first.usage.output_tokens > 1_000
    assert second.usage.cache_read_tokens > 1_024, "the second call reads the prefix that the first one wrote"


@pytest.mark.parametrize("kind", ["429", "500", "529", "cut", "error_event", "stall"])
async def test_a_passing_fault_is_an_interruption_and_is_not_retried_here(
    claude: Claude, drafts: DraftsServer, kind: Any
):
    drafts.order([Fault("system-architect", kind)])
    before = len(drafts.seen)
    with pytest.raises(CallInterrupted):
        await write(claude)
    assert len(drafts.seen) == before + 1


BREAKS = [
    (kind, at)
    for kind in ("cut", "error_event", "malformed", "misshapen", "stall")
    for at in get_args(EventName.__value__)
    if (kind, at) != ("misshapen", "message_stop")  # there is nothing in it
]


@pytest.mark.parametrize(("kind", "at"), BREAKS)
async def test_a_stream_that_breaks_in_any_event_is_an_interruption(
    hasty: Claude, drafts: DraftsServer, kind: Any, at: EventName
):
    drafts.order([Fault("system-architect", kind, at=at)])
    with pytest.raises(CallInterrupted) as interrupted:
        await write(hasty)
    assert interrupted.value.begun is None, "half a part is none"


async def test_a_server_that_never_answers_is_an_interruption(hasty: Claude, drafts: DraftsServer):
    drafts.order([Fault("system-architect", "silence")])
    with pytest.raises(CallInterrupted):
        await write(hasty)


async def test_an_answer_that_is_interrupted_goes_on_behind_the_parts_that_came(claude: Claude, drafts: DraftsServer):
    drafts.order([])
    whole = await write(claude)
    drafts.order([Fault("system-architect", "max_tokens", times=2), Fault("system-architect", "cut", times=1)])
    with pytest.raises(CallInterrupted) as interrupted:
        await write(claude)
    begun, before = interrupted.value.begun, len(drafts.seen)
    assert begun
    assert (begun.parts, begun.stopped) == (2, "max_tokens")
    rest = await claude.write(prompt(), SONNET, begun=begun)
    assert rest.text == whole.text
    assert len(drafts.seen) == before + 1


@pytest.mark.parametrize(
    ("kind", "code"), [("400", "http-400"), ("401", "http-401"), ("refusal", "refusal"), ("max_tokens", "cut-off")]
)
async def test_a_final_answer_says_what_to_do(claude: Claude, drafts: DraftsServer, kind: Any, code: str):
    drafts.order([Fault("system-architect", kind)])
    with pytest.raises(CallRefused) as refused:
        await write(claude)
    assert refused.value.code == code
    assert refused.value.mend


@pytest.mark.parametrize("cuts", [1, 2, 3])
async def test_a_cut_answer_goes_on_without_loss_or_repetition(claude: Claude, drafts: DraftsServer, cuts: int):
    drafts.order([])
    whole = await write(claude)
    drafts.order([Fault("system-architect", "max_tokens", times=cuts)])
    before = len(drafts.seen)
    joined = await write(claude)
    assert joined.text == whole.text
    assert len(drafts.seen) == before + cuts + 1
    assert joined.usage.calls == 1
    assert joined.usage.output_tokens >= whole.usage.output_tokens


@pytest.mark.parametrize(
    ("text", "more", "joined"),
    [
        ("one two", " three", "one two three"),
        (
            "| a | b |\n| one row | of a table |\n",
            "| one row | of a table |\n| next |",
            "| a | b |\n| one row | of a table |\n| next |",
        ),
        ("aaa", "aaa", "aaaaaa"),
        ("", "all of it", "all of it"),
    ],
)
def test_what_a_model_says_twice_at_the_joint_stands_once(text: str, more: str, joined: str):
    assert join(text, more) == joined


async def test_no_error_carries_the_key(claude: Claude, drafts: DraftsServer):
    for kind in ("400", "401", "500", "cut"):
        drafts.order([Fault("system-architect", kind)])
        with pytest.raises((CallRefused, CallInterrupted)) as failed:
            await write(claude)
        assert CANARY not in repr(failed.value) + str(failed.value.__cause__) + str(failed.value.to_dict())


async def write_as(claude: Claude, chosen: ModelSettings):
    return await claude.write(prompt(), chosen)


async def test_effort_thinking_and_length_are_sent(claude: Claude, drafts: DraftsServer):
    drafts.order([])
    await write_as(claude, ModelSettings("claude-sonnet-5-5", 64_000, "high", "adaptive"))
    assert drafts.seen[-1].settings == {
        "max_tokens": 64_000,
        "output_config": {"effort": "high"},
        "thinking": {"type": "adaptive"},
    }
    await write(claude)
    assert drafts.seen[-1].settings == {"max_tokens": 64_000}, "what is not set is the model's own default"


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (ModelSettings("claude-sonnet-5-5", 200_000), "claude-sonnet-5-5 writes 128,000 at most"),
        (ModelSettings("claude-sonnet-5-5", 64_000, None, "2048"), "does not accept thinking=enabled"),
        (ModelSettings("claude-sonet-5-5", 64_000), "Claude knows no model 'claude-sonet-5-5'"),
    ],
)
async def test_settings_that_the_model_refuses_are_told_before_the_first_call(
    claude: Claude, drafts: DraftsServer, chosen: ModelSettings, said: str
):
    before = len(drafts.seen)
    with pytest.raises(SettingsError, match=said):
        await write_as(claude, chosen)
    assert len(drafts.seen) == before


@pytest.mark.parametrize("models", [None, {"claude-sonnet-5-5": {"id": "claude-sonnet-5-5", "type": "model"}}])
async def test_a_server_that_tells_nothing_of_its_models_is_taken_at_its_word(models: Any):
    server = DraftsServer(seconds_per_answer=0)
    server.models = models
    claude = Claude(AnthropicApi(FixedKey(CANARY), await server.start()), timeout_seconds=2)
    assert (await write_as(claude, ModelSettings("claude-sonnet-5-5", 10**6, "max"))).text
    await claude.close()
    await server.stop()


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")  # the SDK's own, which no log shows
@pytest.mark.parametrize(
    ("model", "told", "day"),
    [
        ("claude-sonnet-5-5", {"lifecycle": "deprecated", "retires_at": "2027-03-01T00:00:00Z"}, "2027-03-01"),
        ("claude-sonnet-4-5", None, "November 30th, 2026"),
    ],
)
async def test_a_deprecated_model_is_warned_of_once(
    caplog: pytest.LogCaptureFixture, model: str, told: dict[str, Any] | None, day: str
):
    server = DraftsServer(seconds_per_answer=0)
    server.models = {model: model_info(model) | told} if told else None
    claude = Claude(AnthropicApi(FixedKey(CANARY), await server.start()), timeout_seconds=2)
    for _ in range(2):
        await write_as(claude, ModelSettings(model, 64_000))
    warned = [record.getMessage() for record in caplog.records if "deprecated" in record.getMessage()]
    assert warned == [f"model {model} is deprecated and retires on {day}: name a current one"]
    await claude.close()
    await server.stop()


async def test_tokens_are_counted_by_claude_and_cost_nothing(claude: Claude, drafts: DraftsServer):
    before = len(drafts.seen)
    tokens = await claude.count(prompt(), "claude-sonnet-5-5")
    assert tokens == pytest.approx(estimated_tokens(prompt()), rel=0.01)
    assert len(drafts.seen) == before


@pytest.mark.parametrize("kind", ["cut", "error_event", "refusal", "max_tokens"])
async def test_what_an_unfinished_answer_took_is_told(claude: Claude, drafts: DraftsServer, kind: Any):
    drafts.order([Fault("system-architect", kind)])
    with pytest.raises((CallInterrupted, CallRefused)) as failed:
        await write(claude)
    spent = failed.value.spent
    assert spent
    assert (spent.calls, spent.attempts) == (0, 1)
    assert spent.all_input_tokens >= estimated_tokens(prompt()) * (4 if kind == "max_tokens" else 1) * 0.99


async def test_an_answer_says_how_long_its_first_token_took(claude: Claude, drafts: DraftsServer):
    drafts.order([Fault("system-architect", "max_tokens", times=1)])
    usage = (await write(claude)).usage
    assert 0 < usage.first_token_seconds <= usage.seconds
    assert (usage.calls, usage.attempts) == (1, 1)
    assert usage.longest_prompt_tokens < usage.all_input_tokens, "the longest of the two requests"


async def test_a_server_that_is_not_there_is_an_interruption():
    claude = Claude(AnthropicApi(FixedKey(CANARY), "http://127.0.0.1:9"), timeout_seconds=1)
    with pytest.raises(CallInterrupted):
        await write(claude)
    await claude.close()
