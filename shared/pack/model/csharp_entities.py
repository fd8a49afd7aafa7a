"""What a C# solution gives EF Core to map: entities, how they are configured, where tables come from. Pure.

A configuration that is built by code (loops over the model, conventions of the solution's own) makes names open.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.formats.csharp import text_of, walk
from shared.pack.model.csharp_files import File, Property, Type, enclosing, literal, simple_name
from shared.pack.model.csharp_project import CSharpSolution

if TYPE_CHECKING:
    from tree_sitter import Node

_LAMBDA = re.compile(r"^\s*\(?\s*\w{1,60}\s*\)?\s*=>\s*\w{1,60}\.(\w{1,100})\s*$")
_NAMING = re.compile(
    r"NamingConvention\b|\.SetColumnName\(|\.SetTableName\(|IModelFinalizingConvention|\bSetDefaultTable"
)
MOST_NODES = 20_000


@dataclass(frozen=True)
class Call:
    """One call of a configuration: the method, its arguments' source, and the calls that the chain made before it."""

    method: str
    arguments: tuple[str, ...]
    before: tuple[tuple[str, tuple[str, ...]], ...]
    text: str


@dataclass(frozen=True)
class Entity:
    """A type that EF Core maps: where it is declared, its sets' names, and every call that configures it."""

    type: Type
    sets: tuple[str, ...]
    calls: tuple[Call, ...]

    def called(self, *methods: str) -> Iterator[Call]:
        """The calls of one of those methods."""
        return (each for each in self.calls if each.method in methods)

    @property
    def table(self) -> str:
        """The table's explicit name; empty where there is none."""
        for call in self.called("ToTable", "ToView"):
            if call.arguments and (name := literal(call.arguments[0])):
                return name
        named = next((each.text for each in self.type.attributes if each.name == "Table"), None)
        return named or ""

    def settings(self, property_name: str) -> frozenset[str]:
        """The methods that are called on one property's builder."""
        return frozenset(
            call.method for call in self.calls if any(_property_of(*each) == property_name for each in call.before)
        )

    def column(self, each: Property) -> str:
        """The name of a property's column: explicit, by attribute, or the property's own."""
        for call in self.called("HasColumnName"):
            if call.arguments and any(_property_of(*before) == each.name for before in call.before):
                return literal(call.arguments[0]) or "?"
        for attribute in each.attributes:
            if attribute.name == "Column" and attribute.text:
                return attribute.text
        return each.name

    def is_left_out(self, each: Property) -> bool:
        """Whether a property is not a column of the entity's own table."""
        if any(attribute.name in ("NotMapped", "InverseProperty", "ForeignKey") for attribute in each.attributes):
            return True
        apart = (
            "Ignore",
            "OwnsOne",
            "OwnsMany",
            "ComplexProperty",
            "HasOne",
            "HasMany",
            "Navigation",
            "ComplexCollection",
        )
        return any(_property_of(call.method, call.arguments) == each.name for call in self.called(*apart))


def _property_of(method: str, arguments: tuple[str, ...]) -> str:
    """`Name` of `Property(x => x.Name)`, `Ignore("Name")` and the like; empty for other calls."""
    if not arguments:
        return ""
    match = _LAMBDA.match(arguments[0])
    return match[1] if match else (literal(arguments[0]) or "").rpartition(".")[2]


class Entities:
    """The entities of a solution."""

    def __init__(self, solution: CSharpSolution) -> None:
        self.solution = solution

    @cached_property
    def contexts(self) -> list[Type]:
        """Classes that derive from a DbContext."""
        return [
            each
            for types in self.solution.types.values()
            for each in types
            if any(simple_name(base).endswith("DbContext") for base in each.bases)
            and not self.solution.is_test(each.file)
        ]

    @cached_property
    def names_are_open(self) -> bool:
        """Whether something in the solution renames tables and columns in bulk."""
        packages = {each.name.lower() for project in self.solution.projects.values() for each in project.packages}
        return "efcore.namingconventions" in packages or any(
            _NAMING.search(file.block.content) for file in self.solution.files.values()
        )

    @cached_property
    def all(self) -> list[Entity]:
        """Every type of the solution that a context holds or a configuration names."""
        sets: dict[str, list[str]] = {}
        for context in self.contexts:
            for each in context.properties:
                match = re.fullmatch(r"(?:\w+\.)*DbSet<([\w.]{1,200})>\??", each.type)
                if match:
                    sets.setdefault(simple_name(match[1]), []).append(each.name)
        configured: dict[str, list[Call]] = {}
        for name, calls in self._configurations():
            configured.setdefault(name, []).extend(calls)
        found: list[Entity] = []
        for name in dict.fromkeys((*sets, *configured)):
            types = [each for each in self.solution.types.get(name, []) if each.kind in ("class", "record")]
            if len({each.full_name for each in types}) == 1:
                found.append(Entity(types[0], tuple(sets.get(name, ())), tuple(configured.get(name, ()))))
        return found

    def _configurations(self) -> Iterator[tuple[str, list[Call]]]:
        """Entity names with the calls that configure them."""
        for file in self.solution.files.values():
            for each in file.types:
                for base in each.bases:
                    if simple_name(base) == "IEntityTypeConfiguration" and "<" in base:
                        yield simple_name(base.partition("<")[2].rpartition(">")[0]), list(_calls(each.node))
            yield from _entity_calls(file)

    def properties(self, owner: Type, depth: int = 0) -> tuple[list[Property], bool]:
        """All public properties with those of bases, and whether every base class could be followed."""
        found, whole = list(owner.properties), True
        for part in self.solution.types.get(owner.name, []):
            if part is not owner and part.full_name == owner.full_name:
                found += part.properties
        for base in owner.bases:
            name = simple_name(base)
            resolved = [each for each in self.solution.resolve(name, owner.file) if each.kind != "interface"]
            if resolved and depth < 8:
                inherited, followed = self.properties(resolved[0], depth + 1)
                found, whole = [*inherited, *found], whole and followed
            elif not resolved and not (name[:1] == "I" and name[1:2].isupper()):
                whole = False
        return [each for each in found if "static" not in each.modifiers and "public" in each.modifiers], whole


def _entity_calls(file: File) -> Iterator[tuple[str, list[Call]]]:
    """Calls on `Entity<T>()` and in the lambda that `Entity<T>(...)` is given."""
    for node in file.nodes.get("generic_name", []):
        if text_of(node.named_children[0] if node.named_children else None) != "Entity":
            continue
        arguments = next((child for child in node.named_children if child.type == "type_argument_list"), None)
        if arguments is None or len(arguments.named_children) != 1:
            continue
        statement = enclosing(node, "expression_statement", "local_declaration_statement", "arrow_expression_clause")
        if statement is not None and statement.type == "local_declaration_statement":
            statement = enclosing(statement, "method_declaration", "local_function_statement") or statement
        if statement is not None:
            yield simple_name(text_of(arguments.named_children[0])), list(_calls(statement))


def _calls(root: "Node") -> Iterator[Call]:
    """All calls below a node, each with what its chain called before."""
    for number, node in enumerate(walk(root)):
        if number > MOST_NODES:
            return
        if node.type == "invocation_expression":
            method, arguments = called(node)
            yield Call(method, arguments, tuple(_before(node)), text_of(node)[:400])


def called(node: "Node") -> tuple[str, tuple[str, ...]]:
    """The simple name of the method that an invocation calls, and its arguments' source."""
    function = node.child_by_field_name("function")
    if function is not None and function.type in ("member_access_expression", "conditional_access_expression"):
        function = function.child_by_field_name("name") or function
    given = node.child_by_field_name("arguments")
    arguments = tuple(text_of(each) for each in given.named_children) if given is not None else ()
    return text_of(function).partition("<")[0].rpartition(".")[2], arguments


def _before(node: "Node") -> Iterator[tuple[str, tuple[str, ...]]]:
    """The calls of the same chain before this one, the nearest first."""
    for _ in range(50):
        function = node.child_by_field_name("function")
        inner = function.child_by_field_name("expression") if function is not None else None
        if inner is None or inner.type != "invocation_expression":
            return
        node = inner
        yield called(node)
