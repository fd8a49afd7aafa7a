"""Extracts the requirements of a PRD by code. Pure: text in, requirements out; the same text gives the same ids.

Found by structure first: list items, checkboxes, table rows, user stories, explicit ids and headings that hold nothing
else, under any heading that is not known to hold none; then by words: what must, shall or can be. One list item, row
or sentence is one requirement. What is none: background, personas, glossary, timeline, references, risks, open
questions, examples, code. Kinds:

- `non_goal`: whatever stands in a section of what is not wanted or out of scope;
- `constraint`: given technology, assumptions, dependencies, and what is put off (stretch, nice to have, later phases of
  a roadmap): not asked of this version, but the design must leave room for it; `postponed` names what puts it off;
- `quality`: non-functional sections, success criteria, and statements about latency, availability and the like;
- `goal`: what is wished for and no test can show, such as "cheap" or "easy to maintain": kept, need not be designed;
- `functional`: all else.

Requirements are a tree: a story with its criteria and scenarios, an item with those nested in it, and a goal or an
ability with what says it precisely are families; `parent` is the id of what a requirement is part of.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts import Payload
from shared.prd.requirements.numbering import given_ids
from shared.prd.requirements.outline import read_outline
from shared.prd.requirements.overlap import settle
from shared.prd.requirements.poetry import is_verse
from shared.prd.requirements.scopes import Statement
from shared.prd.requirements.statements import LONGEST_TEXT, cut
from shared.prd.requirements.walk import Walker

MOST_TRACED = 1_000
"""How many of a PRD's requirements one design is held against; the plan says where those beyond begin."""
PROMPT_CHARACTERS = 120_000
SHORTEST_TEXT = 40


@dataclass(frozen=True)
class Requirement(Payload):
    """One requirement. `line` is 1-based in the text that was read; `hash` follows the words, not the place, so that
    a requirement is found again in a later version; `source_id` is the PRD's own id, such as `FR-1`; `parent` is the
    id of what it is part of, or of what it `restates` in rough words; `postponed` says what of the PRD puts it off."""

    id: str
    kind: str
    text: str
    line: int
    hash: str
    source_id: str | None = None
    section: str = ""
    parent: str | None = None
    restates: bool = False
    postponed: str = ""


def extract_requirements(text: str) -> tuple[Requirement, ...]:
    """All requirements in the order of the text, as `R-001` and on, or with the ids that the text gives them
    (`numbering`). Prose that follows no rule is read generously when nothing else is found, so that only a text that
    asks for nothing has none; a poem asks for nothing."""
    if is_verse(text):
        return ()
    blocks = read_outline(text)
    found = Walker(blocks).walk() or Walker(blocks, generous=True).walk()
    found = sorted(settle(found), key=lambda statement: statement.line)
    ids = dict(zip(found, given_ids(text, [hash_of(statement.text) for statement in found]), strict=True))
    return tuple(_requirement(statement, ids) for statement in found)


def traced(requirements: Sequence[Requirement]) -> Sequence[Requirement]:
    """Those that prompts list, deliverables cite and the ledger holds: the first `MOST_TRACED`."""
    return requirements[:MOST_TRACED]


def annotated(requirements: Sequence[Requirement], limit: int = PROMPT_CHARACTERS) -> str:
    """The traced requirements as a list for a prompt: `R-002 (functional, line 12, of R-001): text`.

    All of them are in it: texts are shortened until the list has at most `limit` characters, though never below
    `SHORTEST_TEXT`. What is not traced is said. Tags are defused: the texts are quoted from a document, and must not
    be able to end the block that they stand in.
    """
    listed, rest = traced(requirements), requirements[MOST_TRACED:]
    beyond = [beyond_tracing(len(requirements), rest[0].line)] if rest else []
    lines = list[str]()
    for width in (LONGEST_TEXT, 160, 80, SHORTEST_TEXT):
        lines = [_line(requirement, width) for requirement in listed]
        if sum(map(len, lines)) + len(lines) <= limit:
            break
    return "\n".join(lines + beyond)


def beyond_tracing(found: int, line: int) -> str:
    """What is said where a PRD asks for more than can be traced; `line` is where that begins."""
    return (
        f"{found:,} found; the first {MOST_TRACED:,} are traced. From line {line} on the PRD is read, but nothing is "
        "held against it: split it into one PRD for each service."
    )


def _line(requirement: Requirement, width: int) -> str:
    of = f", {'restates' if requirement.restates else 'of'} {requirement.parent}" if requirement.parent else ""
    late = ", postponed" if requirement.postponed else ""
    own = f", in the PRD {requirement.source_id}" if requirement.source_id else ""
    text = re.sub(r"<(?=[/!?a-zA-Z])", "‹", cut(requirement.text, width))
    return f"{requirement.id} ({requirement.kind.replace('_', '-')}, line {requirement.line}{of}{late}{own}): {text}"


def hash_of(text: str) -> str:
    """A fingerprint of a requirement's words, whatever stands between them."""
    normal = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return hashlib.sha256(normal.encode(errors="replace")).hexdigest()[:12]


def _requirement(statement: Statement, ids: Mapping[Statement, str]) -> Requirement:
    return Requirement(
        id=ids[statement],
        kind=statement.kind,
        text=cut(statement.text, LONGEST_TEXT),
        line=statement.line,
        hash=hash_of(statement.text),
        source_id=statement.source_id,
        section=statement.section,
        parent=ids.get(statement.parent) if statement.parent else None,
        restates=statement.restates and statement.parent in ids,
        postponed=statement.postponed,
    )
