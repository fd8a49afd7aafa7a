"""Claude adapter: the only importer of the anthropic SDK. Sends one prompt, streams one answer, counts what it took.

The SDK is imported at the first call (it takes seconds), one client serves the process, and it never retries:
`CallInterrupted` goes to the orchestrator's retry policy, `CallRefused` is final.
"""

import asyncio
import importlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from shared.contracts import Usage
from shared.errors import CallInterrupted, CallRefused

if TYPE_CHECKING:
    from anthropic import APIStatusError, AsyncAnthropic
    from anthropic.types import MessageDeltaUsage, RawMessageStreamEvent
    from anthropic.types import Usage as MessageUsage

    from shared.prompts import Prompt

    type AnyUsage = MessageUsage | MessageDeltaUsage

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
_STOPS = {
    "max_tokens": ("cut-off", "The answer did not fit into the output limit.", "Raise MAX_OUTPUT_TOKENS."),
    "refusal": (
        "refusal",
        "Claude declined to answer.",
        "Read the PRD for content the model will not work on.",
    ),
    "model_context_window_exceeded": (
        "context-window",
        "PRD and documents do not fit into the model's context window.",
        "Shorten or split the PRD, or choose a model with a larger window.",
    ),
}


@dataclass(frozen=True)
class Answer:
    """Claude's text, which model wrote it under which request id, and what it took."""

    text: str
    model: str
    request_id: str | None
    usage: Usage


class Claude:
    """One API client for the process. `key` is asked for at the first call."""

    def __init__(self, key: str, base_url: str | None, timeout_seconds: int) -> None:
        self._key = key
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._client: AsyncAnthropic | None = None
        self._connecting = asyncio.Lock()

    async def _connect(self) -> "AsyncAnthropic":
        async with self._connecting:
            if self._client is None:
                # Importing takes seconds: in a thread, so that the worker goes on answering meanwhile.
                await asyncio.to_thread(importlib.import_module, "anthropic")
                self._client = self._new_client()
        return self._client

    def _new_client(self) -> "AsyncAnthropic":
        import httpx2
        from anthropic import AsyncAnthropic

        timeout = httpx2.Timeout(self._timeout_seconds, connect=10)
        return AsyncAnthropic(api_key=self._key, base_url=self._base_url, max_retries=0, timeout=timeout)

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.close()

    async def write(self, prompt: "Prompt", *, model: str, max_tokens: int) -> Answer:
        """Stream one answer to `prompt`. Raises `CallInterrupted` (try again later) or `CallRefused` (final)."""
        client = await self._connect()  # before the clock starts: the first use imports the SDK
        import anthropic
        import httpx2

        reading = _Reading()
        try:
            stream = await client.messages.create(
                model=model,
                max_tokens=max_tokens,
                system=_system(prompt),
                messages=_messages(prompt),
                stream=True,
            )
            async for event in stream:
                reading.take(event)
        except anthropic.APIStatusError as error:
            raise _from_status(error) from None
        except (anthropic.APIError, httpx2.HTTPError, ValueError) as error:
            raise CallInterrupted("network", f"The stream from Claude broke ({type(error).__name__}).") from None
        return reading.answer(stream.response.headers.get("request-id"))


class _Reading:
    """Adds up the events of one stream. Text counts only once `message_stop` has come."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._texts: list[str] = []
        self._model = ""
        self._stop_reason: str | None = None
        self._usage: dict[str, int] = {}
        self._complete = False

    def take(self, event: "RawMessageStreamEvent") -> None:
        match event.type:
            case "message_start":
                self._model = event.message.model
                self._count(event.message.usage)
            case "content_block_delta" if event.delta.type == "text_delta":
                self._texts.append(event.delta.text)
            case "message_delta":
                self._stop_reason = event.delta.stop_reason
                self._count(event.usage)
            case "message_stop":
                self._complete = True
            case _:
                pass  # thinking, pings and block boundaries carry nothing that is kept

    def _count(self, usage: "AnyUsage") -> None:
        """Later events repeat the counters with their final values."""
        for counter in (
            "input_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
        ):
            value = getattr(usage, counter, None)
            if value is not None:
                self._usage[counter] = value

    def answer(self, request_id: str | None) -> Answer:
        if not self._complete:
            raise CallInterrupted("network", "The stream from Claude ended before the answer did.")
        if self._stop_reason not in ("end_turn", "stop_sequence"):
            code, detail, mend = _STOPS.get(
                self._stop_reason or "",
                (
                    "stop-reason",
                    f"Claude stopped for an unexpected reason ({self._stop_reason}).",
                    "Report this.",
                ),
            )
            raise CallRefused(code, detail, mend)
        usage = Usage(
            calls=1,
            input_tokens=self._usage.get("input_tokens", 0),
            cache_write_tokens=self._usage.get("cache_creation_input_tokens", 0),
            cache_read_tokens=self._usage.get("cache_read_input_tokens", 0),
            output_tokens=self._usage.get("output_tokens", 0),
            seconds=round(time.monotonic() - self._started, 3),
        )
        return Answer("".join(self._texts), self._model, request_id, usage)


def _system(prompt: "Prompt") -> list[Any]:
    return [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}]


def _messages(prompt: "Prompt") -> list[Any]:
    cached = {"cache_control": {"type": "ephemeral"}}
    content = [{"type": "text", "text": block.text} | (cached if block.cached else {}) for block in prompt.blocks]
    return [{"role": "user", "content": content}]


def _from_status(error: "APIStatusError") -> CallInterrupted | CallRefused:
    """Errors before the stream come with a status; errors inside it come as 200 with a type."""
    kind = error.type or ""
    status = _STATUS_OF_TYPE.get(kind, 500) if error.status_code == 200 else error.status_code
    detail = f"Claude answered {status} {kind}: {_message(error)} (request {error.request_id or 'unknown'})."
    if status in _RETRYABLE_STATUS or status >= 500:
        return CallInterrupted(f"http-{status}", detail)
    return CallRefused(f"http-{status}", detail, _MENDS.get(status, "See Claude's API documentation."))


def _message(error: "APIStatusError") -> str:
    body: object = error.body
    inner = cast(dict[str, Any], body).get("error") if isinstance(body, dict) else None
    message = cast(dict[str, Any], inner).get("message") if isinstance(inner, dict) else None
    return str(message or "no message")[:300]
