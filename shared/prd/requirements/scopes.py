"""A statement of a PRD, and what it stands under: headings, labels and items, with the family that they open. Pure."""

from dataclasses import dataclass
from typing import Literal

from shared.prd.requirements.vocabulary import Family, Kind

ITEM_LEVEL = 20
"""Items that head nested ones are scopes below all headings and labels, by their indentation."""

type Coarse = Literal["", "goal", "ability", "phase"]
"""Sections that often say in rough words what others say precisely: goals, what people do, a roadmap's phases."""


@dataclass(slots=True, eq=False)
class Statement:
    """One requirement before it is numbered. `text` is whole; `line` is 1-based; `parent` is what it is part of
    or only `restates`;
    `name` is the heading of a story, which is no statement itself; `postponed` names what puts it off."""

    text: str
    line: int
    kind: Kind
    source_id: str | None
    section: str
    parent: "Statement | None" = None
    restates: bool = False
    coarse: Coarse = ""
    name: str = ""
    postponed: str = ""


@dataclass(slots=True, eq=False)
class Scope:
    """A heading, label or item that what follows stands under. `prefix` is said before the items below it.

    `head` is the requirement that what stands here is part of. A scope that `names_story` is the name of the story
    below it, with its own id, if it has one; one that is a `barrier` begins something else than the story above.
    """

    level: int
    title: str
    family: Family | None
    prefix: str = ""
    head: Statement | None = None
    names_story: bool = False
    source_id: str | None = None
    barrier: bool = False
