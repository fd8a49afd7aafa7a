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
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from shared import logs, telemetry
from shared.answers import Answer, Part, Reading, counted, join, usage_of
from shared.contracts import Usage
from shared.errors import CallInterrupted, CallRefused, SettingsError
from shared.keys import KeySource
from shared.models import ModelFacts, ModelSettings, conflicts, facts_of

if TYPE_CHECKING:
    import httpx2
    from anthropic import APIStatusError, AsyncAnthropic

    from shared.prompts import Prompt

log = logs.logger(__name__)
_RETRYABLE_STATUS = {408, 409, 429}
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}
_MENDS = {
    400: "Read the message: the request itself is at fault.",
    401: "Check the Claude API key (ANTHROPIC_API_KEY, or the Key Vault secret).",
    402: "Check the billing of the Claude account.",
    403: "The key may not use this model or feature: check its workspace and permissions.",
    404: "Check ANTHROPIC_MODEL: the model may be retired or misspelt.",
    413: "The request is too large: shorten or split the PRD.",
}
_FOUNDRY_MENDS = _MENDS | {
    401: "Check that FOUNDRY_RESOURCE is in the tenant of the app's identity, and the identity's role there.",
    403: "Give the app's identity the role Cognitive Services User on the Foundry resource.",
    404: "Check FOUNDRY_RESOURCE, and that ANTHROPIC_MODEL names one of its deployments.",
}
_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "api-key")
MOST_PARTS = 4
"""How many requests one answer may take: the first, and those for the rest where it is cut off."""
LOOK_UP_SECONDS, LOOK_UP_AGAIN_SECONDS = 5.0, 600.0
"""How long the Models API may take to answer, and when it is asked again after it did not."""


@dataclass(frozen=True)
class AnthropicApi:
    """Claude at Anthropic, or at another server that speaks its API: a key goes with every call."""

    keys: KeySource
    base_url: str | None = None
    mends: ClassVar[Mapping[int, str]] = _MENDS

    def new_client(self, timeout: "httpx2.Timeout") -> "AsyncAnthropic":
        """A client without a key: each call gets one of `keys`. The SDK finds none in the environment either.

        It makes no spans of its own: `telemetry.call` does, and no variable can put prompts into those.
        """
        from anthropic import AsyncAnthropic

        return AsyncAnthropic(api_key="", base_url=self.base_url, max_retries=0, timeout=timeout, open_telemetry=False)


@dataclass(frozen=True)
class Foundry:
    """Claude in Microsoft Foundry: an Entra ID token goes with every call, and there is no key."""

    base_url: str
    token: Callable[[], Awaitable[str]]
    keys: ClassVar[None] = None
    mends: ClassVar[Mapping[int, str]] = _FOUNDRY_MENDS

    def new_client(self, timeout: "httpx2.Timeout") -> "AsyncAnthropic":
        """A client that asks for the token before each request."""
        from anthropic import AsyncAnthropicFoundry

        return AsyncAnthropicFoundry(
            base_url=self.base_url,
            azure_ad_token_provider=self.token,
            max_retries=0,
            timeout=timeout,
            open_telemetry=False,
        )


class Claude:
    """One API client for the process, made at the first call."""

    def __init__(self, access: AnthropicApi | Foundry, timeout_seconds: int) -> None:
        self._access = access
        self._timeout_seconds = timeout_seconds
        self._client: AsyncAnthropic | None = None
        self._connecting = asyncio.Lock()
        self._looking_up = asyncio.Lock()
        self._known: dict[str, tuple[ModelFacts | None, float]] = {}

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

    async def write(self, prompt: "Prompt", chosen: ModelSettings) -> Answer:
        """Stream one whole answer to `prompt`, asking for the rest where it is cut off.

        Raises `CallInterrupted` (try again later), `CallRefused` (final) or `SettingsError` (the model has no such
        settings). `usage` counts every request made; so does `spent` of the first two.
        """
        await self._connect()  # before the clock starts: the first use imports the SDK
        await self._check(chosen)
        logs.log_texts("prompt", [prompt.system, *(block.text for block in prompt.blocks)])
        spent = Usage(attempts=1)
        try:
            text, parts = await self._parts(prompt, chosen)
        except (CallInterrupted, CallRefused) as fault:
            fault.spent = spent + fault.spent if fault.spent else spent
            raise
        usage = replace(
            sum((part.usage for part in parts), spent), calls=1, first_token_seconds=parts[0].usage.first_token_seconds
        )
        return Answer(text, parts[-1].model, parts[-1].request_id, usage)

    async def _parts(self, prompt: "Prompt", chosen: ModelSettings) -> tuple[str, list[Part]]:
        """The whole text and the requests that it took. What is raised says what they took."""
        text, parts = "", list[Part]()
        try:
            for _ in range(MOST_PARTS):
                last = await self._part(prompt, text, parts[-1].stop_reason if parts else None, chosen)
                text = join(text, last.text)
                parts.append(last)
                if last.stop_reason in ("end_turn", "stop_sequence"):
                    return text, parts
            cut = f"The answer did not end within {MOST_PARTS} parts."
            raise CallRefused("cut-off", cut, "Raise MAX_OUTPUT_TOKENS.")
        except (CallInterrupted, CallRefused) as fault:
            before = sum((part.usage for part in parts), Usage())
            fault.spent = replace(before + (fault.spent or Usage()), first_token_seconds=0.0)
            raise

    async def _part(self, prompt: "Prompt", so_far: str, stopped: str | None, chosen: ModelSettings) -> Part:
        """One request with its span and log lines."""
        server = self._access.base_url
        with telemetry.call(model=chosen.model, max_tokens=chosen.max_tokens, base_url=server) as call:
            part = await self._stream(prompt, so_far, stopped, chosen)
            call.answered(part.model, part.message_id, part.stop_reason, part.usage)
        logs.log_texts("answer", [part.text])
        return part

    async def warm(self, prompt: "Prompt", chosen: ModelSettings) -> Answer:
        """Put the cacheable prefix of `prompt` into Claude's cache without having anything written.

        Raises as `write` does. The answer is empty: `max_tokens=0` reads the prompt and stops.
        """
        await self._connect()
        started = time.monotonic()
        with telemetry.call(model=chosen.model, max_tokens=0, base_url=self._access.base_url, stream=False) as call:
            message = await self._asked_once(
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
        return Answer("", message.model, None, usage)

    async def count(self, prompt: "Prompt", model: str) -> int:
        """Tokens of `prompt`, counted by Claude; free of charge. Raises as `write` does."""
        await self._connect()
        counting = await self._asked_once(
            lambda client: client.messages.count_tokens(model=model, system=_system(prompt), messages=_messages(prompt))
        )
        return counting.input_tokens

    async def _check(self, chosen: ModelSettings) -> None:
        """Hold settings against what the Models API tells of the model, once a process where it answers."""
        async with self._looking_up:
            facts, until = self._known.get(chosen.model, (None, 0.0))
            if time.monotonic() >= until:
                facts = await self._look_up(chosen.model)
                until = float("inf") if facts else time.monotonic() + LOOK_UP_AGAIN_SECONDS
                self._known[chosen.model] = facts, until
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
            told = await self._asked_once(lambda client: client.models.retrieve(model, timeout=LOOK_UP_SECONDS))
        except CallRefused as fault:
            if fault.code != "http-404":
                raise
            # A 404 may also come from a server that has no Models API: it then has no list of models either.
            await self._asked_once(lambda client: client.models.list(limit=1, timeout=LOOK_UP_SECONDS))
            unknown = f"Claude knows no model {model!r}."
            raise SettingsError("unknown-model", unknown, "Check ANTHROPIC_MODEL and its kin.") from None
        return facts_of(model, told.to_dict())

    async def _asked_once[T](self, ask: Callable[["AsyncAnthropic"], Awaitable[T]]) -> T:
        """A request whose answer comes in one piece. Raises `CallInterrupted` or `CallRefused`."""
        import anthropic
        import httpx2

        try:
            return await self._ask(ask)
        except anthropic.APIStatusError as error:
            fault = _from_status(error, self._access.mends)
        except (anthropic.APIError, httpx2.HTTPError, ValueError) as error:
            fault = CallInterrupted("network", f"Claude could not be reached ({type(error).__name__}).")
        raise fault

    async def _stream(self, prompt: "Prompt", so_far: str, stopped: str | None, chosen: ModelSettings) -> Part:
        """One request: the first, or one for what follows `so_far`."""
        import anthropic
        import httpx2

        reading = Reading()
        messages = [*_messages(prompt), *_follow_up(prompt, so_far, stopped)]
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
            telemetry.claude_answered(stream.response.headers.get("request-id"))
            async for event in stream:
                reading.take(event)
        except anthropic.APIStatusError as error:
            fault = _from_status(error, self._access.mends)
        except (anthropic.APIError, httpx2.HTTPError, ValueError) as error:
            fault = CallInterrupted("network", f"The stream from Claude broke ({type(error).__name__}).")
        else:
            return reading.part(stream.response.headers.get("request-id"))
        fault.spent = reading.usage
        raise fault  # out here, so that the SDK's error is not its context

    async def _ask[T](self, ask: Callable[["AsyncAnthropic"], Awaitable[T]]) -> T:
        """Make a request with the current key; where Claude rejects it, once more if it has been replaced (rotation).

        Raises the SDK's errors, except for a rejected key: `CallRefused`.
        """
        client, keys = await self._connect(), self._access.keys
        if keys is None:
            return await ask(client)
        from anthropic import AuthenticationError

        key = await keys.current()
        try:
            return await ask(client.with_options(api_key=key.value))  # the same connections, 35 µs
        except AuthenticationError as error:
            refused = _from_status(error, self._access.mends)
        newer = await keys.instead_of(key)
        if newer is None:
            raise refused
        return await ask(client.with_options(api_key=newer.value))


def _follow_up(prompt: "Prompt", so_far: str, stopped: str | None) -> list[Any]:
    """The turns after the prompt when an answer goes on: a paused one resumes as it is, a cut one is asked for more."""
    if not so_far or stopped is None:
        return []
    turns: list[Any] = [{"role": "assistant", "content": so_far}]
    if stopped == "max_tokens":
        turns.append({"role": "user", "content": prompt.continuation})
    return turns


def _system(prompt: "Prompt") -> list[Any]:
    return [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}]


def _messages(prompt: "Prompt") -> list[Any]:
    cached = {"cache_control": {"type": "ephemeral"}}
    content = [{"type": "text", "text": block.text} | (cached if block.cached else {}) for block in prompt.blocks]
    return [{"role": "user", "content": content}]


def _from_status(error: "APIStatusError", mends: Mapping[int, str]) -> CallInterrupted | CallRefused:
    """Errors before the stream come with a status; errors inside it come as 200 with a type."""
    telemetry.claude_answered(error.request_id)
    kind = error.type or ""
    status = _STATUS_OF_TYPE.get(kind, 500) if error.status_code == 200 else error.status_code
    said = _without_credentials(_message(error), error.request)
    detail = f"Claude answered {status} {kind}: {said[:300]} (request {error.request_id or 'unknown'})."
    if status in _RETRYABLE_STATUS or status >= 500:
        return CallInterrupted(f"http-{status}", detail, _retry_after(error.response.headers.get("retry-after")))
    return CallRefused(f"http-{status}", detail, mends.get(status, "See Claude's API documentation."))


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait from a `retry-after` header: a number or an HTTP date (RFC 9110, 10.2.3)."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _message(error: "APIStatusError") -> str:
    body: object = error.body
    inner = cast(dict[str, Any], body).get("error") if isinstance(body, dict) else None
    message = cast(dict[str, Any], inner).get("message") if isinstance(inner, dict) else None
    return str(message or "no message")


def _without_credentials(text: str, request: "httpx2.Request") -> str:
    """`text` without what the request was authorised with: gateways quote the key that they reject."""
    for header in _CREDENTIAL_HEADERS:
        credential = request.headers.get(header, "").removeprefix("Bearer ")
        if credential:
            text = text.replace(credential, "[removed]")
    return text


def _silence_requests() -> None:
    """Drop the SDK's debug record of each request: it holds the whole prompt and, with Foundry, the Entra ID token."""
    logging.getLogger("anthropic._base_client").addFilter(_shows_no_request)


def _shows_no_request(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Request options")
