"""Takes the text of a PRD apart into headings, list items, table rows, prose and code, with lines. Pure.

Not a Markdown parser on purpose: PRDs also come as plain text, from wikis and word processors, and what a parser
calls a paragraph may be the heading or the list of such a text. One pass over the lines, linear in their length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.prd.requirements.vocabulary import classify

type BlockKind = Literal["heading", "label", "item", "prose", "row", "code"]

LABEL_LEVEL = 7
"""Level of a lone bold or short line that heads a list; one that ends in a colon stands a level below."""
LONGEST_LINE = 200_000
"""Characters of one line that are looked at; no statement is that long."""
MOST_CELLS = 50

_QUOTE = re.compile(r"^[ ]{0,3}(?:>[ ]?){1,5}")
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)")
_ATX = re.compile(r"^[ ]{0,3}(#{1,6}|={1,6})[ \t]+(\S.*)$")
_UNDERLINE = re.compile(r"^[ ]{0,3}(={3,}|-{3,})[ \t]*$")
_RULE = re.compile(r"^[-*_=~+|:─ \t]*$")
_ITEM = re.compile(
    r"^([ \t]*)(?:(?:[-*+•▪◦‣·●○■–—✅☑✔✓☐❌✗➤▶]|\(?\d{1,3}[a-z]?[.)]|\(?[a-zA-Z]\)|"
    r"\d{1,3}(?:\.\d{1,3}){1,3}[.)]?)[ \t]+"
    r"|(?:\d{1,3}、|[①-⑳]|（\d{1,3}）)[ \t]*)(\S.*)$"
)
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,3})[.)]?[ \t]+([^\W\d_][^.!?;:]{1,70})$")
_BOLD_LINE = re.compile(r"^[ ]{0,3}(\*\*|__)([^*_]{2,100})\1[ \t]*(:?)[ \t]*$")
_BOLD_LABEL = re.compile(r"^[ \t]*(\*\*|__)[^*]{1,80}?(?::\1|\1[ \t]*[:：—–-])")
_LONE = re.compile(r"^[ ]{0,3}[^\W\d_][^.!?;|]{1,80}$")
_FRONT_MATTER_LINES = 60
_LONGEST_TITLE = 4
"""Words of a lone line that is a section's title by its words alone."""


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of the text. `line` is 1-based; `level` is a heading's depth or an item's indentation in columns.

    `lines` are the raw source lines (an item's without its bullet); a row's are its cells, with the header's beside.
    `language` is a fence's tag. `parent` says that items indented below this one follow.
    """

    kind: BlockKind
    line: int
    lines: tuple[str, ...]
    level: int = 0
    header: tuple[str, ...] = ()
    language: str = ""
    parent: bool = False


def read_outline(text: str) -> list[Block]:
    """The blocks of `text` in order; front matter and HTML comments are left out."""
    lines = [_QUOTE.sub("", line[:LONGEST_LINE]) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    reader = _Reader(lines)
    return _mark_parents(list(reader.blocks()))


def _mark_parents(blocks: list[Block]) -> list[Block]:
    for index in range(len(blocks) - 1):
        block, following = blocks[index], blocks[index + 1]
        if block.kind == following.kind == "item" and following.level > block.level:
            blocks[index] = Block("item", block.line, block.lines, block.level, parent=True)
    return blocks


class _Reader:
    """Goes through the lines once. `_at` is the 0-based index of the next unread line."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._following = _next_filled(lines)
        self._markdown = any(_ATX.match(line) for line in lines)
        self._never_closed: dict[str, int] = {}
        self._numbered_titles = not self._markdown and self._numbers_are_titles()

    def blocks(self) -> Iterator[Block]:
        """Every block in order."""
        self._skip_front_matter()
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip() or self._is_rule(line):
                self._at += 1
            elif "<!--" in line and line.lstrip().startswith("<!--"):
                self._skip_comment()
            elif fence := _FENCE.match(line):
                yield from self._code(fence[1], fence[2].lower())
            elif heading := self._heading(line):
                yield heading
            elif self._is_table(line):
                yield from self._table()
            elif item := _ITEM.match(line):
                yield self._item(item)
            else:
                yield self._label(line) or self._prose()

    def _skip_front_matter(self) -> None:
        if self._lines[0].strip() != "---":
            return
        closing = [index for index in range(1, min(_FRONT_MATTER_LINES, len(self._lines))) if self._ends(index)]
        self._at = closing[0] + 1 if closing else 0

    def _ends(self, index: int) -> bool:
        return self._lines[index].rstrip() == "---"

    def _is_rule(self, line: str) -> bool:
        return "|" not in line and bool(_RULE.match(line))

    def _skip_comment(self) -> None:
        while self._at < len(self._lines) and "-->" not in self._lines[self._at]:
            self._at += 1
        self._at += 1

    def _code(self, fence: str, language: str) -> Iterator[Block]:
        """A fenced block. A fence that nothing closes hides nothing: only its own line is skipped."""
        start, mark = self._at, fence[0]
        self._at += 1
        if len(fence) >= self._never_closed.get(mark, LONGEST_LINE):
            return
        for index in range(start + 1, len(self._lines)):
            line = self._lines[index].strip()
            if line.startswith(fence) and not line.strip(mark):
                self._at = index + 1
                yield Block("code", start + 1, tuple(self._lines[start + 1 : index]), language=language)
                return
        self._never_closed[mark] = len(fence)

    def _heading(self, line: str) -> Block | None:
        start = self._at
        if found := _ATX.match(line):
            self._at += 1
            return Block("heading", start + 1, (found[2].rstrip("#= \t") or found[2],), len(found[1]))
        below = self._line(start + 1)
        if (found := _UNDERLINE.match(below)) and not _ITEM.match(line) and "|" not in line and self._blank(start - 1):
            self._at += 2
            return Block("heading", start + 1, (line.strip(),), 1 if found[1][0] == "=" else 2)
        if self._numbered_titles and (found := _NUMBERED.match(line)) and self._alone(start):
            self._at += 1
            return Block("heading", start + 1, (found[2],), 2 + found[1].count("."))
        if self._is_known_title(start):
            self._at += 1
            return Block("heading", start + 1, (line.strip(),), 2)
        return None

    def _is_known_title(self, index: int) -> bool:
        """Whether a lone line of a text without headings is called like a section: `Out of scope`."""
        line = self._lines[index].strip()
        if self._markdown or self._numbered_titles or len(line.split()) > _LONGEST_TITLE or not self._alone(index):
            return False
        return bool(_LONE.match(line)) and not line.endswith(":") and classify(line) is not None

    def _numbers_are_titles(self) -> bool:
        """Whether lone lines such as `3. Core Features` head sections: most are followed by other text."""
        alone = [index for index, line in enumerate(self._lines) if _NUMBERED.match(line) and self._alone(index)]
        heading = [index for index in alone if not _NUMBERED.match(self._line(self._following[index]))]
        return len(heading) * 2 > len(alone)

    def _alone(self, index: int) -> bool:
        return self._blank(index - 1) and self._blank(index + 1)

    def _blank(self, index: int) -> bool:
        return not self._line(index).strip()

    def _line(self, index: int) -> str:
        return self._lines[index] if 0 <= index < len(self._lines) else ""

    def _is_table(self, line: str) -> bool:
        return line.lstrip().startswith("|") or ("|" in line and _is_separator(self._line(self._at + 1)))

    def _table(self) -> Iterator[Block]:
        header: tuple[str, ...] = ()
        if _is_separator(self._line(self._at + 1)):
            header = split_row(self._lines[self._at])
            self._at += 2
        while "|" in (line := self._line(self._at)):
            self._at += 1
            if not _is_separator(line):
                yield Block("row", self._at, split_row(line), header=header)

    def _item(self, found: re.Match[str]) -> Block:
        start = self._at
        self._at += 1
        level = len(found[1].expandtabs(4))
        more = self._continuation(level)
        return Block("item", start + 1, (found[2], *more), level)

    def _continuation(self, item_level: int | None = None) -> list[str]:
        """The lines that run on; a new sentence at the left of an item's text stands beside the item."""
        start = self._at
        while not self._starts_block(self._at):
            if item_level is not None and self._begins_anew(self._at, item_level):
                break
            self._at += 1
        return self._lines[start : self._at]

    def _begins_anew(self, index: int, level: int) -> bool:
        line = self._line(index)
        beside = len(line) - len(line.lstrip()) <= level
        return beside and line.lstrip()[:1].isupper() and self._line(index - 1).rstrip().endswith((".", "!", "。"))

    def _starts_block(self, index: int) -> bool:
        line = self._line(index)
        return (
            not line.strip()
            or line.lstrip().startswith(("|", "<!--"))
            or any(pattern.match(line) for pattern in (_ITEM, _ATX, _FENCE, _BOLD_LABEL, _BOLD_LINE))
        )

    def _label(self, line: str) -> Block | None:
        """A lone short line over a list, table or block; a lone bold line over anything."""
        start = self._at
        bold = _BOLD_LINE.match(line)
        text = bold[2].strip() if bold else line.strip()
        colon = text.endswith((":", "：")) or bool(bold and bold[3])
        following = self._line(self._following[start])
        heads = bool(_ITEM.match(following) or _FENCE.match(following) or following.lstrip().startswith("|"))
        short = len(text.split()) <= 6 and bool(_LONE.match(text))
        lead_in = colon and heads and (self._blank(start + 1) or _ITEM.match(self._line(start + 1)))
        if not (bold or (heads and short and self._opens(start)) or lead_in):
            return None
        self._at += 1
        return Block("label", start + 1, (text,), LABEL_LEVEL + colon)

    def _opens(self, index: int) -> bool:
        """Whether this line is a paragraph by itself."""
        return self._following[index] > index + 1 or self._starts_block(index + 1)

    def _prose(self) -> Block:
        start = self._at
        self._at += 1
        more = self._continuation()
        indent = len(self._lines[start]) - len(self._lines[start].lstrip())
        return Block("prose", start + 1, (self._lines[start], *more), indent)


def _next_filled(lines: list[str]) -> list[int]:
    """For each line, the index of the next line that is not blank; the number of lines where there is none."""
    found, following = len(lines), [0] * len(lines)
    for index in range(len(lines) - 1, -1, -1):
        following[index] = found
        if lines[index].strip():
            found = index
    return following


def _is_separator(line: str) -> bool:
    return "-" in line and "|" in line and not line.strip(" \t|:-")


def split_row(line: str) -> tuple[str, ...]:
    """The cells of a table row; a pipe that is escaped or inside a code span belongs to its cell."""
    text = line.strip().removeprefix("|").removesuffix("|").replace("\\|", "\0")
    text = re.sub(r"`[^`]*`", lambda code: code[0].replace("|", "\0"), text)
    return tuple(cell.strip().replace("\0", "|") for cell in text.split("|", MOST_CELLS)[:MOST_CELLS])
