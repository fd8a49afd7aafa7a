"""Types that C# endpoints take and give: which of them are evidently the API's, and their JSON properties. Pure."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.formats.csharp import text_of, walk
from shared.pack.model.csharp_entities import Entities
from shared.pack.model.csharp_files import Property, Type, literal, simple_name
from shared.pack.model.csharp_project import CSharpSolution
from shared.pack.model.csharp_routes import Route, Routes

if TYPE_CHECKING:
    from tree_sitter import Node

_API_PARTS = frozenset({
    "api", "apis", "contract", "contracts", "dto", "dtos", "endpoints", "controllers", "requests", "responses", "web",
    "webapi", "http", "presentation", "functions",
})  # fmt: skip
_INNER_PARTS = frozenset({"domain", "entities", "infrastructure", "persistence", "application", "core", "data"})
_RESULT = re.compile(
    r"\b(?:Produces(?:ResponseType)?|Ok|Created|CreatedAtRoute|Accepted|ActionResult|Results|Json)<([^()]{1,300}?)>\s*[(>,\s]"
)
_OF_FRAMEWORK = frozenset({
    "CancellationToken", "HttpContext", "HttpRequest", "HttpResponse", "ClaimsPrincipal", "string", "int", "Guid",
    "long", "bool", "DateTimeOffset", "DateOnly", "decimal",
})  # fmt: skip


@dataclass(frozen=True)
class ApiType:
    """A type of the API with the names its JSON has; `computed` are those of them that only give.

    `is_whole` is False where a base could not be followed, or the type takes any further property.
    """

    name: str
    type: Type
    fields: frozenset[str]
    computed: frozenset[str]
    is_whole: bool


class ApiTypes:
    """The types by which endpoints speak, and those that stand in the API's own namespaces."""

    def __init__(self, solution: CSharpSolution, routes: Routes) -> None:
        self.solution, self.routes = solution, routes
        self._entities = Entities(solution)

    def named(self, name: str) -> list[ApiType]:
        """The API's types of that name: those that an endpoint uses, else those in a namespace of the API."""
        parts: dict[str, Type] = {}
        for each in self.solution.types.get(name, []):
            if each.kind in ("class", "record", "struct") and not self.solution.is_test(each.file):
                parts.setdefault(each.full_name, each)
        used = [each for each in parts.values() if (each.namespace, each.name) in self._used]
        layered = [each for each in parts.values() if _is_of_api(each)]
        return [self._read(each) for each in (layered or [one for one in used if not _is_inner(one)])]

    @cached_property
    def _used(self) -> frozenset[tuple[str, str]]:
        """Namespace and name of the types that handlers of routes take or give."""
        found: set[tuple[str, str]] = set()
        for route in self.routes.all:
            for name in self._spoken(route):
                for each in self.solution.resolve(name, route.file):
                    found.add((each.namespace, each.name))
        return frozenset(found)

    def _spoken(self, route: Route) -> set[str]:
        """Names of types in the handler's parameters and results, and in what the route says it produces."""
        found: set[str] = set()
        statement = (
            route.node.parent.parent if route.node.parent is not None and route.node.parent.parent else route.node
        )
        for node in (*self._handlers(route), statement):
            for inner in walk(node):
                if inner.type == "parameter":
                    found.add(simple_name(text_of(inner.child_by_field_name("type"))))
            for match in _RESULT.finditer(text_of(node)[:20_000]):
                found.update(simple_name(part) for part in re.split(r"[<>,\s]+", match[1]) if part)
        return found - _OF_FRAMEWORK

    def _handlers(self, route: Route) -> list["Node"]:
        """The methods of the route's file that its handler names."""
        name = route.handler.rpartition(".")[2]
        if not re.fullmatch(r"\w{1,200}", name):
            return []
        return [
            node
            for kind in ("method_declaration", "local_function_statement")
            for node in route.file.nodes.get(kind, [])
            if text_of(node.child_by_field_name("name")) == name
        ]

    def _read(self, owner: Type) -> ApiType:
        properties, whole = self._entities.properties(owner)
        open_ended = any(one.name == "JsonExtensionData" for each in properties for one in each.attributes)
        kept = [each for each in properties if not _is_ignored(each)]
        return ApiType(
            name=owner.name,
            type=owner,
            fields=frozenset(_json_name(each) for each in kept),
            computed=frozenset(_json_name(each) for each in kept if each.is_computed),
            is_whole=whole and not open_ended and owner.file.is_whole,
        )


def _is_ignored(each: Property) -> bool:
    """`[JsonIgnore]` without a condition."""
    return any(
        one.name in ("JsonIgnore", "IgnoreDataMember") and not any("Condition" in part for part in one.arguments)
        for one in each.attributes
    )


def _json_name(each: Property) -> str:
    """What the property is called in JSON, as far as attributes say."""
    for one in each.attributes:
        if one.name in ("JsonPropertyName", "JsonProperty") and one.arguments:
            return literal(one.arguments[0]) or each.name
    return each.name


def _parts(each: Type) -> frozenset[str]:
    folders = each.file.path.lower().split("/")[:-1]
    return frozenset({*each.namespace.lower().split("."), *(part for name in folders for part in name.split("."))})


def _is_of_api(each: Type) -> bool:
    """Whether its namespace or folder is that of the API's models, and of no inner layer."""
    return bool(_parts(each) & _API_PARTS) and not _is_inner(each)


def _is_inner(each: Type) -> bool:
    return bool(_parts(each) & _INNER_PARTS)
