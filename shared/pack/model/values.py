"""What an expression of test code may be, as far as reading carries: texts, numbers, answers of the service. Pure.

Values are sets of possibilities. A reader errs towards more of them: a rule then finds less, never what is not there.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.pack.model.python_project import Class, Function, Module

MOST = 64
"""Possibilities kept of one kind."""
PLACEHOLDER = "{}"
"""Stands in a text for what is known only at run time."""


@dataclass(frozen=True, eq=False)
class Closure:
    """A function defined inside another, with the names that were known where it was defined."""

    function: "Function"
    module: "Module"
    names: "dict[str, Value]"
    owner: "Class | None"


@dataclass(frozen=True)
class Value:
    """Possibilities of one expression. `answers` are numbers of requests whose answer it is or comes from,
    `statuses` those whose HTTP status it is, `classes` those whose class (status // 100) it is; `parts` are the
    elements of a tuple or list of known length, `members` what keys or attributes of it hold, `owners` the classes that
    it may be an instance of."""

    texts: frozenset[str] = frozenset()
    numbers: frozenset[int] = frozenset()
    answers: frozenset[int] = frozenset()
    statuses: frozenset[int] = frozenset()
    classes: frozenset[int] = frozenset()
    owners: "tuple[Class, ...]" = ()
    closures: tuple[Closure, ...] = ()
    parts: "tuple[Value, ...]" = ()
    members: "tuple[tuple[str, Value], ...]" = field(default=())

    def __or__(self, other: "Value") -> "Value":
        """Either of both."""
        if self is NOTHING or self == other:
            return other
        if other is NOTHING:
            return self
        longest = max(len(self.parts), len(other.parts))
        parts = tuple(
            (self.parts[at] if at < len(self.parts) else NOTHING)
            | (other.parts[at] if at < len(other.parts) else NOTHING)
            for at in range(min(longest, MOST))
        )
        names = {name for name, _ in (*self.members, *other.members)}
        return Value(
            texts=frozenset(sorted(self.texts | other.texts)[:MOST]),
            numbers=frozenset(sorted(self.numbers | other.numbers)[:MOST]),
            answers=self.answers | other.answers,
            statuses=self.statuses | other.statuses,
            classes=self.classes | other.classes,
            owners=tuple(dict.fromkeys((*self.owners, *other.owners)))[:4],
            closures=tuple(dict.fromkeys((*self.closures, *other.closures)))[:4],
            parts=parts,
            members=tuple((name, self.member(name) | other.member(name)) for name in sorted(names)[:MOST]),
        )

    def member(self, name: str) -> "Value":
        """What the key or attribute `name` holds, where that is known."""
        return next((value for key, value in self.members if key == name), NOTHING)

    def element(self) -> "Value":
        """Any element: of a sequence whose elements are known, else the value itself."""
        return united(self.parts) if self.parts else self

    @property
    def flat(self) -> "Value":
        """The value with all that its elements and members hold."""
        inner = (*self.parts, *(value for _, value in self.members))
        if not inner:
            return self
        return united([Value(self.texts, self.numbers, self.answers, self.statuses, self.classes, self.owners),
                       *(each.flat for each in inner)])  # fmt: skip

    @property
    def is_known(self) -> bool:
        """Whether anything is known of it."""
        return self is not NOTHING and self != NOTHING


NOTHING = Value()


def united(values: "list[Value] | tuple[Value, ...]") -> Value:
    """Any of `values`."""
    result = NOTHING
    for value in values[:MOST]:
        result = result | value
    return result


def joined(left: Value, right: Value) -> Value:
    """`left + right` as texts; a side of which nothing is known becomes a placeholder."""
    lefts, rights = left.texts or {PLACEHOLDER}, right.texts or {PLACEHOLDER}
    return Value(texts=frozenset(sorted({a + b for a in lefts for b in rights})[:MOST]))
