"""What every proof works with: the pack, boxes, environments. Made once for a pack."""

from dataclasses import dataclass, field
from functools import cached_property

from prove.containment import Boxes
from prove.environments import Environment, Environments
from prove.packs import Pack
from prove.verdicts import Evidence, Outcome, Proof


@dataclass
class Bench:
    """A pack on the bench. `shared` is what one proof of a stack leaves for the next."""

    pack: Pack
    boxes: Boxes
    environments: Environments
    shared: dict[str, object] = field(default_factory=dict[str, object])

    @cached_property
    def sample_environment(self) -> Environment:
        """With what the sample's pyproject.toml declares."""
        return self.environments.of_project(self.pack.text("sample/pyproject.toml"))

    @cached_property
    def suites_environment(self) -> Environment:
        """With what the suites' requirements.txt asks for."""
        return self.environments.of_requirements(self.pack.text("tests/requirements.txt"), "tests/requirements.txt")


@dataclass(frozen=True)
class Verdict:
    """What a proof came to."""

    outcome: Outcome
    reason: str
    evidence: tuple[Evidence, ...] = ()

    def named(self, name: str, title: str) -> Proof:
        """As a line of the result."""
        return Proof(name, title, self.outcome, " ".join(self.reason.split())[:600], self.evidence)


def missing(environment: Environment) -> Verdict:
    """What to say where an environment could not be made, by a proof that only needs it."""
    return Verdict("not provable", f"its packages are not installed: {environment.reason}", environment.evidence)


def limit_passed(evidence: Evidence) -> str:
    """That a step passed a limit, in words; empty where it did not."""
    return "" if evidence.ended == "by itself" else f"ended: it passed the limit on {evidence.ended}"
