"""Letters with places to Markdown: lines, then headings by size, lists by their marks, tables by columns. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

LONGEST_HEADING = 160
LARGER = 1.08
"""By how much letters are larger than the body's to be a heading's."""
WIDE_GAP = 0.9
"""Widths of a letter's size between two words of a line from which they stand in different columns."""
NEXT_LINE = 1.75
"""Heights of a letter between two lines from which another paragraph begins."""
INDENT = 14
"""Points from the page's margin at which what has no mark of its own may still be a list."""
RUNNING_PAGES = 3
"""Pages from which on lines that stand on most of them are headers and footers."""
_BULLET = re.compile(r"^([•◦▪▸●○■□‣∙·\uf0b7\uf0a7\uf0a8–—*-]|o(?= ))[ \t]*(?=\S)")
_NUMBERED = re.compile(r"^(\(?(?:\d{1,3}|[a-z])[.)])[ \t]+(?=\S)")
_PAGE_NUMBER = re.compile(r"^(?:page |seite |p\. ?)?\d{1,4}(?: ?(?:/|of|von) ?\d{1,4})?$", re.IGNORECASE)


@dataclass(frozen=True)
class Letter:
    """One letter: its edges and baseline in points from the page's lower left corner, its size, and its weight."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool


@dataclass(frozen=True)
class Part:
    """Letters of a line that no wide gap parts."""

    text: str
    left: float
    right: float


@dataclass(frozen=True)
class Line:
    """A line of a page in its parts."""

    parts: Sequence[Part]
    base: float
    size: float
    bold: bool

    @property
    def text(self) -> str:
        """All parts as one text."""
        return " ".join(part.text for part in self.parts)

    @property
    def left(self) -> float:
        """Where the line begins."""
        return self.parts[0].left


def lines_of(letters: Iterable[Letter]) -> list[Line]:
    """Letters that follow each other on one baseline are a line; lines of one baseline are one."""
    rows: list[list[Letter]] = []
    for letter in letters:
        if letter.text in "\r\n":
            continue
        row = rows[-1] if rows else None
        if letter.text.isspace() or (row and abs(row[-1].base - letter.base) <= max(1.0, 0.35 * letter.size)):
            if row:
                row.append(letter)
        else:
            rows.append([letter])
    return _merged([line for row in rows if (line := _line(row))])


def _line(row: Sequence[Letter]) -> Line | None:
    seen = [letter for letter in row if not letter.text.isspace()]
    if not seen:
        return None
    size = Counter(letter.size for letter in seen).most_common(1)[0][0]
    parts: list[Part] = []
    text, left, right = "", seen[0].left, seen[0].left
    for letter in row:
        if letter.text.isspace():
            text += " "
            continue
        if text.strip() and letter.left - right > WIDE_GAP * max(size, 4):
            parts.append(Part(" ".join(text.split()), left, right))
            text, left = "", letter.left
        text += letter.text
        right = max(right, letter.right) if text.strip() != letter.text else letter.right
    parts.append(Part(" ".join(text.split()), left, right))
    bold = 2 * sum(letter.bold for letter in seen) > len(seen)
    return Line(tuple(part for part in parts if part.text), seen[0].base, size, bold)


def _merged(lines: list[Line]) -> list[Line]:
    """Cells of one row come as lines of their own: those of one baseline, one after the other, are one line."""
    merged: list[Line] = []
    for line in lines:
        last = merged[-1] if merged else None
        beside = last and abs(last.base - line.base) <= 0.35 * max(last.size, line.size)
        if last and beside and line.left >= last.parts[-1].right - 1:
            if line.left - last.parts[-1].right <= WIDE_GAP * max(line.size, 4):
                joined = Part(f"{last.parts[-1].text} {line.text}", last.parts[-1].left, line.parts[-1].right)
                merged[-1] = Line((*last.parts[:-1], joined), last.base, last.size, last.bold)
            else:
                merged[-1] = Line((*last.parts, *line.parts), last.base, max(last.size, line.size), last.bold)
        else:
            merged.append(line)
    return merged


def markdown_of(pages: Sequence[list[Line]]) -> tuple[str, int]:
    """All pages as one text, and how many lines were left out as headers and footers."""
    kept = _without_running_lines(pages)
    left_out = sum(map(len, pages)) - sum(map(len, kept))
    lines = [line for page in kept for line in page]
    if not lines:
        return "", left_out
    sizes = Counter[float]()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0]
    larger = sorted({line.size for line in lines if line.size >= body * LARGER}, reverse=True)
    writer = _Writer(body, {size: min(level, 5) for level, size in enumerate(larger, 1)}, min(len(larger) + 1, 6))
    for number, page in enumerate(kept):
        writer.page(page, first=not number)
    return writer.text(), left_out


def _without_running_lines(pages: Sequence[list[Line]]) -> list[list[Line]]:
    """Pages without what stands at the top or foot of most of them, and without their numbers."""
    if len(pages) < RUNNING_PAGES:
        return [[line for line in page if not _is_number(line, page)] for page in pages]
    seen = Counter(key for page in pages for key in {_running(line) for line in _edges(page)})
    most = {key for key, count in seen.items() if count > len(pages) / 2}

    def runs(line: Line, page: list[Line]) -> bool:
        return line in _edges(page) and (_running(line) in most or _is_number(line, page))

    return [[line for line in page if not runs(line, page)] for page in pages]


def _edges(page: list[Line]) -> list[Line]:
    by_height = sorted(page, key=lambda line: line.base)
    return by_height[:2] + by_height[-2:]


def _running(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _is_number(line: Line, page: list[Line]) -> bool:
    return len(page) > 1 and line in _edges(page) and _PAGE_NUMBER.match(line.text) is not None


class _Writer:
    """Puts lines together to blocks of Markdown."""

    def __init__(self, body: float, levels: dict[float, int], bold_level: int) -> None:
        self._body, self._levels, self._bold_level = body, levels, bold_level
        self._blocks: list[str] = []
        self._open: list[str] = []
        self._last: Line | None = None
        self._kind = ""
        self._indents: list[float] = []
        self._was_item = False
        self._margin = self._edge = 0.0

    def page(self, lines: list[Line], *, first: bool) -> None:
        """Add a page; a paragraph may go on from the page before."""
        place = 0
        self._margin = min((line.left for line in lines), default=0.0)
        self._edge = max((line.parts[-1].right for line in lines), default=0.0)
        while place < len(lines):
            table = _table(lines, place)
            if table:
                self._close()
                self._blocks.append(_as_table(table))
                self._was_item = False
                place += sum(map(len, table.rows))
                self._last = None
                continue
            self._add(lines[place], new_page=not place and not first)
            place += 1

    def text(self) -> str:
        """The whole document."""
        self._close()
        return "\n\n".join(self._blocks) + "\n"

    def _add(self, line: Line, *, new_page: bool) -> None:
        level = self._level(line)
        mark = _BULLET.match(line.text) or _NUMBERED.match(line.text)
        if level and not (mark and line.size <= self._body):
            self._heading(line, level)
        elif mark:
            self._item(line, mark)
        elif self._is_unmarked_item(line):
            self._item(line, None)
        elif self._open and self._goes_on(line, new_page=new_page):
            if self._kind == "paragraph" and self._had_room(line):
                self._open[-1] += "\n" + line.text
            else:
                self._open.append(line.text)
        else:
            self._close()
            self._open, self._kind = [line.text], "paragraph"
        self._last = line

    def _level(self, line: Line) -> int:
        """A heading's level; 0 for text."""
        if len(line.text) > LONGEST_HEADING or len(line.parts) > 2:
            return 0
        if level := self._levels.get(line.size):
            return level
        is_alone = line.bold and line.size >= self._body and not line.text.endswith((".", ":", ",", ";"))
        return self._bold_level if is_alone and not self._continues_bold(line) else 0

    def _continues_bold(self, line: Line) -> bool:
        """Bold words within a paragraph fill a line of it now and then."""
        return self._kind == "paragraph" and bool(self._open) and self._goes_on(line, new_page=False)

    def _heading(self, line: Line, level: int) -> None:
        kind, last = f"heading {level}", self._last
        if self._kind == kind and last and self._open and last.base - line.base <= NEXT_LINE * line.size:
            self._open.append(line.text)
            return
        self._close()
        self._open, self._kind = ["#" * level, line.text], kind

    def _is_unmarked_item(self, line: Line) -> bool:
        """Some programs draw the marks of a list: its items are indented, and end before the line is full."""
        last = self._last
        if line.left < self._margin + INDENT or len(line.parts) > 1:
            return False
        if last is None or self._kind not in ("item", "unmarked"):
            return True
        if last.left > line.left + 4 or (self._kind == "unmarked" and line.left > last.left + 4):
            return True
        if self._kind == "item" and last.base - line.base <= NEXT_LINE * max(line.size, 4):
            return False  # goes on below the mark's text
        if last.text.endswith((".", "!", "?", ";")) and line.text[0].isupper():
            return True  # most often an item that fills its line; else a sentence of its own
        return self._had_room(line)

    def _had_room(self, line: Line) -> bool:
        """Whether the line before had room for this one's first word, so that its author ended it there."""
        word, last = line.parts[0], self._last
        width = (word.right - word.left) * len(word.text.split(" ")[0]) / max(len(word.text), 1)
        return last is not None and last.parts[-1].right + width + 0.4 * line.size < self._edge

    def _item(self, line: Line, mark: re.Match[str] | None) -> None:
        self._close(keep_indents=True)
        while self._indents and line.left < self._indents[-1] - 4:
            self._indents.pop()
        if not self._indents or line.left > self._indents[-1] + 4:
            self._indents.append(line.left)
        depth = len(self._indents) - 1
        sign = mark[1].strip("(").replace(")", ".") if mark else "-"
        sign = sign if re.fullmatch(r"\d+\.", sign) else "-"
        rest = line.text[mark.end() :] if mark else line.text
        self._open, self._kind = ["   " * depth + sign, rest], "item" if mark else "unmarked"

    def _goes_on(self, line: Line, *, new_page: bool) -> bool:
        last = self._last
        if last is None or self._kind.startswith("heading") or line.size != last.size:
            return False
        if new_page:
            return not self._open[-1].endswith((".", ":", "!", "?"))
        return 0 < last.base - line.base <= NEXT_LINE * max(line.size, 4)

    def _close(self, *, keep_indents: bool = False) -> None:
        if self._open:
            block = re.sub(r"(?<=[a-zà-ÿ])[-\u00ad] (?=[a-zà-ÿ])", "", " ".join(self._open))
            is_item = self._kind in ("item", "unmarked")
            if is_item and self._blocks and self._was_item:
                self._blocks[-1] += "\n" + block
            else:
                self._blocks.append(block)
            self._was_item = is_item
        self._open = []
        if not keep_indents:
            self._indents = []


@dataclass(frozen=True)
class _Table:
    """Rows, each with the lines it takes, and the line whose parts are the columns."""

    columns: Line
    rows: list[list[Line]]


def _table(lines: list[Line], place: int) -> _Table | None:
    """The table that begins here; None where two lines do not share columns."""
    first = lines[place]
    if len(first.parts) < 2:
        return None
    head = max(lines[place : place + 3], key=lambda line: len(line.parts))
    if any(_column(part, head) is None for part in first.parts):
        head = first
    block = [first]
    for line in lines[place + 1 :]:
        below = block[-1].base - line.base  # negative where a cell in the middle of its row was written first
        is_heading = len(line.parts) == 1 and (line.size > LARGER * first.size or below > 2.6 * line.size)
        is_near = -1.3 * line.size < below <= 4 * max(head.size, 6)
        if is_heading or not is_near or any(_column(part, head) is None for part in line.parts):
            break
        block.append(line)
    rows = _rows(block, head)
    while rows and len(rows[-1]) == 1 and len(rows[-1][0].parts) == 1:
        rows.pop()  # text below the table that begins where a column does
    return _Table(head, rows) if len(rows) >= 2 else None


def _rows(block: list[Line], head: Line) -> list[list[Line]]:
    """The lines of each row: where rows have air between them, lines without it go on in their cells."""
    gaps = [above.base - line.base for above, line in pairwise(block)]
    airy = 3 * sum(gap > 1.5 * head.size for gap in gaps) >= len(gaps)
    rows = [[block[0]]]
    for gap, line in zip(gaps, block[1:], strict=True):
        tight = gap <= 1.4 * line.size
        goes_on = tight if airy else tight and len(line.parts) < len(head.parts) and _column(line.parts[0], head) != 0
        if gap <= 0 or goes_on:
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _column(part: Part, head: Line) -> int | None:
    """The column of the heading row under which a part stands."""
    for number, cell in enumerate(head.parts):
        ends = head.parts[number + 1].left if number + 1 < len(head.parts) else float("inf")
        if cell.left - 6 <= part.left < ends - 6:
            return number
    return None


def _as_table(table: _Table) -> str:
    head, written = table.columns, list[str]()
    for row in table.rows:
        cells = [""] * len(head.parts)
        for line in row:
            for part in line.parts:
                column = _column(part, head) or 0
                cells[column] = f"{cells[column]} {part.text}".strip().replace("|", "\\|")
        written.append(f"| {' | '.join(cells)} |")
    written.insert(1, "|" + " --- |" * len(head.parts))
    return "\n".join(written)
