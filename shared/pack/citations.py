"""Finds where a deliverable cites requirements, and what stands at that place. Pure; one pass over the lines.

Ids are cited as `[R-012]`, `R-012, R-015` or `R-012 to R-015`, in prose, tables, comments and strings of code. The
place is named after what cites: an operation or schema of the contract, a test, a stage, a query, a table's row, a
section. Indentation tells what a line of YAML, JSON or Python belongs to; nothing is parsed or run.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from shared.pack.code_locations import Operation, Place, places_in_code
from shared.prd.requirements import split_row

LONGEST_LINE = 20_000
LONGEST_RANGE = 50
"""A wider range cites only its ends: it says nothing about what lies between."""

_ID = r"(?<![\w-])R-(\d{3,6})(?!\w|-\d)"
_CITED = re.compile(
    rf"{_ID}(?:\]?\s{{0,3}}(?:to|through|until|bis|–|—|-|\.{{2,3}}|…)\s{{0,3}}\[?R-(\d{{3,6}})(?!\w))?|"
    r"\[R-(\d{1,2})\]"
)
_BRACKETED = re.compile(r"\[([A-Z][A-Za-z]{0,9}(?:[-_][A-Z]{1,8}){0,2}[-_]?\d{1,4}(?:[.-]\d{1,3}){0,2})\]")
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#-]*)")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+")
_PATH_LINE = re.compile(r"^\s{0,3}\*\*`([^`]{1,200})`\*\*:?\s*$")
_SEPARATOR = re.compile(r"^[\s|:-]*$")


@dataclass(frozen=True)
class Passage:
    """A paragraph, list item, table row, heading or line of code, with the headings above it.

    `cells` and `header` belong to rows; `place` to code."""

    text: str
    line: int
    section: str
    topic: str
    cells: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    place: Place | None = None

    @cached_property
    def plain(self) -> str:
        """The text on one line, without emphasis and code marks."""
        return " ".join(re.sub(r"[*`]", "", self.text).split())


@dataclass(frozen=True)
class Citing:
    """A passage that cites, with the ids and the 1-based line of each one's first place in it."""

    passage: Passage
    ids: dict[str, int]


@dataclass(frozen=True)
class Reading:
    """A deliverable's citing passages in order, and the operations of the contract in it."""

    citing: tuple[Citing, ...]
    operations: tuple[Operation, ...]


def read_citations(text: str, aliases: Mapping[str, tuple[str, ...]]) -> Reading:
    """Read one deliverable. `aliases` gives the ids for the PRD's own, which may be cited in brackets: `[FR-1]`."""
    scanner = _Scanner([line[:LONGEST_LINE] for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")])
    cited = (Citing(passage, _lines_of_ids(passage, aliases)) for passage in scanner.passages())
    citing = tuple(one for one in cited if one.ids)
    return Reading(citing, tuple(scanner.operations))


def _lines_of_ids(passage: Passage, aliases: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    found: dict[str, int] = {}
    line, counted = passage.line, 0
    for at, identifier in _ids(passage.text, aliases):
        line, counted = line + passage.text.count("\n", counted, at) if at > counted else line, max(at, counted)
        found.setdefault(identifier, line)
    return found


def ids_in(text: str, aliases: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The ids cited in a piece of text."""
    return [identifier for _, identifier in _ids(text, aliases)]


def _ids(text: str, aliases: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[int, str]]:
    if "R-" in text:
        for found in _CITED.finditer(text):
            first, last = int(found[1] or found[3]), int(found[2] or found[1] or found[3])
            numbers = range(first, last + 1) if first <= last < first + LONGEST_RANGE else (first, last)
            for number in dict.fromkeys(numbers):
                yield found.start(), f"R-{number:03d}"
    if aliases and "[" in text:
        for found in _BRACKETED.finditer(text):
            for identifier in aliases.get(found[1], ()):
                yield found.start(), identifier


class _Scanner:
    """Goes through the lines once, keeping the headings, the table's header and the path line above."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._section = ""
        self._topic = ""
        self._path = ""
        self.operations: list[Operation] = []

    def passages(self) -> Iterator[Passage]:
        """Every passage that may cite something."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if fence := _FENCE.match(line):
                yield from self._code(fence[1], fence[2].lower())
            elif heading := _HEADING.match(line):
                yield self._heading(len(heading[1]), heading[2])
            elif line.lstrip().startswith("|"):
                yield from self._table()
            elif line.strip():
                yield self._paragraph()
            else:
                self._at += 1

    def _heading(self, level: int, title: str) -> Passage:
        name = re.sub(r"[*`]", "", title).strip()
        self._path = ""
        if level <= 2:
            self._section, self._topic = name, ""
        else:
            self._topic = name
        self._at += 1
        return Passage(title, self._at, self._section, self._topic)

    def _paragraph(self) -> Passage:
        start = self._at
        self._at += 1
        if path := _PATH_LINE.match(self._lines[start]):
            self._path = path[1]
        while self._at < len(self._lines) and not self._starts(self._lines[self._at]):
            self._at += 1
        return Passage("\n".join(self._lines[start : self._at]), start + 1, self._section, self._topic)

    def _starts(self, line: str) -> bool:
        starts = any(pattern.match(line) for pattern in (_FENCE, _HEADING, _ITEM, _PATH_LINE))
        return starts or not line.strip() or line.lstrip().startswith("|")

    def _table(self) -> Iterator[Passage]:
        header: tuple[str, ...] = ()
        following = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        if "-" in following and "|" in following and _SEPARATOR.match(following):
            header = split_row(self._lines[self._at])
            self._at += 2
        while self._at < len(self._lines) and self._lines[self._at].lstrip().startswith("|"):
            line = self._lines[self._at]
            self._at += 1
            yield Passage(line, self._at, self._section, self._topic, cells=split_row(line), header=header)

    def _code(self, fence: str, language: str) -> Iterator[Passage]:
        start, mark = self._at + 1, fence[0]
        self._at += 1
        while self._at < len(self._lines):
            line = self._lines[self._at].strip()
            self._at += 1
            if line.startswith(fence) and not line.strip(mark):
                break
        lines = self._lines[start : self._at]
        read = places_in_code(lines, language, self._path, start + 1)
        self.operations += read.operations
        self._path = ""
        for offset, (line, place) in enumerate(zip(lines, read.places, strict=True)):
            if "R-" in line or "[" in line:
                yield Passage(line, start + offset + 1, self._section, self._topic, place=place)
