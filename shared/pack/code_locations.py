"""What each line of a code block belongs to: an operation, a schema, a test, a stage, a query. Pure.

Told from keys and indentation alone, so that a block that does not parse still gives its places.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

type PlaceKind = Literal["operation", "schema", "test", "stage", "query", "file", "section"]

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
_KEY = re.compile(
    r"""^(\s*(?:-\s+)*)(?:"([^"]{1,300})"|'([^']{1,300})'|([\w$./{}~@-][\w$./{}~@ -]{0,200}?))\s*:(?:\s+(.{0,300})|$)"""
)
_COMMENT = re.compile(r"^\s*(?:#|//)")
_DEFINITION = re.compile(r"^(\s*)(?:async\s+)?(def|class)\s+(\w{1,200})")


@dataclass(frozen=True, slots=True)
class Place:
    """What a line of code belongs to."""

    kind: PlaceKind
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an API contract; `line` is that of its method or `operationId`."""

    name: str
    method: str
    path: str
    line: int


@dataclass(frozen=True)
class CodeReading:
    """A place for each line, and the operations that the block describes."""

    places: list[Place | None]
    operations: list[Operation]


def places_in_code(lines: Sequence[str], language: str, path: str, first: int) -> CodeReading:
    """Read one block. `path` is the file it is preceded by, `first` the 1-based line of its first line."""
    if language in ("python", "py"):
        return CodeReading(_in_python(lines, path), [])
    if language in ("yaml", "yml", "json"):
        return _in_mapping(lines, path, first)
    kind: PlaceKind = "query" if language in ("kusto", "kql") else "file"
    return CodeReading([Place(kind, path) if path else None] * len(lines), [])


def _in_python(lines: Sequence[str], path: str) -> list[Place | None]:
    """Tests by name; comments and decorators right above a definition belong to it."""
    outside = Place("file", path) if path else None
    places: list[Place | None] = []
    opened: list[tuple[int, str]] = []
    waiting, waiting_indent = 0, 0
    for line in lines:
        found = _DEFINITION.match(line)
        if found:
            indent = len(found[1].expandtabs(4))
            opened = [(depth, name) for depth, name in opened if depth < indent] + [(indent, found[3])]
            if waiting_indent <= indent:
                places[len(places) - waiting :] = [_innermost_test(opened, outside)] * waiting
            waiting = 0
        elif not line.strip():
            waiting = 0
        else:
            indent = len(line) - len(line.lstrip())
            waiting_indent = waiting_indent if waiting else indent
            waiting = waiting + 1 if waiting or line.lstrip()[:1] in "#@" else 0
            if line.lstrip()[:1] not in "#)]}":
                opened = [(depth, name) for depth, name in opened if depth < indent]
        places.append(_innermost_test(opened, outside))
    return places


def _innermost_test(opened: list[tuple[int, str]], outside: Place | None) -> Place | None:
    named = [name for _, name in opened if name.startswith(("test_", "Test"))]
    return Place("test", named[-1]) if named else outside


def _in_mapping(lines: Sequence[str], path: str, first: int) -> CodeReading:
    """Operations and schemas of an OpenAPI document, stages of a pipeline."""
    paths: list[tuple[str, ...]] = []
    keys: list[tuple[int, str]] = []
    named: dict[tuple[str, ...], Operation] = {}
    comments = 0
    for number, line in enumerate(lines, start=first):
        found = _KEY.match(line)
        if found and not _COMMENT.match(line):
            indent, key, value = _indent(found), found[2] or found[3] or found[4] or "", (found[5] or "").strip(" ,\"'")
            while keys and keys[-1][0] >= indent:
                keys.pop()
            keys.append((indent, f"stage:{value}" if key == "stage" else key))
            trail = tuple(key for _, key in keys[:8])
            _note_operation(named, trail, value, number)
            paths[len(paths) - comments :] = [trail] * comments
            comments = 0
        else:
            comments = comments + 1 if _COMMENT.match(line) else 0
        paths.append(_trail(keys, line))
    fallback = Place("file", path) if path else None
    places = {trail: _place(trail, named, fallback) for trail in set(paths)}
    return CodeReading([places[trail] for trail in paths], list(named.values()))


def _indent(found: re.Match[str]) -> int:
    """The column of a key; a stage stands at its dash, so that its sibling keys belong to it."""
    lead = found[1]
    return lead.index("-") if "-" in lead and found[4] == "stage" else len(lead)


def _trail(keys: list[tuple[int, str]], line: str) -> tuple[str, ...]:
    return tuple(key for _, key in keys[:8]) if line.strip() else ()


def _note_operation(named: dict[tuple[str, ...], Operation], trail: tuple[str, ...], value: str, line: int) -> None:
    if len(trail) < 3 or trail[0] not in ("paths", "webhooks") or trail[2].lower() not in METHODS:
        return
    method, path = trail[2].upper(), trail[1]
    if len(trail) == 3:
        named[trail] = Operation(f"{method} {path}", method, path, line)
    elif len(trail) == 4 and trail[3] == "operationId" and value:
        named[trail[:3]] = Operation(value, method, path, line)


def _place(trail: tuple[str, ...], named: dict[tuple[str, ...], Operation], fallback: Place | None) -> Place | None:
    if operation := named.get(trail[:3]):
        return Place("operation", operation.name)
    if trail[:2] == ("components", "schemas") and len(trail) > 2:
        return Place("schema", trail[2])
    stage = next((key for key in trail if key.startswith("stage:")), None)
    return Place("stage", stage.removeprefix("stage:")) if stage else fallback
