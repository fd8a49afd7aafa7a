"""The syntax of Azure Pipelines expressions: `${{ }}`, `$[ ]` and conditions. Pure; nothing is evaluated.

Source: "Expressions" in the Azure Pipelines documentation: literals, indexes, functions, no operators.
"""

import re
from collections.abc import Iterator

from shared.checks.pipeline_schema import meant

FUNCTIONS = (
    "and", "coalesce", "contains", "containsValue", "convertToJson", "counter", "endsWith", "eq", "format", "ge",
    "gt", "iif", "in", "join", "le", "length", "lower", "lt", "ne", "not", "notIn", "or", "replace", "split",
    "startsWith", "trim", "upper", "xor", "always", "canceled", "failed", "succeeded", "succeededOrFailed",
)  # fmt: skip
MAXIMUM_CHARACTERS = 4_000

_KEYWORD = re.compile(r"\s*(?:if|elseif|insert|else|each\s+\w+\s+in)\b")
_TOKEN = re.compile(r"\s+|'(?:[^']|'')*'|-?\d[\d.]*|[A-Za-z_][\w-]*|[()\[\],.*]")
_FUNCTION = re.compile(r"[A-Za-z_][\w-]*")
_KNOWN = frozenset(name.lower() for name in FUNCTIONS)


def faults(text: str, whole: bool = False) -> list[str]:
    """What is wrong with the expressions in `text`; with `whole`, `text` itself is one, as a condition is."""
    pieces, unclosed = _compile_time(text)
    if whole:
        # `${{ }}` is replaced before the condition is read: by something that fits inside or outside of quotes
        return [] if unclosed else list(_read("x".join(pieces[::2]).strip(), "condition"))
    found = [fault for piece in pieces[1::2] for fault in _read(_KEYWORD.sub("", piece, count=1), "${{ }}")]
    if unclosed:
        found.append(f"An expression is opened by ${{{{ and not closed: {pieces[-1][:60]!r}.")
    if text.startswith("$[") and text.rstrip().endswith("]"):
        found.extend(_read(text.rstrip()[2:-1], "$[ ]"))
    return found


def _compile_time(text: str) -> tuple[list[str], bool]:
    """`text` cut at its `${{ }}`: plain, expression, plain, ...; and whether the last one is never closed."""
    pieces: list[str] = []
    position = 0
    while (start := text.find("${{", position)) >= 0:
        end = text.find("}}", start)
        if end < 0:
            return [*pieces, text[position:start], text[start:]], True
        pieces += [text[position:start], text[start + 3 : end]]
        position = end + 2
    return [*pieces, text[position:]], False


def _read(expression: str, where: str) -> Iterator[str]:
    """The first fault of one expression, if it has any."""
    if len(expression) > MAXIMUM_CHARACTERS:
        yield f"The {where} expression has {len(expression):,} characters and is not checked."
        return
    position, depth, function = 0, [0, 0], ""
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        if token is None:
            yield f"The {where} expression breaks at {expression[position : position + 30]!r}."
            return
        if token[0] == "(" and function.lower() not in _KNOWN:
            yield f"{function[:40]!r} is no function of {where} expressions{meant(function, list(FUNCTIONS)) or '.'}"
            return
        depth[0] += (token[0] == "(") - (token[0] == ")")
        depth[1] += (token[0] == "[") - (token[0] == "]")
        if min(depth) < 0:
            break
        if not token[0].isspace():
            function = token[0] if _FUNCTION.fullmatch(token[0]) else ""
        position = token.end()
    if depth != [0, 0]:
        yield f"The brackets of the {where} expression do not match: {expression[:60]!r}."
