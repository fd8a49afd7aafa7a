"""Reads untrusted YAML (or JSON) into plain values and remembers the line of each. Pure; bounded before it builds.

Values follow YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), which is what JSON can hold: a
date, `yes` or `NO` is text. Keys are always text. Size, depth and alias expansion are limited while events arrive.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from yaml.events import Event

MAXIMUM_CHARACTERS = 1_000_000
MAXIMUM_VALUES = 200_000
"""Mappings, lists and scalars, each alias counted as often as it is used."""
MAXIMUM_DEPTH = 64
MAXIMUM_DIGITS = 300
MAXIMUM_TRAPS = 200

type Place = tuple[str | int, ...]
"""Keys and indices that lead from the root of a document to a value."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_TRAP = re.compile(
    r"(?:yes|no|on|off)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"
    r"|[-+]?[0-9]+(?::[0-5]?[0-9])+|0[0-7]+|[0-9]+(?:_[0-9]+)+",
    re.IGNORECASE,
)


class UnreadableYamlError(ValueError):
    """The text is no YAML that will be read; `line` is 0-based inside it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class LocatedYaml:
    """A document's value, where each part of it stands, and unquoted scalars that YAML 1.1 readers take otherwise."""

    value: object
    traps: tuple[tuple[int, str], ...]
    _lines: dict[int, dict[str | int, int]] = field(repr=False)

    def line(self, place: Iterable[str | int] = ()) -> int:
        """The 0-based line of the key or item at `place`, or of the nearest part of it that exists."""
        node, line = self.value, 0
        for key in place:
            known = self._lines.get(id(node), {})
            if key not in known:
                break
            line = known[key]
            node = cast("dict[str | int, object]", node)[key]
        return line


def load_located(text: str) -> LocatedYaml:
    """Parse one YAML document; `UnreadableYamlError` says where and why not."""
    if len(text) > MAXIMUM_CHARACTERS:
        raise UnreadableYamlError(0, f"It has {len(text):,} characters; at most {MAXIMUM_CHARACTERS:,} are read.")
    lines = _lines_of(text)
    reader = _Reader(lines)
    for event in _events(text, lines):
        reader.take(event)
    return LocatedYaml(reader.root, tuple(reader.traps), reader.lines)


def _lines_of(text: str) -> list[int]:
    """For each line as YAML 1.1 and so the parser counts, which ends lines at U+0085, U+2028 and U+2029 too, and for
    the end: the line of the text as everybody else counts."""
    ends = (found[0] in "\r\n" for found in _LINE_END.finditer(text))
    return list(accumulate(ends, initial=0))


def _line_in(lines: list[int], counted: int) -> int:
    """The line of the text; the parser may count one more at its end."""
    return lines[min(counted, len(lines) - 1)]


def _events(text: str, lines: list[int]) -> "Iterator[Event]":
    import yaml

    loader = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # libyaml, where it was built
    parse = cast("Callable[..., Iterator[Event]]", yaml.parse)  # pyright: ignore[reportUnknownMemberType] (untyped)
    try:
        yield from parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = _line_in(lines, mark.line) if mark else 0
        raise UnreadableYamlError(line, f"It is not valid YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        raise UnreadableYamlError(0, f"It holds a character that YAML forbids: {error.reason}.") from None
    except UnicodeEncodeError:
        raise UnreadableYamlError(0, "It holds half of a surrogate pair, which is no character.") from None


@dataclass
class _Open:
    """A collection whose end has not been seen yet."""

    value: dict[str, object] | list[object]
    line: int
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    lines: dict[str | int, int] = field(default_factory=dict[str | int, int])


class _Reader:
    """Builds the value from parser events without recursion, and stops at the first limit that is passed."""

    def __init__(self, lines: list[int]) -> None:
        self._lines = lines
        self.root: object = None
        self.lines: dict[int, dict[str | int, int]] = {}
        self.traps: list[tuple[int, str]] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[object, int, int]] = {}
        self._documents = 0

    def take(self, event: "Event") -> None:
        """Add one event."""
        kind = type(event).__name__
        line = _line_in(self._lines, event.start_mark.line)
        details = cast("Any", event)  # the attributes of an event depend on its class
        match kind:
            case "ScalarEvent":
                self._scalar(details, line)
            case "MappingStartEvent":
                self._open(_Open({}, line, details.anchor))
            case "SequenceStartEvent":
                self._open(_Open([], line, details.anchor))
            case "MappingEndEvent" | "SequenceEndEvent":
                self._close()
            case "AliasEvent":
                self._alias(details.anchor, line)
            case "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise UnreadableYamlError(line, "It holds more than one YAML document.")
            case _:
                pass

    def _scalar(self, event: Any, line: int) -> None:
        text: str = event.value
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            raise UnreadableYamlError(line, f"It uses the YAML tag {event.tag!r}, which JSON cannot express.")
        plain = bool(event.implicit[0]) and event.tag is None
        value = _core_value(text, line) if plain else text
        is_key = self._awaits_key()
        if plain and len(self.traps) < MAXIMUM_TRAPS and (_TRAP.fullmatch(text) or (is_key and value != text)):
            self.traps.append((line, text))
        placed: object = text if is_key else value
        self._remember(event.anchor, placed, 1, 0)
        self._place(placed, line, 1, 0)

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _open(self, opened: _Open) -> None:
        if self._awaits_key():
            raise UnreadableYamlError(opened.line, "A key is not plain text.")
        if len(self._stack) >= MAXIMUM_DEPTH:
            raise UnreadableYamlError(opened.line, f"It is nested more than {MAXIMUM_DEPTH} levels deep.")
        self._stack.append(opened)

    def _close(self) -> None:
        closed = self._stack.pop()
        self.lines[id(closed.value)] = closed.lines
        self._remember(closed.anchor, closed.value, closed.size, closed.height)
        self._place(closed.value, closed.line, closed.size, closed.height)

    def _remember(self, anchor: str | None, value: object, size: int, height: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size, height)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors or any(one.anchor == anchor for one in self._stack):
            raise UnreadableYamlError(line, f"The alias *{anchor[:40]} has no finished anchor before it.")
        value, size, height = self._anchors[anchor]
        if self._awaits_key():
            raise UnreadableYamlError(line, "A key is an alias.")
        if len(self._stack) + height > MAXIMUM_DEPTH:
            raise UnreadableYamlError(line, f"Its aliases nest more than {MAXIMUM_DEPTH} levels deep.")
        self._place(value, line, size, height)

    def _place(self, value: object, line: int, size: int, height: int) -> None:
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            top.lines[len(top.value)] = line
            top.value.append(value)
        elif top.key is None:
            self._begin_key(top, cast("str", value), line)
            return
        else:
            top.value[top.key] = value
            top.key = None
        top.size += size
        top.height = max(top.height, height + 1)
        if top.size > MAXIMUM_VALUES:
            raise UnreadableYamlError(line, f"It expands to more than {MAXIMUM_VALUES:,} values.")

    def _begin_key(self, top: _Open, key: str, line: int) -> None:
        if key in top.lines:
            raise UnreadableYamlError(line, f"The key {key[:80]!r} stands twice in one mapping.")
        top.key = key
        top.lines[key] = line


def _core_value(text: str, line: int) -> object:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[0] not in "+-.0123456789":
        return text
    if len(text) > MAXIMUM_DIGITS and (_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text)):
        raise UnreadableYamlError(line, f"It holds a number of more than {MAXIMUM_DIGITS} digits.")
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise UnreadableYamlError(line, f"The number {text[:40]} is too large.")
        return number
    return text
