"""Composes what is sent to Claude. Pure.

One system text, then the PRD with its numbered requirements, then earlier documents: identical bytes for all agents
that share them, each a cache breakpoint. What differs by agent, the assignment and role prompt, comes last. Documents
stand in tags named after their own hash, so that no document can forge the end of its block.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.agents.agent_files import Agent, RevisionPrompt, Task, catalogue, fill
from shared.agents.finding_list import in_list
from shared.contracts import Finding

NO_DATABASE = "architect's choice"
PRD_NAME = "PRD.md"
"""What every PRD is called in a prompt: the same content under another file name is the same question."""
CHARACTERS_PER_TOKEN = 4
SMALLEST_CACHED_TOKENS = 4_096
"""The largest of the models' minimum cacheable prefixes."""
WRITE_PRICE, READ_PRICE = 1.25, 0.1
"""Price of cached input tokens relative to plain ones."""


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
    """One request's content: system text, blocks of the user message, and how to ask for more of a cut answer."""

    system: str
    blocks: tuple[Block, ...]
    continuation: str


@dataclass(frozen=True)
class Revision:
    """What a revision adds: the agent's own text, the findings about it, and how to answer.

    With `by_edits` it is answered with edits, else with the whole document. `refused` are those of an earlier answer
    that do not apply, as the agent is told of them. `changes` of the PRD take the place of findings in an update of
    what an earlier run wrote.
    """

    previous: Text
    findings: Sequence[Finding]
    prompt: RevisionPrompt
    by_edits: bool = False
    refused: str = ""
    changes: str = ""


@dataclass(frozen=True)
class Reading:
    """What an agent reads before its role: the same bytes for every agent of a phase.

    `found` counts the PRD's requirements; those from line `untraced_from` on (0: none) are not traced.
    """

    system: str
    prd: Text
    requirements: str
    documents: Sequence[Text]
    continuation: str = "Continue exactly where your last message stops."
    found: int = 0
    untraced_from: int = 0


def reading_of(prd: str, documents: Sequence[Text] = ()) -> Reading:
    """What agents read of a PRD and of what their colleagues wrote."""
    from shared.prd.requirements import (  # here: indexing reads no PRD
        MOST_TRACED,
        annotated,
        extract_requirements,
        without_ids,
    )

    agents = catalogue()
    found = extract_requirements(prd)
    beyond = found[MOST_TRACED].line if len(found) > MOST_TRACED else 0
    text = Text(PRD_NAME, without_ids(prd))
    return Reading(agents.system, text, annotated(found), documents, agents.continuation, len(found), beyond)


def compose(reading: Reading, assignment: Assignment, revision: Revision | None = None) -> Prompt:
    """Lay out one call. The requirements and the first document end cacheable prefixes; the role comes last.

    The first is the architecture, which all later calls read; what follows it is read once, and would be written to
    the cache for nobody.
    """
    blocks = _shared_blocks(reading)
    if revision is None:
        blocks.append(Block(_role(assignment), cached=False))
    else:
        blocks += _revision_blocks(assignment, revision)
    return Prompt(reading.system.strip(), tuple(blocks), reading.continuation.strip())


def prefix(reading: Reading) -> Prompt:
    """What `compose` puts before every role: enough to warm the cache with. Ends at the last cache breakpoint."""
    return Prompt(reading.system.strip(), tuple(_shared_blocks(reading)), reading.continuation.strip())


def saves_tokens(prompt: Prompt, readers: int) -> bool:
    """Whether warming `prompt`'s prefix costs less than having each of `readers` concurrent calls write it.

    Written once and read by all: 1.25 + 0.1 x readers; unwarmed, nobody can read what all are still writing:
    1.25 x readers (prices of the five-minute cache, in base input tokens). Below the smallest prefix that the API
    caches, nothing is saved.
    """
    if estimated_tokens(prompt) < SMALLEST_CACHED_TOKENS:
        return False
    return WRITE_PRICE + READ_PRICE * readers < WRITE_PRICE * readers


def estimated_tokens(prompt: Prompt) -> int:
    """How long a prompt is by rule of thumb; Claude's `count_tokens` is exact but needs a call."""
    return (len(prompt.system) + sum(len(block.text) for block in prompt.blocks)) // CHARACTERS_PER_TOKEN


def _shared_blocks(reading: Reading) -> list[Block]:
    documents = reading.documents
    listed = Text("requirements", reading.requirements)
    blocks = [Block(_tagged("prd", reading.prd), cached=False), Block(_tagged("requirements", listed), cached=True)]
    return blocks + [Block(_tagged("document", document), cached=document is documents[0]) for document in documents]


def _revision_blocks(assignment: Assignment, revision: Revision) -> list[Block]:
    """The role as it was, then the agent's own text, the findings, and what to do."""
    name, prompt = assignment.agent.deliverable, revision.prompt
    form = fill(prompt.edits, {"fingerprint": fingerprint(revision.previous.content)})
    kind, listed = ("changes", revision.changes) if revision.changes else ("findings", in_list(revision.findings))
    texts = [
        _role(assignment, task="revise"),
        _tagged("document", revision.previous),
        _tagged(kind, Text(name, listed)),
        f"{prompt.update if revision.changes else prompt.rules}\n\n{form if revision.by_edits else prompt.whole}",
    ]
    if revision.refused:
        texts += [_tagged("refused", Text(name, revision.refused)), prompt.again]
    return [Block(text, cached=False) for text in texts]


def fingerprint(content: str) -> str:
    """What stands in the tags of a block that encloses this text, and in the delimiters of edits to it."""
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _tagged(kind: str, text: Text) -> str:
    tag = f"{kind}-{fingerprint(text.content)}"
    author = f' agent="{_attribute(text.agent)}"' if text.agent else ""
    return f'<{tag} name="{_attribute(text.name)}"{author}>\n{text.content}\n</{tag}>'


def _attribute(value: str) -> str:
    return re.sub(r"[\x00-\x1f\"<>&]", "_", value)[:200]


def _role(assignment: Assignment, task: str | None = None) -> str:
    values = {
        "project": assignment.project,
        "stack": assignment.stack,
        "database": assignment.db or NO_DATABASE,
    }
    lines = [
        "<assignment>",
        f"agent: {assignment.agent.name}",
        f"task: {task or assignment.task.name}",
        f"deliverable: {assignment.agent.deliverable}",
        *(f"{name}: {value}" for name, value in values.items()),
        "</assignment>",
    ]
    return "\n".join(lines) + "\n\n" + fill(assignment.task.prompt, values)
