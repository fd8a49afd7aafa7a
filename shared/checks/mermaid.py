"""Mermaid diagrams: each is of a known kind, shows something, and parses.

The parser (mermaid-render) runs as JavaScript inside the process, with limits of its own on time and memory.
"""

import re
import time
from collections.abc import Iterator
from typing import Any, cast

from shared.checks import Context
from shared.checks.javascript import on_its_thread
from shared.contracts import Finding, Rule
from shared.formats import markdown

_GOOD = "=== notes.md\n# Notes\n\n```mermaid\nflowchart LR\n  counter --> locker\n```\n"
BROKEN = Rule(
    "MER-001", "error", "A diagram that does not parse is shown as an error where it should explain.",
    proves="The parser of the diagram's kind refuses it.",
    leaves="Whether the diagram shows what the document says.",
    bad=_GOOD.replace("counter --> locker", "counter --> ["), good=_GOOD,
)  # fmt: skip
EMPTY = Rule(
    "MER-002", "error", "A diagram without content explains nothing.",
    proves="The block holds nothing, or nothing beyond the diagram's kind, title and settings.",
    leaves="Whether what is drawn is enough.",
    bad=_GOOD.replace("  counter --> locker\n", ""), good=_GOOD,
)  # fmt: skip
UNKNOWN_KIND = Rule(
    "MER-003", "error", "A diagram of no known kind cannot be drawn.",
    proves="The diagram's first word names no kind that the parser has.",
    leaves="Kinds that a later Mermaid has; the parser's version decides.",
    bad=_GOOD.replace("flowchart LR", "flowdiagram LR"), good=_GOOD,
)  # fmt: skip
UNCHECKED = Rule(
    "MER-004", "error", "A diagram that nothing has read has not passed.",
    proves="The diagram is larger, or there are more of them, than is read. An example would be as long.",
    leaves="What the diagram says.",
)  # fmt: skip
RULES = (BROKEN, EMPTY, UNKNOWN_KIND, UNCHECKED)

MAXIMUM_CHARACTERS = 20_000
MAXIMUM_DIAGRAMS = 100
MAXIMUM_SECONDS = 30.0
"""For the diagrams of one document."""

_PLACE = re.compile(r"(?P<code>[\w-]{1,40}) at (?P<line>\d{1,9}):(?P<column>\d{1,9}): (?P<message>.*)", re.DOTALL)
_DECORATION = re.compile(r"%%|(?:title|accTitle|accDescr|direction|autonumber|showData|dateFormat)\b")


def check(context: Context) -> Iterator[Finding]:
    """Parse every diagram, within the limits."""
    diagrams = [fence for fence in markdown.fences(context.text) if fence.language == "mermaid"]
    end = time.monotonic() + MAXIMUM_SECONDS
    for number, fence in enumerate(diagrams):
        if number == MAXIMUM_DIAGRAMS or time.monotonic() > end:
            message = f"{len(diagrams) - number} diagrams from here on were not checked: too many, or too slow."
            yield context.finding(UNCHECKED, fence.line, message, "Use fewer and simpler diagrams.")
            return
        yield from _check_diagram(context, fence)


def draw(source: str) -> str | None:
    """The diagram as SVG; None where it is no diagram, or more than is looked at."""
    if len(source) > MAXIMUM_CHARACTERS or not source.strip():
        return None
    return on_its_thread(_drawn, source)


def _check_diagram(context: Context, fence: markdown.Fence) -> Iterator[Finding]:
    if len(fence.content) > MAXIMUM_CHARACTERS:
        message = f"The diagram has {len(fence.content):,} characters; at most {MAXIMUM_CHARACTERS:,} are checked."
        yield context.finding(UNCHECKED, fence.line, message, "Divide the diagram.")
        return
    lines = [text for _, text in _content(fence.content) if text]
    if not lines:
        yield context.finding(EMPTY, fence.line, "The diagram is empty.", "Draw it, or leave it out.")
        return
    fault = on_its_thread(_fault, fence.content)
    if fault:
        yield _finding(context, fence, fault)
    elif not any(not _DECORATION.match(line) for line in lines[1:]) and ";" not in lines[0]:
        yield context.finding(EMPTY, fence.line, "The diagram shows nothing.", "Draw it, or leave it out.")


def _content(source: str) -> list[tuple[int, str]]:
    """The lines that the parser counts, with their numbers in the block.

    It strips front matter, comments, directives and blank lines at the beginning before it counts.
    """
    lines = [line.strip() for line in source.split("\n")]
    begin = lines.index("---", 1) + 1 if lines[:1] == ["---"] and "---" in lines[1:] else 0
    kept: list[tuple[int, str]] = []
    in_directive = False
    for number, line in enumerate(lines[begin:], begin + 1):
        if in_directive or line.startswith("%%"):
            in_directive = (in_directive or line.startswith("%%{")) and "}%%" not in line
        elif line or kept:
            kept.append((number, line))
    return kept


def _fault(source: str) -> str | None:
    """The parser's message, or None where the diagram can be drawn. Runs on the engines' own thread."""
    try:
        _svg(source)
    except ValueError as error:  # its own errors are, and so is what XML refuses in the picture
        return str(error).encode("utf-8", "replace").decode()  # it may quote half of a character
    except (RuntimeError, SyntaxError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _drawn(source: str) -> str | None:
    """The picture, where there is one. Runs on the engines' own thread."""
    try:
        return _svg(source)
    except (RuntimeError, SyntaxError, ValueError):
        return None


def _svg(source: str) -> str:
    import mermaid_render  # pyright: ignore[reportMissingTypeStubs] (it has none)

    drawn = cast("str | bytes", cast(Any, mermaid_render).mermaid_to_svg(source))
    return drawn.decode() if isinstance(drawn, bytes) else drawn


def _finding(context: Context, fence: markdown.Fence, fault: str) -> Finding:
    place = _PLACE.fullmatch(fault)
    if not place or place["code"] == "runtime":
        return context.finding(UNCHECKED, fence.line, f"The parser gave up: {fault[:200]}", "Simplify the diagram.")
    if place["code"] == "unsupported-diagram":
        message = f"{_content(fence.content)[0][1][:60]!r} begins no known kind of diagram."
        mend = "Begin with flowchart, sequenceDiagram, erDiagram, stateDiagram-v2 or another kind that Mermaid knows."
        return context.finding(UNKNOWN_KIND, fence.line, message, mend)
    line = fence.line + _line(_content(fence.content), int(place["line"]))
    said = [text for part in place["message"].splitlines() if (text := part.strip()).startswith(("Expecting", "Error"))]
    message = f"{(said or [place['message']])[0][:200]} (line {line}, column {place['column']})"
    return context.finding(BROKEN, line, message, "Correct the diagram at or before that place.")


def _line(counted: list[tuple[int, str]], line: int) -> int:
    """The line of the block that the parser calls `line`: 0 is the front matter, past the end is the last with text."""
    last = max(index for index, (_, text) in enumerate(counted) if text)
    return counted[min(line - 1, last)][0] if line else 1
