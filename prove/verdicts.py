"""What a proof says, and on what evidence. Pure; `report` writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA = "proof/1"
LOG_LINES = 12
LOG_LINE_CHARACTERS = 400

Outcome = Literal["proved", "refuted", "not provable"]


@dataclass(frozen=True)
class Evidence:
    """One command that was run: how it ended, in how many seconds, and the last lines that it wrote."""

    command: str
    exit: int
    ended: str
    """`by itself`, or the limit that ended it: time, memory, output, processes."""
    seconds: float
    log: tuple[str, ...]

    @property
    def good(self) -> bool:
        """It ended by itself, and well."""
        return self.exit == 0 and self.ended == "by itself"

    def to_json(self) -> dict[str, Any]:
        """As `proof.json` has it."""
        return {
            "command": self.command,
            "exit": self.exit,
            "ended": self.ended,
            "seconds": self.seconds,
            "log": list(self.log),
        }


@dataclass(frozen=True)
class Proof:
    """One line of the result."""

    name: str
    title: str
    outcome: Outcome
    reason: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def seconds(self) -> float:
        """What its commands took together."""
        return round(sum(each.seconds for each in self.evidence), 2)

    def to_json(self) -> dict[str, Any]:
        """As `proof.json` has it."""
        return {
            "proof": self.name,
            "title": self.title,
            "outcome": self.outcome,
            "reason": self.reason,
            "seconds": self.seconds,
            "evidence": [each.to_json() for each in self.evidence],
        }


@dataclass(frozen=True)
class Containment:
    """What kept the pack's code in, on this system, and what did not."""

    kind: Literal["namespaces", "limits"]
    held: tuple[str, ...]
    not_held: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `proof.json` has it."""
        return {"kind": self.kind, "held": list(self.held), "not_held": list(self.not_held)}


@dataclass(frozen=True)
class Proven:
    """A pack with all that was proved, refuted or not provable of it. `files` are SHA-256 by path."""

    folder: str
    began: str
    seconds: float
    containment: Containment
    proofs: tuple[Proof, ...]
    files: Mapping[str, str] = field(default_factory=dict[str, str])

    def count(self, outcome: Outcome) -> int:
        """How many proofs came out so."""
        return sum(proof.outcome == outcome for proof in self.proofs)

    @property
    def exit_code(self) -> int:
        """1 where something was refuted; what is not provable here is only told."""
        return 1 if self.count("refuted") else 0

    def to_json(self) -> dict[str, Any]:
        """As `proof.json` has it."""
        return {
            "schema": SCHEMA,
            "folder": self.folder,
            "began": self.began,
            "seconds": self.seconds,
            "proved": self.count("proved"),
            "refuted": self.count("refuted"),
            "not_provable": self.count("not provable"),
            "containment": self.containment.to_json(),
            "proofs": [proof.to_json() for proof in self.proofs],
            "files": dict(self.files),
        }


def last_lines(log: str) -> tuple[str, ...]:
    """The end of a log, as evidence shows it: bounded lines, nothing that steers a terminal."""
    lines = [_plain(line)[:LOG_LINE_CHARACTERS] for line in log.splitlines() if line.strip()]
    return tuple(lines[-LOG_LINES:])


def _plain(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line).rstrip()
