"""Answers a revision as it is asked: with edits that turn one text into another. Pure.

Each edit quotes whole lines that stand only once in the text before; where a change has no such lines around it, more
of them are taken.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class _Change:
    """Lines `start` to `end` of the text before become lines `new_start` to `new_end` of the text after."""

    start: int
    end: int
    new_start: int
    new_end: int


def edits_between(before: str, after: str, mark: str) -> str:
    """Edits, with this fingerprint in their delimiters, that make `after` of `before`."""
    if before == after:
        return f"<unchanged-{mark}>"
    old, new = before.split("\n"), after.split("\n")
    return "\n\n".join(_written(change, old, new, mark) for change in _changes(before, old, new))


def misquoted(answer: str) -> str:
    """The same edits, each of a text that stands nowhere; where there are none, an answer that is neither."""
    answer = re.sub(r"<unchanged-[0-9a-f]{12}>", "Nothing is to be changed.", answer)
    return re.sub(r"(<(?:replace|after)-[0-9a-f]{12}>\n)", r"\1misquoted: ", answer)


def _written(change: _Change, old: Sequence[str], new: Sequence[str], mark: str) -> str:
    quoted, put = old[change.start : change.end], new[change.new_start : change.new_end]
    form = "replace"
    if put[: len(quoted)] == quoted and change.end < len(old):
        form, put = "after", put[len(quoted) :]
    lines = (f"<{form}-{mark}>", *quoted, f"<with-{mark}>", *put, f"</{form}-{mark}>")
    return "\n".join(lines)


def _changes(before: str, old: Sequence[str], new: Sequence[str]) -> list[_Change]:
    """What differs, each with as many lines around it as make it stand only once; those that then touch are one."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    found = [_Change(*places) for kind, *places in matcher.get_opcodes() if kind != "equal"]
    while True:
        widened = [_widened(change, before, old) for change in found]
        merged = _merged(widened)
        if merged == found:
            return found
        found = merged


def _widened(change: _Change, before: str, old: Sequence[str]) -> _Change:
    while change.start > 0 or change.end < len(old):
        quoted = "\n".join(old[change.start : change.end])
        if quoted.strip() and before.find(quoted) == before.rfind(quoted):
            break
        up, down = int(change.start > 0), int(change.end < len(old) and bool(quoted.strip()))
        change = _Change(change.start - up, change.end + down, change.new_start - up, change.new_end + down)
    return change


def _merged(changes: Sequence[_Change]) -> list[_Change]:
    merged: list[_Change] = []
    for change in changes:
        last = merged[-1] if merged else None
        if last and change.start <= last.end:
            merged[-1] = _Change(last.start, change.end, last.new_start, change.new_end)
        else:
            merged.append(change)
    return merged
