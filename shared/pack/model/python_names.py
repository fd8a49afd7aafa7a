"""Names that Python code uses and nothing defines, as pyflakes sees them. Pure; nothing runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.pack.model.python_project import Module


@dataclass(frozen=True)
class Undefined:
    """A name without a definition, and its line in the file."""

    name: str
    line: int


def undefined_names(module: Module) -> Iterator[Undefined]:
    """Undefined names of one file. A star import may define anything, so then there are none."""
    from pyflakes import checker, messages  # loaded late: only this rule needs it

    if module.is_open:
        return
    try:
        found = checker.Checker(module.tree, filename=module.path)
    except RecursionError:
        return
    for message in sorted(found.messages, key=lambda each: each.lineno):
        if isinstance(message, messages.UndefinedName):
            yield Undefined(str(message.message_args[0]), message.lineno)
