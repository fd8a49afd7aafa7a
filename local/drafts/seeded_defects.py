"""Defects on order: a draft with a piece replaced, mended or kept when the agent is told to revise it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Plant:
    """One order: in `agent`'s drafts, the first `old` becomes `new`; with an empty `old`, `new` is appended.

    A revision is free of it if it `mends`, else it has it again. `task` (`draft`, `setup`, `synthesis`) narrows
    the order to one of an agent's texts; it must be given where only one of them holds `old`.
    """

    agent: str
    old: str
    new: str
    mends: bool = True
    task: str | None = None

    def meets(self, agent: str, task: str, *, revises: bool) -> bool:
        """Whether a text of this agent and task is to have the defect."""
        return self.agent == agent and self.task in (None, task) and not (revises and self.mends)


class PlantNotFoundError(Exception):
    """The text to be replaced is not in the draft: the order rests on a draft that has changed."""


def plant_defects(text: str, plants: Sequence[Plant]) -> str:
    """The text with all defects in it, one after the other. Raises PlantNotFoundError."""
    for plant in plants:
        if plant.old and plant.old not in text:
            raise PlantNotFoundError(f"The draft of {plant.agent} does not hold {plant.old[:200]!r}")
        text = text.replace(plant.old, plant.new, 1) if plant.old else text + plant.new
    return text
