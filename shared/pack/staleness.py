"""What a new version of a PRD makes stale in a pack: deliverables and sections, and why. Pure: texts in.

A section is stale where it cites a requirement that changed or went, or that requirement's family where nothing cites
it. It may be stale where it uses what such a place of the architecture defines: an operation, a schema, an objective;
whether it is, is seen when the architecture has been revised. What is asked anew is cited nowhere: the architect reads
it first, and whoever tests or observes what is like it after that.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.contracts import MAYBE, SURE, Payload
from shared.pack.citations import Citing, read_citations
from shared.pack.coverage import is_wanted
from shared.pack.ledger import ARCHITECTURE, OBSERVABILITY, TESTS
from shared.pack.lineage import Family
from shared.pack.moves import forms_of
from shared.pack.passages import headings
from shared.prd.requirements import ADDED, CHANGED, MEASURE, Comparison, Requirement, extract_requirements

MANIFEST = "MANIFEST.md"
SETUP_KINDS = ("non_goal", "constraint", "goal")
"""Kinds of requirements that the manifest's assumptions and non-goals say again."""
MOST_CITED_AT_ONCE = 5
"""A place that cites more requirements says of none of them what it asks for."""
LONGEST_REASON = 160
_SLO = re.compile(r"\bSLO-\d{1,3}\b")
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_NAMED = ("operation", "schema")


@dataclass(frozen=True)
class Stale(Payload):
    """A section that a change reaches. `reason` says by which requirement or name, `level` is sure or maybe.

    `section` is empty where the whole deliverable is meant, because it says nothing of the matter yet.
    """

    deliverable: str
    section: str
    reason: str
    level: str = SURE


@dataclass(frozen=True)
class Staleness(Payload):
    """All that a new version of a PRD makes stale, in the order of the documents."""

    sections: tuple[Stale, ...] = ()

    def level(self, deliverable: str) -> str:
        """How surely a deliverable must be revised; empty where nothing in it is stale."""
        levels = {one.level for one in self.sections if one.deliverable == deliverable}
        return SURE if SURE in levels else MAYBE if levels else ""

    @property
    def deliverables(self) -> tuple[str, ...]:
        """Those with at least one stale section."""
        return tuple(dict.fromkeys(one.deliverable for one in self.sections))


def find_stale(before: str, comparison: Comparison, documents: Mapping[str, str]) -> Staleness:
    """What is stale in `documents`, the deliverables of the version `before` by file name."""
    if comparison.is_same and not _renamed(before, comparison):
        return Staleness()
    reader = _Reader(before, comparison, documents)
    found = [*reader.cited(), *reader.added(), *reader.context()]
    found += reader.dependent() if found else []
    order = [ARCHITECTURE, *documents, TESTS, OBSERVABILITY, MANIFEST]
    found.sort(key=lambda one: order.index(one.deliverable))
    strongest = dict[tuple[str, str], Stale]()
    for one in sorted(found, key=lambda one: one.level != SURE):
        strongest.setdefault((one.deliverable, one.section), one)
    return Staleness(tuple(one for one in found if strongest[one.deliverable, one.section] is one))


def _renamed(before: str, comparison: Comparison) -> dict[str, str]:
    """The PRD's own ids that now name another requirement, or none, with the id that they named."""
    now = {one.id: one.source_id for one in extract_requirements(comparison.text)}
    return {
        one.source_id: one.id
        for one in extract_requirements(before)
        if one.source_id and one.id in now and now[one.id] != one.source_id
    }


class _Reader:
    """Reads the documents once and follows what changed into them."""

    def __init__(self, before: str, comparison: Comparison, documents: Mapping[str, str]) -> None:
        old, new = extract_requirements(before), extract_requirements(comparison.text)
        self._comparison, self._documents = comparison, documents
        self._family = Family(old)
        self._known = {one.id: one for one in (*new, *old)}
        self._new = {one.id: one for one in new}
        aliases = dict[str, tuple[str, ...]]()
        for one in old:
            if one.source_id and not re.match(r"R-?\d|SLO", one.source_id):
                aliases[one.source_id] = (*aliases.get(one.source_id, ()), one.id)
        self._citing = {name: read_citations(text, aliases).citing for name, text in documents.items()}
        self._renamed = _renamed(before, comparison)
        self._names = dict[str, str]()

    def cited(self) -> Iterator[Stale]:
        """Sections that cite what changed or went, and the manifest where it says it again."""
        for change in self._comparison.asked:
            if change.kind == ADDED:
                continue
            one = self._known[change.id]
            places = list(self._places((change.id,))) or list(self._places(self._relatives(change.id)))
            if change.kind == CHANGED:  # who cites an id that is gone must change, however many others stand beside it
                places = [(name, citing) for name, citing in places if len(citing.ids) <= MOST_CITED_AT_ONCE]
            for name, citing in places:
                self._note_names(name, citing, change.id)
                yield Stale(name, citing.passage.section, f"{change.id} {change.kind}")
            if is_wanted(one) and all(name != ARCHITECTURE for name, _ in places):
                yield Stale(ARCHITECTURE, "", f"{change.id} {change.kind}")
            if self._is_set_up(change.id):
                yield Stale(MANIFEST, "", f"{change.id} {change.kind}")
        for own, identifier in self._renamed.items():
            for name, citing in self._places((identifier,)):
                if f"[{own}]" in citing.passage.text:
                    yield Stale(name, citing.passage.section, f"{own} names another requirement"[:LONGEST_REASON])

    def added(self) -> Iterator[Stale]:
        """Who has to answer what is asked anew."""
        for change in self._comparison.of(ADDED):
            one = self._known[change.id]
            yield Stale(ARCHITECTURE, "", f"{one.id} added")
            if one.kind == "functional" and is_wanted(one):
                yield Stale(TESTS, "", f"{one.id} added")
            if one.kind == "quality" and MEASURE.search(one.text):
                yield Stale(OBSERVABILITY, "", f"{one.id} added")
            if one.kind in SETUP_KINDS or one.postponed:
                yield Stale(MANIFEST, "", f"{one.id} added")

    def context(self) -> Iterator[Stale]:
        """Text that asks for nothing may still be what the design rests on: the architect and the setup read it."""
        if self._comparison.context:
            lines = ", ".join(str(line) for line in sorted({one.line for one in self._comparison.context})[:5])
            for name in (ARCHITECTURE, MANIFEST):
                yield Stale(name, "", f"text around the requirements changed (lines {lines})")

    def dependent(self) -> Iterator[Stale]:
        """Sections of other documents that use what stale places of the architecture define; the manifest uses all."""
        for name, text in self._documents.items():
            if self._names and name != ARCHITECTURE:
                yield from self._uses(name, text)
        yield Stale(MANIFEST, "", "sums up what the documents say", MAYBE)

    def _uses(self, name: str, text: str) -> Iterator[Stale]:
        titles = [(line, title) for line, level, title in headings(text, 2) if level == 2]
        starts = [line for line, _ in titles]
        for number, line in enumerate(text.splitlines(), 1):
            for word in dict.fromkeys((*_WORD.findall(line), *_SLO.findall(line))):
                if reason := self._names.get(word):
                    at = bisect_right(starts, number) - 1
                    yield Stale(name, titles[at][1] if at >= 0 else "", reason, MAYBE)

    def _note_names(self, document: str, citing: Citing, identifier: str) -> None:
        """Names that a citing place of the architecture defines, as other documents write them."""
        if document != ARCHITECTURE:
            return
        place = citing.passage.place
        names = [place.name] if place and place.kind in _NAMED else _SLO.findall(citing.passage.text)
        for name in names:
            for form in forms_of(name):
                self._names.setdefault(form, f"uses {name}, which answers {identifier}"[:LONGEST_REASON])

    def _places(self, ids: Iterable[str]) -> Iterator[tuple[str, Citing]]:
        wanted = set(ids)
        for name, citing in self._citing.items():
            yield from ((name, one) for one in citing if wanted & one.ids.keys())

    def _relatives(self, identifier: str) -> Sequence[str]:
        """Whom a document may cite instead: the nearest ancestor, else the parts."""
        above = self._family.above(identifier)[:1]
        return above or [one.id for one in self._family.children(identifier)]

    def _is_set_up(self, identifier: str) -> bool:
        ways: list[Requirement | None] = [self._known[identifier], self._new.get(identifier)]
        return any(one is not None and (one.kind in SETUP_KINDS or bool(one.postponed)) for one in ways)
