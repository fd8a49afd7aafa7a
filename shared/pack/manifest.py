"""Renders MANIFEST.md, the pack's one registry. Pure: outcomes and texts in, Markdown out.

Links, never copies: what the orchestrator agent wrote is taken section by section; files, numbers and status come
from the run itself.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from shared.agents import Catalogue
from shared.contracts import (
    Call,
    FileEntry,
    Finding,
    ManifestRequest,
    Outcome,
    by_rule,
    errors_and_warnings,
    not_judged,
)
from shared.formats import markdown
from shared.formats.active_content import defines_links, is_active
from shared.pack.ledger import Ledger, Row
from shared.pack.manifest_json import PackFile, carried_from
from shared.pack.verdict import NOTHING, Checked, Verdict
from shared.prd import Suspicion
from shared.runs import CAP_REACHED, accounting_table, plan_of

_STATUS_TEXT = {
    "running": "running: this manifest was begun in phase 1 and is replaced when the run ends",
    "completed": "completed: every deliverable was written, and no check finds an error in it",
    "completed_with_findings": "completed with findings: checks find errors in some deliverables",
    "partial": "partial: some deliverables are missing",
    "failed": "failed: there is no architecture, so there is no design",
    "cancelled": "cancelled on request",
}
LISTED_UNMET = 50
"""Requirements not designed that the manifest itself lists."""
LISTED_SUSPICIONS = 50
LISTED_NOT_JUDGED = 50
_PENDING = "_Written when the run ends._"


@dataclass(frozen=True)
class Written:
    """What the run made: the orchestrator agent's answers by task, findings at the end and at first, files, ledger.

    `suspicions` are the PRD's passages that speak to the pipeline, `checked` says which checks were made.
    """

    sections: dict[str, str]
    findings: list[Finding] = field(default_factory=list[Finding])
    first_findings: list[Finding] = field(default_factory=list[Finding])
    files: tuple[PackFile, ...] = ()
    ledger: Ledger | None = None
    suspicions: tuple[Suspicion, ...] = ()
    checked: Checked = NOTHING


def render_manifest(request: ManifestRequest, written: Written, catalogue: Catalogue) -> str:
    """The whole manifest as Markdown."""
    parts = [
        _head(request, Verdict(request, tuple(written.findings), written.ledger, written.checked)),
        _registry(request, written, catalogue),
        _files(written.files),
        _missing(request, catalogue),
        *_agent_sections(request, written, catalogue, "setup"),
        *_agent_sections(request, written, catalogue, "synthesis"),
        _ledger(written.ledger),
        _suspicions(written.suspicions),
        _findings(request, written),
        _not_judged(not_judged(written.findings)),
        _plan(request),
        accounting_table(request),
        _link_targets(request),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _head(request: ManifestRequest, verdict: Verdict) -> str:
    run, options = request.run, request.run.options
    version = f", version `{run.prd_etag}`" if run.prd_etag else ""
    rows = [
        ("Status", f"**{_STATUS_TEXT[request.status]}**"),
        ("Run", f"`{run.run_id}`"),
        ("PRD", f"{_cell(run.prd_name)}{version} ({run.prd.size:,} bytes, SHA-256 `{run.prd.sha256}`)"),
        ("Converted", _cell(f"{run.converted.in_words()} SHA-256 {run.converted.sha256}.") if run.converted else ""),
        ("Stack", f"{options.stack} ({_cell(options.stack_reason)})"),
        ("Database", _cell(options.db) if options.db else "chosen by the architect"),
        ("Mode", "economy: calls went in batches, at half the price" if options.economy else ""),
        ("Goes on from", f"run `{run.base.run_id}` in `{run.base.folder}`" if run.base else ""),
        ("Started", request.started),
        ("Written", request.written),
        ("Folder", f"`{request.folders.project_folder}`"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows if value)
    first, *others = verdict.lines()
    said, _, rest = first.partition(". ")
    lines = "\n".join(f"- {line}" for line in (f"**{said}.** {rest}", *others))
    return f"# {_cell(run.title)}: design manifest\n\n{lines}\n\n| | |\n|---|---|\n{table}"


def _registry(request: ManifestRequest, written: Written, catalogue: Catalogue) -> str:
    rows = ["| agent | deliverable | state | size | SHA-256 |", "|---|---|---|---|---|"]
    for call, outcome in _drafts(request):
        name, size, digest = call.deliverable, "", ""
        if outcome.file:
            name = f"[{call.deliverable}]({_link(request, outcome.file)})"
            size, digest = f"{outcome.file.size:,} bytes", f"`{outcome.file.sha256}`"
        state = _state(request, outcome, [each for each in written.findings if each.deliverable == call.deliverable])
        rows.append(f"| {catalogue[call.agent].title} | {name} | {state} | {size} | {digest} |")
    locations = [f"- `{outcome.file.path}`" for _, outcome in _drafts(request) if outcome.file]
    places = "Locations in the output container:\n\n" + "\n".join(locations) if locations else ""
    return "## Deliverables\n\n" + "\n".join(rows) + (f"\n\n{places}" if places else "")


def _drafts(request: ManifestRequest) -> Iterator[tuple[Call, Outcome]]:
    outcomes = {outcome.key: outcome for outcome in request.outcomes}
    return ((call, outcomes[call.key]) for call in request.run.calls if call.task == "draft")


def _state(request: ManifestRequest, outcome: Outcome, findings: list[Finding]) -> str:
    if outcome.state == "waiting":
        return "waiting" if request.status == "running" else "not reached"
    if outcome.state != "done":
        return outcome.state
    errors = sum(finding.severity == "error" for finding in findings)
    warnings, unjudged = len(errors_and_warnings(findings)) - errors, len(not_judged(findings))
    rest = f", {unjudged} not judged" if unjudged else ""
    revised = f" after {outcome.revisions} revision(s)" if outcome.revisions else ""
    if earlier := carried_from(request, outcome):
        revised += f", carried over from run `{earlier}`"
    if errors:
        return f"**failing**: {errors} error(s), {warnings} warning(s){rest}{revised}"
    return f"passed{revised}" + (f", {warnings} warning(s)" if warnings else "") + rest


def _files(files: tuple[PackFile, ...]) -> str:
    """The files beside the manifest: extracted from the deliverables byte for byte, or made from the whole pack."""
    if not files:
        return ""
    rows = ["| file | from | size | SHA-256 |", "|---|---|---|---|"]
    for file in files:
        source = f"{file.deliverable}, line {file.line}" if file.deliverable else ""
        rows.append(f"| [{file.path}]({quote(file.path)}) | {source} | {file.size:,} bytes | `{file.sha256}` |")
    return "## Files\n\n" + "\n".join(rows)


def _ledger(ledger: Ledger | None) -> str:
    """How many requirements are met, and those that are not; the whole ledger is its own file."""
    if ledger is None:
        return ""
    if not ledger.rows:
        return "## Requirements\n\nNo requirements were found in the PRD."
    parts = [f"{ledger.coverage}. Every requirement with its places: [ledger.csv](ledger.csv)."]
    unmet = [row for row in ledger.rows if row.verdict in ("declined", "missing")]
    if unmet:
        rows = ["| requirement | line | kind | asked for | verdict |", "|---|---|---|---|---|"]
        rows += map(_unmet_row, unmet[:LISTED_UNMET])
        parts.append("\n".join(rows))
        if len(unmet) > LISTED_UNMET:
            parts.append(f"{len(unmet) - LISTED_UNMET} more are in the ledger.")
    return "\n\n".join(["## Requirements", *parts])


def _unmet_row(row: Row) -> str:
    asked = row.requirement
    verdict = f"not designed, because {row.reason}" if row.verdict == "declined" else "**not designed**"
    return f"| {asked.id} | {asked.line} | {asked.kind} | {_cell(asked.text[:200])} | {_cell(verdict)} |"


def _link(request: ManifestRequest, file: FileEntry) -> str:
    return quote(posixpath.relpath(file.path, request.folders.project_folder))


def _link_targets(request: ManifestRequest) -> str:
    """Targets for `[integration-architecture.md]`, the form in which the orchestrator agent points to files."""
    files = [(call.deliverable, outcome.file) for call, outcome in _drafts(request) if outcome.file]
    return "\n".join(f"[{name}]: {_link(request, file)}" for name, file in files)


def _missing(request: ManifestRequest, catalogue: Catalogue) -> str:
    """What the run did not bring about, revisions included that its cap forbade."""
    if request.status == "running":
        return ""
    rows: list[str] = []
    for call, outcome in zip(request.run.calls, _in_order(request), strict=True):
        if outcome.state == "done" and outcome.failure is None:
            continue
        what = call.deliverable if call.task == "draft" else f"{call.deliverable} ({call.task})"
        what = f"the revision of {what}" if outcome.state == "done" else what
        rows.append(f"- **{what}** by the {catalogue[call.agent].title}: {_why(request, outcome)}")
    return "## What is missing\n\n" + "\n".join(rows) if rows else ""


def _in_order(request: ManifestRequest) -> Iterable[Outcome]:
    outcomes = {outcome.key: outcome for outcome in request.outcomes}
    return [outcomes[call.key] for call in request.run.calls]


def _why(request: ManifestRequest, outcome: Outcome) -> str:
    if outcome.failure:
        return f"{_line(outcome.failure.detail)} {_line(outcome.failure.mend)}".strip()
    if outcome.state == "cancelled":
        return "the run was cancelled before it was finished."
    if any(other.failure and other.failure.code == CAP_REACHED for other in request.outcomes):
        return "not started, because the run's cap is reached."
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
        yield f"## {title}\n\n{_disarmed(found.get(title) or absent)}"


def _disarmed(body: str) -> str:
    """A section as it was written; as text that does nothing where it could do anything to the manifest around it."""
    if not (is_active(body) or defines_links(body) or any(not fence.closed for fence in markdown.fences(body))):
        return body
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"_Shown as text, because it holds more than text: see Findings._\n\n{fence}text\n{body}\n{fence}"


def _suspicions(suspicions: tuple[Suspicion, ...]) -> str:
    """Where the PRD speaks to the pipeline, and why that is thought; its words are not repeated."""
    if not suspicions:
        return ""
    rows = ["| line of [prd.md](prd.md) | reason |", "|---:|---|"]
    rows += [f"| {each.line} | {each.reason} |" for each in suspicions[:LISTED_SUSPICIONS]]
    more = len(suspicions) - LISTED_SUSPICIONS
    note = (
        "The PRD holds passages that speak to whoever processes it rather than of the product. They were treated as "
        "text like any other: no option, destination, call or file name comes from them. Look at what was designed "
        "for them."
    )
    return "\n\n".join(["## Suspicious input", note, "\n".join(rows), *([f"And {more} more."] if more > 0 else [])])


def _findings(request: ManifestRequest, written: Written) -> str:
    """What still breaks a rule, and per rule how many findings there were before and after revision."""
    parts: list[str] = []
    if request.across.failure:
        parts.append(f"**The documents were not held against each other:** {_line(request.across.failure.detail)}")
    standing, at_first = errors_and_warnings(written.findings), errors_and_warnings(written.first_findings)
    if standing:
        rows = ["| rule | severity | deliverable | line | message | mend |", "|---|---|---|---|---|---|"]
        parts.append("\n".join([*rows, *map(_finding_row, standing)]))
    if at_first:
        before = Counter(finding.rule for finding in at_first)
        after = Counter(finding.rule for finding in standing)
        rows = ["| rule | found at first | left at the end |", "|---|---:|---:|"]
        rows += [f"| {rule} | {before[rule]} | {after[rule]} |" for rule in sorted(before | after)]
        parts.append("What revision changed:\n\n" + "\n".join(rows))
    return "\n\n".join(["## Findings", *parts]) if parts else ""


def _finding_row(finding: Finding) -> str:
    cells = (finding.rule, finding.severity, finding.deliverable, str(finding.line), finding.message, finding.mend)
    return f"| {' | '.join(map(_cell, cells))} |"


def _not_judged(findings: list[Finding]) -> str:
    """What rules could not follow, by rule and place. It asks for nothing, and tells where people must look."""
    if not findings:
        return ""
    counts = [
        "| rule | places |",
        "|---|---:|",
        *(f"| {rule} | {count} |" for rule, count in by_rule(findings).items()),
    ]
    places = ["| rule | deliverable | line | why |", "|---|---|---:|---|"]
    for each in findings[:LISTED_NOT_JUDGED]:
        cells = (each.rule, each.deliverable, str(each.line), each.message)
        places.append(f"| {' | '.join(map(_cell, cells))} |")
    more = len(findings) - LISTED_NOT_JUDGED
    note = "These rules could not follow what stands there. It is neither an error nor a warning; no agent was sent it."
    rest = [f"{more} more are in [manifest.json](manifest.json)."] if more > 0 else []
    return "\n\n".join(["## Not judged", note, "\n".join(counts), "\n".join(places), *rest])


def _plan(request: ManifestRequest) -> str:
    return f"## Execution plan\n\n```text\n{plan_of(request.run).text()}\n```"


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _cell(text: str) -> str:
    """Untrusted text inside a table cell or title: one line, no cell border, no HTML, no link."""
    plain = "".join(character for character in _line(text) if character.isprintable())
    return re.sub(r"([|\[\]])", r"\\\1", plain).replace("<", "&lt;")
