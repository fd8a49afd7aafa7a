"""Telemetry of runs: which run and agent a block is about, and the spans of both."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from shared import logs
from shared.contracts import AgentRequest, ManifestRequest, Payload
from shared.telemetry import names
from shared.telemetry.metrics import instruments
from shared.telemetry.spans import PROVIDER, Attributes, fail, in_trace_of, invocation, run_span, span_around

if TYPE_CHECKING:
    from shared.contracts import Finding

_WORKFLOW = "design_backend"


@contextmanager
def about_run(run_id: str | None, **fields: str | None) -> Generator[None]:
    """What is logged in this block carries `fields` and the run; lines and spans belong to the run's trace."""
    with logs.about({"run_id": run_id, **fields}):
        if run_id:
            with in_trace_of(run_id):
                yield
        else:
            yield


@contextmanager
def about_request(request: Payload) -> Generator[None]:
    """`about_run` for the run, agent and task that an activity's request names."""
    run_id = getattr(request, "run_id", None) or getattr(getattr(request, "run", None), "run_id", None)
    with about_run(run_id, agent=getattr(request, "agent", None), task=getattr(request, "task", None)):
        yield


@contextmanager
def agent(request: AgentRequest) -> Generator[None]:
    """The span of one agent at work. Each attempt and revision has one of its own, below the run's."""
    named: Attributes = {names.OPERATION: "invoke_agent", names.PROVIDER: PROVIDER, names.AGENT: request.agent}
    own: Attributes = {
        names.RUN_ID: request.run_id,
        names.TASK: request.task,
        names.REVISION: request.revision,
        names.STACK: request.stack,
    }
    with in_trace_of(request.run_id), span_around(f"invoke_agent {request.agent}", named | own, links=invocation()):
        yield


def run_ended(request: ManifestRequest, status: str, first: Sequence["Finding"], last: Sequence["Finding"]) -> None:
    """The span of a run whose final manifest is written, and what is counted of it. Repeated, it is the same span."""
    if status == "running":
        return
    for stage, findings in (("first", first), ("last", last)):
        for finding in findings:
            instruments().findings.add(
                1, {names.RULE: finding.rule, names.SEVERITY: finding.severity, names.STAGE: stage}
            )
    run = request.run
    instruments().runs.add(1, {names.RUN_STATUS: status, names.STACK: run.options.stack})
    attributes: Attributes = {
        names.OPERATION: "invoke_workflow",
        names.WORKFLOW: _WORKFLOW,
        names.RUN_ID: run.run_id,
        names.RUN_STATUS: status,
        names.STACK: run.options.stack,
        f"{names.FINDINGS}.first": len(first),
        f"{names.FINDINGS}.last": len(last),
    }
    name, started = f"invoke_workflow {_WORKFLOW}", _nanoseconds(request.started)
    span = run_span(run.run_id, name, attributes, started)
    if status == "failed":
        fail(span, status)
    span.end(_nanoseconds(request.written))


def _nanoseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1_000) * 1_000_000
