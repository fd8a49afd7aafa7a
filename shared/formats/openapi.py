"""The one OpenAPI document of integration-architecture.md as a typed, read-only view. Pure: text in, view out.

It promises no validity: parts of the wrong shape read as empty, and `shared/checks/openapi.py` reports them.
`document` is the raw mapping and must not be changed: lines are looked up by the identity of its parts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from shared.formats import markdown
from shared.formats.located_yaml import LocatedYaml, Place, UnreadableYamlError, load_located
from shared.formats.openapi_objects import METHODS, Node, Site, in_place_parts, mapping, sequence, text_of, walk

MAXIMUM_HOPS = 32
"""How many references in a row are followed."""
MAXIMUM_PARTS = 400
"""How many schemas one schema may be put together from."""

_OPENS_CONTRACT = re.compile(r"^[ {]*[\"']?(?:openapi|swagger)[\"']?[ ]*:", re.MULTILINE)


class Target(NamedTuple):
    """What a reference leads to, after following references that stand there."""

    place: Place
    node: Any


@dataclass(frozen=True)
class Parameter:
    """A declared parameter of an operation; `line` is that of the declaration."""

    name: str
    location: str
    required: bool
    line: int
    place: Place = field(repr=False)


@dataclass(frozen=True)
class Response:
    """One status of an operation (`200`, `4XX`, `default`), its media types and the component schemas they name."""

    status: str
    media_types: tuple[str, ...]
    schemas: tuple[str, ...]
    line: int
    place: Place = field(repr=False)

    @property
    def is_success(self) -> bool:
        """2xx and 3xx: what the caller hoped for."""
        return self.status[:1] in ("2", "3")

    @property
    def is_error(self) -> bool:
        """4xx, 5xx and `default`."""
        return self.status[:1] in ("4", "5") or self.status == "default"


@dataclass(frozen=True)
class Operation:
    """One method of one path. `security` is what applies: alternatives, each a scheme's name to its scopes."""

    operation_id: str
    method: str
    path: str
    line: int
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    request_schemas: tuple[str, ...]
    responses: tuple[Response, ...]
    security: tuple[dict[str, tuple[str, ...]], ...]
    node: Node = field(repr=False)
    place: Place = field(repr=False)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The declared status codes, in order."""
        return tuple(response.status for response in self.responses)

    @property
    def is_open(self) -> bool:
        """Whether a call without credentials is accepted."""
        return not self.security or {} in self.security

    @property
    def label(self) -> str:
        """How messages name it, as in `GET /orders`."""
        return f"{self.method} {self.path}"[:120]


@dataclass(frozen=True)
class Schema:
    """A component schema: properties (also those of its `allOf` parts) with their raw schemas, and required names."""

    name: str
    line: int
    properties: dict[str, Any]
    required: frozenset[str]
    node: Node = field(repr=False)


@dataclass(frozen=True)
class Contract:
    """The contract and the places of its parts in the deliverable; every line is 1-based there."""

    document: Node
    first_line: int
    located: LocatedYaml = field(repr=False)
    _resolved: dict[str, Target | None] = field(default_factory=dict[str, "Target | None"], init=False, repr=False)

    def line(self, *place: str | int) -> int:
        """The line of the key or item at `place`, or of the nearest part above it that exists."""
        return self.first_line + self.located.line(place)

    def line_of_path(self, path: str) -> int:
        """The line on which a path begins; that of `paths` where there is no such path."""
        return self.line("paths", path)

    def line_of_schema(self, name: str) -> int:
        """The line on which a component schema begins."""
        return self.line("components", "schemas", name)

    @cached_property
    def traps(self) -> tuple[tuple[int, str], ...]:
        """Lines of unquoted scalars that YAML 1.1 readers take for something else, with their text."""
        return tuple((self.first_line + line, text) for line, text in self.located.traps)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every object of the specification in the document, references included, in document order."""
        return tuple(walk("document", (), self.document))

    @cached_property
    def kinds(self) -> dict[Place, str]:
        """Which kind of object stands at which place."""
        return {site.place: site.kind for site in self.sites}

    def of_kind(self, kind: str) -> Iterator[Site]:
        """The sites of one kind that are no references."""
        return (site for site in self.sites if site.kind == kind and (kind == "schema" or "$ref" not in site.node))

    def resolve(self, reference: object) -> Target | None:
        """Follow a local reference (`#/...`), and those it leads to; None where it ends at nothing or in a circle."""
        if not isinstance(reference, str):
            return None
        if reference not in self._resolved:
            self._resolved[reference] = self._resolve(reference)
        return self._resolved[reference]

    def _resolve(self, reference: object) -> Target | None:
        for _ in range(MAXIMUM_HOPS):
            target = self._look_up(reference)
            if target is None or not isinstance(target.node, dict):
                return target
            node = cast("Node", target.node)
            if "$ref" not in node or self.kinds.get(target.place) == "schema":
                return target  # a schema with a reference is a schema of its own
            reference = node["$ref"]
        return None

    def follow(self, place: Place, node: object) -> Target:
        """The object itself, or what its reference leads to (an empty one where that is nothing)."""
        held = mapping(node)
        if "$ref" not in held:
            return Target(place, held)
        return self.resolve(held["$ref"]) or Target(place, {})

    def _look_up(self, reference: object) -> Target | None:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return None
        node: Any = self.document
        place: list[str | int] = []
        for part in unquote(reference[2:]).split("/"):
            key: str | int = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and part.isascii() and part.isdigit() and len(part) < 7:
                key = int(part)
                if key >= len(cast("list[Any]", node)):
                    return None
            elif not isinstance(node, dict) or key not in node:
                return None
            node = cast("Any", node)[key]
            place.append(key)
        return Target(tuple(place), node)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The operations under `paths`, in document order."""
        return tuple(self._operations("paths"))

    @cached_property
    def webhooks(self) -> tuple[Operation, ...]:
        """The operations under `webhooks`: calls that the service makes; `path` is the webhook's name."""
        return tuple(self._operations("webhooks"))

    @cached_property
    def operation_ids(self) -> frozenset[str]:
        """Every operationId, those of webhooks and callbacks included."""
        return frozenset(text_of(site.node.get("operationId")) for site in self.of_kind("operation"))

    @cached_property
    def servers(self) -> tuple[str, ...]:
        """The URLs of the top-level servers."""
        urls = (mapping(server).get("url") for server in sequence(self.document.get("servers")))
        return tuple(url for url in urls if isinstance(url, str))

    @cached_property
    def schemas(self) -> dict[str, Schema]:
        """The component schemas by name."""
        named = mapping(mapping(self.document.get("components")).get("schemas"))
        return {name: self._schema(name, mapping(node)) for name, node in named.items()}

    def operation(self, operation_id: str) -> Operation | None:
        """The operation with this id."""
        return next((one for one in self.operations if one.operation_id == operation_id), None)

    def properties_of(self, schema: object) -> dict[str, Any]:
        """The properties that `schema` describes itself, by reference, or in parts that apply to the same value."""
        found: dict[str, Any] = {}
        for part in self.parts_of(schema):
            found = mapping(part.get("properties")) | found
        return found

    def parts_of(self, schema: object) -> list[Node]:
        """`schema` and the schemas that apply to the same value through references and combinations, each once.

        At most `MAXIMUM_PARTS` are looked at; `is_overgrown` tells whether that was all.
        """
        return self._combine(schema)[0]

    def is_overgrown(self, schema: object) -> bool:
        """Whether a schema is put together from more than `MAXIMUM_PARTS`."""
        return self._combine(schema)[1]

    def _combine(self, schema: object) -> tuple[list[Node], bool]:
        parts: dict[int, Node] = {}
        waiting = [schema]
        for _ in range(MAXIMUM_PARTS):
            if not waiting:
                break
            node = mapping(waiting.pop())
            if not node or id(node) in parts:
                continue
            parts[id(node)] = node
            waiting.extend(part for _, part in islice(in_place_parts(node), MAXIMUM_PARTS))
            if "$ref" in node and (target := self.resolve(node["$ref"])):
                waiting.append(target.node)
        return list(parts.values()), bool(waiting)

    def _schema(self, name: str, node: Node) -> Schema:
        parts = [node, *(mapping(part) for part in sequence(node.get("allOf")))]
        held = [self.follow((), part).node if part is not node else part for part in parts]
        required = {str(one) for part in held for one in sequence(mapping(part).get("required"))}
        return Schema(name, self.line_of_schema(name), self.properties_of(node), frozenset(required), node)

    def _operations(self, root: str) -> Iterator[Operation]:
        for path, raw in mapping(self.document.get(root)).items():
            place, item = self.follow((root, path), raw)
            for method, node in mapping(item).items():
                if method in METHODS and isinstance(node, dict):
                    yield self._operation(path, method, (*place, method), cast("Node", node), mapping(item))

    def _operation(self, path: str, method: str, place: Place, node: Node, item: Node) -> Operation:
        body = self.follow((*place, "requestBody"), node.get("requestBody"))
        return Operation(
            operation_id=text_of(node.get("operationId")),
            method=method.upper(),
            path=path,
            line=self.line(*place),
            tags=tuple(str(tag) for tag in sequence(node.get("tags"))),
            parameters=tuple(self._parameters(place, node, item)),
            request_schemas=self._schema_names(body.node),
            responses=tuple(self._responses(place, mapping(node.get("responses")))),
            security=_requirements(node.get("security", self.document.get("security"))),
            node=node,
            place=place,
        )

    def _parameters(self, place: Place, node: Node, item: Node) -> Iterator[Parameter]:
        """The operation's own parameters, then those of its path that it does not replace (by name and location)."""
        seen: set[tuple[str, str]] = set()
        for owner, listed in ((place, node.get("parameters")), (place[:-1], item.get("parameters"))):
            own: set[tuple[str, str]] = set()
            for index, raw in enumerate(sequence(listed)):
                at, found = self.follow((*owner, "parameters", index), raw)
                held = mapping(found)
                key = (text_of(held.get("name")), text_of(held.get("in")))
                if key[0] and key not in seen:
                    own.add(key)
                    yield Parameter(*key, held.get("required") is True, self.line(*at), (*owner, "parameters", index))
            seen |= own

    def _responses(self, place: Place, responses: Node) -> Iterator[Response]:
        for status, raw in responses.items():
            if status.startswith("x-"):
                continue
            at, held = self.follow((*place, "responses", status), raw)
            types = tuple(mapping(mapping(held).get("content")))
            yield Response(status, types, self._schema_names(held), self.line(*place, "responses", status), at)

    def _schema_names(self, held: object) -> tuple[str, ...]:
        """The component schemas that a body's media types refer to, directly or as a list's items."""
        names: dict[str, None] = {}
        for media in mapping(mapping(held).get("content")).values():
            schema = mapping(mapping(media).get("schema"))
            for reference in (schema.get("$ref"), mapping(schema.get("items")).get("$ref")):
                if isinstance(reference, str) and reference.startswith("#/components/schemas/"):
                    names[reference.rsplit("/", 1)[1]] = None
        return tuple(names)


def contract_blocks(text: str) -> list[markdown.Fence]:
    """The fenced blocks that hold an OpenAPI (or Swagger) document."""
    return [
        fence
        for fence in markdown.fences(text)
        if fence.language in ("yaml", "yml", "json") and _OPENS_CONTRACT.search(fence.content)
    ]


@lru_cache(maxsize=4)
def read_contract(block: markdown.Fence) -> Contract:
    """The contract in `block`; `UnreadableYamlError` where it is no bounded YAML mapping.

    Several checks ask for the same one, and reading a large one takes long, so the last few are kept.
    """
    located = load_located(block.content)
    document = mapping(located.value)
    if not document:
        raise UnreadableYamlError(0, "It is not a mapping.")
    return Contract(document, block.line + 1, located)


def find_contract(text: str) -> Contract | None:
    """The one contract of the architecture; None where there is none, several, or one that cannot be read."""
    blocks = contract_blocks(text)
    if len(blocks) != 1:
        return None
    try:
        return read_contract(blocks[0])
    except UnreadableYamlError:
        return None


def _requirements(value: object) -> tuple[dict[str, tuple[str, ...]], ...]:
    return tuple(
        {name: tuple(str(scope) for scope in sequence(scopes)) for name, scopes in mapping(one).items()}
        for one in sequence(value)
    )
