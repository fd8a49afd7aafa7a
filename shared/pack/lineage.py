"""Evidence in a family of requirements: children count for their parent, and a parent for its children. Pure.

Documents may cite either. A parent that is not cited has the evidence of its children, if all of them have some; a
child that is not cited has that of its parent. A parent does not wait for what only restates it, for what need not be
designed (goals, what is excluded or postponed), or for what is declined; where all is declined, so is the parent.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from shared.prd.requirements import Requirement


class Family:
    """Which requirements are parts of which. Parents that are missing or go in circles are no parents."""

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._all = {one.id: one for one in requirements}
        self._children: dict[str, list[Requirement]] = {}
        self._above = {one.id: tuple(self._ancestors(one)) for one in self._all.values()}
        for one in self._all.values():
            if above := self._above[one.id]:
                self._children.setdefault(above[0], []).append(one)

    def above(self, identifier: str) -> tuple[str, ...]:
        """The ids of parent, grandparent and so on."""
        return self._above[identifier]

    def children(self, identifier: str) -> tuple[Requirement, ...]:
        """What is part of this requirement."""
        return tuple(self._children.get(identifier, ()))

    def upwards(self) -> Iterator[str]:
        """All ids, children before their parents."""
        yield from sorted(self._all, key=lambda identifier: -len(self._above[identifier]))

    def _ancestors(self, one: Requirement) -> Iterator[str]:
        seen = {one.id}
        while one.parent is not None and one.parent in self._all and one.parent not in seen:
            seen.add(one.parent)
            yield one.parent
            one = self._all[one.parent]


def inherited[T](
    family: Family,
    own: Mapping[str, tuple[T, ...]],
    counts: Callable[[Requirement], bool],
    most: int,
    declining: Container[str] = (),
) -> dict[str, tuple[T, ...]]:
    """The evidence of every requirement for one aspect, with what its family lends it; at most `most` places each.

    `own` is what cites the requirement itself; `counts` tells which children a parent waits for; those
    `declining` take nothing from above.
    """
    found: dict[str, tuple[T, ...]] = {}
    for identifier in family.upwards():
        evidence = own.get(identifier, ())
        waited_for = [one.id for one in family.children(identifier) if counts(one) and not one.restates]
        if not evidence and waited_for and all(found[child] for child in waited_for):
            evidence = tuple(dict.fromkeys(place for child in waited_for for place in found[child]))[:most]
        found[identifier] = evidence
    for identifier in reversed(list(family.upwards())):
        if not found[identifier] and identifier not in declining:
            found[identifier] = next((found[above] for above in family.above(identifier) if found[above]), ())
    return found
