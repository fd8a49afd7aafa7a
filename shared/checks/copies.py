"""Finds what one document has copied from another: whole blocks, and long runs of equal lines. Pure; linear.

A summary may say a thing in the words of its source: one sentence, a name, the row of a table. A copy is a block
(paragraph, list, table with its header, part of a code block) that is equal and large, or a run of many equal lines.
Differences in line breaks and spaces do not count.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

BLOCK_LINES = 4
"""Lines of an equal block that make it a copy; a table's header counts, the rule below it does not."""
BLOCK_CHARACTERS = 300
"""Characters of an equal block that make it a copy however few its lines."""
RUN_LINES = 6
"""Equal lines in a row that make a copy out of parts of blocks. Table rows count in whole tables only."""

_TABLE_RULE = re.compile(r"[|:\- ]+")


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    block: int


def copied_lines(text: str, source: str) -> set[int]:
    """The 1-based numbers of the lines of `text` that are copied from `source`."""
    own, other = _lines(text), _lines(source)
    known = {_joined(block) for block in _blocks(other) if _is_large(block)}
    copied = {line.number for block in _blocks(own) if _is_large(block) and _joined(block) in known for line in block}
    runs = set(_runs([line.text for line in other if not line.text.startswith("|")]))
    prose = [line for line in own if not line.text.startswith("|")]
    for start, run in enumerate(_runs([line.text for line in prose])):
        if run in runs:
            copied.update(line.number for line in prose[start : start + RUN_LINES])
    return copied


def stretches(lines: Collection[int]) -> Iterator[tuple[int, int]]:
    """First and last line of each stretch of `lines`; a gap of up to two lines does not divide it."""
    numbers = sorted(lines)
    starts = [one for index, one in enumerate(numbers) if not index or one - numbers[index - 1] > 3]
    ends = [one for index, one in enumerate(numbers) if index + 1 == len(numbers) or numbers[index + 1] - one > 3]
    return zip(starts, ends, strict=True)


def _lines(text: str) -> list[_Line]:
    """The lines that say something, with uniform spaces, and the block (between blank lines) each belongs to."""
    lines: list[_Line] = []
    block = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = " ".join(raw.lstrip("> \t").split())
        block += not line
        if line and not line.startswith("```") and not _TABLE_RULE.fullmatch(line):
            lines.append(_Line(number, line, block))
    return lines


def _blocks(lines: list[_Line]) -> Iterable[list[_Line]]:
    blocks: dict[int, list[_Line]] = {}
    for line in lines:
        blocks.setdefault(line.block, []).append(line)
    return blocks.values()


def _joined(block: list[_Line]) -> str:
    return " ".join(line.text for line in block)


def _is_large(block: list[_Line]) -> bool:
    return len(block) >= BLOCK_LINES or sum(len(line.text) for line in block) >= BLOCK_CHARACTERS


def _runs(lines: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(lines[start:] for start in range(RUN_LINES)), strict=False)
