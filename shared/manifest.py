"""Renders MANIFEST.md, the pack's one registry. Pure: outcomes and texts in, Markdown out.

Links, never copies: what the orchestrator agent wrote is taken section by section; files, numbers and status come
from the run itself.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from shared import markdown
from shared.catalogue import Catalogue
from shared.checks import Finding
from shared.contracts import Call, FileEntry, ManifestRequest, Outcome, Usage
from shared.plan import make_plan

_STATUS_TEXT = {
    "running": "running: this manifest was begun in phase 1 and is replaced when the run ends",
    "completed": "completed: every deliverable was written and passed its checks",
    "completed_with_findings": "completed with findings: some deliverables did not pass their checks",
    "partial": "partial: some deliverables are missing",
    "failed": "failed: there is no architecture, so there is no design",
    "cancelled": "cancelled on request",
}
_PENDING = "_Written when the run ends._"


@dataclass(frozen=True)
class Written:
    """Texts made during the run: the orchestrator agent's answers by task, and all findings."""

    sections: dict[str, str]
    findings: list[Finding]


def render_manifest(request: ManifestRequest, written: Written, catalogue: Catalogue) -> str:
    """The whole manifest as Markdown."""
    parts = [
        _head(request),
        _registry(request, catalogue),
        _missing(request, catalogue),
        *_agent_sections(request, written, catalogue, "setup"),
        *_agent_sections(request, written, catalogue, "synthesis"),
        _findings(written.findings),
        _plan(request),
        _accounting(request),
        _link_targets(request),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _head(request: ManifestRequest) -> str:
    run, options = request.run, request.run.options
    version = f", version `{run.prd_etag}`" if run.prd_etag else ""
    rows = [
        ("Status", f"**{_STATUS_TEXT[request.status]}**"),
        ("Run", f"`{run.run_id}`"),
        ("PRD", f"{_cell(run.prd_name)}{version} ({run.prd.size:,} bytes, SHA-256 `{run.prd.sha256}`)"),
        ("Stack", f"{options.stack} ({_cell(options.stack_reason)})"),
        ("Database", _cell(options.db) if options.db else "chosen by the architect"),
        ("Started", request.started),
        ("Written", request.written),
        ("Folder", f"`{request.folders.project_folder}`"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"# {_cell(run.title)}: design manifest\n\n| | |\n|---|---|\n{table}"


def _registry(request: ManifestRequest, catalogue: Catalogue) -> str:
    rows = ["| agent | deliverable | state | size | SHA-256 |", "|---|---|---|---|---|"]
    for call, outcome in _drafts(request):
        name, size, digest = call.deliverable, "", ""
        if outcome.file:
            name = f"[{call.deliverable}]({_link(request, outcome.file)})"
            size, digest = f"{outcome.file.size:,} bytes", f"`{outcome.file.sha256}`"
        state = _state(outcome, request.status)
        rows.append(f"| {catalogue[call.agent].title} | {name} | {state} | {size} | {digest} |")
    locations = [f"- `{outcome.file.path}`" for _, outcome in _drafts(request) if outcome.file]
    places = "Locations in the output container:\n\n" + "\n".join(locations) if locations else ""
    return "## Deliverables\n\n" + "\n".join(rows) + (f"\n\n{places}" if places else "")


def _drafts(request: ManifestRequest) -> Iterator[tuple[Call, Outcome]]:
    outcomes = {outcome.key: outcome for outcome in request.outcomes}
    return ((call, outcomes[call.key]) for call in request.run.calls if call.task == "draft")


def _state(outcome: Outcome, status: str) -> str:
    if outcome.state == "done":
        if outcome.errors:
            return f"failing: {outcome.errors} error(s), {outcome.warnings} warning(s)"
        return f"passed, {outcome.warnings} warning(s)" if outcome.warnings else "passed"
    if outcome.state == "waiting":
        return "waiting" if status == "running" else "not reached"
    return outcome.state


def _link(request: ManifestRequest, file: FileEntry) -> str:
    return quote(posixpath.relpath(file.path, request.folders.project_folder))


def _link_targets(request: ManifestRequest) -> str:
    """Targets for `[integration-architecture.md]`, the form in which the orchestrator agent points to files."""
    files = [(call.deliverable, outcome.file) for call, outcome in _drafts(request) if outcome.file]
    return "\n".join(f"[{name}]: {_link(request, file)}" for name, file in files)


def _missing(request: ManifestRequest, catalogue: Catalogue) -> str:
    if request.status in ("running", "completed", "completed_with_findings"):
        return ""
    rows: list[str] = []
    for call, outcome in zip(request.run.calls, _in_order(request), strict=True):
        if outcome.state == "done":
            continue
        what = call.deliverable if call.task == "draft" else f"{call.deliverable} ({call.task})"
        rows.append(f"- **{what}** by the {catalogue[call.agent].title}: {_why(outcome)}")
    return "## What is missing\n\n" + "\n".join(rows) if rows else ""


def _in_order(request: ManifestRequest) -> Iterable[Outcome]:
    outcomes = {outcome.key: outcome for outcome in request.outcomes}
    return [outcomes[call.key] for call in request.run.calls]


def _why(outcome: Outcome) -> str:
    if outcome.failure:
        return f"{_line(outcome.failure.detail)} {_line(outcome.failure.mend)}".strip()
    if outcome.state == "cancelled":
        return "the run was cancelled before it was finished."
    return "not started, because what it builds on is missing."


def _agent_sections(request: ManifestRequest, written: Written, catalogue: Catalogue, task: str) -> Iterator[str]:
    """The task's required sections, in order, each from the agent's text or saying why it is empty."""
    text = written.sections.get(task)
    found = {section.title: section.body for section in markdown.sections(text)} if text else {}
    call = next((call for call in request.run.calls if call.task == task), None)
    if call is None:
        return
    absent = _PENDING if request.status == "running" else "_Not written: see What is missing._"
    if text:
        absent = "_The orchestrator agent left this section out._"
    for title in catalogue[call.agent].tasks[task].sections:
        yield f"## {title}\n\n{found.get(title) or absent}"


def _findings(findings: list[Finding]) -> str:
    if not findings:
        return ""
    rows = ["| rule | severity | deliverable | line | message | mend |", "|---|---|---|---|---|---|"]
    rows += map(_finding_row, findings)
    return "## Findings\n\n" + "\n".join(rows)


def _finding_row(finding: Finding) -> str:
    cells = (finding.rule, finding.severity, finding.deliverable, str(finding.line), finding.message, finding.mend)
    return f"| {' | '.join(map(_cell, cells))} |"


def _plan(request: ManifestRequest) -> str:
    plan = make_plan(request.run.calls, request.run.options, request.run.prd.size)
    return f"## Execution plan\n\n```text\n{plan.text()}\n```"


def _accounting(request: ManifestRequest) -> str:
    rows = [
        "| call | model | input | cache write | cache read | output | seconds |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    called = [outcome for outcome in request.outcomes if outcome.usage.calls]
    rows += [_usage_row(outcome.key, _cell(outcome.model), outcome.usage) for outcome in called]
    total = sum((outcome.usage for outcome in request.outcomes), Usage())
    rows.append(_usage_row("**all calls**", str(total.calls), total))
    return "## Accounting\n\n" + "\n".join(rows)


def _usage_row(name: str, model: str, usage: Usage) -> str:
    numbers = (usage.input_tokens, usage.cache_write_tokens, usage.cache_read_tokens, usage.output_tokens)
    return f"| {name} | {model} | {' | '.join(f'{number:,}' for number in numbers)} | {usage.seconds:.1f} |"


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _cell(text: str) -> str:
    """Untrusted text inside a table cell: one line, no cell border, no HTML."""
    return _line(text).replace("|", "\\|").replace("<", "&lt;")
