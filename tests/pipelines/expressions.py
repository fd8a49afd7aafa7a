"""As much of Azure Pipelines' expression language as infra/pipelines/design-prds.yml uses. Unknown words are errors."""

import operator
import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w.]*|[\[\](),])")


class Expression:
    """One expression; `names` resolves a reference such as `parameters.mode`, `results` says how jobs ended so far."""

    def __init__(self, text: str, names: Callable[[str], Any], results: list[str] | None = None) -> None:
        self._tokens = [match[1] for match in _TOKEN.finditer(text)]
        assert "".join(self._tokens).replace(" ", "") == re.sub(r"\s", "", text), f"cannot read {text!r}"
        self._names = names
        self._results = results or []

    def value(self) -> Any:
        value = self._term()
        assert not self._tokens, f"left over: {self._tokens}"
        return value

    def _term(self) -> Any:
        token = self._tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._tokens[:1] == ["("]:
            return self._call(token)
        while self._tokens[:1] == ["["]:
            self._tokens.pop(0)
            token += f"[{self._term()}]"
            assert self._tokens.pop(0) == "]"
        return self._names(token)

    def _call(self, name: str) -> Any:
        arguments: list[Any] = []
        assert self._tokens.pop(0) == "("
        while self._tokens[0] != ")":
            arguments.append(self._term())
            if self._tokens[0] == ",":
                self._tokens.pop(0)
        self._tokens.pop(0)
        return self._functions()[name](*arguments)

    def _functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "eq": _equal,
            "ne": lambda *each: not _equal(*each),
            "and": lambda *each: all(each),
            "not": operator.not_,
            "succeeded": lambda: all(result == "succeeded" for result in self._results),
            "succeededOrFailed": lambda: True,
            "canceled": lambda: False,
        }


def _equal(one: Any, other: Any) -> bool:
    return _text(one) == _text(other)


def _text(value: Any) -> str:
    """Null equals no text, and case does not matter, as in Azure Pipelines."""
    return "" if value is None else str(value).lower()
