"""Changes inputs: bytes, words and lines of one are doubled, moved, cut, replaced, or taken from another."""

import random
import re

LONGEST = 40_000
"""Bytes of an input."""
MARKS = [
    *"-*_#>|`~[](){}<>!&:;=+\\/%\"'.,0aZ\n\t \r\0\x0b\x1b\x85\u00a0\u200b\u202e\u2028\ufeff\ufffe\U000e0041é注🦊",
    "---\n", "```", "~~~", "<!--", "]: ", "](", "&#", "!!", "*a", "&a", "<<: ", "? ", "..", "%2e", "must ", "- [ ] ",
    "R-001", "R-002..R-009", "SLO-1", "${{ ", " }}", "$(a)", "$ref: ", "'#/", "null", "[]", "{}", "-1", "1e400",
    "9" * 400, "\\ud800", "\ud800", "| where ", "\n## ", "\n    ",
]  # fmt: skip
_WORD = re.compile(rb"\w+")


def mutated(source: bytes, other: bytes, chance: random.Random) -> bytes:
    """`source` with one to six changes, some of them by parts of `other`."""
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        source = chance.choice(_CHANGES)(source, other, chance)[: 2 * LONGEST]
    return source[:LONGEST]


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.choice((1, 4, 40, 400, 4_000)))


def _cut(data: bytes, _: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _repeated(data: bytes, _: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[start:end] * chance.choice((2, 3, 51)) + data[end:]


def _marked(data: bytes, _: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    mark = chance.choice(MARKS).encode("utf-8", "surrogatepass") * chance.choice((1, 1, 1, 1, 3, 300, LONGEST))
    return data[:start] + mark[:LONGEST] + data[chance.choice((start, end)) :]


def _scrambled(data: bytes, _: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + chance.choice((chance.randbytes(chance.randint(1, 8)), data[start:end][::-1])) + data[end:]


def _spliced(data: bytes, other: bytes, chance: random.Random) -> bytes:
    start, (first, last) = chance.randint(0, len(data)), _span(other, chance)
    return data[:start] + other[first:last] + data[start:]


def _word(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """One word replaced, by one that stands in either input."""
    words = list(_WORD.finditer(data))
    if not words:
        return data
    old = chance.choice(words)
    new = chance.choice(_WORD.findall(other) or [b""]) if chance.random() < 0.5 else chance.choice(words)[0]
    return data[: old.start()] + new + data[old.end() :]


def _lines(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Some lines taken out, or put elsewhere, or come from the other input; what they hold stays whole."""
    lines = data.splitlines(keepends=True)
    given = chance.choice((lines, other.splitlines(keepends=True)))
    first = chance.randint(0, len(given))
    moved = given[first : first + chance.choice((1, 1, 3, 10))]
    if given is lines and chance.random() < 0.7:
        del lines[first : first + len(moved)]
    if chance.random() < 0.7:
        indent = chance.choice((b"", b"", b"  "))
        place = chance.randint(0, len(lines))
        lines[place:place] = [indent + line for line in moved]
    return b"".join(lines)


_CHANGES = (_cut, _repeated, _marked, _scrambled, _spliced, _word, _lines)
