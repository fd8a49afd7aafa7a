"""What a PRD says more than once: told apart from what merely sounds alike, and put into one family. Pure.

Goals, people's abilities and a roadmap's phases often say roughly what the rest says precisely. Words are compared by
their stems, with verbs of like meaning as one; amounts such as `100 ms` weigh more. What says the same is one; what
overlaps is one family; in doubt two statements stay two. The work is bounded by `MOST_COMPARED`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.prd.requirements.goals import is_hoped_for
from shared.prd.requirements.scopes import Statement
from shared.prd.requirements.vocabulary import MEASURE, MUST

MOST_COMPARED = 2_000
"""Statements of a PRD up to which overlaps are looked for; equal words are found in any number."""
_LEAST_SHARED = 2
_HALF, _NEARLY_ALL = 0.5, 0.8
_IN_CODE = re.compile(r"`|\b(?:GET|POST|PUT|PATCH|DELETE) /")
_WORD = re.compile(r"[^\W\d_]{2,}")
_AMOUNT = re.compile(r"(\d[\d.,]*)\s?(%|[^\W\d_]{1,10})?")
_STEM_LENGTH = 6
_ENDINGS = ("ations", "ation", "ings", "ing", "ions", "ion", "ies", "ed", "es", "s", "y", "e")
_ALIKE = (
    "see view read look show display get open follow lihat melihat browse access",
    "make create add post register record write catat mencatat buat membuat",
    "remove delete revoke withdraw cancel erase hapus",
    "change edit update modify set adjust ubah",
    "find search filter cari",
    "send notify tell inform alert told notification",
    "approve accept confirm disetujui setujui menyetujui",
    "export download",
    "import upload",
    "choose pick select",
    "request ask submit ajukan mengajukan pengajuan",
    "verify check validate verifikasi diverifikasi",
)
_CANONICAL: dict[str, str] = {word: group.split()[0] for group in _ALIKE for word in group.split()}
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        """a an the of for in on to with by at from into as is are be it its any all no not we our this that these those
    they them their there and or if when where who what which whenever while without having have has had want wants
    like likes can could may might must should shall will would do does so such than then via per etc only also just
    one two some new people person something
        automatically immediately directly goes go
        somebody someone anything anybody nobody everybody everything up out off away
        user users system service application app based using use used able get let lets
    der die das ein eine einen und oder mit für von zu im in den dem des ist sind wird werden kann muss als sich nach
    dan atau yang untuk dengan di ke dari bisa dapat harus tidak sudah setelah pada adalah
    el la los las un una de del que y o con para por en es se le les des du et ou pour par est une""",
    )
)


@dataclass(slots=True)
class _Index:
    """Families by the stems of their words: the words of a story, its name and its criteria together."""

    stems: dict[Statement, set[str]] = field(default_factory=dict[Statement, set[str]])
    amounts: dict[Statement, set[str]] = field(default_factory=dict[Statement, set[str]])
    with_stem: dict[str, list[Statement]] = field(default_factory=lambda: defaultdict[str, list[Statement]](list))

    @classmethod
    def of(cls, statements: Iterable[Statement]) -> "_Index":
        index = cls()
        for one in statements:
            root = _root(one)
            known = index.stems.setdefault(root, set())
            for stem in stems(f"{one.name} {one.text}") - known:
                known.add(stem)
                index.with_stem[stem].append(root)
            index.amounts.setdefault(root, set()).update(amounts(one.text))
        return index

    def candidates(self, words: set[str]) -> list[Statement]:
        """Families that share a word, those that share most first."""
        shared = defaultdict[Statement, int](int)
        for stem in words:
            for root in self.with_stem.get(stem, ()):
                shared[root] += 1
        return sorted(shared, key=lambda root: (-shared[root], root.line))


def settle(found: Sequence[Statement]) -> list[Statement]:
    """The statements without repetitions; goals are told from functions, and overlaps put into families."""
    kept = _without_repetitions(found)
    _tell_goals(kept)
    return _joined(kept) if len(kept) <= MOST_COMPARED else kept


def stems(text: str) -> set[str]:
    """The words that say something, shortened, with verbs of like meaning as one."""
    words = (word.casefold() for word in _WORD.findall(text))
    return {_stem(_canonical(word)) for word in words if word not in _EMPTY}


def amounts(text: str) -> set[str]:
    """Numbers with their units: `100ms`."""
    return {f"{number.rstrip('.,')}{unit.casefold()}" for number, unit in _AMOUNT.findall(text) if unit}


def _without_repetitions(found: Sequence[Statement]) -> list[Statement]:
    """What another section says in the same words is said once, where it is said precisely; an own id is kept."""
    first = dict[tuple[frozenset[str], frozenset[str], bool], Statement]()
    instead = dict[Statement, Statement]()
    for one in found:
        words = frozenset(stems(one.text))
        key = (words, frozenset(amounts(one.text)), one.kind == "non_goal")
        other = first.setdefault(key, one) if len(words) > _LEAST_SHARED else one
        own = other.source_id and one.source_id and other.source_id != one.source_id
        if other is one or other.section == one.section or own or other is one.parent:
            continue
        if other.coarse and not one.coarse:
            first[key] = one
            one, other = other, one
        other.source_id = other.source_id or one.source_id
        other.parent = other.parent or (one.parent if one.parent is not other else None)
        instead[one] = other
    kept = [one for one in found if one not in instead]
    for one in kept:
        while one.parent in instead:
            one.parent = instead[one.parent]
        if _root(one) is one and one.parent is not None:
            one.parent = None
    return kept


def _tell_goals(kept: Sequence[Statement]) -> None:
    """What a section of goals hopes for is no function."""
    for one in kept:
        if one.coarse == "goal" and one.kind in ("functional", "quality") and not _can_be_tested(one):
            one.kind = "goal" if is_hoped_for(one.text) else one.kind


def _can_be_tested(one: Statement) -> bool:
    return bool(one.source_id or MEASURE.search(one.text) or MUST.search(one.text) or _IN_CODE.search(one.text))


def _joined(kept: list[Statement]) -> list[Statement]:
    precise = [one for one in kept if not one.coarse and one.kind not in ("non_goal", "goal") and not one.postponed]
    index = _Index.of(precise)
    dropped = set[Statement]()
    for one in kept:
        if one.coarse in ("goal", "ability") and one.parent is None and one.kind != "non_goal":
            _place(one, index, kept, dropped)
    _put_with_what_says_more([one for one in precise if one not in dropped])
    _postpone([one for one in kept if one not in dropped], dropped)
    return [one for one in kept if one not in dropped]


def _place(one: Statement, index: _Index, kept: Sequence[Statement], dropped: set[Statement]) -> None:
    """Put a coarse statement into the family that says the same; drop an ability that adds no word."""
    told = one.text.split(": ", 1)[-1] if one.coarse == "ability" else one.text
    words, said = stems(told), amounts(told)
    role = stems(one.text) - words
    for root in index.candidates(words | role)[:20]:
        shared = words & index.stems[root]
        if one.coarse == "ability" and len(shared) == len(words) >= _LEAST_SHARED and not _has_children(one, kept):
            dropped.add(one)
            return
        same_amount = bool(said & index.amounts[root]) and bool(shared)
        if same_amount or (len(shared) >= _LEAST_SHARED and len(shared) >= _HALF * len(words)):
            one.parent, one.restates = root, True
            return


def _put_with_what_says_more(precise: Sequence[Statement]) -> None:
    """A sentence all of whose words a criterion of another section has as well restates that criterion."""
    criteria = [(one, stems(one.text), amounts(one.text)) for one in precise if one.parent is not None]
    with_children = {one.parent for one in precise}
    for one in precise:
        if one.parent is not None or one.source_id or one in with_children or one.kind != "functional":
            continue
        words, said = stems(one.text), amounts(one.text)
        if len(words) <= _LEAST_SHARED:
            continue
        for other, theirs, their_amounts in criteria:
            if other.section != one.section and words <= theirs and said <= their_amounts:
                one.parent, one.restates = other, True
                break


def _postpone(kept: Sequence[Statement], dropped: set[Statement]) -> None:
    """A later phase that names what the PRD asks for elsewhere says nothing new; an ability, it puts off."""
    said = [(one, stems(one.text.split(": ", 1)[-1])) for one in kept if one.coarse != "phase" and not one.postponed]
    for phase in [one for one in kept if one.coarse == "phase"]:
        words = stems(phase.text)
        for one, theirs in said:
            same = words == theirs or (len(words & theirs) >= _LEAST_SHARED and _alike(words, theirs))
            if not same or one.kind == "non_goal":
                continue
            if one.coarse == "ability":
                one.kind, one.postponed = "constraint", phase.postponed
            dropped.add(phase)
            break


def _alike(ours: set[str], theirs: set[str]) -> bool:
    return len(ours & theirs) >= _NEARLY_ALL * len(ours | theirs)


def _has_children(one: Statement, kept: Sequence[Statement]) -> bool:
    return any(other.parent is one for other in kept)


def _root(one: Statement) -> Statement:
    seen = {one}
    while one.parent is not None and one.parent not in seen:
        one = one.parent
        seen.add(one)
    return one


def _canonical(word: str) -> str:
    """One verb for those of like meaning."""
    return _CANONICAL.get(word, _CANONICAL.get(word.removesuffix("s"), word))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:_STEM_LENGTH]
