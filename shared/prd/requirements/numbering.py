"""Ids that stay with their requirements from one version of a PRD to the next. Pure.

A run's copy of its PRD ends in a comment that says which id each requirement has, where that is not its place in the
text. The text alone then tells the ids, to prompts, ledger, checks and the next version alike:

    <!-- requirement-ids last=R-046
    R-001 0123456789ab
    -->

Each line is an id and the hash of the words that have it, in the order of the text. `last` is the highest id that was
ever given: an id that a removed requirement had is given to no other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

_COMMENT = re.compile(r"\n*<!-- requirement-ids last=R-(\d{3,6})\n((?:R-\d{3,6} [0-9a-f]{12}\n)*)-->\s*\Z")


class Numbered(Protocol):
    """A requirement, as far as its id matters."""

    @property
    def id(self) -> str: ...

    @property
    def hash(self) -> str: ...


def given_ids(text: str, hashes: Sequence[str]) -> list[str]:
    """The id of each requirement in the order of the text: what the comment says of its words, else the next free."""
    found = _COMMENT.search(text)
    if found is None:
        return [named(number) for number in range(1, len(hashes) + 1)]
    said = dict[str, list[str]]()
    taken = set[str]()
    for line in found[2].splitlines():
        identifier, words = line.split(" ")
        if identifier not in taken:
            taken.add(identifier)
            said.setdefault(words, []).append(identifier)
    free = _after(max([int(found[1]), *(int(identifier[2:]) for identifier in taken)]))
    return [said[words].pop(0) if said.get(words) else next(free) for words in hashes]


def without_ids(text: str) -> str:
    """The PRD as its author wrote it."""
    found = _COMMENT.search(text)
    return text[: found.start()] + "\n" if found else text


def with_ids(text: str, requirements: Iterable[Numbered], ids: Mapping[str, str], last: int) -> str:
    """The text with a comment that gives each requirement the id that `ids` has for the one it has by its place.

    Nothing is said where that is what its place gives it, and no higher id was ever given.
    """
    listed, plain = list(requirements), without_ids(text)
    order = [named(number) for number in range(1, len(listed) + 1)]
    if [ids[one.id] for one in listed] == order and last <= len(listed):
        return plain
    lines = "".join(f"{ids[one.id]} {one.hash}\n" for one in listed)
    return f"{plain.rstrip()}\n\n<!-- requirement-ids last={named(last)}\n{lines}-->\n"


def last_given(text: str, requirements: Iterable[Numbered]) -> int:
    """The highest number that a requirement of this PRD has or ever had."""
    found = _COMMENT.search(text)
    return max([int(found[1]) if found else 0, *(int(one.id[2:]) for one in requirements)], default=0)


def named(number: int) -> str:
    """The id with this number."""
    return f"R-{number:03d}"


def _after(number: int) -> Iterator[str]:
    while True:
        number += 1
        yield named(number)
