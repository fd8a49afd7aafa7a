"""Reads JSON, YAML, TOML and XML: well-formed, and without keys that overwrite each other. Nothing is expanded."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast
from xml.parsers import expat

from shared.checks.languages import Fault, Unread, refuse_long, refuse_long_lines

MAXIMUM_CHARACTERS = 1_000_000
MAXIMUM_TOML_CHARACTERS = 60_000
MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 200_000
"""Values of a YAML document, each alias counted as often as it is used."""
MAXIMUM_DUPLICATES = 10

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)
_TOML_PLACE = re.compile(r"\(at line (\d+), (column \d+)\)")


def json_faults(source: str) -> Iterator[Fault]:
    """JSON as in RFC 8259: one value, no comments, no NaN; and no key twice in an object."""
    refuse_long(source, MAXIMUM_CHARACTERS)
    try:
        json.loads(source, parse_constant=_refuse_constant, parse_int=str)
    except json.JSONDecodeError as error:
        yield Fault(error.lineno, f"{error.msg} (column {error.colno})")
        return
    except ValueError as error:
        yield Fault(1, str(error))
        return
    except RecursionError:
        raise Unread("it is nested too deeply") from None
    yield from _repeated_json_keys(source)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _repeated_json_keys(source: str) -> Iterator[Fault]:
    """Keys that an object of the valid document `source` has twice."""
    objects: list[set[str]] = []
    last, line, position, found = "", 1, 0, 0
    for token in _JSON_TOKEN.finditer(source):
        if token[0] in ("{", "["):
            objects.append(set())
        elif token[0] in ("}", "]"):
            objects.pop()
        elif token[0] == ":":
            if last in objects[-1]:
                line, position, found = line + source.count("\n", position, token.start()), token.start(), found + 1
                more = ", and there are more" if found == MAXIMUM_DUPLICATES else ""
                yield Fault(line, f"key {last[:60]} stands here a second time{more}")
                if more:
                    return
            objects[-1].add(last)
        last = token[0]


@dataclass
class _Node:
    """A YAML collection while it is being read. `keys` is None in a list; `key` says whether a key comes next."""

    anchor: str | None
    keys: set[str] | None
    key: bool = True
    size: int = 1


@dataclass
class _Document:
    """What is known of the YAML document so far."""

    stack: list[_Node] = field(default_factory=list[_Node])
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    duplicates: list[Fault] = field(default_factory=list[Fault])

    def add(self, name: str | None, size: int, line: int) -> None:
        """A value of `size` nodes, complete; `name` is its text if it is a scalar."""
        if not self.stack:
            return
        top = self.stack[-1]
        top.size += size
        if top.size > MAXIMUM_NODES:
            raise Unread(f"it expands to more than {MAXIMUM_NODES:,} values")
        if top.keys is None:
            return
        if top.key and name is not None:
            if name in top.keys and len(self.duplicates) <= MAXIMUM_DUPLICATES:
                more = ", and there are more" if len(self.duplicates) == MAXIMUM_DUPLICATES else ""
                self.duplicates.append(Fault(line, f"key {name[:60]!r} stands here a second time{more}"))
            top.keys.add(name)
        top.key = not top.key


def yaml_faults(source: str) -> Iterator[Fault]:
    """YAML read as events, so that nothing is built or expanded: syntax, keys given twice, unknown aliases."""
    import yaml

    refuse_long(source, MAXIMUM_CHARACTERS)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = _Document()
    try:
        for event in cast(Any, yaml).parse(source, Loader=loader):
            _follow(document, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        yield Fault(line, f"{error.problem or error.context or 'it does not parse'} (column {column})")
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        yield Fault(1, str(error).partition("\n")[0][:200])
    except _UnknownAlias as error:
        yield error.fault
    yield from document.duplicates


class _UnknownAlias(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _follow(document: _Document, event: Any) -> None:
    kind, line = type(event).__name__, event.start_mark.line + 1
    if kind == "DocumentStartEvent":
        document.sizes.clear()
    elif kind in ("MappingStartEvent", "SequenceStartEvent"):
        if len(document.stack) == MAXIMUM_DEPTH:
            raise Unread("it is nested too deeply")
        document.stack.append(_Node(event.anchor, set() if kind == "MappingStartEvent" else None))
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        node = document.stack.pop()
        if node.anchor:
            document.sizes[node.anchor] = node.size
        document.add(None, node.size, line)
    elif kind == "ScalarEvent":
        if event.anchor:
            document.sizes[event.anchor] = 1
        document.add(event.value, 1, line)
    elif kind == "AliasEvent":
        if event.anchor not in document.sizes:  # one inside the value that it names is endless
            raise _UnknownAlias(Fault(line, f"alias *{event.anchor[:60]} names nothing that stands before it"))
        document.add(None, document.sizes[event.anchor], line)


def toml_faults(source: str) -> Iterator[Fault]:
    """TOML 1.0, which forbids repeated keys itself."""
    refuse_long(source, MAXIMUM_TOML_CHARACTERS)
    refuse_long_lines(source)
    try:
        tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        last = source.rstrip("\n").count("\n") + 1
        message = _TOML_PLACE.sub(r"(\2)", str(error))
        yield Fault(min(int(place[1]), last) if place else last, message[:200])
    except RecursionError:
        raise Unread("it is nested too deeply") from None
    except ValueError as error:
        yield Fault(1, str(error)[:200])


class _EntityDeclared(Exception):
    pass


def xml_faults(source: str, whole: bool) -> Iterator[Fault]:
    """Well-formed XML without entities of its own. A fragment, which is no whole file, may have several roots."""
    refuse_long(source, MAXIMUM_CHARACTERS)
    wrapped = not whole and not source.lstrip().startswith(("<?xml", "<!DOCTYPE"))
    text = f"<_>{source}</_>" if wrapped else source
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAXIMUM_DEPTH:
            raise Unread("it is nested too deeply")

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> NoReturn:
        raise _EntityDeclared

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = enter, leave, refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        last = source.rstrip("\n").count("\n") + 1
        yield Fault(min(error.lineno, last), expat.ErrorString(error.code))
    except _EntityDeclared:
        yield Fault(parser.CurrentLineNumber, "an entity is declared")
