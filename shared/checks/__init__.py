"""Holds deliverables against rules. Pure: text in, findings out; never the network, a model, or running what is judged.

A check is a module with `RULES` and `check(context) -> Iterator[Finding]`; it may also yield each `Reference` that it
followed, which is counted. `DELIVERABLE_CHECKS` names those that agent
files may ask for, `PACK_CHECKS` those that hold all documents of a run against each other and against the PRD
(`check(pack)`), `REGISTRY_CHECKS` those that hold the manifest against the files (`check(registry)`). A check that
raises is itself a finding, never a pass; `shared/checks/checker.py` adds a time limit.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.contracts import Finding, Payload, ReferenceCount, Registry, Rule, found

if TYPE_CHECKING:
    from shared.pack.model import Reference

DELIVERABLE_CHECKS = {
    "structure": "shared.checks.structure",
    "active": "shared.checks.active",
    "openapi": "shared.checks.openapi",
    "requirements": "shared.checks.requirements_met",
    "pipelines": "shared.checks.pipelines",
    "kql": "shared.checks.kql",
    "code": "shared.checks.code_blocks",
    "mermaid": "shared.checks.mermaid",
}
OTHER_RULES = ("shared.pack.extraction",)
"""Modules whose rules are held by the product itself when it composes a pack."""
PACK_CHECKS = {
    "across": "shared.checks.across",
    "api_code": "shared.checks.api_code",
    "python_references": "shared.checks.python_references",
    "agreement": "shared.checks.agreement",
    "csharp_references": "shared.checks.csharp_references",
    "csharp_wiring": "shared.checks.csharp_wiring",
    "csharp_storage": "shared.checks.csharp_storage",
    "ledger": "shared.checks.ledger",
    "files": "shared.checks.files_used",
    "gates": "shared.checks.gates_held",
    "variables": "shared.checks.variables_given",
    "settings": "shared.checks.settings_given",
    "observed": "shared.checks.observed",
    "events": "shared.checks.events_wired",
    "telemetry": "shared.checks.telemetry_agrees",
    "suites": "shared.checks.suites_run",
    "named": "shared.checks.named_elsewhere",
}
REGISTRY_CHECKS = {"manifest": "shared.checks.manifest"}


@dataclass(frozen=True)
class Context(Payload):
    """What a check sees: one deliverable's name, text and required sections, the run's options and its PRD.

    `whole` is False for texts that become part of a document, such as the orchestrator agent's.
    """

    deliverable: str
    text: str
    sections: tuple[str, ...]
    whole: bool = True
    stack: str = "python"
    db: str | None = None
    prd: str = ""

    def finding(self, rule: Rule, line: int, message: str, mend: str) -> Finding:
        """A finding of `rule` in this deliverable."""
        return found(rule, self.deliverable, line, message, mend)


@dataclass(frozen=True)
class PackDocument(Payload):
    """One deliverable of a pack."""

    name: str
    text: str


@dataclass(frozen=True)
class Pack(Payload):
    """All documents of a run, its options and its PRD. Findings name the deliverable that must change."""

    documents: tuple[PackDocument, ...]
    prd: str
    stack: str = "python"
    db: str | None = None

    def text(self, name: str) -> str | None:
        """The text of a deliverable; None where the pack has none of that name."""
        return next((document.text for document in self.documents if document.name == name), None)


type Subject = Context | Pack | Registry


@dataclass(frozen=True)
class Judgement(Payload):
    """What checks say of their subject: findings, and how many references they followed and how that went."""

    findings: tuple[Finding, ...] = ()
    references: tuple[ReferenceCount, ...] = ()

    def __add__(self, other: "Judgement") -> "Judgement":
        counts: dict[str, ReferenceCount] = {}
        for each in (*self.references, *other.references):
            counts[each.kind] = counts[each.kind] + each if each.kind in counts else each
        return Judgement((*self.findings, *other.findings), tuple(counts[kind] for kind in sorted(counts)))


CHECK_CRASHED = Rule("CHK-001", "error", "A check that cannot finish has not passed anything.")
CHECK_TIMED_OUT = Rule("CHK-002", "error", "A check that takes too long has not passed anything.")
RULES = (CHECK_CRASHED, CHECK_TIMED_OUT)


def module_of(name: str) -> str:
    """The module behind a check's name; `KeyError` where there is none."""
    return (DELIVERABLE_CHECKS | PACK_CHECKS | REGISTRY_CHECKS)[name]


def run_one(name: str, subject: Subject) -> Judgement:
    """Run one check to its end; a crash becomes a finding beside what it had found."""
    check: Callable[[Any], Iterable[Finding | Reference]] = importlib.import_module(module_of(name)).check
    findings: list[Finding] = []
    references: list[Reference] = []
    try:
        for said in check(subject):  # what was found before a crash is kept
            findings.append(said) if isinstance(said, Finding) else references.append(said)
    except Exception as error:  # noqa: BLE001 (boundary: whatever a check does on hostile text must be reported)
        message = f"The {name} check could not finish ({type(error).__name__})."
        mend = "Simplify the part of the document that the check reads."
        findings.append(found(CHECK_CRASHED, place_of(subject), 1, message, mend))
    return Judgement(tuple(findings), _counts(references))


def _counts(references: "list[Reference]") -> tuple[ReferenceCount, ...]:
    if not references:
        return ()
    from shared.pack.model import counted  # here: indexing the app reads no pack

    return tuple(ReferenceCount(kind, **states) for kind, states in counted(references).items())


def run(names: Iterable[str], subject: Subject) -> list[Finding]:
    """Run the named checks in this process, one after the other, without a time limit."""
    return [finding for name in names for finding in run_one(name, subject).findings]


def rules_of(names: Iterable[str]) -> int:
    """How many rules the named checks hold, with those of running checks and of extraction."""
    modules = {module_of(name) for name in names} | set(OTHER_RULES)
    return len(RULES) + sum(len(importlib.import_module(module).RULES) for module in modules)


def place_of(subject: Subject) -> str:
    """The deliverable that a finding about the check itself is filed under."""
    match subject:
        case Context():
            return subject.deliverable
        case Pack():
            return subject.documents[0].name
        case Registry():
            return subject.path.rpartition("/")[2]


def all_rules() -> Iterator[Rule]:
    """Every rule of every check, by module in the order of the tables above."""
    yield from RULES
    for module in (*DELIVERABLE_CHECKS.values(), *PACK_CHECKS.values(), *REGISTRY_CHECKS.values(), *OTHER_RULES):
        yield from importlib.import_module(module).RULES
