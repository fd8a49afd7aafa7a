"""The Messages API as bytes: what a request holds, what errors and server-sent events look like.

Pure. Shapes follow the public API reference; the `anthropic` package is their test, not their source.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

type Json = dict[str, Any]

CHARACTERS_PER_TOKEN = 4
MAXIMUM_BREAKPOINTS = 4
"""Most blocks with `cache_control` in one request, system prompt and messages together."""
REFUSED_PARAMETERS = ("temperature", "top_p", "top_k")
ERROR_TYPES: dict[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class BadRequestError(Exception):
    """A request the API would refuse. Carries the HTTP status and the words for the caller."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Block:
    """One piece of the prompt, in the order in which the API caches it."""

    text: str
    cached: bool
    role: str


@dataclass(frozen=True)
class MessagesRequest:
    """The parts of a request that decide an answer."""

    model: str
    max_tokens: int
    stream: bool
    blocks: tuple[Block, ...]
    settings: Json = field(default_factory=dict[str, Any])

    @property
    def cache_reader(self) -> str:
        """Who reads the prompt cache: the model, as it is set to think. Other settings share no prefix."""
        return json.dumps([self.model, {name: self.settings.get(name) for name in ("thinking", "output_config")}])

    @property
    def last_user_texts(self) -> tuple[str, ...]:
        """The text blocks of the conversation that the user wrote."""
        return tuple(block.text for block in self.blocks if block.role == "user")

    @property
    def said_so_far(self) -> str:
        """What the model has said earlier in the conversation: the part of an answer that was cut off."""
        return "".join(block.text for block in self.blocks if block.role == "assistant")


@dataclass(frozen=True)
class Usage:
    """Tokens as the API bills them: the three input figures add up to the whole prompt."""

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int

    def to_dict(self, output_tokens: int) -> Json:
        """The `usage` object of a message."""
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_creation_input_tokens,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }


@dataclass(frozen=True)
class Answer:
    """What the server says, before it is cut into events."""

    message_id: str
    model: str
    text: str
    stop_reason: str
    usage: Usage

    @property
    def output_tokens(self) -> int:
        """Tokens of the text; never zero for an answer that says something."""
        return count_tokens(self.text)

    def to_message(self) -> Json:
        """The whole message, as a non-streaming call returns it."""
        content = [{"type": "text", "text": self.text}] if self.text else []
        message = self._envelope(content, self.usage.to_dict(self.output_tokens))
        return message | {"stop_reason": self.stop_reason, "stop_details": self._stop_details()}

    def events(self, pieces: int) -> Iterator[bytes]:
        """The message as server-sent events, its text in about `pieces` deltas."""
        yield _event("message_start", {"message": self._envelope([], self.usage.to_dict(min(1, self.output_tokens)))})
        if self.text:
            yield _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
            yield _event("ping", {})
            for piece in _cut(self.text, pieces):
                delta = {"type": "text_delta", "text": piece}
                yield _event("content_block_delta", {"index": 0, "delta": delta})
            yield _event("content_block_stop", {"index": 0})
        delta = {
            "stop_reason": self.stop_reason,
            "stop_sequence": None,
            "stop_details": self._stop_details(),
        }
        yield _event("message_delta", {"delta": delta, "usage": self.usage.to_dict(self.output_tokens)})
        yield _event("message_stop", {})

    def _envelope(self, content: list[Json], usage: Json) -> Json:
        return {
            "id": self.message_id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": usage,
        }

    def _stop_details(self) -> Json | None:
        if self.stop_reason != "refusal":
            return None
        return {
            "type": "refusal",
            "category": None,
            "explanation": "A scripted refusal of the offline server.",
        }


def count_tokens(text: str) -> int:
    """About four characters a token: close enough for plans, accounts and cache sizes."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def error_body(status: int, message: str, request_id: str) -> Json:
    """An error in the API's own shape."""
    error = {"type": ERROR_TYPES.get(status, "api_error"), "message": message}
    return {"type": "error", "error": error, "request_id": request_id}


def error_event(status: int, message: str, request_id: str) -> bytes:
    """An error that strikes after the stream began."""
    return f"event: error\ndata: {json.dumps(error_body(status, message, request_id))}\n\n".encode()


def parse_request(body: bytes, *, needs_max_tokens: bool = True) -> MessagesRequest:
    """Read a request body as strictly as the API does. Raises BadRequestError."""
    data = _object(body)
    for name in REFUSED_PARAMETERS:
        if name in data:
            raise BadRequestError(f"{name}: this parameter is not supported by this API version")
    model, messages = data.get("model"), data.get("messages")
    if not isinstance(model, str) or not model:
        raise BadRequestError("model: Field required")
    if not model.startswith("claude"):
        raise BadRequestError(f"model: {model}", status=404)
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("messages: at least one message is required")
    stream = data.get("stream") is True
    limit = _max_tokens(data, stream) if needs_max_tokens else 0
    blocks = [*_blocks(data.get("system") or [], "system", "system")]
    for index, message in enumerate(cast("list[object]", messages)):
        blocks += _message_blocks(message, f"messages.{index}")
    if (found := sum(block.cached for block in blocks)) > MAXIMUM_BREAKPOINTS:
        most = f"A maximum of {MAXIMUM_BREAKPOINTS} blocks with cache_control may be provided."
        raise BadRequestError(f"{most} Found {found}.")
    settings = {name: data[name] for name in ("max_tokens", "thinking", "output_config") if name in data}
    return MessagesRequest(model, limit, stream, tuple(blocks), settings)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        data: object = json.loads(body)
    except ValueError as error:
        raise BadRequestError("The request body is not valid JSON") from error
    if not isinstance(data, dict):
        raise BadRequestError("The request body must be a JSON object")
    return cast("dict[str, object]", data)


def _max_tokens(data: Mapping[str, object], stream: bool) -> int:
    limit = data.get("max_tokens")
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise BadRequestError("max_tokens: Field required")
    if limit < 0 or (limit == 0 and stream):
        raise BadRequestError("max_tokens: must be greater than 0 when streaming, and never negative")
    return limit


def _message_blocks(message: object, where: str) -> list[Block]:
    if not isinstance(message, dict):
        raise BadRequestError(f"{where}: must be an object")
    fields = cast("dict[str, object]", message)
    role = fields.get("role")
    if role not in ("user", "assistant"):
        raise BadRequestError(f"{where}.role: must be 'user' or 'assistant'")
    return _blocks(fields.get("content"), cast("str", role), f"{where}.content")


def _blocks(content: object, role: str, where: str) -> list[Block]:
    if isinstance(content, str):
        return [Block(content, False, role)]
    if not isinstance(content, list):
        raise BadRequestError(f"{where}: must be a string or a list of blocks")
    blocks: list[Block] = []
    for index, item in enumerate(cast("list[object]", content)):
        fields = cast("dict[str, object]", item) if isinstance(item, dict) else {}
        if "type" not in fields:
            raise BadRequestError(f"{where}.{index}.type: Field required")
        text = fields.get("text")
        if fields["type"] == "text" and not isinstance(text, str):
            raise BadRequestError(f"{where}.{index}.text: Field required")
        shown = text if isinstance(text, str) else json.dumps(fields, sort_keys=True)
        blocks.append(Block(shown, bool(fields.get("cache_control")), role))
    return blocks


def _event(name: str, data: Json) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name} | data)}\n\n".encode()


def _cut(text: str, pieces: int) -> Iterator[str]:
    size = max(1, -(-len(text) // max(1, pieces)))
    for start in range(0, len(text), size):
        yield text[start : start + size]
