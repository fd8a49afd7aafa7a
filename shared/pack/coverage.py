"""How many requirements a pack meets, and which of them it must meet at all. Pure."""

from dataclasses import dataclass

from shared.contracts import Payload
from shared.prd.requirements import Requirement


def is_wanted(requirement: Requirement) -> bool:
    """Whether a design must meet or decline it: all but non-goals, untestable goals and what the PRD postpones."""
    return requirement.kind not in ("non_goal", "goal") and not requirement.postponed


@dataclass(frozen=True)
class Coverage(Payload):
    """How many of the `wanted` requirements are designed, declined, missing and so on. Not wanted are non-goals, goals
    that no test can show, and what the PRD postpones."""

    wanted: int
    designed: int
    declined: int
    missing: int
    tested: int
    shipped: int
    observed: int
    non_goals: int
    goals: int = 0
    postponed: int = 0

    def __str__(self) -> str:
        of = f"of {self.wanted}"
        apart = [(self.non_goals, "non-goals"), (self.goals, "goals"), (self.postponed, "postponed")]
        return (
            f"designed {self.designed} {of}, declined {self.declined}, missing {self.missing}; "
            f"tested {self.tested} {of}, shipped {self.shipped} {of}, observed {self.observed} {of}; "
            + ", ".join(f"{count} {name}" for count, name in apart if count or name == "non-goals")
        )
