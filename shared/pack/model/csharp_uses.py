"""Names of types that C# code uses, each with its place and whether the solution, .NET or a known package has it. Pure.

Only places where nothing but a type can stand are read: bases, constructor calls, type arguments, parameters,
properties, fields, results, attributes and `typeof`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from shared.formats.csharp import text_of
from shared.pack.model.csharp_files import File
from shared.pack.model.csharp_project import CSharpSolution
from shared.pack.model.dotnet_packages import types
from shared.pack.model.references import Reference, State

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPED = {
    "parameter": "type", "property_declaration": "type", "variable_declaration": "type",
    "method_declaration": "returns", "object_creation_expression": "type", "typeof_expression": "type",
    "local_function_statement": "type", "primary_constructor_base_type": "type",
}  # fmt: skip
"""Nodes of which one field is a type."""
_NAMED = ("identifier", "generic_name", "qualified_name")
_INNER = ("nullable_type", "array_type", "ref_type", "scoped_type", "tuple_type", "tuple_element", "pointer_type")


@dataclass(frozen=True)
class Use:
    """A type that is named: `name` as written without type arguments, `is_attribute` where it stands in brackets."""

    name: str
    line: int
    is_attribute: bool


def uses(file: File) -> Iterator[Use]:
    """Every type that the file names, attribute names included."""
    for kind, field in _TYPED.items():
        for node in file.nodes.get(kind, []):
            yield from _named(file, node.child_by_field_name(field))
    for node in file.nodes.get("base_list", []):
        for child in node.named_children:
            if child.type != "argument_list":
                yield from _named(file, child)
    for node in file.nodes.get("type_argument_list", []):
        for child in node.named_children:
            yield from _named(file, child)
    for node in file.nodes.get("attribute", []):
        name = node.child_by_field_name("name")
        if name is not None and name.type in _NAMED:
            yield Use(_plain(text_of(name)), file.line(name), True)


def _named(file: File, node: "Node | None") -> Iterator[Use]:
    """The names in a type: itself, or what an array, a nullable or a tuple is made of."""
    if node is None:
        return
    if node.type in _NAMED:
        yield Use(_plain(text_of(node)), file.line(node), False)
    elif node.type == "tuple_element":
        yield from _named(file, node.child_by_field_name("type"))
    elif node.type in _INNER:
        for child in node.named_children:
            yield from _named(file, child)


def _plain(text: str) -> str:
    return "".join(text.partition("<")[0].split()).removeprefix("global::")


class TypeReferences:
    """Decides for each type that a file names whether it is there."""

    def __init__(self, solution: CSharpSolution) -> None:
        self.solution = solution

    def of(self, file: File) -> Iterator[Reference]:
        """One reference for each type name of the file, at its first place."""
        seen: set[str] = set()
        local = self._local_names(file)
        for use in uses(file):
            if use.name in seen or use.name in local:
                continue
            seen.add(use.name)
            state, detail = self._state(file, use)
            yield Reference("type", use.name, file.block.document, use.line, state, detail)

    def _local_names(self, file: File) -> set[str]:
        """Type parameters and aliases of the file."""
        named = {text_of(node.child_by_field_name("name")) for node in file.nodes.get("type_parameter", [])}
        project = self.solution.project_of(file.path)
        siblings = self.solution.files_of(project) if project is not None else []
        aliases = {each.alias for each in file.usings if each.alias}
        aliases |= {each.alias for other in siblings for each in other.usings if each.alias and each.is_global}
        return named | aliases | {"var", "dynamic", "nint", "nuint", "_", "notnull", "unmanaged"}

    def _state(self, file: File, use: Use) -> tuple[State, str]:
        first, _, last = use.name.rpartition(".")
        names = {last, f"{last}Attribute"} if use.is_attribute else {last}
        if any(name in self.solution.types for name in names) or (last == "Program" and self._has_entry):
            return "resolved", ""
        if first:
            return self._qualified(file, first)
        return self._external(file, names)

    def _qualified(self, file: File, prefix: str) -> tuple[State, str]:
        """A dotted name whose last part nobody declares: missing where the prefix is a namespace of the solution."""
        if prefix in self.solution.namespaces and prefix.split(".")[0] in self.solution.own_roots:
            return self._missing(file, f"{prefix} is the solution's own")
        return "undecided", "its prefix is not the solution's"

    def _external(self, file: File, names: set[str]) -> tuple[State, str]:
        known = types()
        opaque = ""
        for namespace in ("", *self.solution.opened(file)):
            if names & known.get(namespace, frozenset()):
                return "resolved", ""
            is_own = namespace == "" or self.solution.declares(namespace)
            if not is_own and namespace not in known:
                opaque = opaque or namespace
        if opaque:
            return "undecided", f"{opaque} may hold it"
        if any(each.is_static and not self.solution.resolve(each.name) for each in file.usings):
            return "undecided", "a static using may hold it"
        return self._missing(file, "no file declares it")

    def _missing(self, file: File, detail: str) -> tuple[State, str]:
        project = self.solution.project_of(file.path)
        if project is None or not self.solution.is_whole:
            return "undecided", "files of the solution are not read"
        if any(member.generates or member.is_open for member in self.solution.closure(project)[0]):
            return "undecided", "code may be generated"
        if self._nests(file):
            return "undecided", "a base of another package may hold it"
        if not self.solution.closure(project)[1] or self._unknown_own_packages:
            return "undecided", "a project or package is not shown"
        return "missing", detail

    def _nests(self, file: File) -> bool:
        """Whether some type of the file has a base class that is no interface and not among the known ones."""
        known = _known_names()
        for each in file.types:
            for base in each.bases:
                name = base.partition("<")[0].rpartition(".")[2]
                if name not in known and name not in self.solution.types:
                    return True
        return False

    @cached_property
    def _has_entry(self) -> bool:
        """Whether some file has statements at its top, of which the compiler makes the class `Program`."""
        return any("global_statement" in file.nodes for file in self.solution.files.values())

    @cached_property
    def _unknown_own_packages(self) -> bool:
        """Whether a package of the solution's own makers is referenced: it may open the same namespaces."""
        owners = {root.lower() for root in self.solution.own_roots}
        return any(
            each.name.lower().partition(".")[0] in owners
            for project in self.solution.projects.values()
            for each in project.packages
        )


@cache
def _known_names() -> frozenset[str]:
    return frozenset(name for each in types().values() for name in each)
