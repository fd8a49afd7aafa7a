"""Whether a `${{ if }}` holds, as far as literals and known parameters tell: True, False or None. Pure and bounded."""

import re
from collections.abc import Callable, Iterator

MAXIMUM_CHARACTERS = 500

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),]|[^\s(),']+)")
_DIRECTIVE = re.compile(r"\$\{\{\s*(if|elseif|else)\b([^{}]*)\}\}")

type LookUp = Callable[[str], str | None]
"""From a reference such as `parameters.environment` to its text, None where that is not known."""


class Branches:
    """Follows `if`, `elseif` and `else` keys in order and says which of them may be in the run."""

    def __init__(self, look_up: LookUp):
        self._look_up = look_up
        self._taken: bool | None = False

    def keeps(self, key: str) -> bool:
        """Whether what stands under `key` may be in the run; always so for a key that is no condition."""
        found = _DIRECTIVE.match(key.strip())
        if found is None:
            return True
        word, condition = found[1], found[2]
        if word == "else":
            return self._taken is not True
        if word == "elseif" and self._taken is True:
            return False
        holds = evaluate(condition, self._look_up)
        before = self._taken if word == "elseif" else False
        self._taken = True if holds is True else None if None in (holds, before) else False
        return holds is not False


def evaluate(condition: str, look_up: LookUp) -> bool | None:
    """Whether `condition` holds; None where it needs something that is not known here."""
    if len(condition) > MAXIMUM_CHARACTERS:
        return None
    try:
        value = _value(iter([*_TOKEN.findall(condition), ""]), look_up)
    except (StopIteration, RecursionError):
        return None
    return None if value is None else _truth(value)


def _truth(value: str) -> bool:
    return value.lower() not in ("", "false", "0")


def _value(parts: Iterator[str], look_up: LookUp, part: str = "") -> str | None:
    part = part or next(parts)
    if part.startswith("'"):
        return part[1:-1].replace("''", "'")
    if part.lower() in ("true", "false") or part.isdigit():
        return part
    function = _FUNCTIONS.get(part.lower())
    if function is None:
        return look_up(part)
    next(parts)  # the bracket
    arguments: list[str | None] = []
    while (part := next(parts)) not in (")", ""):
        if part != ",":
            arguments.append(_value(parts, look_up, part))
    holds = function(arguments)
    return None if holds is None else str(holds)


def _equal(arguments: list[str | None]) -> bool | None:
    known = {argument.lower() for argument in arguments if argument is not None}
    return None if None in arguments else len(known) == 1


def _in(arguments: list[str | None]) -> bool | None:
    return _any([_equal([arguments[0], other]) for other in arguments[1:]]) if arguments else None


def _any(truths: list[bool | None]) -> bool | None:
    return True if True in truths else None if None in truths else False


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _truths(arguments: list[str | None]) -> list[bool | None]:
    return [None if argument is None else _truth(argument) for argument in arguments]


_FUNCTIONS: dict[str, Callable[[list[str | None]], bool | None]] = {
    "eq": _equal,
    "ne": lambda arguments: _not(_equal(arguments)),
    "in": _in,
    "notin": lambda arguments: _not(_in(arguments)),
    "or": lambda arguments: _any(_truths(arguments)),
    "and": lambda arguments: _not(_any([_not(truth) for truth in _truths(arguments)])),
    "not": lambda arguments: _not(_any(_truths(arguments))),
}
