"""Holds deliverables against rules. Pure: text in, findings out; never the network, a model, or running what is judged.

A check is a module with `RULES` and `check(context) -> Iterator[Finding]`; `CHECKS` names the modules that agent files
may ask for. A check that raises is itself a finding, never a pass.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from shared.contracts import Payload

type Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """One rule: its stable id, how much it weighs, and why it exists."""

    id: str
    severity: Severity
    reason: str


@dataclass(frozen=True)
class Finding(Payload):
    """What breaks a rule: where (deliverable and 1-based line) and how to mend it."""

    rule: str
    severity: str
    deliverable: str
    line: int
    message: str
    mend: str


@dataclass(frozen=True)
class Context:
    """What a check sees: one deliverable's name, text and required sections, and the run's options.

    `whole` is False for texts that become part of a document, such as the orchestrator agent's.
    """

    deliverable: str
    text: str
    sections: tuple[str, ...]
    whole: bool = True
    stack: str = "python"
    db: str | None = None

    def finding(self, rule: Rule, line: int, message: str, mend: str) -> Finding:
        """A finding of `rule` in this deliverable; long messages are cut, they may quote untrusted text."""
        return Finding(rule.id, rule.severity, self.deliverable, line, message[:500], mend[:500])


type Check = Callable[[Context], Iterable[Finding]]

CHECK_CRASHED = Rule("CHK-001", "error", "A check that cannot finish has not passed anything.")


def named(name: str) -> Check:
    """The check an agent file asks for by `name`; `KeyError` where there is none."""
    from shared.checks import openapi, structure

    return {"structure": structure.check, "openapi": openapi.check}[name]


def run(names: Iterable[str], context: Context) -> list[Finding]:
    """Run the named checks; a crash inside one becomes a finding."""
    return [finding for name in names for finding in _run_one(name, context)]


def _run_one(name: str, context: Context) -> Iterator[Finding]:
    try:
        yield from named(name)(context)
    except Exception as error:  # noqa: BLE001 (boundary: whatever a check does on hostile text must be reported)
        message = f"The {name} check could not finish ({type(error).__name__})."
        yield context.finding(CHECK_CRASHED, 1, message, "Simplify the part of the document the check reads.")
