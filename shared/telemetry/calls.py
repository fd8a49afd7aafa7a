"""Telemetry of calls to Claude: a span and metrics for each, live or out of a batch."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared import logs
from shared.contracts import Usage
from shared.errors import CallInterrupted, CallRefused
from shared.telemetry import names
from shared.telemetry.metrics import instruments
from shared.telemetry.spans import PROVIDER, Attributes, kind_of, span_around

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_ENDPOINT = "https://api.anthropic.com"


def claude_answered(request_id: str | None) -> None:
    """Claude's id of the request being made: on the call's span, and on what this activity logs from here on."""
    if request_id:
        from opentelemetry import trace

        logs.add(request_id=request_id)
        trace.get_current_span().set_attribute(names.REQUEST_ID, request_id)


class Call:
    """One request to Claude while it is made."""

    def __init__(self, span: "Span", common: Attributes) -> None:
        self._span = span
        self.common = common
        """What span and metrics say alike."""

    def answered(self, model: str, message_id: str, stop_reason: str | None, usage: Usage) -> None:
        """What came back, and what it took."""
        self.common[names.RESPONSE_MODEL] = model
        reasons = (stop_reason,) if stop_reason else ()
        self._span.set_attributes(
            {names.RESPONSE_MODEL: model, names.RESPONSE_ID: message_id, names.FINISH_REASONS: reasons}
        )
        self.took(usage)

    def took(self, usage: Usage) -> None:
        """What was used, also by a call that failed. Input tokens are all that were read, cached or not."""
        self._span.set_attributes(
            {
                names.INPUT_TOKENS: usage.all_input_tokens,
                names.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
                names.CACHE_READ_TOKENS: usage.cache_read_tokens,
                names.OUTPUT_TOKENS: usage.output_tokens,
            }
        )
        tokens = instruments().tokens
        tokens.record(usage.all_input_tokens, {**self.common, names.TOKEN_TYPE: "input"})
        tokens.record(usage.output_tokens, {**self.common, names.TOKEN_TYPE: "output"})


@contextmanager
def call(*, model: str, max_tokens: int, base_url: str | None, stream: bool = True) -> Generator[Call]:
    """The span and the metrics of one request to Claude; an error ends both with its code and no message."""
    from opentelemetry.trace import SpanKind

    common, started = _common(model, base_url), time.monotonic()
    own: Attributes = {names.MAX_TOKENS: max_tokens, names.STREAM: stream}
    with span_around(f"chat {model}", common | own | _of_run(), kind=SpanKind.CLIENT) as span:
        made = Call(span, common)
        try:
            yield made
        except BaseException as error:
            made.common[names.ERROR] = kind_of(error)
            if isinstance(error, CallInterrupted | CallRefused) and error.spent:
                made.took(error.spent)
            raise
        finally:
            instruments().seconds.record(time.monotonic() - started, made.common)


def batched(spent: Usage, *, model: str, base_url: str | None) -> None:
    """The span and the token metric of what a batch has answered, as long as its batch took.

    Told by the agent's span when it takes the answer; no part of how long calls take, which is about live ones.
    """
    from opentelemetry.trace import SpanKind

    common: Attributes = _common(model, base_url) | {names.BATCHED: True}
    began = time.time_ns() - int(spent.seconds * 1e9)
    with span_around(f"chat {model}", common | _of_run(), kind=SpanKind.CLIENT, began=began) as span:
        Call(span, common).took(spent)


def _common(model: str, base_url: str | None) -> Attributes:
    """What span and metrics of a call to `model` say alike."""
    server = urlsplit(base_url or _ENDPOINT)
    common: Attributes = {
        names.OPERATION: "chat",
        names.PROVIDER: PROVIDER,
        names.SYSTEM: PROVIDER,  # the older name of the same: by it Application Insights knows a GenAI dependency
        names.REQUEST_MODEL: model,
        names.SERVER: server.hostname or "",
        names.PORT: server.port or (80 if server.scheme == "http" else 443),
    }
    fields = logs.fields()
    return common | {names.AGENT: fields["agent"]} if "agent" in fields else common


def _of_run() -> Attributes:
    """What only spans say: metrics with an attribute for each run would never end."""
    fields = logs.fields()
    return {names.RUN_ID: fields["run_id"]} if "run_id" in fields else {}
