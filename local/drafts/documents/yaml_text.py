"""Writes plain data as block YAML: dicts, lists, text, numbers, booleans. Pure, ordered, and quick."""

import json
import re
from typing import Any, cast

_PLAIN = re.compile(r"[A-Za-z_/$][\w /$.{}()-]*(?<! )")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def to_yaml(value: Any, indent: int = 0) -> str:
    """The value as YAML lines, without a final newline."""
    return "\n".join(_lines(value, indent))


def _lines(value: object, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(value, dict) and value:
        lines: list[str] = []
        for key, item in cast("dict[object, object]", value).items():
            lines += _entry(f"{pad}{_scalar(key)}:", item, indent + 2)
        return lines
    if isinstance(value, list) and value:
        lines = []
        for item in cast("list[object]", value):
            inner = _lines(item, indent + 2)
            lines += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
        return lines
    return [f"{pad}{_scalar(cast('object', value))}"]


def _entry(head: str, item: object, indent: int) -> list[str]:
    if isinstance(item, dict | list) and item:
        return [head, *_lines(cast("object", item), indent)]
    if isinstance(item, str) and "\n" in item and not item.startswith(" ") and not item.endswith("\n"):
        return [f"{head} |-", *(f"{' ' * indent}{line}".rstrip() for line in item.split("\n"))]
    return [f"{head} {_scalar(cast('object', item))}"]


def _scalar(value: object) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and " {" not in value
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
