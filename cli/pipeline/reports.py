"""The result for each PRD that was sent, and whether a policy fails the build for it.

Reads and writes the one file that carries the results from step to step.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self, cast

from cli.errors import BadUsage
from cli.pipeline.sent_prds import SentPrd
from cli.records import Json, Run, number, rows, table, text, words

MOST_FINDINGS = 10
_ORDER = {"error": 0, "warning": 1}
"""Of findings; what was not judged comes last."""


class Policy(StrEnum):
    """What findings of the severity `error` do to the build. A PRD without a complete pack fails it always."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """A finding, as far as a summary tells it."""

    rule: str
    severity: str
    deliverable: str
    message: str

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(text(data, "rule"), text(data, "severity"), text(data, "deliverable"), text(data, "message"))


@dataclass(frozen=True, slots=True)
class Report:
    """A PRD that was sent and how its run ended; `coverage` counts requirements as the ledger does."""

    path: str
    change: str
    added: int
    removed: int
    status: str
    run: str | None = None
    project: str = ""
    error: str | None = None
    errors: int = 0
    warnings: int = 0
    coverage: dict[str, int] = field(default_factory=dict[str, int])
    cost: float | None = None
    folder: str = ""
    findings: tuple[ReportedFinding, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the pack is all there, with findings or without."""
        return self.status in ("completed", "completed_with_findings")

    @classmethod
    def of_refused(cls, sent: SentPrd) -> Self:
        """A PRD that started no run, because it could not be used, or is gone."""
        status = "removed" if sent.change == "removed" else "refused"
        return cls(sent.path, sent.change, sent.added, sent.removed, status, error=sent.refusal)

    @classmethod
    def of(cls, sent: SentPrd, run: Run, manifest: Json) -> Self:
        """A PRD whose run was looked at; `manifest` is empty where the pack has none."""
        findings = tuple(ReportedFinding.from_dict(row) for row in rows(manifest, "findings"))
        counts = table(table(manifest, "ledger"), "coverage")
        severities = [found.severity for found in findings]
        return cls(
            path=sent.path,
            change=sent.change,
            added=sent.added,
            removed=sent.removed,
            status=run.status,
            run=run.id,
            project=run.project,
            error=run.error,
            errors=severities.count("error"),
            warnings=severities.count("warning"),
            coverage={name: int(number(counts, name)) for name in counts},
            cost=run.cost,
            folder=words(table(manifest, "folders").get("project")) or "",
            findings=tuple(sorted(findings, key=lambda found: _ORDER.get(found.severity, 2))[:MOST_FINDINGS]),
        )

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        fields = dict(cast(dict[str, object], data))
        fields["findings"] = tuple(ReportedFinding.from_dict(row) for row in rows(data, "findings"))
        return cls(**fields)  # type: ignore[arg-type] (its own asdict, written by the step before)


def write(file: Path, reports: Sequence[Report]) -> None:
    """Keep the reports for the steps that follow."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(each) for each in reports]), encoding="utf-8")


def read(file: Path) -> list[Report]:
    """What `write` has kept."""
    try:
        return [Report.from_dict(row) for row in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        raise BadUsage(f"{file} is not there or not what `pipeline collect` has written") from None


def failing(reports: Sequence[Report], policy: Policy) -> list[str]:
    """Why the build fails: one line a PRD."""
    lines = [
        f"{each.path}: {each.status}{f': {each.error}' if each.error else ''}"
        for each in reports
        if not each.complete and each.status != "removed"
    ]
    return lines + (with_findings(reports) if policy is Policy.FAIL else [])


def with_findings(reports: Sequence[Report]) -> list[str]:
    """PRDs whose pack breaks rules: one line each."""
    found = [each for each in reports if each.complete and each.errors]
    return [f"{each.path}: {each.errors} finding{'s' if each.errors > 1 else ''}" for each in found]
