"""Renders the build summary and the pull request's comment as Markdown. Pure; untrusted text is escaped."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from cli.pipeline.agent import Agent
from cli.pipeline.reports import Report, ReportedFinding

LONGEST = 300
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~@!$])")
_VERDICTS = {
    "completed": "✅ complete",
    "completed_with_findings": "⚠️ complete, with findings",
    "partial": "❌ partial",
    "failed": "❌ failed",
    "cancelled": "❌ cancelled",
    "refused": "❌ not a PRD that can be used",
    "removed": "removed; nothing was sent",
}


def marker(agent: Agent) -> str:
    """What the comment of this pipeline begins with, and no other's."""
    return f"<!-- design-backend pipeline {agent.definition} -->"


def as_markdown(reports: Sequence[Report], agent: Agent) -> str:
    """What changed, what came of it, what it cost, and where to read on."""
    rows = "\n".join(_row(each) for each in reports)
    return f"""## Backend design

| PRD | what changed | verdict | requirements | findings | cost |
|---|---|---|---|---|---|
{rows}

{"".join(_section(each) for each in reports)}Total cost: {_money(_total(reports))}. {_links(agent)}
"""


def _row(report: Report) -> str:
    findings = f"{report.errors} errors, {report.warnings} warnings" if report.complete else ""
    verdict = _VERDICTS.get(report.status, f"❌ not ended ({plain(report.status)})")
    cost = _money(report.cost) if report.run else ""
    cells = (f"`{_code(report.path)}`", _change(report), verdict, _coverage(report), findings, cost)
    return f"| {' | '.join(cells)} |"


def _change(report: Report) -> str:
    lines = f", +{report.added} −{report.removed} lines" if report.change == "changed" else ""
    return f"{report.change}{lines}"


def _coverage(report: Report) -> str:
    """How much of the PRD the ledger finds designed, and more."""
    if not report.coverage:
        return ""
    wanted = report.coverage.get("wanted", 0)
    parts = [f"{report.coverage.get(name, 0)} {name}" for name in ("designed", "tested", "shipped", "observed")]
    declined, missing = report.coverage.get("declined", 0), report.coverage.get("missing", 0)
    rest = [f"{declined} declined"] * bool(declined) + [f"{missing} missing"] * bool(missing)
    return f"of {wanted}: {', '.join(parts + rest)}"


def _section(report: Report) -> str:
    """What a reader must know beyond the table: where to begin reading, why it failed, and the findings."""
    told = [f"`{_code(f'{report.run}/{report.folder}/MANIFEST.md')}` in the artifact"] if report.folder else []
    told += [plain(report.error)] if report.error else []
    told += [_finding(found) for found in report.findings]
    more = report.errors + report.warnings - len(report.findings)
    told += [f"and {more} more, in the manifest"] if more > 0 else []
    if not told:
        return ""
    return f"**{plain(report.path)}**\n\n" + "".join(f"- {line}\n" for line in told) + "\n"


def _finding(found: ReportedFinding) -> str:
    return f"{found.severity} {plain(found.rule)} in {plain(found.deliverable)}: {plain(found.message)}"


def _links(agent: Agent) -> str:
    page = f"{agent.collection}/{quote(agent.project, safe='')}/_build/results?buildId={quote(agent.build, safe='')}"
    return f"[Packs]({page}&view=artifacts&type=publishedArtifacts), [build]({page})."


def _total(reports: Iterable[Report]) -> float | None:
    costs = [each.cost for each in reports if each.run]
    return None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)


def _money(cost: float | None) -> str:
    return "price unknown" if cost is None else f"${cost:,.2f}" if cost == 0 or cost >= 0.1 else f"${cost:,.4f}"


def plain(text: str) -> str:
    """Text that is only read: no markup, mention, link or line of its own."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _MARKUP.sub(r"\\\1", flat[:LONGEST])


def _code(text: str) -> str:
    """Text within backticks in a table's cell."""
    return "".join("'" if char == "`" else "¦" if char == "|" else char for char in text if char.isprintable())
