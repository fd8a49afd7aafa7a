"""Reads the prompt's layout: the PRD, the earlier documents and the assignment. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_DOCUMENT = re.compile(r'\A\s*<(prd|document)-([0-9a-f]{12}) name="([^"]*)"[^>]*>\n(.*)\n</\1-\2>\s*\Z', re.DOTALL)
_ASSIGNMENT = re.compile(r"<assignment>\n(.*?)\n</assignment>", re.DOTALL)


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
class Prompt:
    """One call's prompt, taken apart. `documents` holds what other agents wrote, by file name."""

    prd_name: str
    prd: str
    assignment: Assignment
    documents: dict[str, str] = field(default_factory=dict[str, str])


def parse_prompt(texts: Sequence[str]) -> Prompt | None:
    """Take a prompt apart, or None when it is not laid out as ours are."""
    assignment = parse_assignment(texts[-1]) if texts else None
    if assignment is None:
        return None
    prd, documents = ("", ""), dict[str, str]()
    for text in texts[:-1]:
        found = _DOCUMENT.match(text)
        if found and found[1] == "prd":
            prd = (found[3], found[4])
        elif found:
            documents[found[3]] = found[4]
    return Prompt(prd[0], prd[1], assignment, documents)


def parse_assignment(text: str) -> Assignment | None:
    """Read the `<assignment>` block of a role prompt, or None when there is none that names an agent."""
    found = _ASSIGNMENT.search(text)
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
