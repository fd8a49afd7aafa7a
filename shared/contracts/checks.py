"""Checks of one draft, and of all documents of a run against each other."""

from dataclasses import dataclass

from shared.contracts.failures import Failure
from shared.contracts.payload import Payload
from shared.contracts.references import BlobRef, Document


@dataclass(frozen=True)
class CheckRequest(Payload):
    """Check one draft against its agent's checks. `revision` numbers the drafts of a deliverable from 0."""

    run_id: str
    agent: str
    task: str
    draft: BlobRef
    prd: BlobRef
    stack: str
    db: str | None
    revision: int = 0


@dataclass(frozen=True)
class CheckResult(Payload):
    """How many findings by severity, and the blob that holds them (None when there are none).

    `facts` is a fingerprint of what other documents may rest on in the draft (`shared/pack/facts.py`), `gist` of what
    the manifest sums up of it (`shared/pack/gist.py`).
    """

    errors: int
    warnings: int
    findings: BlobRef | None = None
    facts: str = ""
    gist: str = ""

    @property
    def total(self) -> int:
        """Findings of any severity."""
        return self.errors + self.warnings


@dataclass(frozen=True)
class PackCheckRequest(Payload):
    """Hold all documents of a run against each other and the PRD. `round` numbers these checks from 0."""

    run_id: str
    documents: tuple[Document, ...]
    prd: BlobRef
    stack: str
    db: str | None
    round: int


@dataclass(frozen=True)
class Tally(Payload):
    """How many findings a deliverable has, by severity."""

    deliverable: str
    errors: int
    warnings: int


@dataclass(frozen=True)
class ReferenceCount(Payload):
    """How many references of one kind (`module`, `fixture`, ...) somebody defines, nobody does, or cannot be told."""

    kind: str
    resolved: int = 0
    missing: int = 0
    undecided: int = 0

    def __add__(self, other: "ReferenceCount") -> "ReferenceCount":
        return ReferenceCount(
            self.kind,
            self.resolved + other.resolved,
            self.missing + other.missing,
            self.undecided + other.undecided,
        )


@dataclass(frozen=True)
class PackCheckResult(Payload):
    """Findings across documents: how many for each deliverable, and the blob that holds them all.

    `references` counts those that were followed. `failure` says why the check could not be made; then nothing has
    passed it.
    """

    tallies: tuple[Tally, ...] = ()
    findings: BlobRef | None = None
    failure: Failure | None = None
    references: tuple[ReferenceCount, ...] = ()
