"""Puts defects into drafts on request, so that tests see how a run finds them and has them revised. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SeededDefect:
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


class DefectNotPlacedError(Exception):
    """The text to be replaced is not in the draft: the order rests on a draft that has changed."""


def seed_defects(text: str, defects: Sequence[SeededDefect]) -> str:
    """The text with all defects in it, one after the other. Raises DefectNotPlacedError."""
    for defect in defects:
        if defect.old and defect.old not in text:
            raise DefectNotPlacedError(f"The draft of {defect.agent} does not hold {defect.old[:200]!r}")
        text = text.replace(defect.old, defect.new, 1) if defect.old else text + defect.new
    return text
