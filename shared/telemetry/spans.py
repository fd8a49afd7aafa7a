"""Spans, and the trace that all spans of a run share, whichever process makes them."""

import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

from shared import VERSION
from shared.errors import DesignBackendError
from shared.telemetry import names

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.trace import Link, Span, SpanKind, Tracer
    from opentelemetry.util.types import AttributeValue

type Attributes = dict[str, AttributeValue]

SCOPE = "design-backend"
"""Name of our tracer and meter."""
PROVIDER = "anthropic"
_INVOCATION = "design_backend.invocation"

_chosen_ids: ContextVar[tuple[int, int] | None] = ContextVar("design_backend_chosen_ids", default=None)


def run_ids(run_id: str) -> tuple[int, int]:
    """Trace id of a run and id of its span. Derived, because its activities run in many processes."""
    digest = hashlib.sha256(f"design-backend run {run_id}".encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


def use_run_ids(provider: "TracerProvider") -> None:
    """Have `run_ended` tell of a run's span under the ids of `run_ids`."""
    provider.id_generator = cast("IdGenerator", _RunIds(provider.id_generator))


class _RunIds:
    """The SDK's ids, except for a run's span: it gets those that its agents' spans already name as their parent's."""

    def __init__(self, others: "IdGenerator") -> None:
        self._others = others

    def generate_trace_id(self) -> int:
        chosen = _chosen_ids.get()
        return chosen[0] if chosen else self._others.generate_trace_id()

    def generate_span_id(self) -> int:
        chosen = _chosen_ids.get()
        return chosen[1] if chosen else self._others.generate_span_id()

    def is_trace_id_random(self) -> bool:
        return False


@contextmanager
def in_trace_of(run_id: str) -> Generator[None]:
    """Spans and log lines of this block belong to the run's trace."""
    from opentelemetry import context

    token = context.attach(_context_of(run_id))
    try:
        yield
    finally:
        context.detach(token)


def _context_of(run_id: str) -> "Context":
    """The current context with the run's span, which is recorded elsewhere and later, as the parent.

    The span that the Functions host runs this invocation in, where it has one, is kept to be linked to.
    """
    from opentelemetry import context, trace

    trace_id, span_id = run_ids(run_id)
    outer = trace.get_current_span().get_span_context()
    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    parent = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=sampled)
    inner = trace.set_span_in_context(trace.NonRecordingSpan(parent))
    return context.set_value(_INVOCATION, outer, inner) if outer.is_valid and outer.trace_id != trace_id else inner


def invocation() -> "list[Link]":
    """The link to the span that the Functions host runs this invocation in, where it has one."""
    from opentelemetry import context, trace

    outer = context.get_value(_INVOCATION)
    return [trace.Link(outer)] if isinstance(outer, trace.SpanContext) else []


@contextmanager
def span_around(
    name: str,
    attributes: Attributes,
    *,
    kind: "SpanKind | None" = None,
    links: "Sequence[Link]" = (),
    began: int | None = None,
) -> Generator["Span"]:
    """A span around a block, from now or `began` (nanoseconds) on.

    An error is told by its kind: its message may quote what Claude was sent.
    """
    from opentelemetry.trace import SpanKind

    with _tracer().start_as_current_span(
        name,
        kind=kind or SpanKind.INTERNAL,
        attributes=attributes,
        links=links,
        start_time=began,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            fail(span, kind_of(error))
            raise


def run_span(run_id: str, name: str, attributes: Attributes, began: int) -> "Span":
    """The span of a run, from `began` (nanoseconds) on, under the ids that its agents' spans name; to be ended."""
    from opentelemetry.context import Context

    token = _chosen_ids.set(run_ids(run_id))
    try:
        return _tracer().start_span(name, Context(), attributes=attributes, links=invocation(), start_time=began)
    finally:
        _chosen_ids.reset(token)


def fail(span: "Span", kind: str) -> None:
    """Mark the span as failed, with the kind of failure alone."""
    from opentelemetry.trace import StatusCode

    span.set_attributes({names.ERROR: kind, names.FAILURE: kind})
    span.set_status(StatusCode.ERROR)


def kind_of(error: BaseException) -> str:
    """An error as telemetry tells it: its code, or its class."""
    return error.code if isinstance(error, DesignBackendError) else type(error).__qualname__


def _tracer() -> "Tracer":
    from opentelemetry import trace

    return trace.get_tracer(SCOPE, VERSION)
