"""Reads the prompt's layout: the PRD, its numbered requirements, the earlier documents and the assignment. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

type ListedKind = Literal["functional", "quality", "constraint", "non-goal", "goal"]

_BLOCK = re.compile(
    r'\A\s*<(prd|document|requirements|findings|changes)-([0-9a-f]{12}) name="([^"]*)"[^>]*>\n(.*)\n</\1-\2>\s*\Z',
    re.DOTALL,
)
_ASSIGNMENT = re.compile(r"\A\s*<assignment>\n(.*?)\n</assignment>", re.DOTALL)
_LISTED = re.compile(
    r"^(R-\d{3,6}) \((functional|quality|constraint|non-goal|goal), line (\d+)"
    r"(?:, (?:of|restates) (R-\d{3,6}))?(, postponed)?(?:, [^()]*)?\): (.*)$",
    re.MULTILINE,
)
_OPENING_SECTION = re.compile(r"^## (Assumptions|API surface)$", re.MULTILINE)


@dataclass(frozen=True)
class Assignment:
    """What one call is asked for."""

    agent: str
    task: str
    deliverable: str
    project: str
    stack: str
    database: str | None


@dataclass(frozen=True)
class Listed:
    """One line of the prompt's list of requirements; `line` is the PRD's, `parent` the id of what it is part of."""

    id: str
    kind: ListedKind
    line: int
    text: str
    parent: str = ""
    postponed: bool = False


@dataclass(frozen=True)
class Prompt:
    """One call's prompt, taken apart.

    `documents` holds what other agents wrote, by file name; `previous` is the agent's own text, in a revision;
    `mark` is the fingerprint that edits to it carry, empty where it is to be written anew.
    `role` is what follows the assignment. `requirements` is empty where the prompt lists none.
    """

    prd_name: str
    prd: str
    assignment: Assignment
    documents: dict[str, str] = field(default_factory=dict[str, str])
    requirements: tuple[Listed, ...] = ()
    previous: str = ""
    mark: str = ""
    role: str = ""

    @property
    def revises(self) -> bool:
        """Whether an earlier answer is to be corrected."""
        return self.assignment.task == "revise"

    @property
    def task(self) -> str:
        """Which text is wanted; in a revision, that which is revised.

        A revision's assignment does not say which of the orchestrator's texts it is about: its role prompt and
        the text itself do, by the section they open with."""
        if not self.revises or self.assignment.agent != "orchestrator":
            return "draft" if self.revises else self.assignment.task
        found = _OPENING_SECTION.search(f"{self.role}\n{self.previous}")
        return "synthesis" if found and found[1] == "API surface" else "setup"


def parse_prompt(texts: Sequence[str]) -> Prompt | None:
    """Take a prompt apart, or None when it is not laid out as ours are."""
    at = next((index for index in range(len(texts) - 1, -1, -1) if _ASSIGNMENT.match(texts[index])), None)
    if at is None or (assignment := parse_assignment(texts[at])) is None:
        return None
    prd, listed, documents = ("", ""), "", dict[str, str]()
    for text in texts[:at]:
        found = _BLOCK.match(text)
        if found and found[1] == "prd":
            prd = (found[3], found[4])
        elif found and found[1] == "requirements":
            listed = found[4]
        elif found and found[1] == "document":
            documents[found[3]] = found[4]
    after = [found for text in texts[at + 1 :] if (found := _BLOCK.match(text))]
    mark, previous = next(((found[2], found[4]) for found in after if found[1] == "document"), ("", ""))
    is_edited = any(f"\n<replace-{mark}>\n" in text for text in texts[at + 1 :] if not _BLOCK.match(text))
    listed_requirements = parse_requirements(listed)
    return Prompt(
        prd[0], prd[1], assignment, documents, listed_requirements, previous, mark if is_edited else "", texts[at]
    )


def parse_requirements(text: str) -> tuple[Listed, ...]:
    """Read lines such as `R-002 (functional, line 12, of R-001): text`; others are passed over."""
    return tuple(
        Listed(found[1], cast("ListedKind", found[2]), int(found[3]), found[6].strip(), found[4] or "", bool(found[5]))
        for found in _LISTED.finditer(text)
    )


def parse_assignment(text: str) -> Assignment | None:
    """Read the `<assignment>` block that a role prompt begins with, or None when there is none that names an agent."""
    found = _ASSIGNMENT.match(text)
    if found is None:
        return None
    pairs = (line.partition(":") for line in found[1].splitlines())
    fields = {key.strip().lower(): value.strip() for key, _, value in pairs}
    if not fields.get("agent"):
        return None
    database = fields.get("database", "")
    return Assignment(
        agent=fields["agent"],
        task=fields.get("task") or "draft",
        deliverable=fields.get("deliverable", ""),
        project=fields.get("project", ""),
        stack=fields.get("stack") or "python",
        database=None if not database or "choice" in database.lower() else database,
    )
