"""Rules, and findings: what breaks a rule, where, and how to mend it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.contracts.payload import Payload

type Severity = Literal["error", "warning", "unjudged"]
"""An error is a proof, a warning is worth a look; `unjudged` says what a rule could not follow and asks for nothing."""
SENT_BACK = ("error", "warning")
"""Severities that count as findings of a document. What is not judged is told apart; agents are sent the errors."""


@dataclass(frozen=True)
class Rule:
    """One rule: its stable id, how much it weighs, and why it exists.

    `proves` says what an error of it proves, `leaves` what it leaves unjudged; `bad` and `good` are examples:
    documents, each after a line `=== NAME` (`prd.md` is the PRD).
    """

    id: str
    severity: Severity
    reason: str
    proves: str = ""
    leaves: str = ""
    bad: str = ""
    good: str = ""


@dataclass(frozen=True)
class Finding(Payload):
    """What breaks a rule: where (deliverable and 1-based line) and how to mend it."""

    rule: str
    severity: str
    deliverable: str
    line: int
    message: str
    mend: str


def found(rule: Rule, deliverable: str, line: int, message: str, mend: str) -> Finding:
    """A finding of `rule`; long messages are cut, they may quote untrusted text."""
    return Finding(rule.id, rule.severity, deliverable, line, message[:500], mend[:500])


def unjudged(rule: Rule, deliverable: str, line: int, message: str) -> Finding:
    """What `rule` could not judge, and why. Counted and shown to people; no agent is sent it."""
    return Finding(rule.id, "unjudged", deliverable, line, message[:500], "")


def errors_and_warnings(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that ask for something: errors and warnings."""
    return [finding for finding in findings if finding.severity in SENT_BACK]


def not_judged(findings: Iterable[Finding]) -> list[Finding]:
    """What rules could not judge."""
    return [finding for finding in findings if finding.severity not in SENT_BACK]


def by_rule(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings each rule has, by its id."""
    return dict(sorted(Counter(finding.rule for finding in findings).items()))
