"""A call is paid for once: by one process, by several, and by none that has died over it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from shared.agents.models import ModelSettings
from shared.agents.prompts import Block, Prompt
from shared.claude.call_store import FOLDER, UNDER_WAY, CallStore, call_key
from shared.claude.responses import Answer
from shared.contracts import Begun, Usage
from shared.errors import CallInterrupted, CallRefused
from shared.services import Services
from shared.storage.blobs import WORK

ANSWER = Answer("# Orders\n", "claude-sonnet-5-5", "req_1", Usage(calls=1, input_tokens=10, output_tokens=20))


class Model:
    """Counts its calls; answers when it is let."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def ask(self, begun: Begun) -> Answer:
        self.calls += 1
        await self.may_answer.wait()
        return ANSWER


def slowly(model: Model) -> Model:
    model.may_answer.clear()
    return model


@pytest.fixture
def key() -> str:
    return uuid4().hex


@pytest.fixture
def model() -> Model:
    return Model()


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not (found if isinstance(found := condition(), bool) else await found):
            await asyncio.sleep(0.01)


async def test_the_same_question_is_asked_once(services: Services, model: Model, key: str):
    first = await CallStore(services.blobs).answer(key, model.ask)
    second = await CallStore(services.blobs).answer(key, model.ask)
    assert model.calls == 1
    assert first == ANSWER
    assert second == replace(ANSWER, usage=Usage(reused=1))
    assert await services.calls.has(key)


async def test_a_fresh_question_is_asked_and_its_answer_kept(services: Services, model: Model, key: str):
    await services.calls.answer(key, model.ask)
    assert (await services.calls.answer(key, model.ask, fresh=True)).usage.calls == 1
    assert model.calls == 2
    assert (await services.calls.answer(key, model.ask)).usage.reused == 1


async def test_concurrent_questions_in_one_process_make_one_call(services: Services, model: Model, key: str):
    slowly(model)
    asked = [asyncio.create_task(services.calls.answer(key, model.ask)) for _ in range(20)]
    await until(lambda: model.calls > 0)
    model.may_answer.set()
    answers = await asyncio.gather(*asked)
    assert model.calls == 1
    assert sum(answer.usage.calls for answer in answers) == 1
    assert sum(answer.usage.reused for answer in answers) == 19


async def test_nobody_holds_a_worker_for_a_call_of_somebody_elses(services: Services, model: Model, key: str):
    slowly(model)
    store, elsewhere = CallStore(services.blobs, join_seconds=0.05), CallStore(services.blobs)
    asked = asyncio.create_task(store.answer(key, model.ask))
    await until(lambda: model.calls > 0)
    for second in (store, elsewhere):
        with pytest.raises(CallInterrupted) as interrupted:
            await second.answer(key, model.ask)
        assert interrupted.value.code == UNDER_WAY
        assert interrupted.value.retry_after
    model.may_answer.set()
    await asked
    assert (await elsewhere.answer(key, model.ask)).usage.reused == 1
    assert model.calls == 1


async def test_a_call_of_a_process_that_died_is_made_by_another_once_its_lease_is_over(
    services: Services, model: Model, key: str
):
    await services.blobs.create(WORK, f"{FOLDER}{key}.json", b"{}")  # and then it died
    with pytest.raises(CallInterrupted):
        await CallStore(services.blobs).answer(key, model.ask)
    await asyncio.sleep(1.1)  # storage knows whole seconds
    patient = [CallStore(services.blobs, lease_seconds=1.0) for _ in range(5)]
    answers = await asyncio.gather(*(store.answer(key, model.ask) for store in patient), return_exceptions=True)
    assert sum(isinstance(answer, Answer) and answer.usage.calls == 1 for answer in answers) == 1
    assert model.calls == 1


async def test_a_run_does_not_wait_for_itself_after_its_process_died(services: Services, model: Model, key: str):
    slowly(model)
    dead = asyncio.create_task(CallStore(services.blobs).answer(key, model.ask, holder="run-1"))
    await until(lambda: model.calls == 1)
    with pytest.raises(CallInterrupted):
        await CallStore(services.blobs).answer(key, model.ask, holder="run-2")
    restarted = Model()
    assert await CallStore(services.blobs).answer(key, restarted.ask, holder="run-1") == ANSWER
    assert restarted.calls == 1
    model.may_answer.set()
    await dead


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_run_that_comes_back_finds_its_own_answer_and_what_it_took(
    services: Services, model: Model, key: str, fresh: bool
):
    store = CallStore(services.blobs)
    assert await store.answer(key, model.ask, holder="run-1", fresh=fresh) == ANSWER
    assert await store.answer(key, model.ask, holder="run-1", fresh=fresh) == ANSWER, (
        "it is accounted where it was paid"
    )
    assert model.calls == 1
    assert (await store.answer(key, model.ask, holder="run-2")).usage.reused == 1


async def test_a_long_call_keeps_its_claim(services: Services, model: Model, key: str):
    slowly(model)
    asked = asyncio.create_task(CallStore(services.blobs, lease_seconds=2.0).answer(key, model.ask))
    await asyncio.sleep(3.2)
    with pytest.raises(CallInterrupted):
        await CallStore(services.blobs, lease_seconds=2.0).answer(key, model.ask)
    model.may_answer.set()
    assert (await asked).usage.calls == 1
    assert model.calls == 1


@pytest.mark.parametrize("fault", [CallRefused("refusal", "No."), CallInterrupted("http-529", "Busy.")])
async def test_a_call_that_failed_can_be_made_again_at_once(
    services: Services, model: Model, key: str, fault: Exception
):
    async def fail(begun: Begun) -> Answer:
        raise fault

    with pytest.raises(type(fault)):
        await services.calls.answer(key, fail)
    assert not await services.calls.has(key)
    assert (await services.calls.answer(key, model.ask)).usage.calls == 1


@pytest.mark.parametrize(("holder", "fresh"), [("run-1", True), ("run-2", False)])
async def test_what_has_come_of_an_answer_is_there_for_whoever_goes_on(
    services: Services, model: Model, key: str, holder: str, fresh: bool
):
    async def cut_off(begun: Begun) -> Answer:
        fault = CallInterrupted("network", "The stream broke.")
        fault.begun = Begun(begun.text + "# Or", "max_tokens", begun.parts + 1)
        raise fault

    async def busy(begun: Begun) -> Answer:
        raise CallInterrupted("http-529", "Busy.")

    found: list[Begun] = []

    async def rest(begun: Begun) -> Answer:
        found.append(begun)
        return ANSWER

    for ask in (cut_off, cut_off, busy):
        with pytest.raises(CallInterrupted) as interrupted:
            await CallStore(services.blobs).answer(key, ask, holder="run-1", fresh=fresh)
        assert interrupted.value.code != UNDER_WAY
    assert await CallStore(services.blobs).answer(key, rest, holder=holder, fresh=fresh) == ANSWER
    assert found == [Begun("# Or# Or", "max_tokens", 2)]
    assert (await services.calls.answer(key, model.ask, holder="run-3")).usage.reused == 1


async def test_who_waits_for_a_call_that_fails_comes_back_and_makes_it(services: Services, model: Model, key: str):
    failing = asyncio.Event()

    async def fail(begun: Begun) -> Answer:
        await failing.wait()
        raise CallInterrupted("http-529", "Busy.")

    first = asyncio.create_task(services.calls.answer(key, fail))
    await asyncio.sleep(0)
    second = asyncio.create_task(services.calls.answer(key, model.ask))
    await asyncio.sleep(0.05)
    failing.set()
    told = await asyncio.gather(first, second, return_exceptions=True)
    assert [fault.code for fault in told if isinstance(fault, CallInterrupted)] == ["http-529", UNDER_WAY]
    assert (await services.calls.answer(key, model.ask)).usage.calls == 1


async def test_answers_are_forgotten_after_their_time_and_not_before(services: Services, model: Model, key: str):
    await services.calls.answer(key, model.ask)
    assert await services.calls.prune(30, shard=key) == 0
    await asyncio.sleep(1.1)  # storage knows whole seconds
    assert await services.calls.prune(1e-6, shard=key) == 1
    assert not await services.calls.has(key)


PROMPT = Prompt("system", (Block("PRD", cached=True), Block("role", cached=False)), "go on")
SETTINGS = ModelSettings("claude-sonnet-5-5", 64_000)


@pytest.mark.parametrize(
    ("prompt", "settings", "server"),
    [
        (replace(PROMPT, system="other"), SETTINGS, "https://a"),
        (replace(PROMPT, blocks=(Block("PRD", cached=True), Block("role 2", cached=False))), SETTINGS, "https://a"),
        (replace(PROMPT, blocks=(Block("PRDrole", cached=True),)), SETTINGS, "https://a"),
        (replace(PROMPT, continuation="other"), SETTINGS, "https://a"),
        (PROMPT, replace(SETTINGS, model="claude-opus-5-5"), "https://a"),
        (PROMPT, replace(SETTINGS, effort="high"), "https://a"),
        (PROMPT, replace(SETTINGS, max_tokens=1), "https://a"),
        (PROMPT, SETTINGS, "https://b"),
    ],
)
def test_another_question_has_another_key(prompt: Prompt, settings: ModelSettings, server: str):
    assert call_key(PROMPT, SETTINGS, "https://a") == call_key(replace(PROMPT), replace(SETTINGS), "https://a")
    assert call_key(prompt, settings, server) != call_key(PROMPT, SETTINGS, "https://a")
