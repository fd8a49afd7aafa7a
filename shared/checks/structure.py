"""Structure of a deliverable: one title, the required sections in order and filled, closed and tagged fences."""

import re
from collections.abc import Iterator

from shared.checks import Context
from shared.checks.languages import python
from shared.checks.structure_rules import (
    FENCE_OPEN,
    FENCE_UNTAGGED,
    LINE_TOO_LONG,
    NO_TITLE,
    PLACEHOLDER,
    RULES,
    SECTION_EMPTY,
    SECTION_MISSING,
    SECTION_ORDER,
    TOO_LONG,
    TOO_SHORT,
)
from shared.contracts import Finding
from shared.formats import markdown

__all__ = ["RULES", "check"]

MINIMUM_CHARACTERS = 200
MAXIMUM_CHARACTERS = 1_500_000
_PLACEHOLDER = re.compile(
    r"(?-i:\b(?:TODO|TBD|FIXME)\b)|^[^\S\n]*(?:\.\.\.|…)[^\S\n]*$"
    r"|\b(?:similar to above|same as above|rest omitted|omitted for brevity)\b"
    r"|=[^\S\n]?[\d.,]{1,20}(?:\.\.\.|…)(?=\s|$)",
    re.IGNORECASE | re.MULTILINE,
)


def check(context: Context) -> Iterator[Finding]:
    """Apply every structure rule to one deliverable."""
    if len(context.text) > MAXIMUM_CHARACTERS:
        message = f"The document has {len(context.text):,} characters; at most {MAXIMUM_CHARACTERS:,} are checked."
        yield context.finding(TOO_LONG, 1, message, "Leave out what repeats, or link to it.")
        return
    if context.whole and len(context.text.strip()) < MINIMUM_CHARACTERS:
        yield context.finding(
            TOO_SHORT,
            1,
            f"The document has {len(context.text.strip())} characters.",
            "Write the whole document.",
        )
    if context.whole and markdown.title(context.text) is None:
        yield context.finding(NO_TITLE, 1, "There is no `#` title.", "Begin with one line `# Title`.")
    yield from _check_sections(context)
    yield from _check_fences(context)
    yield from _check_lines(context)
    yield from _check_placeholders(context)


def _check_placeholders(context: Context) -> Iterator[Finding]:
    """Words and dots that stand for missing text. `...` is Python's own where a body is meant to be empty."""
    bodies = _empty_bodies(context.text)
    line, counted = 1, 0
    for match in _PLACEHOLDER.finditer(context.text):
        line, counted = line + context.text.count("\n", counted, match.start()), match.start()
        if not (match[0].strip() == "..." and line in bodies):
            yield context.finding(
                PLACEHOLDER, line, f"Placeholder {match[0].strip()!r}.", "Write out what belongs here."
            )


def _empty_bodies(text: str) -> frozenset[int]:
    """Lines whose `...` is a whole body that Python wants empty: of protocol and abstract methods, overloads, stubs of
    exception classes."""
    lines: set[int] = set()
    for fence in markdown.fences(text):
        if fence.language in ("python", "py") and "..." in fence.content:
            lines.update(fence.line + number for number in python.empty_bodies(fence.content))
    return frozenset(lines)


def _check_sections(context: Context) -> Iterator[Finding]:
    found = markdown.sections(context.text)
    by_title = {section.title: section for section in found}
    for title in context.sections:
        section = by_title.get(title)
        if section is None:
            yield context.finding(SECTION_MISSING, 1, f"Section {title!r} is missing.", f"Add a `## {title}` section.")
        elif not section.body:
            yield context.finding(SECTION_EMPTY, section.line, f"Section {title!r} is empty.", "Fill the section.")
    order = [section.title for section in found if section.title in context.sections]
    expected = [title for title in context.sections if title in by_title]
    if order != expected:
        yield context.finding(
            SECTION_ORDER, 1, f"Sections come as: {', '.join(order)}.", f"Order them: {', '.join(expected)}."
        )


def _check_lines(context: Context) -> Iterator[Finding]:
    long = [number for number, line in enumerate(context.text.split("\n"), 1) if len(line) > markdown.LONGEST_LINE]
    if long:
        message = f"{len(long)} line(s) have more than {markdown.LONGEST_LINE:,} characters; the rest may be unchecked."
        yield context.finding(LINE_TOO_LONG, long[0], message, "Break the line.")


def _check_fences(context: Context) -> Iterator[Finding]:
    for fence in markdown.fences(context.text):
        if not fence.closed:
            yield context.finding(
                FENCE_OPEN,
                fence.line,
                "A fenced block is never closed.",
                "Finish the block and close it with ```.",
            )
        if not fence.language:
            yield context.finding(
                FENCE_UNTAGGED,
                fence.line,
                "A fenced block has no language tag.",
                "Name its language, or `text`.",
            )
