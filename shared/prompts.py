"""Composes what is sent to Claude. Pure.

One system text, then the PRD, then earlier documents: identical bytes for all agents that share them, each a cache
breakpoint. What differs by agent, the assignment and role prompt, comes last. Documents stand in tags named after
their own hash, so that no document can forge the end of its block.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.catalogue import Agent, Task, fill

NO_DATABASE = "architect's choice"


@dataclass(frozen=True)
class Text:
    """A document's name, author and content, as an agent reads it. The PRD has no author."""

    name: str
    content: str
    agent: str | None = None


@dataclass(frozen=True)
class Assignment:
    """What one agent is asked for in one call."""

    agent: Agent
    task: Task
    project: str
    stack: str
    db: str | None


@dataclass(frozen=True)
class Block:
    """One text block of the user message; `cached` ends a cacheable prefix."""

    text: str
    cached: bool


@dataclass(frozen=True)
class Prompt:
    """One request's content: the system text and the blocks of the single user message."""

    system: str
    blocks: tuple[Block, ...]


def compose(system: str, prd: Text, documents: Sequence[Text], assignment: Assignment) -> Prompt:
    """Lay out one call. The PRD and the last document end cacheable prefixes; the role comes last."""
    blocks = [Block(_tagged("prd", prd), cached=True)]
    blocks += [Block(_tagged("document", document), cached=document is documents[-1]) for document in documents]
    blocks.append(Block(_role(assignment), cached=False))
    return Prompt(system.strip(), tuple(blocks))


def _tagged(kind: str, text: Text) -> str:
    tag = f"{kind}-{hashlib.sha256(text.content.encode()).hexdigest()[:12]}"
    author = f' agent="{_attribute(text.agent)}"' if text.agent else ""
    return f'<{tag} name="{_attribute(text.name)}"{author}>\n{text.content}\n</{tag}>'


def _attribute(value: str) -> str:
    return re.sub(r"[\x00-\x1f\"<>&]", "_", value)[:200]


def _role(assignment: Assignment) -> str:
    values = {
        "project": assignment.project,
        "stack": assignment.stack,
        "database": assignment.db or NO_DATABASE,
    }
    lines = [
        "<assignment>",
        f"agent: {assignment.agent.name}",
        f"task: {assignment.task.name}",
        f"deliverable: {assignment.agent.deliverable}",
        *(f"{name}: {value}" for name, value in values.items()),
        "</assignment>",
    ]
    return "\n".join(lines) + "\n\n" + fill(assignment.task.prompt, values)
