"""A run's verdict: what a lead can act on, what was checked and how far, and that nothing was run. Pure.

The same three lines open MANIFEST.md, stand in manifest.json and end the terminal's report.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shared.contracts import Call, Finding, ManifestRequest, Outcome, ReferenceCount, by_rule, not_judged
from shared.pack.ledger import Ledger

MOST_NAMED = 4
"""Documents and rules that a line names; the rest is counted."""
NOT_RUN = (
    "Not run: no code, test, query or pipeline of this pack was executed; `design-backend prove FOLDER` does that."
)


@dataclass(frozen=True)
class Checked:
    """Which checks were held against the pack, and how many rules they have (0 where nobody could tell)."""

    checks: tuple[str, ...] = ()
    rules: int = 0


NOTHING = Checked()


@dataclass(frozen=True)
class Verdict:
    """How a run ended, from what its checks found and could not tell."""

    request: ManifestRequest
    findings: tuple[Finding, ...] = ()
    ledger: Ledger | None = None
    checked: Checked = NOTHING

    @property
    def references(self) -> tuple[ReferenceCount, ...]:
        """References by kind."""
        return self.request.across.references

    def lines(self) -> tuple[str, ...]:
        """Three lines of plain text; one while the run goes on."""
        if self.request.status == "running":
            return ("Not ended. The verdict comes with the last document.",)
        return (f"{self._headline()}{self._requirements()}", self._extent(), NOT_RUN)

    def to_json(self) -> dict[str, Any]:
        """The verdict as fields of manifest.json."""
        return {
            "lines": list(self.lines()),
            "errors": self._count("error"),
            "warnings": self._count("warning"),
            "not_judged": by_rule(not_judged(self.findings)),
            "checks": list(self.checked.checks),
            "rules": self.checked.rules,
            "references": [asdict(each) for each in self.references],
            "executed": False,
        }

    def _headline(self) -> str:
        there, absent = self._documents()
        written = f"{len(there)} of {len(there) + len(absent)} documents were written"
        match self.request.status:
            case "completed":
                all_there = f"All {_many(len(there), 'document')} were written, no rule finds an error."
                return f"Complete. {all_there} {self._next()}"
            case "completed_with_findings":
                return f"Mend before you build. All {_many(len(there), 'document')} were written. {self._standing()}"
            case "failed":
                return "No design. There is no architecture to build on; What is missing says why."
            case "cancelled":
                return f"Cancelled on request. {written}."
            case _:
                named = f"; there is no {_listed(absent)}" if absent else ", and the manifest has gaps"
                return f"Not complete. {written}{named}. {self._standing()}".rstrip()

    def _next(self) -> str:
        warnings = self._count("warning")
        return f"Look at {_many(warnings, 'warning')}, then have it proved." if warnings else "Next: have it proved."

    def _standing(self) -> str:
        """What must be mended: how many errors in which document by which rules."""
        errors = [finding for finding in self.findings if finding.severity == "error"]
        failure = self.request.across.failure
        unheld = " The documents could not be held against each other." if failure else ""
        if not errors:
            return unheld.strip()
        parts: list[str] = []
        for name, count in Counter(finding.deliverable for finding in errors).most_common():
            rules = by_rule(finding for finding in errors if finding.deliverable == name)
            parts.append(f"{count} in {name} ({_listed(list(rules))})")
        verb = "stands" if len(errors) == 1 else "stand"
        return f"{_many(len(errors), 'error')} {verb}: {_listed(parts)}.{unheld}"

    def _requirements(self) -> str:
        if self.ledger is None or not self.ledger.rows:
            return ""
        coverage = self.ledger.coverage
        open_ends = [f"{coverage.declined} declined"] * bool(coverage.declined)
        open_ends += [f"{coverage.missing} missing"] * bool(coverage.missing)
        rest = f" ({', '.join(open_ends)})" if open_ends else ""
        return f" {coverage.designed} of {_many(coverage.wanted, 'requirement')} designed{rest}."

    def _extent(self) -> str:
        """How much was checked, what references came to, and what nobody judged."""
        checks, rules = len(self.checked.checks), self.checked.rules
        held = f"{_many(rules, 'rule')} of {_many(checks, 'check')}" if rules else _many(checks, "check")
        parts = [f"Checked: {held}." if checks else "Checked: nothing."]
        if self.references:
            parts.append(f"{in_words(self.references)}.")
        left = by_rule(not_judged(self.findings))
        told = [f"{rule} {count}" for rule, count in sorted(left.items(), key=lambda each: (-each[1], each[0]))]
        parts.append(f"Not judged: {_many(sum(left.values()), 'place')} ({_listed(told)})." if left else "")
        return " ".join(filter(None, parts))

    def _documents(self) -> tuple[list[str], list[str]]:
        """Deliverables that are there, and those that are not."""
        outcomes = {outcome.key: outcome for outcome in self.request.outcomes}
        calls = [call for call in self.request.run.calls if call.task == "draft"]
        there = [call.deliverable for call in calls if _is_written(call, outcomes)]
        return there, [call.deliverable for call in calls if call.deliverable not in there]

    def _count(self, severity: str) -> int:
        return sum(finding.severity == severity for finding in self.findings)


def in_words(references: Iterable[ReferenceCount]) -> str:
    """References of all kinds: `References: 330 resolved, 2 missing, 9 undecided`."""
    total = sum(references, ReferenceCount(""))
    return f"References: {total.resolved:,} resolved, {total.missing:,} missing, {total.undecided:,} undecided"


def _is_written(call: Call, outcomes: dict[str, Outcome]) -> bool:
    return call.key in outcomes and outcomes[call.key].file is not None


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
