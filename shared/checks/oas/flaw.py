"""What the rules of the contract yield: a broken rule and the place in the document; the check turns it into a line."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.contracts import Rule
from shared.formats.located_yaml import Place
from shared.formats.openapi_objects import exact_place

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

MAXIMUM_LETTERS = 60
MAXIMUM_WORDS = 400
"""What suggestions look at."""
MAXIMUM_COMPLAINTS = 200
"""Of one value; more than are listed, fewer than a hostile document could cause."""


class Flaw(NamedTuple):
    """A rule broken at `place` in the OpenAPI document."""

    rule: Rule
    place: Place
    message: str
    mend: str


def at(place: Place) -> str:
    """A place as messages show it: `paths /orders get responses 200`."""
    return " ".join(str(part) for part in place)[-200:] or "the root"


def nearest(word: str, known: frozenset[str]) -> str | None:
    """A known word that one slip of the pen turns into `word`: a letter more, less, other, or two swapped."""
    if len(word) > MAXIMUM_LETTERS or len(known) > MAXIMUM_WORDS:
        return None
    index = _slips(known)
    return next((index[slip] for slip in _shortened(word) if slip in index), None)


@lru_cache(maxsize=8)
def _slips(known: frozenset[str]) -> dict[str, str]:
    return {slip: word for word in sorted(known) if len(word) <= MAXIMUM_LETTERS for slip in _shortened(word)}


def _shortened(word: str) -> Iterator[str]:
    lower = word.casefold()
    yield lower
    yield from (lower[:at] + lower[at + 1 :] for at in range(len(lower)))


def complaints(validator: "Draft202012Validator", value: Any) -> "Iterator[tuple[ValidationError, Place]]":
    """What a validator says against `value`, and where; without "unevaluated" where that follows from the rest."""
    if validator.is_valid(value):
        return
    errors = list(islice(validator.iter_errors(value), MAXIMUM_COMPLAINTS))
    places = [exact_place(value, error.instance_path) for error in errors]
    causes = [place for error, place in zip(errors, places, strict=True) if not _is_unevaluated(error)]
    above = {place[:length] for place in causes for length in range(len(place))}
    for error, place in zip(errors, places, strict=True):
        if not (_is_unevaluated(error) and place in above):
            yield error, place


def _is_unevaluated(error: "ValidationError") -> bool:
    return error.kind.name.startswith("unevaluated")
