"""One C# file as syntax carries it: namespaces, usings, types with their bases, parameters and properties. Pure.

Nothing is compiled. Types are read by their declarations; partial ones are joined by whoever asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.formats.csharp import line_in, syntax, text_of, walk
from shared.pack.model.documents import Block

if TYPE_CHECKING:
    from tree_sitter import Node

LANGUAGES = ("csharp", "cs", "c#")
KINDS = {
    "class_declaration": "class", "record_declaration": "record", "struct_declaration": "struct",
    "interface_declaration": "interface", "enum_declaration": "enum", "delegate_declaration": "delegate",
    "record_struct_declaration": "record",
}  # fmt: skip
"""Declarations of types, by what the grammar calls them."""


@dataclass(frozen=True)
class Attribute:
    """An attribute as written, without `Attribute` at its end, with its arguments' source."""

    name: str
    arguments: tuple[str, ...]
    line: int

    @property
    def text(self) -> str | None:
        """The first argument where it is a literal text."""
        return literal(self.arguments[0]) if self.arguments else None


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method, constructor or record: `type` is its source, empty where it is inferred."""

    name: str
    type: str
    attributes: tuple[Attribute, ...]
    line: int
    has_default: bool = False


@dataclass(frozen=True)
class Property:
    """A property or a record's parameter. `is_computed` has a body in place of a store, `can_set` any setter."""

    name: str
    type: str
    attributes: tuple[Attribute, ...]
    modifiers: frozenset[str]
    line: int
    is_computed: bool = False
    can_set: bool = True
    has_default: bool = False


@dataclass(frozen=True, eq=False)
class Type:
    """A declared type. `parameters` are those of its primary constructor, None where it has none."""

    kind: str
    name: str
    namespace: str
    outer: tuple[str, ...]
    modifiers: frozenset[str]
    bases: tuple[str, ...]
    parameters: tuple[Parameter, ...] | None
    properties: tuple[Property, ...]
    constructors: tuple[tuple[Parameter, ...], ...]
    attributes: tuple[Attribute, ...]
    line: int
    node: "Node"
    file: "File"

    @property
    def full_name(self) -> str:
        """Namespace, outer types and name, with dots."""
        return ".".join(part for part in (self.namespace, *self.outer, self.name) if part)


@dataclass(frozen=True)
class Using:
    """One using directive: the namespace, or the type of a static one or an alias."""

    name: str
    line: int
    is_global: bool
    is_static: bool
    alias: str


class File:
    """A C# file, or a block without a path: its tree and what it declares. Lines are the document's."""

    def __init__(self, block: Block, root: "Node") -> None:
        self.block, self.root = block, root
        self.path = block.path or ""

    @property
    def is_whole(self) -> bool:
        """Whether the grammar reads it without a fault."""
        return not self.root.has_error

    def line(self, node: "Node") -> int:
        """The document's line of a node."""
        return self.block.line_of(line_in(node))

    @cached_property
    def nodes(self) -> dict[str, list["Node"]]:
        """All named nodes by kind, in document order."""
        found: dict[str, list[Node]] = {}
        for node in walk(self.root):
            found.setdefault(node.type, []).append(node)
        return found

    @cached_property
    def usings(self) -> tuple[Using, ...]:
        """All using directives, those inside of namespaces included."""
        return tuple(_using(node, self.line(node)) for node in self.nodes.get("using_directive", []))

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The namespaces it opens."""
        kinds = ("namespace_declaration", "file_scoped_namespace_declaration")
        return frozenset(namespace_of(node, inside=True) for kind in kinds for node in self.nodes.get(kind, []))

    @cached_property
    def types(self) -> tuple[Type, ...]:
        """All types it declares, nested ones included."""
        return tuple(self._type(node, kind) for name, kind in KINDS.items() for node in self.nodes.get(name, []))

    def _type(self, node: "Node", kind: str) -> Type:
        body = node.child_by_field_name("body")
        members = list(body.named_children) if body is not None else []
        inputs = next((child for child in node.named_children if child.type == "parameter_list"), None)
        parameters = tuple(self.parameters(inputs)) if inputs is not None else None
        return Type(
            kind=kind,
            name=text_of(node.child_by_field_name("name")),
            namespace=namespace_of(node),
            outer=tuple(outer_types(node)),
            modifiers=modifiers_of(node),
            bases=tuple(_bases(node)),
            parameters=parameters,
            properties=tuple(self._properties(parameters if kind == "record" else None, members)),
            constructors=tuple(
                tuple(self.parameters(member.child_by_field_name("parameters")))
                for member in members
                if member.type == "constructor_declaration" and "static" not in modifiers_of(member)
            ),
            attributes=tuple(self.attributes(node)),
            line=self.line(node),
            node=node,
            file=self,
        )

    def parameters(self, listed: "Node | None") -> Iterator[Parameter]:
        """The parameters of a parameter list."""
        for node in listed.named_children if listed is not None else []:
            if node.type == "parameter":
                yield Parameter(
                    name=text_of(node.child_by_field_name("name")),
                    type=text_of(node.child_by_field_name("type")),
                    attributes=tuple(self.attributes(node)),
                    line=self.line(node),
                    has_default=any(child.type == "=" for child in node.children),
                )

    def attributes(self, node: "Node") -> Iterator[Attribute]:
        """The attributes that stand before a declaration or parameter."""
        for listed in node.named_children:
            if listed.type != "attribute_list":
                continue
            for each in listed.named_children:
                if each.type != "attribute":
                    continue
                name = simple_name(text_of(each.child_by_field_name("name")))
                given = next((part for part in each.named_children if part.type == "attribute_argument_list"), None)
                arguments = tuple(text_of(part) for part in given.named_children) if given is not None else ()
                yield Attribute(name.removesuffix("Attribute"), arguments, self.line(each))

    def _properties(self, inputs: tuple[Parameter, ...] | None, members: list["Node"]) -> Iterator[Property]:
        for each in inputs or ():
            yield Property(
                each.name, each.type, each.attributes, frozenset({"public"}), each.line, has_default=each.has_default
            )
        for node in members:
            if node.type != "property_declaration":
                continue
            accessors = next((child for child in node.named_children if child.type == "accessor_list"), None)
            text = text_of(accessors)
            value = node.child_by_field_name("value")
            yield Property(
                name=text_of(node.child_by_field_name("name")),
                type=text_of(node.child_by_field_name("type")),
                attributes=tuple(self.attributes(node)),
                modifiers=modifiers_of(node),
                line=self.line(node),
                is_computed=accessors is None or _has_body(accessors),
                can_set="set" in text or "init" in text,
                has_default=value is not None and accessors is not None,
            )


def read(block: Block) -> File | None:
    """The file in a block; None where it is too large to read."""
    root = syntax(block.content)
    return File(block, root) if root is not None else None


def is_csharp(block: Block) -> bool:
    """Whether a block holds C#."""
    return block.language in LANGUAGES or (block.path or "").endswith(".cs")


def modifiers_of(node: "Node") -> frozenset[str]:
    """`public`, `static`, `partial` and the like."""
    return frozenset(text_of(child) for child in node.named_children if child.type == "modifier")


def namespace_of(node: "Node", inside: bool = False) -> str:
    """The namespace that a node stands in (`inside`: that it opens itself)."""
    parts: list[str] = []
    place = node if inside else node.parent
    while place is not None:
        if place.type in ("namespace_declaration", "file_scoped_namespace_declaration"):
            parts.insert(0, text_of(place.child_by_field_name("name")))
        elif place.type == "compilation_unit":
            scoped = next((each for each in place.children if each.type == "file_scoped_namespace_declaration"), None)
            if scoped is not None and not parts:
                parts.insert(0, text_of(scoped.child_by_field_name("name")))
        place = place.parent
    return "".join(".".join(parts).split())


def outer_types(node: "Node") -> list[str]:
    """The types that a node stands in, the outermost first."""
    found: list[str] = []
    place = node.parent
    while place is not None:
        if place.type in KINDS:
            found.insert(0, text_of(place.child_by_field_name("name")))
        place = place.parent
    return found


def enclosing(node: "Node", *kinds: str) -> "Node | None":
    """The nearest node of one of `kinds` around `node`."""
    place = node.parent
    while place is not None and place.type not in kinds:
        place = place.parent
    return place


def simple_name(text: str) -> str:
    """`Foo` of `global::A.B.Foo<Bar>?`."""
    return text.partition("<")[0].rstrip("?[]").rpartition(".")[2].rpartition("::")[2].strip()


def literal(text: str) -> str | None:
    """The text of a C# string literal, interpolations as `{}`; None for anything else."""
    text = text.strip()
    for opening in ('$@"', '@$"', '$"', '@"', '"'):
        if text.startswith(opening) and text.endswith('"') and len(text) > len(opening):
            body = text[len(opening) : -1]
            if '"' in body.replace('\\"', "").replace('""', "") or body.startswith('""'):
                return None
            return _without_holes(body) if "$" in opening else body.replace('\\"', '"')
    return None


def _without_holes(body: str) -> str:
    found, depth = "", 0
    for mark in body:
        if mark == "{":
            depth += 1
            found += "{}" if depth == 1 else ""
        elif mark == "}":
            depth = max(0, depth - 1)
        elif depth == 0:
            found += mark
    return found


def _bases(node: "Node") -> Iterator[str]:
    listed = next((child for child in node.named_children if child.type == "base_list"), None)
    for base in listed.named_children if listed is not None else []:
        if base.type == "primary_constructor_base_type":
            yield text_of(base.child_by_field_name("type"))
        elif base.type != "argument_list":
            yield text_of(base)


def _using(node: "Node", line: int) -> Using:
    words = [child.type for child in node.children]
    alias = node.child_by_field_name("name")
    target = next((child for child in reversed(node.named_children) if child != alias), None)
    name = "".join(text_of(target).split()).removeprefix("global::")
    return Using(name, line, "global" in words, "static" in words, text_of(alias) if alias is not None else "")


def _has_body(accessors: "Node") -> bool:
    return any(
        child.type in ("block", "arrow_expression_clause")
        for accessor in accessors.named_children
        for child in accessor.named_children
    )
