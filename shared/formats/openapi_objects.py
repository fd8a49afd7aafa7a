"""What OpenAPI 3.1 objects are made of, so that a walk tells a schema from an example that looks like one. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from shared.formats.located_yaml import Place

type Node = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_PARTS: dict[str, str] = {
    "document": "paths:{pathItem webhooks:{pathItem components:components",
    "components": "schemas:{schema responses:{response parameters:{parameter examples:{example headers:{header "
    "requestBodies:{requestBody securitySchemes:{securityScheme links:{link callbacks:{callback pathItems:{pathItem",
    "pathItem": "parameters:[parameter " + " ".join(f"{method}:operation" for method in METHODS),
    "operation": "parameters:[parameter requestBody:requestBody responses:{response callbacks:{callback",
    "callback": "*:pathItem",
    "parameter": "schema:schema content:{media examples:{example",
    "header": "schema:schema content:{media examples:{example",
    "requestBody": "content:{media",
    "response": "headers:{header content:{media links:{link",
    "media": "schema:schema examples:{example encoding:{encoding",
    "encoding": "headers:{header",
    "schema": "properties:{schema patternProperties:{schema $defs:{schema dependentSchemas:{schema "
    "allOf:[schema anyOf:[schema oneOf:[schema prefixItems:[schema items:schema additionalProperties:schema "
    "not:schema if:schema then:schema else:schema contains:schema propertyNames:schema contentSchema:schema "
    "unevaluatedItems:schema unevaluatedProperties:schema",
}
"""What each object is made of: `{kind` is a map of that kind, `[kind` a list; any other part is plain data."""
_SHAPES = {kind: dict(part.split(":") for part in parts.split()) for kind, parts in _PARTS.items()}
_MAPS_OF_ANY_NAME = ("schema", "components", "response", "encoding")
"""Objects whose maps may hold names such as `x-request-id`; elsewhere `x-` begins an extension."""


class Site(NamedTuple):
    """An object of the specification, of which kind it is and where it stands."""

    kind: str
    place: Place
    node: Node


def walk(kind: str, place: Place, node: object) -> Iterator[Site]:
    """Every object of the specification in and below `node`, which is of `kind`, in document order."""
    if not isinstance(node, dict):
        return
    held = cast("Node", node)
    yield Site(kind, place, held)
    if "$ref" in held and kind not in ("schema", "pathItem"):
        return
    parts = _SHAPES.get(kind, {})
    for key, value in held.items():
        shape = parts.get(key) or ("" if key.startswith("x-") else parts.get("*", ""))
        if shape.startswith("{"):
            for name, one in mapping(value).items():
                if not name.startswith("x-") or kind in _MAPS_OF_ANY_NAME:
                    yield from walk(shape[1:], (*place, key, name), one)
        elif shape.startswith("["):
            for index, one in enumerate(sequence(value)):
                yield from walk(shape[1:], (*place, key, index), one)
        elif shape:
            yield from walk(shape, (*place, key), value)


def in_place_parts(schema: Node) -> Iterator[tuple[Place, Any]]:
    """The parts of a schema that apply to the same value as the schema itself, references aside."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from (((keyword, index), part) for index, part in enumerate(sequence(schema.get(keyword))))
    yield from (((keyword,), schema[keyword]) for keyword in ("if", "then", "else") if keyword in schema)
    for name, part in mapping(schema.get("dependentSchemas")).items():
        yield ("dependentSchemas", name), part


def exact_place(value: object, keys: Iterable[str | int]) -> Place:
    """The place in `value` that a validator's path means; jsonschema-rs writes the key "404" as the number 404."""
    place: list[str | int] = []
    for key in keys:
        items = sequence(value)
        exact = key if items else str(key)
        place.append(exact)
        value = items[int(key)] if items else mapping(value).get(str(key))
    return tuple(place)


def mapping(value: object) -> Node:
    """`value` where it is a mapping, else an empty one."""
    return cast("Node", value) if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """`value` where it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text_of(value: object) -> str:
    """`value` where it is text, else nothing."""
    return value if isinstance(value, str) else ""
