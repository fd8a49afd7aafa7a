"""Reads one response of Claude, streamed or from a batch, and joins the parts of a response that was cut off. Pure.

Knows the shape of the SDK's events and messages and imports nothing of it.
"""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.contracts import Usage
from shared.errors import CallInterrupted, CallRefused

if TYPE_CHECKING:
    from anthropic.types import (
        Message,
        MessageDeltaUsage,
        RawMessageStreamEvent,
    )
    from anthropic.types import Usage as MessageUsage

    type AnyUsage = MessageUsage | MessageDeltaUsage

SHORTEST_REPETITION, LONGEST_REPETITION = 12, 2_000
"""Characters at the joint of two parts that count as the same text said twice."""
ENDS = ("end_turn", "stop_sequence")
_GOES_ON_OR_ENDS = (*ENDS, "max_tokens", "pause_turn")
_STOPS = {
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


@dataclass(frozen=True)
class Part:
    """What one request gave: a whole answer, or as much of one as fitted."""

    text: str
    stop_reason: str
    model: str
    message_id: str
    request_id: str | None
    usage: Usage


class Reading:
    """Adds up the events of one stream. Text counts only once `message_stop` has come."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._first_token: float | None = None
        self._texts: list[str] = []
        self._model = self._message_id = ""
        self._stop_reason: str | None = None
        self._counted: dict[str, int] = {}
        self._complete = False

    def take(self, event: "RawMessageStreamEvent") -> None:
        """Note what one event brings."""
        match event.type:
            case "message_start":
                self._model, self._message_id = event.message.model, event.message.id
                self._count(event.message.usage)
            case "content_block_delta":
                self._first_token = self._first_token or time.monotonic()
                if event.delta.type == "text_delta":
                    self._texts.append(event.delta.text)
            case "message_delta":
                self._stop_reason = event.delta.stop_reason
                self._count(event.usage)
            case "message_stop":
                self._complete = True
            case _:
                pass  # pings and block boundaries carry nothing that is kept

    def _count(self, usage: "AnyUsage") -> None:
        self._counted |= counted(usage)  # later events repeat the counters with their final values

    @property
    def usage(self) -> Usage:
        """What the request has taken so far; it is billed whether or not the answer came to its end."""
        now = time.monotonic()
        first_token = self._first_token - self._started if self._first_token and self._complete else 0.0
        return usage_of(self._counted, seconds=now - self._started, first_token_seconds=first_token)

    def part(self, request_id: str | None) -> Part:
        """The part, once the stream has ended. Raises `CallInterrupted` or `CallRefused` where it is none."""
        if not self._complete:
            fault = CallInterrupted("network", "The stream from Claude ended before the answer did.")
            fault.spent = self.usage
            raise fault
        part = Part(
            "".join(self._texts), self._stop_reason or "", self._model, self._message_id, request_id, self.usage
        )
        return accepted(part)


def accepted(part: Part) -> Part:
    """The part itself, where it ends an answer or can be gone on with; `CallRefused` for every other stop reason."""
    if part.stop_reason in _GOES_ON_OR_ENDS:
        return part
    unexpected = f"Claude stopped for an unexpected reason ({part.stop_reason or None})."
    fault = CallRefused(*_STOPS.get(part.stop_reason, ("stop-reason", unexpected, "Report this.")))
    fault.spent = part.usage
    raise fault


def batched_part(message: "Message", seconds: float) -> Part:
    """The message that a batch brought after `seconds`. Raises `CallRefused` as a stream's part does.

    A message that is cut off is no call yet: the one that goes on with it is.
    """
    texts = [block.text for block in message.content if block.type == "text"]
    calls = 1 if message.stop_reason in ENDS else 0
    took = replace(usage_of(counted(message.usage), seconds=seconds), calls=calls, attempts=1)
    usage = replace(took, batched=took)
    return accepted(Part("".join(texts), message.stop_reason or "", message.model, message.id, None, usage))


def counted(usage: "AnyUsage") -> dict[str, int]:
    """The API's counters that are there."""
    details = getattr(usage, "output_tokens_details", None)
    counters = {
        "input_tokens": usage.input_tokens,
        "cache_write_tokens": usage.cache_creation_input_tokens,
        "cache_read_tokens": usage.cache_read_input_tokens,
        "output_tokens": usage.output_tokens,
        "thinking_tokens": getattr(details, "thinking_tokens", None),
    }
    return {name: value for name, value in counters.items() if value is not None}


def usage_of(counters: dict[str, int], *, seconds: float, first_token_seconds: float = 0.0) -> Usage:
    """One request's usage from the API's counters."""
    prompt = sum(counters.get(name, 0) for name in ("input_tokens", "cache_write_tokens", "cache_read_tokens"))
    return Usage(
        input_tokens=counters.get("input_tokens", 0),
        cache_write_tokens=counters.get("cache_write_tokens", 0),
        cache_read_tokens=counters.get("cache_read_tokens", 0),
        output_tokens=counters.get("output_tokens", 0),
        thinking_tokens=counters.get("thinking_tokens", 0),
        seconds=round(seconds, 3),
        first_token_seconds=round(first_token_seconds, 3),
        longest_prompt_tokens=prompt,
    )


def join(text: str, more: str) -> str:
    """`text` and what follows it, without what `more` repeats of its end (models like to start a line again)."""
    for length in range(min(len(text), len(more), LONGEST_REPETITION), SHORTEST_REPETITION - 1, -1):
        if text.endswith(more[:length]):
            return text + more[length:]
    return text + more
