"""What the layout of prompts and its warming save: a run's input as Claude bills it, against the same without a cache.

The real prompts go through the real SDK to a server that keeps the prompt cache as the API does.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from local.drafts.messages_api.server import DraftsServer
from shared.agents.agent_files import catalogue
from shared.agents.models import ModelSettings
from shared.agents.prompts import READ_PRICE, WRITE_PRICE, Assignment, Prompt, Text, compose, prefix, reading_of
from shared.claude.adapter import AnthropicApi, Claude
from shared.credentials import FixedKey

CHOSEN = ModelSettings("claude-sonnet-5-5", 64_000)
THREE = ("api-backend-tester", "azure-devops-pipelines-expert", "python-backend-dev")
FOUR = (*THREE, "azure-monitor-logs-expert")


@pytest.fixture
async def claude(drafts: DraftsServer) -> AsyncIterator[Claude]:
    client = Claude(AnthropicApi(FixedKey("key"), drafts.url), timeout_seconds=30)
    yield client
    await client.close()


def short(*_: object) -> str:
    """An answer, where what is read is what counts."""
    return "# Draft"


def prd_of(tokens: int) -> str:
    """A PRD of that length: mostly prose, as long ones are."""
    prose = "The shop has grown for years and its people know their customers by name, their orders by heart. "
    requirements = "\n".join(f"- A customer must be able to order article {number}." for number in range(40))
    text = f"# Orders\n\n## Requirements\n\n{requirements}\n\n## Background\n\n"
    return text + prose * ((tokens * 4 - len(text)) // len(prose))


def asked(prd: str, agent: str, task: str = "draft", documents: Sequence[Text] = ()) -> Prompt:
    known = catalogue()[agent]
    return compose(reading_of(prd, documents), Assignment(known, known.tasks[task], "orders", "python", None))


async def design(claude: Claude, prd: str, architecture: str, specialists: Sequence[str]) -> None:
    """A run's calls up to its fan-out, in the order and with the warming that it makes them."""
    await claude.write(asked(prd, "orchestrator", "setup"), CHOSEN)
    await claude.write(asked(prd, "system-architect"), CHOSEN)
    documents = [Text("integration-architecture.md", architecture, "system-architect")]
    await claude.warm(prefix(reading_of(prd, documents)), CHOSEN)
    prompts = [asked(prd, agent, documents=documents) for agent in specialists]
    await asyncio.gather(*(claude.write(prompt, CHOSEN) for prompt in prompts))


def billed_share(drafts: DraftsServer) -> float:
    """What was billed for input, in plain input tokens, as a share of what it had been without a cache."""
    calls = [(seen.usage, seen.agent) for seen in drafts.seen if seen.usage]
    billed = sum(
        usage.input_tokens
        + WRITE_PRICE * usage.cache_creation_input_tokens
        + READ_PRICE * usage.cache_read_input_tokens
        for usage, _ in calls
    )
    uncached = sum(
        usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
        for usage, agent in calls
        if agent  # without a cache, nothing is warmed
    )
    return billed / uncached


@pytest.mark.parametrize(
    ("tokens", "architecture", "specialists", "most"),
    [(20_000, 6_000, THREE, 0.42), (20_000, 15_000, FOUR, 0.42), (100_000, 15_000, FOUR, 0.33)],
)
async def test_what_is_read_together_is_paid_for_about_once(
    claude: Claude,
    drafts: DraftsServer,
    monkeypatch: pytest.MonkeyPatch,
    tokens: int,
    architecture: int,
    specialists: Sequence[str],
    most: float,
):
    monkeypatch.setattr("local.drafts.messages_api.server.answer_prompt", short)
    await design(claude, prd_of(tokens), "An event. " * (architecture * 4 // 10), specialists)
    assert len(drafts.seen) == 3 + len(specialists)
    assert billed_share(drafts) <= most


async def test_another_way_of_thinking_reads_nothing_of_the_prefix(claude: Claude, drafts: DraftsServer):
    prompt = asked(prd_of(5_000), "system-architect")
    for chosen in (CHOSEN, ModelSettings(CHOSEN.model, 64_000, effort="high")):
        assert (await claude.write(prompt, chosen)).usage.cache_read_tokens == 0
    assert (await claude.write(prompt, CHOSEN)).usage.cache_read_tokens > 4_096
