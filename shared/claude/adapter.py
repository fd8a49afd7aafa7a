"""Claude adapter: the only importer of the anthropic SDK. Sends one prompt, streams one answer, counts what it took.

The SDK is imported at the first call (it takes seconds), one client serves the process, and it never retries:
`CallInterrupted` goes to the orchestrator's retry policy, `CallRefused` is final. What a call is authorised with stays
in memory: the SDK's errors hold the request, key included, so none of them leaves this module.
"""

import asyncio
import importlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from shared import logs, telemetry
from shared.agents import ModelFacts, ModelSettings, conflicts, facts_of
from shared.claude.api_errors import FOUNDRY_MENDS, MENDS, fault_of
from shared.claude.prefix_cache import CachedPrefixes
from shared.claude.rate_limit import Cost, RateLimits, Turn
from shared.claude.responses import Answer, Part, Reading, counted, join, usage_of
from shared.contracts import NOTHING, Begun, Usage
from shared.credentials import Key, KeySource
from shared.errors import CallInterrupted, CallRefused, SettingsError

if TYPE_CHECKING:
    import httpx2
    from anthropic import APIStatusError, AsyncAnthropic

    from shared.agents import Prompt

log = logs.logger(__name__)
MOST_PARTS = 4
"""How many requests one answer may take: the first, and those for the rest where it is cut off."""
TYPICAL_OUTPUT_TOKENS = 8_000
"""What an answer takes where nobody says better."""
_BROKEN = (ValueError, AttributeError, TypeError, LookupError)
"""What reading a stream raises whose events are not the Messages API's."""
LOOK_UP_SECONDS, LOOK_UP_AGAIN_SECONDS = 5.0, 600.0
"""How long the Models API may take to answer, and when it is asked again after it did not."""


@dataclass(frozen=True)
class AnthropicApi:
    """Claude at Anthropic, or at another server that speaks its API: a key goes with every call."""

    keys: KeySource
    base_url: str | None = None
    mends: ClassVar[Mapping[int, str]] = MENDS

    def new_client(self, timeout: "httpx2.Timeout") -> "AsyncAnthropic":
        """A client without a key: each call gets one of `keys`. The SDK finds none in the environment either.

        It makes no spans of its own: `telemetry.call` does, and no variable can put prompts into those.
        """
        from anthropic import AsyncAnthropic

        return AsyncAnthropic(api_key="", base_url=self.base_url, max_retries=0, timeout=timeout, open_telemetry=False)

    def with_key(self, client: "AsyncAnthropic", key: Key) -> "AsyncAnthropic":
        """The client for one call: the same connections, 35 µs."""
        return client.with_options(api_key=key.value)


@dataclass(frozen=True)
class Foundry:
    """Claude in Microsoft Foundry: an Entra ID token goes with every call, and there is no key."""

    base_url: str
    keys: KeySource
    mends: ClassVar[Mapping[int, str]] = FOUNDRY_MENDS

    def new_client(self, timeout: "httpx2.Timeout") -> "AsyncAnthropic":
        """A client without a token: each call gets one of `keys`."""
        from anthropic import AsyncAnthropicFoundry

        return AsyncAnthropicFoundry(
            base_url=self.base_url,
            azure_ad_token_provider=_no_token,
            max_retries=0,
            timeout=timeout,
            open_telemetry=False,
        )

    def with_key(self, client: "AsyncAnthropic", key: Key) -> "AsyncAnthropic":
        """The client for one call."""
        from anthropic import AsyncAnthropicFoundry

        async def token() -> str:
            return key.value

        assert isinstance(client, AsyncAnthropicFoundry)
        return client.with_options(azure_ad_token_provider=token)


async def _no_token() -> str:
    raise AssertionError("each call brings its own token")


class Claude:
    """One API client for the process, made at the first call."""

    def __init__(
        self, access: AnthropicApi | Foundry, timeout_seconds: float, longest_wait_seconds: float = 600.0
    ) -> None:
        self._access = access
        self._timeout_seconds = timeout_seconds
        self._client: AsyncAnthropic | None = None
        self._connecting = asyncio.Lock()
        self._looking_up = asyncio.Lock()
        self._known: dict[str, tuple[ModelFacts | None, float]] = {}
        self._limits = RateLimits(longest_wait_seconds)
        self._cached = CachedPrefixes()

    async def _connect(self) -> "AsyncAnthropic":
        async with self._connecting:
            if self._client is None:
                # Importing takes seconds: in a thread, so that the worker goes on answering meanwhile.
                await asyncio.to_thread(importlib.import_module, "anthropic")
                import httpx2

                _silence_requests()
                self._client = self._access.new_client(httpx2.Timeout(self._timeout_seconds, connect=10))
        return self._client

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.close()

    async def write(
        self,
        prompt: "Prompt",
        chosen: ModelSettings,
        *,
        expected_tokens: int = TYPICAL_OUTPUT_TOKENS,
        begun: Begun = NOTHING,
    ) -> Answer:
        """Stream one whole answer to `prompt`, asking for the rest where it is cut off; `begun` is there already.

        `expected_tokens` is how long it will probably be, for the rate limits. Raises `CallInterrupted` (try again
        later, with what had `begun` by then), `CallRefused` (final) or `SettingsError` (the model has no such
        settings). `usage` counts every request made; so does `spent` of the first two.
        """
        await self._connect()  # before the clock starts: the first use imports the SDK
        await self.check(chosen)
        logs.log_texts("prompt", [prompt.system, *(block.text for block in prompt.blocks)])
        text, parts = await self._parts(prompt, chosen, expected_tokens, begun)
        usage = replace(
            sum((part.usage for part in parts), begun.owed + Usage(attempts=1)),
            calls=1,
            first_token_seconds=parts[0].usage.first_token_seconds,
        )
        return Answer(text, parts[-1].model, parts[-1].request_id, usage)

    async def _parts(
        self, prompt: "Prompt", chosen: ModelSettings, expected_tokens: int, begun: Begun
    ) -> tuple[str, list[Part]]:
        """The whole text and the requests that it took. What is raised says what they took and what there is."""
        parts, owed = list[Part](), begun.owed
        try:
            while begun.parts < MOST_PARTS:
                last = await self._part(prompt, begun, chosen, expected_tokens)
                parts.append(last)
                begun = Begun(join(begun.text, last.text), last.stop_reason, begun.parts + 1)
                if last.stop_reason in ("end_turn", "stop_sequence"):
                    return begun.text, parts
            cut = f"The answer did not end within {MOST_PARTS} parts."
            raise CallRefused("cut-off", cut, "Raise MAX_OUTPUT_TOKENS.")
        except (CallInterrupted, CallRefused) as fault:
            took = sum((part.usage for part in parts), owed + (fault.spent or Usage()))
            attempts = owed.attempts + (1 if parts or fault.spent else 0)  # none where nothing was sent
            fault.spent = replace(took, attempts=attempts, first_token_seconds=0.0)
            if isinstance(fault, CallInterrupted):
                fault.begun = replace(begun, owed=Usage()) if begun.parts else None
            raise

    async def _part(self, prompt: "Prompt", begun: Begun, chosen: ModelSettings, expected_tokens: int) -> Part:
        """One request with its turn, span and log lines."""
        server, cost = self._access.base_url, Cost(self._uncached(prompt, chosen), expected_tokens)
        with (
            self._limits.turn(chosen.model, (prompt, chosen), cost) as turn,
            telemetry.call(model=chosen.model, max_tokens=chosen.max_tokens, base_url=server) as call,
        ):
            part = await self._stream(prompt, begun, chosen, turn)
            call.answered(part.model, part.message_id, part.stop_reason, part.usage)
        self._note_cached(prompt, chosen, part.usage)
        logs.log_texts("answer", [part.text])
        return part

    def _uncached(self, prompt: "Prompt", chosen: ModelSettings) -> int:
        return self._cached.uncached_tokens(prompt, replace(chosen, max_tokens=0))

    def _note_cached(self, prompt: "Prompt", chosen: ModelSettings, usage: Usage) -> None:
        if usage.cache_write_tokens or usage.cache_read_tokens:
            self._cached.note(prompt, replace(chosen, max_tokens=0))

    async def warm(self, prompt: "Prompt", chosen: ModelSettings) -> Answer:
        """Put the cacheable prefix of `prompt` into Claude's cache without having anything written.

        Raises as `write` does. The answer is empty: `max_tokens=0` reads the prompt and stops.
        """
        await self._connect()
        started = time.monotonic()
        with (
            self._limits.turn(chosen.model, (prompt, chosen), Cost(self._uncached(prompt, chosen), 0)),
            telemetry.call(model=chosen.model, max_tokens=0, base_url=self._access.base_url, stream=False) as call,
        ):
            message = await self.asked_once(
                lambda client: client.messages.create(
                    model=chosen.model,
                    max_tokens=0,
                    system=_system(prompt),
                    messages=_messages(prompt),
                    stream=False,
                    **chosen.parameters,
                )
            )
            usage = usage_of(counted(message.usage), seconds=time.monotonic() - started)
            call.answered(message.model, message.id, message.stop_reason, usage)
        self._note_cached(prompt, chosen, usage)
        return Answer("", message.model, None, usage)

    async def count(self, prompt: "Prompt", model: str) -> int:
        """Tokens of `prompt`, counted by Claude; free of charge. Raises as `write` does."""
        await self._connect()
        counting = await self.asked_once(
            lambda client: client.messages.count_tokens(model=model, system=_system(prompt), messages=_messages(prompt))
        )
        return counting.input_tokens

    async def most_read(self, model: str) -> int | None:
        """Most tokens that the model reads at once; None where the Models API does not say. Raises as `write` does."""
        await self._connect()
        facts = await self._facts(model)
        return facts.max_input_tokens if facts else None

    async def _facts(self, model: str) -> ModelFacts | None:
        """What the Models API tells of a model, asked once a process where it answers."""
        async with self._looking_up:
            facts, until = self._known.get(model, (None, 0.0))
            if time.monotonic() >= until:
                facts = await self._look_up(model)
                until = float("inf") if facts else time.monotonic() + LOOK_UP_AGAIN_SECONDS
                self._known[model] = facts, until
        return facts

    async def check(self, chosen: ModelSettings) -> None:
        """Hold settings against what the Models API tells of the model, asked once a process where it answers.

        A deprecated model is logged; what the model does not take is a `SettingsError`.
        """
        facts = await self._facts(chosen.model)
        if facts and (problems := conflicts(chosen, facts)):
            raise SettingsError("model-settings", "; ".join(problems) + ".", "docs/settings.md lists every setting.")

    async def _look_up(self, model: str) -> ModelFacts | None:
        """What the Models API tells of a model; None where it does not answer. `SettingsError` for an unknown model."""
        from anthropic.resources.messages.messages import DEPRECATED_MODELS

        try:
            facts = await self._told_of(model)
        except (CallInterrupted, CallRefused) as fault:
            if fault.code == "http-401":
                raise  # the call itself would be rejected likewise
            log.info("the Models API does not answer: %s", fault.detail)
            facts = None
        retires = facts.retires if facts and facts.lifecycle == "deprecated" else DEPRECATED_MODELS.get(model)
        if retires or (facts and facts.lifecycle == "deprecated"):
            log.warning("model %s is deprecated and retires on %s: name a current one", model, retires or "no set day")
        return facts

    async def _told_of(self, model: str) -> ModelFacts | None:
        client = await self._connect()
        if getattr(client, "models", None) is None:  # Foundry has no Models API
            return None
        try:
            told = await self.asked_once(lambda client: client.models.retrieve(model, timeout=LOOK_UP_SECONDS))
        except CallRefused as fault:
            if fault.code != "http-404":
                raise
            # A 404 may also come from a server that has no Models API: it then has no list of models either.
            await self.asked_once(lambda client: client.models.list(limit=1, timeout=LOOK_UP_SECONDS))
            unknown = f"Claude knows no model {model!r}."
            raise SettingsError("unknown-model", unknown, "Check ANTHROPIC_MODEL and its kin.") from None
        return facts_of(model, told.to_dict())

    async def asked_once[T](self, ask: Callable[["AsyncAnthropic"], Awaitable[T]]) -> T:
        """What any request gives whose answer comes in one piece. Raises `CallInterrupted` or `CallRefused`."""
        import anthropic
        import httpx2

        try:
            return await self._ask(ask)
        except anthropic.APIStatusError as error:
            fault = self._fault_of(error)
        except (anthropic.APIError, httpx2.HTTPError, ValueError) as error:
            fault = CallInterrupted("network", f"Claude could not be reached ({type(error).__name__}).")
        raise fault

    async def _stream(self, prompt: "Prompt", begun: Begun, chosen: ModelSettings, turn: Turn) -> Part:
        """One request: the first, or one for what follows what has `begun`."""
        import anthropic
        import httpx2

        reading = Reading()
        messages = [*_messages(prompt), *_follow_up(prompt, begun)]
        try:
            stream = await self._ask(
                lambda client: client.messages.create(
                    model=chosen.model,
                    max_tokens=chosen.max_tokens,
                    system=_system(prompt),
                    messages=messages,
                    stream=True,
                    **chosen.parameters,
                )
            )
            turn.told(stream.response.headers)
            telemetry.claude_answered(stream.response.headers.get("request-id"))
            async with stream:
                async for event in stream:
                    reading.take(event)
        except anthropic.APIStatusError as error:
            fault = self._fault_of(error, turn)
        except (anthropic.APIError, httpx2.HTTPError, *_BROKEN) as error:
            fault = CallInterrupted("network", f"The stream from Claude broke ({type(error).__name__}).")
        else:
            turn.output_tokens = reading.usage.output_tokens
            return reading.part(stream.response.headers.get("request-id"))
        turn.output_tokens = reading.usage.output_tokens
        fault.spent = reading.usage
        raise fault  # out here, so that the SDK's error is not its context

    def _fault_of(self, error: "APIStatusError", turn: Turn | None = None) -> CallInterrupted | CallRefused:
        telemetry.claude_answered(error.request_id)
        fault = fault_of(error, self._access.mends)
        if turn is not None and isinstance(fault, CallInterrupted) and fault.code == "http-429":
            turn.throttled(error.response.headers, fault.retry_after)
        return fault

    async def _ask[T](self, ask: Callable[["AsyncAnthropic"], Awaitable[T]]) -> T:
        """Make a request with the current key or token; where Claude rejects it, once more if there is a newer one.

        Raises the SDK's errors, except for a rejected key: `CallRefused`.
        """
        from anthropic import AuthenticationError

        client, keys = await self._connect(), self._access.keys
        key = await keys.current()
        try:
            return await ask(self._access.with_key(client, key))
        except AuthenticationError as error:
            refused = self._fault_of(error)
        newer = await keys.instead_of(key)
        if newer is None:
            raise refused
        return await ask(self._access.with_key(client, newer))


def _follow_up(prompt: "Prompt", begun: Begun) -> list[Any]:
    """The turns after the prompt when an answer goes on: a paused one resumes as it is, a cut one is asked for more."""
    if not begun.text:
        return []
    turns: list[Any] = [{"role": "assistant", "content": begun.text}]
    if begun.stopped == "max_tokens":
        turns.append({"role": "user", "content": prompt.continuation})
    return turns


def request_body(prompt: "Prompt", chosen: ModelSettings, *, cached: bool) -> dict[str, Any]:
    """The parameters of a call that is not streamed, with or without its cache breakpoints."""
    texts = {"system": _system(prompt, cached), "messages": _messages(prompt, cached)}
    return {"model": chosen.model, "max_tokens": chosen.max_tokens, **texts, **chosen.parameters}


def _system(prompt: "Prompt", cached: bool = True) -> list[Any]:
    return [_text(prompt.system, cached)]


def _messages(prompt: "Prompt", cached: bool = True) -> list[Any]:
    return [{"role": "user", "content": [_text(block.text, cached and block.cached) for block in prompt.blocks]}]


def _text(text: str, cached: bool) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"cache_control": {"type": "ephemeral"}} if cached else {})


def _silence_requests() -> None:
    """Drop the SDK's debug record of each request: it holds the whole prompt and, with Foundry, the Entra ID token."""
    logging.getLogger("anthropic._base_client").addFilter(_shows_no_request)


def _shows_no_request(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Request options")
