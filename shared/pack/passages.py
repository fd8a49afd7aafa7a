"""Finds passages of a text and shows what stands around them. Pure, in time that grows with the text alone.

A find matches whatever kind of line break the text has.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from heapq import nlargest

from shared.formats.markdown import sections

MOST_PLACES = 4
"""More places of a find than this are not looked for."""
LIKE = 0.6
"""How much of a line must agree for it to be shown as what was meant."""
_MOST_COMPARED, _LONGEST_COMPARED = 20, 300
"""Lines that are compared letter by letter, and how many of their characters."""
_MOST_SHOWN, _LONGEST_SHOWN = 30, 300
"""Lines, and characters of a line, that are shown of a text."""


@dataclass(frozen=True)
class Line:
    """A line of a text by its offsets, line break included."""

    start: int
    end: int


@lru_cache(maxsize=4)
def lines_of(text: str) -> tuple[Line, ...]:
    """Lines as CommonMark has them: a form feed or U+2028 ends none."""
    return tuple(Line(*found.span()) for found in re.finditer(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+", text))


def line_at(text: str, offset: int) -> int:
    """Index of the line that holds a character."""
    return max(0, bisect_right(lines_of(text), offset, key=lambda line: line.start) - 1)


def line_break(text: str) -> str:
    """The kind of line break that the text has: that of its first line."""
    found = re.search(r"\r\n?|\n", text)
    return found[0] if found else "\n"


def places(text: str, find: str) -> list[tuple[int, int]]:
    """Where `find` (its lines end in `\\n`) stands, overlapping places included; `MOST_PLACES` at most."""
    plain, doubled = _plain(text)
    found, at = list[tuple[int, int]](), plain.find(find)
    while at >= 0 and len(found) < MOST_PLACES:
        end = at + len(find)
        found.append((at + bisect_left(doubled, at), end + bisect_left(doubled, end)))
        at = plain.find(find, at + 1)
    return found


def around(text: str, start: int, end: int) -> str:
    """The lines of a passage with one more on each side, as a reader is shown them."""
    first, last = line_at(text, start), line_at(text, max(start, end - 1))
    shown = lines_of(text)[max(0, first - 1) : last + 2]
    return "\n".join(text[line.start : line.end].rstrip("\r\n")[:_LONGEST_SHOWN] for line in shown[:_MOST_SHOWN])


def like(text: str, find: str) -> str:
    """What stands where `find` was looked for: the passage around the line that is most like one of its lines."""
    wanted = max((line.strip() for line in find.split("\n")), key=len)[:_LONGEST_COMPARED]
    number = [line.strip()[:_LONGEST_COMPARED] for line in find.split("\n")].index(wanted)
    lines = lines_of(text)
    best = _most_like(wanted, [text[line.start : line.end].strip()[:_LONGEST_COMPARED] for line in lines])
    if best is None:
        return ""
    first = max(0, best - number)
    last = min(len(lines), first + find.count("\n") + 1) - 1
    return around(text, lines[first].start, lines[last].end)


def headings(text: str, level: int | None = None) -> list[tuple[int, int, str]]:
    """Headings as line, level and title in the order of the text; of one level, where that is given."""
    levels = range(1, 7) if level is None else (level,)
    return sorted((section.line, depth, section.title) for depth in levels for section in sections(text, depth))


def headings_in(text: str) -> str:
    """The headings of a text, as a reader is shown them."""
    return "\n".join(f"{'#' * level} {title}" for _, level, title in headings(text)[:_MOST_SHOWN])


def _plain(text: str) -> tuple[str, list[int]]:
    """The text with `\\n` for every line break, and where in it stood two characters."""
    doubled = [found.start() - number for number, found in enumerate(re.finditer("\r\n", text))]
    return text.replace("\r\n", "\n").replace("\r", "\n"), doubled


def _most_like(wanted: str, lines: Sequence[str]) -> int | None:
    """Index of the line that has most in common with the one wanted. Words choose whom to compare by letters."""
    words = set(re.findall(r"\w+", wanted))
    shared = [(len(words & set(re.findall(r"\w+", line))), -number) for number, line in enumerate(lines)]
    matcher = SequenceMatcher(None, "", wanted, autojunk=False)
    best, most = None, LIKE
    for number in (-negative for common, negative in nlargest(_MOST_COMPARED, shared) if common):
        matcher.set_seq1(lines[number])
        if matcher.ratio() > most:
            best, most = number, matcher.ratio()
    return best
