"""The documents of a pack taken apart once: files, blocks, tables and sections, each with its line. Pure.

What every reader of the model starts from. Lines are 1-based and those of the document.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from shared.formats import markdown

ARCHITECTURE = "integration-architecture.md"
TESTS = "test-specifications.md"
DELIVERY = "cicd-pipeline.md"
OBSERVABILITY = "observability-plan.md"
PYTHON_SAMPLE = "python-sample-implementation.md"
CSHARP_SAMPLE = "csharp-implementation.md"

LARGEST_BLOCK = 400_000
"""Characters of a block that a reader takes apart; a larger one is opaque."""
MOST_ROWS = 5_000
_PATH_LINE = re.compile(r"\s{0,9}(?:#{1,6}\s{1,9})?\*{0,2}`([^`\n]{1,300})`\*{0,2}:?\s*")
_LABEL = re.compile(r"\s{0,9}\*\*(.{1,160}?)\*\*:?\s*")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.{1,300}?)\s*#*\s*")
_RULE = re.compile(r"\s*\|?\s*:?-{1,200}:?\s*(?:\|\s*:?-{1,200}:?\s*)*\|?\s*")
_CELLS = re.compile(r"(?<!\\)\|")
_FILE_NAME = re.compile(
    r"(?:[\w.@+-]{1,100}/){0,20}(?:[\w.@+-]{1,100}\.[A-Za-z][\w]{0,15}|Dockerfile|Makefile|\.[\w.-]{1,60})"
)


@dataclass(frozen=True)
class Block:
    """A fenced block: `path` is the whole file's path where the document gives one, `label` a bold line above it,
    `heading` the nearest heading before it. `line` is that of the opening fence: content begins one line below."""

    document: str
    language: str
    line: int
    content: str
    closed: bool
    path: str | None
    label: str
    heading: str

    def line_of(self, inner: int) -> int:
        """The document's line of the content's 1-based line `inner`."""
        return self.line + max(1, inner)


@dataclass(frozen=True)
class Row:
    """One row of a table: its cells by column title (lower case), in order, and its line."""

    cells: Mapping[str, str]
    line: int

    def cell(self, *names: str) -> str:
        """The first cell whose column title holds one of `names` as a word; empty where there is none."""
        for name in names:
            for title, value in self.cells.items():
                if re.search(rf"\b{re.escape(name)}", title):
                    return value
        return ""


@dataclass(frozen=True)
class Table:
    """A Markdown table with its heading: `columns` are the titles as written."""

    document: str
    line: int
    heading: str
    section: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def has(self, *names: str) -> bool:
        """Whether each of `names` begins a word of some column title."""
        return all(any(re.search(rf"\b{re.escape(name)}", title.lower()) for title in self.columns) for name in names)


@dataclass(frozen=True)
class Section:
    """A heading of any level with the text below it, to the next heading of its level or above."""

    document: str
    level: int
    title: str
    line: int
    body: str


class PackDocument:
    """One deliverable taken apart: `blocks`, `tables`, `sections` and `prose` (its lines outside of blocks)."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the document without their ends; `lines[n - 1]` is line n."""
        return [line.rstrip("\r\n") for line in re.findall(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+", self.text)]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All fenced blocks in order."""
        return tuple(self._read_blocks())

    @cached_property
    def prose(self) -> tuple[tuple[int, str], ...]:
        """Lines outside of fenced blocks, with their numbers."""
        inside: set[int] = set()
        for block in self.blocks:
            inside.update(range(block.line, block.line + block.content.count("\n") + 2))
        return tuple((number, line) for number, line in enumerate(self.lines, 1) if number not in inside)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """All Markdown tables outside of blocks."""
        return tuple(self._read_tables())

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All headings outside of blocks, each with its text (blocks included)."""
        heads = [(number, match) for number, line in self.prose if (match := _HEADING.fullmatch(line[:400]))]
        found: list[Section] = []
        for place, (number, match) in enumerate(heads):
            level = len(match[1])
            end = next((other for other, next_ in heads[place + 1 :] if len(next_[1]) <= level), len(self.lines) + 1)
            found.append(Section(self.name, level, match[2], number, "\n".join(self.lines[number : end - 1])))
        return tuple(found)

    def section(self, title: str) -> Section | None:
        """The first section of that title, upper and lower case being the same."""
        return next((each for each in self.sections if each.title.lower() == title.lower()), None)

    def _read_blocks(self) -> Iterator[Block]:
        heading, end = "", 0
        for fence in markdown.fences(self.text):
            above = [line for line in self.lines[end : fence.line - 1] if line.strip()]
            for line in above:
                if match := _HEADING.fullmatch(line[:400]):
                    heading = match[2]
            last = above[-1] if above else ""
            path, label = _PATH_LINE.fullmatch(last[:400]), _LABEL.fullmatch(last[:400])
            named = path[1].strip() if path and _FILE_NAME.fullmatch(path[1].strip()) else None
            end = fence.line + fence.content.count("\n") + 1
            yield Block(
                document=self.name,
                language=fence.language,
                line=fence.line,
                content=fence.content,
                closed=fence.closed,
                path=named.removeprefix("./") if named else None,
                label=label[1] if label else "",
                heading=heading,
            )

    def _read_tables(self) -> Iterator[Table]:
        heading, section, run = "", "", list[tuple[int, str]]()
        for number, line in (*self.prose, (0, "")):
            if run and (number != run[-1][0] + 1 or "|" not in line):
                yield from self._table(run, heading, section)
                run = []
            if match := _HEADING.fullmatch(line[:400]):
                heading = match[2]
                section = match[2] if len(match[1]) == 2 else section
            elif "|" in line:
                run.append((number, line))

    def _table(self, run: list[tuple[int, str]], heading: str, section: str) -> Iterator[Table]:
        if len(run) < 2 or not _RULE.fullmatch(run[1][1][: markdown.LONGEST_LINE]):
            return
        columns = tuple(_split(run[0][1]))
        keys = [column.lower() for column in columns]
        rows = tuple(
            Row(dict(zip(keys, [*_split(line), *[""] * len(keys)], strict=False)), number)
            for number, line in run[2 : 2 + MOST_ROWS]
        )
        yield Table(self.name, run[0][0], heading, section, columns, rows)


def _split(line: str) -> list[str]:
    inner = line.strip()[: markdown.LONGEST_LINE].removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.replace("\\|", "|").strip() for cell in _CELLS.split(inner)]


def code_words(text: str) -> list[str]:
    """What stands between backticks in `text`, in order."""
    return re.findall(r"`([^`\n]{1,300})`", text)


class PackDocuments:
    """All documents of a pack, and the files they show by path: the first block of a path is the file."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.by_name = {name: PackDocument(name, text) for name, text in texts.items()}

    def get(self, name: str) -> PackDocument | None:
        """The deliverable of that name, if the pack has it."""
        return self.by_name.get(name)

    def __iter__(self) -> Iterator[PackDocument]:
        return iter(self.by_name.values())

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of all documents."""
        return tuple(block for document in self for block in document.blocks)

    @cached_property
    def files(self) -> Mapping[str, Block]:
        """Files that documents show, by path as written from the repository's root."""
        files: dict[str, Block] = {}
        for block in self.blocks:
            if block.path:
                files.setdefault(block.path, block)
        return files
