"""Compares two versions of a PRD by requirement: added, removed, changed, moved, unchanged. Pure: two texts in.

Requirements are paired first by their words, then by the PRD's own ids and by how many telling words they share, so
that one that is reworded is still the same one. What is paired keeps its id; ids that the PRD's author renumbers, white
space, line breaks, emphasis and the order of the text change nothing. Text that asks for nothing is compared by blocks:
where its words differ, that is told as context, because a design may rest on it.
"""

import math
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.contracts import Payload
from shared.prd.requirements.extraction import Requirement, extract_requirements
from shared.prd.requirements.numbering import last_given, named, with_ids, without_ids
from shared.prd.requirements.outline import read_outline

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
ALIKE = 0.5
"""Share of telling words that two requirements have in common when they are one; with the same own id, less will do."""
ALIKE_BY_ID = 0.3
MOST_COMPARED = 400
"""Requirements without a counterpart that are compared word by word, on each side."""
MOST_CONTEXT = 20
_LONGEST_SHOWN = 300
_NUMBER = re.compile(r"^\s*(?:\(?\d{1,3}(?:\.\d{1,3}){0,3}[.):]?|[a-zA-Z][.)])\s+")
_MARKS = re.compile(r"(?<!\w)[*_`~]+|[*_`~]+(?!\w)")


@dataclass(frozen=True)
class Change(Payload):
    """What became of one requirement: `kind` is added, removed, changed or moved; `id` is the one that it keeps.

    `before` and `after` are its words, `was_line` and `line` their places; empty and 0 where it was not or is not.
    """

    kind: str
    id: str
    before: str = ""
    after: str = ""
    was_line: int = 0
    line: int = 0


@dataclass(frozen=True)
class Context(Payload):
    """A passage that asks for nothing and was put in (`after`) or taken out (`before`)."""

    before: str = ""
    after: str = ""
    line: int = 0


@dataclass(frozen=True)
class Comparison(Payload):
    """What a new version of a PRD changes. `text` is the new version with the ids that its requirements keep."""

    text: str
    changes: tuple[Change, ...] = ()
    context: tuple[Context, ...] = ()
    unchanged: int = 0

    def of(self, kind: str) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def asked(self) -> tuple[Change, ...]:
        """Those that change what is asked for: all but moves."""
        return tuple(change for change in self.changes if change.kind != MOVED)

    @property
    def kept(self) -> float:
        """Share of the earlier version's requirements that the new one still has, changed or not."""
        stay = self.unchanged + len(self.of(CHANGED)) + len(self.of(MOVED))
        before = stay + len(self.of(REMOVED))
        return stay / before if before else 0.0

    @property
    def is_same(self) -> bool:
        """Whether nothing but the form or the order of the text differs."""
        return not self.asked and not self.context


def compare(before: str, after: str) -> Comparison:
    """What `after` changes of `before`. Ids of `before` hold, also those that its text gives."""
    after = without_ids(after)
    old, new = extract_requirements(before), extract_requirements(after)
    pairs = _pairs(old, new)
    last, ids = last_given(before, old), dict[str, str]()
    for number, one in enumerate(new):
        if number in pairs:
            ids[one.id] = old[pairs[number]].id
        else:
            last += 1
            ids[one.id] = named(last)
    changes = list(_changes(old, new, pairs, ids))
    told = {change.line for change in changes if change.kind in (ADDED, CHANGED)}
    was_told = {change.was_line for change in changes if change.kind in (REMOVED, CHANGED)}
    was_named = {one.source_id: one.id for one in old if one.source_id}
    is_named = {one.source_id: ids[one.id] for one in new if one.source_id}
    context = _context(_Blocks.of(without_ids(before), was_told, was_named), _Blocks.of(after, told, is_named))
    unchanged = len(pairs) - sum(change.kind in (CHANGED, MOVED) for change in changes)
    return Comparison(with_ids(after, new, ids, last), tuple(changes), tuple(context), unchanged)


def wording(text: str) -> str:
    """A text without what only its form says: emphasis, white space, kinds of characters, the stop at its end."""
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", text).replace("’", "'"))
    return re.sub(r"\s+", " ", plain).strip().rstrip(".;,").strip()


def _changes(
    old: Sequence[Requirement], new: Sequence[Requirement], pairs: Mapping[int, int], ids: Mapping[str, str]
) -> Iterator[Change]:
    """In the order of the new text, and then what is gone."""
    stayed = _in_order(pairs)
    for number, one in enumerate(new):
        if number not in pairs:
            yield Change(ADDED, ids[one.id], after=one.text, line=one.line)
            continue
        was = old[pairs[number]]
        if _asks_the_same(was, one):
            kind = "" if number in stayed and _section(was) == _section(one) else MOVED
        else:
            kind = CHANGED
        if kind:
            yield Change(kind, was.id, was.text, one.text, was.line, one.line)
    found = set(pairs.values())
    for number, one in enumerate(old):
        if number not in found:
            yield Change(REMOVED, one.id, before=one.text, was_line=one.line)


def _asks_the_same(was: Requirement, one: Requirement) -> bool:
    same_words = was.hash == one.hash and wording(was.text) == wording(one.text)
    return same_words and was.kind == one.kind and bool(was.postponed) == bool(one.postponed)


def _section(one: Requirement) -> str:
    return wording(_NUMBER.sub("", one.section))


def _in_order(pairs: Mapping[int, int]) -> set[int]:
    """The longest run of pairs that stand in the same order in both texts: all others were moved."""
    numbers = sorted(pairs)
    ends, places, before = list[int](), list[int](), dict[int, int | None]()
    for number in numbers:
        at = bisect_left(ends, pairs[number])
        before[number] = places[at - 1] if at else None
        ends[at : at + 1], places[at : at + 1] = [pairs[number]], [number]
    stayed, last = set[int](), places[-1] if places else None
    while last is not None:
        stayed.add(last)
        last = before[last]
    return stayed


def _pairs(old: Sequence[Requirement], new: Sequence[Requirement]) -> dict[int, int]:
    """Which requirement of the new text is which of the old, by their indexes: the surest pairs first."""
    pairing = _Pairing(old, new)
    pairing.by(lambda one: (one.hash, wording(one.text), _section(one), one.source_id))
    pairing.by(lambda one: (one.hash, wording(one.text), _section(one)))
    pairing.by(lambda one: (one.hash, wording(one.text)))
    pairing.by(lambda one: one.hash)
    pairing.by_likeness()
    return pairing.pairs


@dataclass
class _Pairing:
    """Pairs so far: an index in `new` to one in `old`."""

    old: Sequence[Requirement]
    new: Sequence[Requirement]
    pairs: dict[int, int] = field(default_factory=dict[int, int])

    def _left(self) -> tuple[list[int], list[int]]:
        taken = set(self.pairs.values())
        return (
            [number for number in range(len(self.old)) if number not in taken],
            [number for number in range(len(self.new)) if number not in self.pairs],
        )

    def by(self, key: Callable[[Requirement], object]) -> None:
        """Pair what has the same key, in the order of both texts."""
        olds, news = self._left()
        waiting = dict[object, list[int]]()
        for number in reversed(olds):
            waiting.setdefault(key(self.old[number]), []).append(number)
        for number in news:
            if places := waiting.get(key(self.new[number])):
                self.pairs[number] = places.pop()

    def by_likeness(self) -> None:
        """Pair what shares most of its telling words; of those that share as much, what stands nearest."""
        olds, news = (numbers[:MOST_COMPARED] for numbers in self._left())
        weights = _weights([*self.old, *self.new])
        found = list[tuple[float, int, int, int]]()
        words = {number: _words(self.old[number]) for number in olds}
        for number in news:
            own = _words(self.new[number])
            for other in olds:
                likeness = _likeness(own, words[other], weights)
                if likeness >= self._needed(number, other):
                    found.append((-round(likeness, 3), abs(number - other), number, other))
        taken = set[int]()
        for *_, number, other in sorted(found):
            if number not in self.pairs and other not in taken:
                self.pairs[number] = other
                taken.add(other)

    def _needed(self, number: int, other: int) -> float:
        one, was = self.new[number], self.old[other]
        return ALIKE_BY_ID if one.source_id and one.source_id == was.source_id else ALIKE


def _words(one: Requirement) -> Counter[str]:
    return Counter(re.findall(r"\w+", one.text.casefold()))


def _weights(requirements: Sequence[Requirement]) -> dict[str, float]:
    """A word tells the more, the fewer requirements have it."""
    having = Counter(word for one in requirements for word in set(_words(one)))
    return {word: math.log(1 + len(requirements) / number) for word, number in having.items()}


def _likeness(one: Counter[str], other: Counter[str], weights: Mapping[str, float]) -> float:
    shared = sum(weights[word] * count for word, count in (one & other).items())
    whole = sum(weights[word] * count for each in (one, other) for word, count in each.items())
    return 2 * shared / whole if whole else 0.0


@dataclass(frozen=True)
class _Blocks:
    """The blocks of a text by their words, with the place and text of each; `told` are those with told changes."""

    words: Counter[str]
    told: frozenset[str]
    places: Mapping[str, tuple[int, str]]

    @classmethod
    def of(cls, text: str, told: set[int], own: Mapping[str, str]) -> "_Blocks":
        """The blocks of a text; `told` are the lines of requirements that are told already, `own` ids read as ours."""
        names = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, own))})(?![\w-])") if own else None
        words, known, places = Counter[str](), set[str](), dict[str, tuple[int, str]]()
        for block in read_outline(text):
            raw = (" | " if block.kind == "row" else "\n").join(block.lines)
            said = wording(_NUMBER.sub("", raw) if block.kind in ("heading", "label") else raw)
            if names is not None:
                said = names.sub(lambda found: own[found[0]], said)
            if not said:
                continue
            words[said] += 1
            places.setdefault(said, (block.line, raw))
            if any(line in told for line in range(block.line, block.line + max(1, len(block.lines)))):
                known.add(said)
        return cls(words, frozenset(known), places)


def _context(old: _Blocks, new: _Blocks) -> list[Context]:
    """Blocks whose words one version has and the other has not, but for those whose requirements tell it."""
    gone = [said for said in (old.words - new.words) if said not in old.told]
    come = [said for said in (new.words - old.words) if said not in new.told]
    lost = [Context(before=old.places[said][1][:_LONGEST_SHOWN], line=old.places[said][0]) for said in gone]
    gained = [Context(after=new.places[said][1][:_LONGEST_SHOWN], line=new.places[said][0]) for said in come]
    return [*lost[:MOST_CONTEXT], *gained[:MOST_CONTEXT]]
