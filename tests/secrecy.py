"""What an error or an object could give away: all that a log, a crash report or a careless handler may print of it."""

import traceback
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent


def told_by(error: BaseException) -> str:
    """Everything said by an error, its causes and contexts, and the variables of all frames but the tests' own."""
    return "\n".join(piece for each in _chain(error, set()) for piece in _pieces(each))


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    yield from _chain(error.__cause__, seen)
    yield from _chain(error.__context__, seen)


def _pieces(error: BaseException) -> Iterator[str]:
    yield from (repr(error), str(error), repr(error.args), repr(vars(error)))
    yield from traceback.format_exception(error)
    for frame, _line in traceback.walk_tb(error.__traceback__):
        if TESTS not in Path(frame.f_code.co_filename).parents:
            yield repr(frame.f_locals)
