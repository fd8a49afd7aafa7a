"""Telemetry adapter: the only importer of OpenTelemetry and Azure Monitor, each where it is first used.

Spans (run, agent, call) and metrics follow the GenAI semantic conventions. They and our log lines go to Application
Insights where APPLICATIONINSIGHTS_CONNECTION_STRING is set; elsewhere the API's no-op tracers and meters take them and
no SDK is configured. Neither holds PRD, prompt or answer text, nor an error's message: it may quote them.
"""

import asyncio
import hashlib
import logging
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from shared import VERSION, logs
from shared import telemetry_names as names
from shared.contracts import AgentRequest, ManifestRequest, Payload, Usage
from shared.errors import CallInterrupted, CallRefused, DesignBackendError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.trace import Link, Span, SpanKind, Tracer
    from opentelemetry.util.types import AttributeValue

    from shared.checks import Finding
    from shared.settings import Settings

_SCOPE = "design-backend"
_WORKFLOW = "design_backend"
_PROVIDER = "anthropic"
_ENDPOINT = "https://api.anthropic.com"
_INVOCATION = "design_backend.invocation"
_INSTRUMENTED = (
    "azure_sdk", "django", "fastapi", "flask", "httpx", "httpx2", "psycopg2", "requests", "urllib", "urllib3",
)  # fmt: skip
"""What Azure Monitor's package would trace besides; off, so that nothing leaves that is not made here."""

log = logs.logger(__name__)

type Attributes = dict[str, AttributeValue]

_chosen_ids: ContextVar[tuple[int, int] | None] = ContextVar("design_backend_chosen_ids", default=None)


@contextmanager
def about_run(run_id: str | None, **fields: str | None) -> Generator[None]:
    """What is logged in this block carries `fields` and the run; lines and spans belong to the run's trace."""
    with logs.about({"run_id": run_id, **fields}):
        if run_id:
            with _in_trace_of(run_id):
                yield
        else:
            yield


@contextmanager
def about_request(request: Payload) -> Generator[None]:
    """`about_run` for the run, agent and task that an activity's request names."""
    run_id = getattr(request, "run_id", None) or getattr(getattr(request, "run", None), "run_id", None)
    with about_run(run_id, agent=getattr(request, "agent", None), task=getattr(request, "task", None)):
        yield


def claude_answered(request_id: str | None) -> None:
    """Claude's id of the request being made: on the call's span, and on what this activity logs from here on."""
    if request_id:
        from opentelemetry import trace

        logs.add(request_id=request_id)
        trace.get_current_span().set_attribute(names.REQUEST_ID, request_id)


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
def agent(request: AgentRequest) -> Generator[None]:
    """The span of one agent at work. Each attempt and revision has one of its own, below the run's."""
    named: Attributes = {names.OPERATION: "invoke_agent", names.PROVIDER: _PROVIDER, names.AGENT: request.agent}
    own: Attributes = {
        names.RUN_ID: request.run_id,
        names.TASK: request.task,
        names.REVISION: request.revision,
        names.STACK: request.stack,
    }
    with _in_trace_of(request.run_id), _span(f"invoke_agent {request.agent}", named | own, links=_invocation()):
        yield


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
        tokens = _instruments().tokens
        tokens.record(usage.all_input_tokens, {**self.common, names.TOKEN_TYPE: "input"})
        tokens.record(usage.output_tokens, {**self.common, names.TOKEN_TYPE: "output"})


def _common(model: str, base_url: str | None) -> Attributes:
    """What span and metrics of a call to `model` say alike."""
    server = urlsplit(base_url or _ENDPOINT)
    common: Attributes = {
        names.OPERATION: "chat",
        names.PROVIDER: _PROVIDER,
        names.SYSTEM: _PROVIDER,  # the older name of the same: by it Application Insights knows a GenAI dependency
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


@contextmanager
def call(*, model: str, max_tokens: int, base_url: str | None, stream: bool = True) -> Generator[Call]:
    """The span and the metrics of one request to Claude; an error ends both with its code and no message."""
    from opentelemetry.trace import SpanKind

    common, started = _common(model, base_url), time.monotonic()
    own: Attributes = {names.MAX_TOKENS: max_tokens, names.STREAM: stream}
    with _span(f"chat {model}", common | own | _of_run(), kind=SpanKind.CLIENT) as span:
        made = Call(span, common)
        try:
            yield made
        except BaseException as error:
            made.common[names.ERROR] = _kind_of(error)
            if isinstance(error, CallInterrupted | CallRefused) and error.spent:
                made.took(error.spent)
            raise
        finally:
            _instruments().seconds.record(time.monotonic() - started, made.common)


def batched(spent: Usage, *, model: str, base_url: str | None) -> None:
    """The span and the token metric of what a batch has answered, as long as its batch took.

    Told by the agent's span when it takes the answer; no part of how long calls take, which is about live ones.
    """
    from opentelemetry.trace import SpanKind

    common: Attributes = _common(model, base_url) | {names.BATCHED: True}
    began = time.time_ns() - int(spent.seconds * 1e9)
    with _span(f"chat {model}", common | _of_run(), kind=SpanKind.CLIENT, began=began) as span:
        Call(span, common).took(spent)


def run_ended(request: ManifestRequest, status: str, first: Sequence["Finding"], last: Sequence["Finding"]) -> None:
    """The span of a run whose final manifest is written, and what is counted of it. Repeated, it is the same span."""
    if status == "running":
        return
    for stage, findings in (("first", first), ("last", last)):
        for finding in findings:
            _instruments().findings.add(
                1, {names.RULE: finding.rule, names.SEVERITY: finding.severity, names.STAGE: stage}
            )
    run = request.run
    _instruments().runs.add(1, {names.RUN_STATUS: status, names.STACK: run.options.stack})
    attributes: Attributes = {
        names.OPERATION: "invoke_workflow",
        names.WORKFLOW: _WORKFLOW,
        names.RUN_ID: run.run_id,
        names.RUN_STATUS: status,
        names.STACK: run.options.stack,
        f"{names.FINDINGS}.first": len(first),
        f"{names.FINDINGS}.last": len(last),
    }
    span = _run_span(request, attributes)
    if status == "failed":
        _fail(span, status)
    span.end(_nanoseconds(request.written))


def _run_span(request: ManifestRequest, attributes: Attributes) -> "Span":
    from opentelemetry.context import Context

    name, started = f"invoke_workflow {_WORKFLOW}", _nanoseconds(request.started)
    token = _chosen_ids.set(run_ids(request.run.run_id))
    try:
        return _tracer().start_span(name, Context(), attributes=attributes, links=_invocation(), start_time=started)
    finally:
        _chosen_ids.reset(token)


def _nanoseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1_000) * 1_000_000


@contextmanager
def _span(
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
            _fail(span, _kind_of(error))
            raise


def _fail(span: "Span", kind: str) -> None:
    from opentelemetry.trace import StatusCode

    span.set_attributes({names.ERROR: kind, names.FAILURE: kind})
    span.set_status(StatusCode.ERROR)


def _kind_of(error: BaseException) -> str:
    return error.code if isinstance(error, DesignBackendError) else type(error).__qualname__


@contextmanager
def _in_trace_of(run_id: str) -> Generator[None]:
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


def _invocation() -> "list[Link]":
    from opentelemetry import context, trace

    invocation = context.get_value(_INVOCATION)
    return [trace.Link(invocation)] if isinstance(invocation, trace.SpanContext) else []


def _tracer() -> "Tracer":
    from opentelemetry import trace

    return trace.get_tracer(_SCOPE, VERSION)


@dataclass(frozen=True)
class _Instruments:
    tokens: "Histogram"
    seconds: "Histogram"
    runs: "Counter"
    findings: "Counter"


@cache
def _instruments() -> _Instruments:
    """Made once; made before a provider is set, they pass on to it later."""
    from opentelemetry import metrics

    meter = metrics.get_meter(_SCOPE, VERSION)
    return _Instruments(
        tokens=meter.create_histogram(
            names.TOKEN_USAGE,
            "{token}",
            "Tokens used by a call.",
            explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS,
        ),
        seconds=meter.create_histogram(
            names.OPERATION_DURATION,
            "s",
            "How long a call took.",
            explicit_bucket_boundaries_advisory=names.SECOND_BUCKETS,
        ),
        runs=meter.create_counter(names.RUNS, "{run}", "Runs that ended, by status."),
        findings=meter.create_counter(names.FINDINGS, "{finding}", "Findings by rule, before and after revision."),
    )


async def start(settings: "Settings") -> None:
    """Do what the settings ask for: export and prompt logging. Cheap to repeat; imports take seconds, in a thread."""
    logs.show_texts(settings.log_prompts)
    if settings.insights_connection and not _export.done:
        await asyncio.to_thread(_export.set_up, settings.insights_connection)


class _Export:
    """Export to Application Insights, set up once in a process."""

    def __init__(self) -> None:
        self.done = False
        self._lock = threading.Lock()

    def set_up(self, connection: str) -> None:
        """Set up export, or use what the worker has set up. A failure is reported and leaves the app without it."""
        with self._lock:
            if self.done:
                return
            try:
                _configure(connection)
            except Exception as error:  # noqa: BLE001 - reported, and never a reason for a run to fail
                kind = type(error).__name__  # its text may quote the connection string
                log.error("no telemetry is exported (%s): check APPLICATIONINSIGHTS_CONNECTION_STRING", kind)
            finally:
                self.done = True  # only now: whoever does not find it so waits at the lock


def _configure(connection: str) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        from azure.monitor.opentelemetry import (
            configure_azure_monitor,  # pyright: ignore[reportUnknownVariableType] (untyped keyword arguments)
        )

        # Its HTTP client tells of every request at INFO, its own exports included.
        logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)
        configure_azure_monitor(
            connection_string=connection,
            logger_name=logs.ROOT,
            sampling_ratio=1.0,  # a run is a dozen spans, and half a trace explains nothing
            enable_live_metrics=False,
            enable_performance_counters=False,
            instrumentation_options={library: {"enabled": False} for library in _INSTRUMENTED},
        )
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    use_run_ids(provider)


_export = _Export()
