"""Reads Markdown deliverables: sections and fenced blocks with their lines. Pure; parses with markdown-it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


LONGEST_LINE = 4_000
"""Characters of a line that every check reads. Some read no more; `structure` reports lines that are longer."""


@dataclass(frozen=True)
class Section:
    """A `##` section: its title, the 1-based line of its heading, and the source below it."""

    title: str
    line: int
    body: str


@dataclass(frozen=True)
class Fence:
    """A fenced block: language tag (lower case, may be empty), 1-based line, content, and whether it is closed."""

    language: str
    line: int
    content: str
    closed: bool


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # Inline text is left unparsed: sections and fences need none of it, and hostile text makes it slow.
    return MarkdownIt("commonmark").enable("table").disable("inline")


@lru_cache(maxsize=16)
def _tokens(text: str) -> list["Token"]:
    """The document's tokens; every check of a document asks for them, so the last few are kept."""
    return _parser().parse(text)


def sections(text: str, level: int = 2) -> list[Section]:
    """The sections headed at `level`, in order; a section runs to the next heading of that level or above."""
    lines = _lines(text)
    headings = list(_headings(_tokens(text), level))
    ends = [line for _, line, _ in headings[1:]] + [len(lines)] * bool(headings)
    return [
        Section(title, start + 1, "".join(lines[start + 1 : end]).strip())
        for (title, start, depth), end in zip(headings, ends, strict=True)
        if depth == level
    ]


def title(text: str) -> str | None:
    """The first `#` heading's text."""
    return next((name for name, _, _ in _headings(_tokens(text), 1)), None)


def fences(text: str) -> list[Fence]:
    """All fenced blocks, also those inside lists and quotes, in order."""
    lines = _lines(text)
    return [_fence(token, lines) for token in _tokens(text) if token.type == "fence" and token.map]


def _lines(text: str) -> list[str]:
    """Lines as CommonMark has them: a form feed or U+2028 ends none."""
    return re.findall(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+", text)


def _headings(tokens: list["Token"], deepest: int) -> Iterator[tuple[str, int, int]]:
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.map and opening.level == 0 and int(opening.tag[1]) <= deepest:
            yield inline.content.strip(), opening.map[0], int(opening.tag[1])


def _fence(token: "Token", lines: list[str]) -> Fence:
    start, end = token.map or (0, 0)
    last = lines[end - 1].strip() if end - 1 > start else ""
    words = token.info.split()
    return Fence(
        language=words[0].lower() if words else "",
        line=start + 1,
        content=token.content,
        closed=last.startswith(token.markup) and not last.strip(token.markup[0]),
    )
