"""YAML read without type guessing, every value with its line: what Azure Pipelines itself sees. Pure and bounded.

Scalars stay text (`on`, `3.10` and `~` are what was written). Anchors, aliases, tags, repeated keys and several
documents are refused, as Azure Pipelines refuses them, so a document can never be larger than its source.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

MAXIMUM_CHARACTERS = 150_000
MAXIMUM_VALUES = 20_000
MAXIMUM_DEPTH = 40


@dataclass(frozen=True, slots=True, eq=False)
class YamlText:
    """A scalar as written; `block` when it is a `|` or `>` block, whose text starts on the next line."""

    text: str
    line: int
    block: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class YamlList:
    """A sequence and the line it begins on."""

    items: "tuple[YamlNode, ...]"
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class YamlMap:
    """A mapping in source order; `open` when keys may join it that cannot be seen here."""

    entries: "tuple[tuple[YamlText, YamlNode], ...]"
    line: int
    open: bool = False

    def get(self, key: str) -> "YamlNode | None":
        """The value of the first entry named `key`."""
        return next((value for name, value in self.entries if name.text == key), None)

    def text(self, key: str) -> str:
        """The scalar named `key`, or an empty string."""
        value = self.get(key)
        return value.text if isinstance(value, YamlText) else ""

    def names(self) -> tuple[str, ...]:
        """All keys, in source order."""
        return tuple(name.text for name, _ in self.entries)


type YamlNode = YamlText | YamlList | YamlMap


class UnreadableYaml(ValueError):
    """The text cannot be read as one plain YAML document; `line` says where."""

    def __init__(self, message: str, line: int):
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(slots=True)
class _Level:
    """A collection that is still being read; `seen` holds the keys of a mapping."""

    line: int
    mapping: bool
    nodes: list[YamlNode] = field(default_factory=list["YamlNode"])
    seen: set[str] = field(default_factory=set[str])


def read_yaml(source: str, first_line: int = 1) -> YamlNode:
    """The document in `source`, whose first line counts as `first_line`; `UnreadableYaml` where it is none."""
    if len(source) > MAXIMUM_CHARACTERS:
        message = f"has {len(source):,} characters; at most {MAXIMUM_CHARACTERS:,} are checked"
        raise UnreadableYaml(message, first_line)
    levels = [_Level(first_line, mapping=False)]
    for number, event in enumerate(_events(source, first_line)):
        line = event.start_mark.line + first_line
        if number > MAXIMUM_VALUES:
            raise UnreadableYaml(f"holds more than {MAXIMUM_VALUES:,} values; the rest is not checked", line)
        _take(type(event).__name__, event, line, levels)
    if not levels[0].nodes:
        raise UnreadableYaml("is empty", first_line)
    return levels[0].nodes[0]


def walk(node: YamlNode) -> Iterator[YamlNode]:
    """`node` and everything below it, mapping keys left out."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, YamlMap):
            stack.extend(value for _, value in reversed(current.entries))
        elif isinstance(current, YamlList):
            stack.extend(reversed(current.items))


def _events(source: str, first_line: int) -> Iterator[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    events = cast(Generator[Any], YAML(typ="safe", pure=True).parse(source))  # pyright: ignore[reportUnknownMemberType] (untyped)
    try:
        yield from events
    except (YAMLError, ValueError, ArithmeticError) as error:  # the reader lets `chr` and `int` raise on bad escapes
        problem = (str(getattr(error, "problem", None) or error).splitlines() or ["it is unreadable"])[0]
        marks = (getattr(error, "problem_mark", None), getattr(error, "context_mark", None))
        mark = (marks[1] if "end of stream" in problem else None) or marks[0] or marks[1]
        line = (mark.line if mark else 0) + first_line
        raise UnreadableYaml(f"is not valid YAML: {problem}", line) from None


def _take(kind: str, event: Any, line: int, levels: list[_Level]) -> None:
    """Add one parser event to the innermost open collection, opening and closing collections on the way."""
    if kind == "AliasEvent" or getattr(event, "anchor", None):
        raise UnreadableYaml("uses a YAML anchor or alias, which Azure Pipelines does not support", line)
    if kind == "DocumentStartEvent" and levels[0].nodes:
        raise UnreadableYaml("holds more than one YAML document", line)
    if kind in ("MappingStartEvent", "SequenceStartEvent"):
        if len(levels) > MAXIMUM_DEPTH:
            raise UnreadableYaml(f"is nested more than {MAXIMUM_DEPTH} levels deep", line)
        levels.append(_Level(line, mapping=kind == "MappingStartEvent"))
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        _add(_close(levels.pop()), levels[-1])
    elif kind == "ScalarEvent":
        style = event.style
        _add(YamlText(event.value, line, block=style in ("|", ">"), quoted=style in ("'", '"')), levels[-1])


def _add(node: YamlNode, level: _Level) -> None:
    is_key = level.mapping and len(level.nodes) % 2 == 0
    if is_key:
        if not isinstance(node, YamlText):
            raise UnreadableYaml("has a mapping key that is not plain text", node.line)
        if node.text in level.seen and not node.text.lstrip().startswith("${{"):  # branches may repeat `else`
            raise UnreadableYaml(f"repeats the key {node.text[:60]!r}", node.line)
        level.seen.add(node.text)
    level.nodes.append(node)


def _close(level: _Level) -> YamlNode:
    if not level.mapping:
        return YamlList(tuple(level.nodes), level.line)
    keys = cast("list[YamlText]", level.nodes[::2])
    return YamlMap(tuple(zip(keys, level.nodes[1::2], strict=True)), level.line)
