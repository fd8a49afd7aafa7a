"""Gives the statements of a PRD their requirement ids: those of the prompt's list, or the order's own. Pure.

The list is the ledger's. Where it is given, its ids, kinds and extents hold; the reading only adds what a list of
plain texts has lost: code marks, the label a nested item stands under, and which heading it belongs to.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from local.drafts.prd.statements import Kind, Reading, Statement
from local.drafts.prompt import Listed

type Numbered = tuple[str, Statement]

_RELEVANT: frozenset[Kind] = frozenset({"functional", "quality", "context"})
_EXCLUDED: frozenset[Kind] = frozenset({"non_goal", "later"})
_KINDS: dict[str, Kind] = {"quality": "quality", "constraint": "constraint", "non-goal": "non_goal", "goal": "context"}
"""Kinds of the prompt's list; all else is functional. A goal that no test can show is told, not designed."""
LINES_OF_A_STATEMENT = 4


def number(reading: Reading) -> Iterator[Numbered]:
    """Number the requirements in the PRD's order, without repeats. Context and exclusions get an empty id."""
    seen, count = set[str](), 0
    for statement in reading.statements:
        key = _plain(statement.text)
        if statement.kind in _EXCLUDED:
            yield "", statement
        if key in seen or statement.kind not in _RELEVANT:
            continue
        seen.add(key)
        if statement.kind == "context":
            yield "", statement
        else:
            count += 1
            yield f"R-{count:03d}", statement


def adopt(reading: Reading, listed: Sequence[Listed]) -> Iterator[Numbered]:
    """Pair each listed requirement with its statement; what the list passes over is context, or excluded."""
    lines = reading.text.split("\n")
    starts = [statement.line for statement in reading.statements]
    by_line: dict[int, list[Statement]] = {}
    for statement in reading.statements:
        by_line.setdefault(statement.line, []).append(statement)
    used = set[int]()
    numbered: list[Numbered] = []
    for one in listed:
        own = next((each for each in by_line.get(one.line, ()) if id(each) not in used and _same(each, one)), None)
        if own is not None:
            used.add(id(own))
        above = bisect_right(starts, one.line) - 1
        near = reading.statements[above] if above >= 0 else None
        numbered.append((one.id, _adopted(one, own or near, own is not None, reading, lines)))
    taken = {one.line for one in listed}
    rest = (each for each in reading.statements if id(each) not in used)
    numbered += (("", one) for each in rest if (one := _unlisted(each, taken)))
    yield from sorted(numbered, key=lambda pair: pair[1].line)


def _adopted(one: Listed, beside: Statement | None, same: bool, reading: Reading, lines: list[str]) -> Statement:
    """The listed requirement as a statement: the one `beside` it if that says the `same`, else one of its own."""
    kind: Kind = _KINDS.get(one.kind, "functional")
    if one.postponed or (kind == "constraint" and beside is not None and beside.kind == "later"):
        kind = "later"
    if same and beside is not None:
        return replace(beside, kind=kind)
    block = reading.block_at(one.line)
    section = reading.headings[block - 1] if block else ""
    return Statement(_with_code_marks(one, lines), kind, one.line, section, block)


def _unlisted(one: Statement, taken: set[int]) -> Statement | None:
    """What the list leaves out: still context for the design, or an exclusion; never a requirement."""
    if one.kind in _EXCLUDED:
        return None if one.line in taken else one
    return one if one.kind in _RELEVANT else None


def _same(statement: Statement, one: Listed) -> bool:
    """Whether both say the same: one holds the other, and not much besides a label before it or a cut end."""
    ours, theirs = _plain(statement.text), _plain(one.text)
    if theirs and (ours.endswith(theirs) or (one.text.endswith("…") and theirs in ours)):
        return True
    shorter, longer = sorted((ours, theirs), key=len)
    return bool(shorter) and shorter in longer and len(shorter) > 0.6 * len(longer)


def _with_code_marks(one: Listed, lines: list[str]) -> str:
    """The listed text with the backticks that its source has."""
    source = "\n".join(lines[one.line - 1 : one.line - 1 + LINES_OF_A_STATEMENT])
    text = one.text
    for name in dict.fromkeys(re.findall(r"`([^`\n]{2,80})`", source)):
        text = re.sub(rf"(?<![\w`/{{]){re.escape(name)}(?![\w`])", lambda found: f"`{found[0]}`", text)
    return text


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()
