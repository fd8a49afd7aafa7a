"""What C# registers with dependency injection, and what constructors and handlers ask of it. Pure.

Registration by scanning assemblies, by reflection or by another container makes the whole undecided.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.formats.csharp import text_of, walk
from shared.pack.model.csharp_entities import called
from shared.pack.model.csharp_files import File, Parameter, Type, simple_name
from shared.pack.model.csharp_project import CSharpSolution
from shared.pack.model.csharp_routes import Routes

if TYPE_CHECKING:
    from tree_sitter import Node

_REGISTERS = re.compile(
    r"^(?:Try)?Add(?:Keyed)?(?:Scoped|Singleton|Transient|HostedService|HttpClient|DbContext|DbContextPool|DbContextFactory"
    r"|ExceptionHandler|Enumerable|Decorated|Activated\w{1,20}|Typed\w{1,20}|\w{0,30}Client|Options|SignalR|Grpc\w{1,20})$"
    r"|^(?:Scoped|Singleton|Transient|Describe|Replace|Decorate)$"
)
_SCANS = re.compile(
    r"\.Scan\(|\bGetTypes\(\)|\bGetExportedTypes\(\)|DefinedTypes|ContainerBuilder|UseServiceProviderFactory|Autofac|Lamar"
    r"|\bActivator\.|RegisterType<|AddMediatR\(|AddValidatorsFromAssembly|AddFastEndpoints|AddCarter|ServiceDescriptor\("
    r"|\bInjectable\b|RegisterServices"
)


@dataclass(frozen=True)
class Asked:
    """A service that somebody asks for: the interface, who asks, and where."""

    service: Type
    by: str
    document: str
    line: int


class Services:
    """Registrations and demands of a solution, tests left out."""

    def __init__(self, solution: CSharpSolution, routes: Routes) -> None:
        self.solution, self.routes = solution, routes

    @cached_property
    def _files(self) -> list[File]:
        return [file for file in self.solution.files.values() if not self.solution.is_test(file)]

    @cached_property
    def registered(self) -> frozenset[str]:
        """Simple names of every type that a registration names: as type arguments, in `typeof`, or as what it makes."""
        return frozenset(name for file in self._files for name in _registered(file))

    @cached_property
    def is_open(self) -> bool:
        """Whether something may be registered that no type argument names, or nothing at all is shown."""
        if not self.registered or not self.solution.is_whole or self.solution.fragments:
            return True
        return any(_SCANS.search(file.block.content) for file in self._files) or any(
            _has_unnamed_factory(file) for file in self._files
        )

    def unregistered(self) -> Iterator[Asked]:
        """Interfaces of the solution that a registered class or a handler asks for and no registration names."""
        seen: set[str] = set()
        for by, parameter, file in self._asked():
            name = simple_name(parameter.type.partition("<")[0])
            found = self.solution.resolve(name, file)
            if name in self.registered or name in seen or len(found) != 1 or found[0].kind != "interface":
                continue
            if parameter.has_default or parameter.type.endswith("?") or "<" in parameter.type:
                continue
            if any(one.name in ("FromKeyedServices", "FromBody", "FromQuery") for one in parameter.attributes):
                continue
            seen.add(name)
            yield Asked(found[0], by, file.block.document, parameter.line)

    def _asked(self) -> Iterator[tuple[str, Parameter, File]]:
        for file in self._files:
            for each in file.types:
                inputs = each.parameters if each.kind == "class" else None
                constructors = [*each.constructors, *([inputs] if inputs is not None else [])]
                if each.name in self.registered and len(constructors) == 1 and "abstract" not in each.modifiers:
                    for parameter in constructors[0]:
                        yield each.name, parameter, file
        for route in self.routes.all:
            for node in self._handlers(route.file, route.handler, route.node):
                for parameter in route.file.parameters(node.child_by_field_name("parameters")):
                    yield f"{route.method} {route.path or '...'}", parameter, route.file

    def _handlers(self, file: File, handler: str, node: "Node") -> list["Node"]:
        """The lambda or the method that serves a route."""
        name = handler.rpartition(".")[2]
        if re.fullmatch(r"\w{1,200}", name):
            return [
                each
                for each in file.nodes.get("method_declaration", [])
                if text_of(each.child_by_field_name("name")) == name
            ]
        if node.type != "invocation_expression":
            return []
        given = node.child_by_field_name("arguments")
        last = given.named_children[-1].named_children[-1] if given is not None and given.named_children else None
        return [last] if last is not None and last.type == "lambda_expression" else []


def _registered(file: File) -> Iterator[str]:
    for node in file.nodes.get("invocation_expression", []):
        name, _ = called(node)
        if not _REGISTERS.match(name):
            continue
        function = node.child_by_field_name("function")
        for inner in walk(function) if function is not None else ():
            if inner.type == "type_argument_list" and not _is_below_call(inner, node):
                for each in inner.named_children:
                    yield simple_name(text_of(each).partition("<")[0])
        given = node.child_by_field_name("arguments")
        for inner in walk(given) if given is not None else ():
            if inner.type in ("typeof_expression", "object_creation_expression"):
                yield simple_name(text_of(inner.child_by_field_name("type")).partition("<")[0])
            elif inner.type == "type_argument_list":
                for each in inner.named_children:
                    yield simple_name(text_of(each).partition("<")[0])


def _is_below_call(inner: "Node", node: "Node") -> bool:
    """Whether a type argument belongs to an earlier call of the same chain."""
    place = inner.parent
    while place is not None and place != node:
        if place.type == "invocation_expression":
            return True
        place = place.parent
    return False


def _has_unnamed_factory(file: File) -> bool:
    """Whether a lifetime is given to what a factory or a value makes, without saying its type."""
    for node in file.nodes.get("invocation_expression", []):
        name, arguments = called(node)
        function = text_of(node.child_by_field_name("function"))
        if (
            re.match(r"^(?:Try)?Add(?:Scoped|Singleton|Transient)$", name)
            and arguments
            and "<" not in function.rpartition(".")[2]
        ):
            first = arguments[0]
            if not re.search(
                r"typeof\(|=>\s*new\s+\w|^new\s+\w|\b[A-Z]\w*\.(?:System|Shared|Instance|Default)\b", first
            ):
                return True
    return False
