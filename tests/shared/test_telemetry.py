"""What the app tells of itself: one trace a run by the GenAI conventions, lines with fields, and no content."""

import asyncio
import importlib
import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from local.drafts.messages_api.faults import Fault
from local.drafts.messages_api.server import DraftsServer
from shared import telemetry
from shared.agents.models import ModelSettings
from shared.contracts import BlobRef, Finding, Folders, ManifestRequest, Options, RunInput, Usage
from shared.services import Services
from shared.settings.environment import Settings
from shared.telemetry import names
from tests.agent_at_work import KEY, PRD_LINE, draft

PROJECT = Path(__file__).parents[2]
DELTAS: dict[type, AggregationTemporality] = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
BLOB = BlobRef("runs", "x", "0" * 64, 1)
ENOUGH = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "ANTHROPIC_API_KEY": KEY}


class Recorded:
    """What was told since the test began."""

    def __init__(self, spans: InMemorySpanExporter, reader: InMemoryMetricReader) -> None:
        self._spans = spans
        self._reader = reader

    def forget(self) -> None:
        self._spans.clear()
        self._points()

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """In the order in which they ended."""
        return self._spans.get_finished_spans()

    def points(self, metric: str) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and point of each series of a metric."""
        return [(dict(point.attributes), point) for name, point in self._points() if name == metric]

    def _points(self) -> list[tuple[str, Any]]:
        data = self._reader.get_metrics_data()
        scopes = [scope for each in data.resource_metrics for scope in each.scope_metrics] if data else []
        return [
            (metric.name, point) for scope in scopes for metric in scope.metrics for point in metric.data.data_points
        ]


@pytest.fixture(scope="module")
def providers() -> tuple[InMemorySpanExporter, InMemoryMetricReader]:
    """The process's one SDK, as `telemetry.start` would have it set up, with memory in place of Azure."""
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader(preferred_temporality=DELTAS)
    tracers = TracerProvider()
    telemetry.use_run_ids(tracers)
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider([reader]))
    return spans, reader


@pytest.fixture
def recorded(providers: tuple[InMemorySpanExporter, InMemoryMetricReader]) -> Recorded:
    told = Recorded(*providers)
    told.forget()
    return told


def run(run_id: str) -> ManifestRequest:
    """The last thing that is asked for in a run."""
    options = Options("python", "asked for")
    given = RunInput(run_id, "orders", "Orders", BLOB, "orders.md", None, options, "out", ())
    folders = Folders("20261122-081500", "out/projects/orders/20261122-081500", "out/agents", "orders")
    times = ("2026-11-22T08:15:00.250+00:00", "2026-11-22T08:19:00.500+00:00")
    return ManifestRequest(given, folders, "completed", (), *times)


def context_of(span: ReadableSpan) -> trace.SpanContext:
    assert span.context
    return span.context


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_call_is_told_by_the_genai_conventions(app: Services, drafts: DraftsServer, recorded: Recorded):
    result = await draft(app, "spans-1")
    call, agent = recorded.spans
    assert (call.name, call.kind) == ("chat claude-sonnet-5-5", SpanKind.CLIENT)
    assert (agent.name, agent.kind) == ("invoke_agent system-architect", SpanKind.INTERNAL)
    told = attributes_of(call)
    assert told.pop("gen_ai.response.id").startswith("msg_")
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-5-5",
        "gen_ai.request.max_tokens": 64_000,
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "claude-sonnet-5-5",
        "gen_ai.response.finish_reasons": ("end_turn",),
        "gen_ai.usage.input_tokens": result.usage.all_input_tokens,
        "gen_ai.usage.cache_creation.input_tokens": result.usage.cache_write_tokens,
        "gen_ai.usage.cache_read.input_tokens": result.usage.cache_read_tokens,
        "gen_ai.usage.output_tokens": result.usage.output_tokens,
        "gen_ai.agent.name": "system-architect",
        "server.address": "127.0.0.1",
        "server.port": int(drafts.url.rsplit(":", 1)[1].strip("/")),
        "anthropic.request.id": drafts.seen[-1].request_id,
        "design_backend.run.id": "spans-1",
    }
    assert attributes_of(agent)["gen_ai.operation.name"] == "invoke_agent"
    assert attributes_of(agent)["gen_ai.agent.name"] == "system-architect"
    assert attributes_of(agent)["design_backend.run.id"] == "spans-1"


@pytest.mark.parametrize("kind", ["attributes", "metrics"])
def test_the_names_are_those_of_the_installed_conventions(kind: str):
    installed = importlib.import_module(f"opentelemetry.semconv._incubating.{kind}.gen_ai_{kind}")
    told = {value for value in vars(names).values() if isinstance(value, str) and value.startswith("gen_ai.")}
    metric_names = {names.TOKEN_USAGE, names.OPERATION_DURATION}
    told = told & metric_names if kind == "metrics" else told - metric_names
    assert told
    assert told <= {value for value in vars(installed).values() if isinstance(value, str)}


async def test_all_spans_of_a_run_are_one_trace_below_the_run(app: Services, recorded: Recorded):
    await draft(app, "spans-2")
    await draft(app, "spans-2", "api-backend-tester")
    telemetry.run_ended(run("spans-2"), "completed", [], [])
    first_call, first_agent, second_call, second_agent, whole = recorded.spans
    assert {context_of(span).trace_id for span in recorded.spans} == {telemetry.run_ids("spans-2")[0]}
    assert len({context_of(span).span_id for span in recorded.spans}) == 5
    for call, agent in ((first_call, first_agent), (second_call, second_agent)):
        assert call.parent is not None
        assert agent.parent is not None
        assert call.parent.span_id == context_of(agent).span_id
        assert agent.parent.span_id == context_of(whole).span_id
    assert whole.parent is None
    assert whole.name == "invoke_workflow design_backend"


async def test_runs_do_not_share_a_trace(app: Services, recorded: Recorded):
    await asyncio.gather(draft(app, "spans-3"), draft(app, "spans-4"))
    traces = {attributes_of(span)["design_backend.run.id"]: context_of(span).trace_id for span in recorded.spans}
    assert traces == {name: telemetry.run_ids(name)[0] for name in ("spans-3", "spans-4")}


def test_a_run_is_told_once_it_has_ended_with_its_own_times(recorded: Recorded):
    telemetry.run_ended(run("spans-5"), "running", [], [])
    assert recorded.spans == ()
    finding = Finding("OAS-003", "error", "integration-architecture.md", 1, "", "")
    telemetry.run_ended(run("spans-5"), "failed", [finding, finding], [finding])
    (span,) = recorded.spans
    assert span.start_time == 1_795_335_300_250_000_000
    assert span.end_time == span.start_time + 240_250_000_000
    assert span.status.status_code == StatusCode.ERROR
    told = attributes_of(span)
    assert told["gen_ai.workflow.name"] == "design_backend"
    assert told["design_backend.run.status"] == "failed"
    assert (told["design_backend.findings.first"], told["design_backend.findings.last"]) == (2, 1)


def test_what_a_batch_answered_is_a_call_as_long_as_its_batch(recorded: Recorded):
    spent = Usage(calls=1, input_tokens=900, output_tokens=100, seconds=3_600)
    telemetry.batched(spent, model="claude-sonnet-5-5", base_url=None)
    (span,) = recorded.spans
    assert span.start_time and span.end_time
    assert 3_600 <= (span.end_time - span.start_time) / 1e9 < 3_700
    assert attributes_of(span)["design_backend.batched"] is True
    assert attributes_of(span)["gen_ai.usage.output_tokens"] == 100
    assert len(recorded.points(names.TOKEN_USAGE)) == 2


def test_a_repeated_manifest_tells_of_the_same_span(recorded: Recorded):
    telemetry.run_ended(run("spans-6"), "completed", [], [])
    telemetry.run_ended(run("spans-6"), "completed", [], [])
    one, other = recorded.spans
    assert context_of(one) == context_of(other)
    assert (one.start_time, one.end_time) == (other.start_time, other.end_time)


async def test_each_attempt_is_told_and_a_fault_by_its_code_alone(
    app: Services, drafts: DraftsServer, recorded: Recorded
):
    drafts.order([Fault("system-architect", "529", times=1)])
    await draft(app, "spans-7")
    await draft(app, "spans-7")
    failed_call, failed_agent, call, agent = recorded.spans
    for span in (failed_call, failed_agent):
        assert span.status.status_code == StatusCode.ERROR
        assert span.status.description is None
        assert span.events == ()
        assert attributes_of(span)["error.type"] == attributes_of(span)["design_backend.error"] == "http-529"
    assert attributes_of(failed_call)["anthropic.request.id"] == drafts.seen[-2].request_id
    assert "error.type" not in attributes_of(call) | attributes_of(agent)
    kinds = [told.get("error.type") for told, _point in recorded.points("gen_ai.client.operation.duration")]
    assert sorted(kinds, key=str) == [None, "http-529"]


async def test_an_answer_in_parts_is_one_agent_with_several_calls(
    app: Services, drafts: DraftsServer, recorded: Recorded
):
    drafts.order([Fault("system-architect", "max_tokens", times=1)])
    await draft(app, "spans-8")
    first, second, agent = recorded.spans
    assert attributes_of(first)["gen_ai.response.finish_reasons"] == ("max_tokens",)
    assert attributes_of(second)["gen_ai.response.finish_reasons"] == ("end_turn",)
    assert first.parent == second.parent
    assert second.parent is not None
    assert second.parent.span_id == context_of(agent).span_id


async def test_warming_the_cache_is_a_call_that_writes_nothing(app: Services, recorded: Recorded):
    claude = await app.claude()
    prompt = await _small_prompt(app)
    with telemetry.about_run("spans-9"):
        await claude.warm(prompt, ModelSettings("claude-sonnet-5-5", 64_000))
    (call,) = recorded.spans
    told = attributes_of(call)
    assert (told["gen_ai.request.stream"], told["gen_ai.request.max_tokens"]) == (False, 0)
    assert told["gen_ai.usage.output_tokens"] == 0
    assert call.parent is not None
    assert call.parent.span_id == telemetry.run_ids("spans-9")[1]


async def test_the_span_of_the_functions_host_is_linked_to(app: Services, recorded: Recorded):
    tracer = trace.get_tracer("host")
    with tracer.start_as_current_span("activity") as invocation:
        await draft(app, "spans-10")
    agent = next(span for span in recorded.spans if span.name.startswith("invoke_agent"))
    assert [link.context.span_id for link in agent.links] == [invocation.get_span_context().span_id]
    assert context_of(agent).trace_id == telemetry.run_ids("spans-10")[0]


async def test_tokens_and_seconds_are_measured_by_agent_and_model(app: Services, recorded: Recorded):
    result = await draft(app, "metrics-1")
    tokens = {told["gen_ai.token.type"]: (told, point) for told, point in recorded.points("gen_ai.client.token.usage")}
    assert tokens["input"][1].sum == result.usage.all_input_tokens
    assert tokens["output"][1].sum == result.usage.output_tokens
    for told, _point in tokens.values():
        assert told["gen_ai.operation.name"] == "chat"
        assert told["gen_ai.request.model"] == told["gen_ai.response.model"] == "claude-sonnet-5-5"
        assert told["gen_ai.agent.name"] == "system-architect"


def test_findings_are_counted_by_rule_before_and_after_revision_and_runs_by_status(recorded: Recorded):
    finding = Finding("OAS-003", "error", "integration-architecture.md", 1, "", "")
    telemetry.run_ended(run("metrics-2"), "partial", [finding, finding, replace(finding, rule="STR-001")], [finding])
    counted = {
        (told["design_backend.rule"], told["design_backend.stage"]): point.value
        for told, point in recorded.points("design_backend.findings")
    }
    assert counted == {("OAS-003", "first"): 2, ("STR-001", "first"): 1, ("OAS-003", "last"): 1}


def test_runs_are_counted_by_status(recorded: Recorded):
    for status in ("completed", "completed", "partial", "running"):
        telemetry.run_ended(run("metrics-3"), status, [], [])
    counted = {told["design_backend.run.status"]: point.value for told, point in recorded.points("design_backend.runs")}
    assert counted == {"completed": 2, "partial": 1}


async def test_neither_text_nor_key_is_told_anywhere(
    app: Services, drafts: DraftsServer, recorded: Recorded, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    await app.claude()
    drafts.order([Fault("system-architect", kind, times=1) for kind in ("400", "401", "cut", "refusal", "error_event")])
    for attempt in range(6):
        await draft(app, f"quiet-{attempt}")
    result = await draft(app, "quiet-6")
    telemetry.run_ended(run("quiet-5"), "completed", [], [])
    assert result.draft is not None
    answer = await app.blobs.fetch(result.draft)
    told = "".join(span.to_json() for span in recorded.spans) + caplog.text + json.dumps(_all_fields(caplog))
    told += repr(recorded.points("gen_ai.client.token.usage"))
    assert "quiet-5" in told
    for secret in (KEY, PRD_LINE, *(line for line in answer.splitlines() if len(line) > 40)):
        assert secret not in told


async def test_no_variable_puts_texts_into_spans(app: Services, recorded: Recorded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE", "content")
    await draft(app, "quiet-9")
    assert [span.name for span in recorded.spans] == ["chat claude-sonnet-5-5", "invoke_agent system-architect"]
    assert PRD_LINE not in "".join(span.to_json() for span in recorded.spans)


OFF = """
import asyncio, sys
from opentelemetry import trace
from shared import telemetry
from shared.contracts import Usage
from shared.settings import Settings

asyncio.run(telemetry.start(Settings.read({environment})))
with telemetry.about_run("off-1"), telemetry.call(model="m", max_tokens=1, base_url=None) as call:
    call.answered("m", "msg_1", "end_turn", Usage())
    recording = trace.get_current_span().is_recording()
sdks = [name for name in ("opentelemetry.sdk", "azure.monitor") if name in sys.modules]
print(type(trace.get_tracer_provider()).__name__, recording, sdks)
"""


def told_by_a_process(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    code = OFF.format(environment=environment)
    return subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)


async def test_an_sdk_that_the_worker_has_set_up_is_used_as_it_is(recorded: Recorded):
    before = trace.get_tracer_provider()
    await telemetry.start(Settings.read(ENOUGH | {"APPLICATIONINSIGHTS_CONNECTION_STRING": "none is needed"}))
    assert trace.get_tracer_provider() is before
    assert "azure.monitor.opentelemetry" not in sys.modules
    telemetry.run_ended(run("worker-1"), "completed", [], [])
    assert context_of(recorded.spans[0]).span_id == telemetry.run_ids("worker-1")[1]


def test_without_a_connection_string_no_sdk_is_set_up_or_imported():
    assert told_by_a_process(ENOUGH).stdout.strip() == "ProxyTracerProvider False []"


def test_a_connection_string_that_cannot_be_used_is_reported_unshown_and_stops_nothing():
    done = told_by_a_process(ENOUGH | {"APPLICATIONINSIGHTS_CONNECTION_STRING": "canary-connection"})
    assert done.stdout.startswith("ProxyTracerProvider False")
    assert "no telemetry is exported (ValueError): check APPLICATIONINSIGHTS_CONNECTION_STRING" in done.stderr
    assert "canary" not in done.stderr


async def _small_prompt(app: Services) -> Any:
    from shared.agents.agent_files import catalogue
    from shared.agents.prompts import Assignment, Reading, Text, compose

    agent = catalogue()["system-architect"]
    reading = Reading(catalogue().system, Text("orders.md", f"# Orders\n\n- {PRD_LINE}\n"), "", [], "")
    return compose(reading, Assignment(agent, agent.tasks["draft"], "orders", "python", None))


def _all_fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in vars(record).items()} for record in caplog.records]
