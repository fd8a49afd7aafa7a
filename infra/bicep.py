"""Reads Bicep files into what the rules of infra/lint.py ask about. Knows the language's grammar, not Azure.

The parser is tree-sitter's: it says whether a file follows the grammar, and nothing about types.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

_DECLARATIONS = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
    "type_declaration": "type",
}


@cache
def _parser() -> Parser:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the grammar hands over a bare pointer
        return Parser(cast(Any, Language)(tree_sitter_bicep.language()))


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for child in node.children:
        yield from walk(child)


@dataclass(frozen=True)
class Declaration:
    """One `param`, `var`, `resource`, `module`, `output` or `type`."""

    kind: str
    name: str
    node: Node
    decorators: str

    @property
    def line(self) -> int:
        """Where it begins, 1-based."""
        return self.node.start_point[0] + 1

    @property
    def target(self) -> str:
        """What stands quoted after the name: a resource's type or a module's path."""
        return next((text_of(child).strip("'") for child in self.node.named_children if child.type == "string"), "")

    @property
    def existing(self) -> bool:
        """A resource that is only referred to."""
        return any(child.type == "existing" or text_of(child) == "existing" for child in self.node.children)

    @property
    def value(self) -> Node:
        """What it is set to: the last part of the declaration."""
        return self.node.named_children[-1]

    @cached_property
    def body(self) -> dict[str, Node]:
        """The properties of the declared object, also where it stands in a loop or a condition."""
        found = next((node for node in walk(self.value) if node.type == "object"), None)
        return properties(found) if found else {}

    @property
    def optional(self) -> bool:
        """A parameter that has a default, or may be null."""
        return len(self.node.named_children) > 2 or text_of(self.node).rstrip().endswith("?")


def properties(node: Node) -> dict[str, Node]:
    """An object's properties by name; nested resources are left out."""
    found: dict[str, Node] = {}
    for child in node.named_children:
        if child.type == "object_property" and len(child.named_children) == 2:
            key, value = child.named_children
            found[text_of(key).strip("'")] = value
    return found


class BicepFile:
    """One parsed file."""

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        self.source = source
        self.root = _parser().parse(self.source.encode()).root_node

    @cached_property
    def fault(self) -> tuple[int, str] | None:
        """Line and text of the first place that does not follow the grammar."""
        for node in walk(self.root):
            if node.type == "ERROR" or node.is_missing:
                return node.start_point[0] + 1, text_of(node)[:60]
        return None

    @cached_property
    def declarations(self) -> list[Declaration]:
        """All of the file's, nested resources included."""
        return list(self._declarations(self.root))

    def _declarations(self, node: Node, decorators: str = "") -> Iterator[Declaration]:
        for child in node.named_children:
            if child.type == "decorators":
                decorators = text_of(child)
                continue
            if child.type in _DECLARATIONS:
                name = next(text_of(part) for part in child.named_children if part.type == "identifier")
                yield Declaration(_DECLARATIONS[child.type], name, child, decorators)
            decorators = ""
            yield from self._declarations(child)

    def of(self, kind: str) -> list[Declaration]:
        """The declarations of one kind."""
        return [one for one in self.declarations if one.kind == kind]

    @cached_property
    def imported(self) -> set[str]:
        """Names taken from other files."""
        heads = re.findall(r"(?m)^import \{([^}]*)\}", self.source)
        return {name.strip() for head in heads for name in head.split(",")}

    def used(self) -> Iterator[tuple[str, int]]:
        """Names that expressions and types refer to, with their 1-based lines."""
        for node in walk(self.root):
            if _is_reference(node):
                yield text_of(node), node.start_point[0] + 1

    @cached_property
    def loop_names(self) -> set[str]:
        """The variables of `for` loops, in all the file."""
        kinds = ("loop_variable", "loop_enumerator")
        named = {text_of(node) for node in walk(self.root) if node.type in kinds}
        heads = re.findall(r"\bfor (?:\((\w+), (\w+)\)|(\w+)) in\b", self.source)
        return named | {name for head in heads for name in head if name}


def _is_reference(node: Node) -> bool:
    """Whether a name stands for something declared elsewhere, rather than declaring or labelling."""
    parent = node.parent
    if parent is None or node.type != "identifier" or parent.type in ("import_functionality", "for_loop_parameters"):
        return False
    if parent.type == "call_expression":
        return parent.child_by_field_name("function") != node
    labelled = parent.type in (*_DECLARATIONS, "object_property")
    if parent.type == "for_statement":
        labelled = all(child.type != "for_loop_parameters" for child in parent.named_children)
    return not (labelled and parent.named_children[0] == node)
