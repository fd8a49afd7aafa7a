"""Examples and defaults of the contract, each against its schema, by jsonschema-rs. Nothing is fetched.

jsonschema-rs can't be interrupted, and its error reports grow exponentially with entangled schemas, so the work that
an example would cause is counted first. What is too much to check is a finding.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, quote

from shared.checks.oas.flaw import Flaw, at, complaints
from shared.contracts import Rule
from shared.formats.located_yaml import Place
from shared.formats.openapi import Contract
from shared.formats.openapi_objects import Node, Site, in_place_parts, mapping, sequence

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, Registry, ValidationError

BAD_EXAMPLE = Rule("OAS-027", "error", "Tests, mocks and readers start from examples and defaults; wrong ones mislead.")
UNCHECKED_EXAMPLE = Rule("OAS-028", "error", "An example that could not be checked has not passed.")
UNUSABLE_SCHEMA = Rule("OAS-029", "error", "An example whose schema can't be applied has not passed either.")
UNREAD_EXAMPLE = Rule("OAS-031", "warning", "An example that is text of a format other than JSON was not looked at.")
RULES = (BAD_EXAMPLE, UNCHECKED_EXAMPLE, UNUSABLE_SCHEMA, UNREAD_EXAMPLE)

MAXIMUM_WORK = 20_000
"""Schemas applied to values for one example, each time they are."""
MAXIMUM_TOTAL_WORK = 2_000_000
MAXIMUM_DEPTH = 200
BACKTRACK_LIMIT = 10_000
FORM = "application/x-www-form-urlencoded"
_URI = "urn:contract"


class _Example(NamedTuple):
    """A value, where it stands, and the schema that it must meet."""

    place: Place
    schema: Place
    value: Any


class _TooMuchError(Exception):
    """The work for one example passes its limit."""


def flaws(contract: Contract) -> Iterator[Flaw]:
    """Examples that their schema refuses."""
    examples = _Examples(contract)
    for site in contract.sites:
        for example in _examples(contract, site):
            if _is_serialised(contract, site, example.value):
                message = f"{at(example.place)} is text of a format that is not read; it was not checked."
                mend = "Give the example as the object that the text stands for, or describe the body as a string."
                yield Flaw(UNREAD_EXAMPLE, example.place, message, mend)
            else:
                yield from examples.flaws(example)


def _examples(contract: Contract, site: Site) -> Iterator[_Example]:
    if site.kind == "schema":
        if "example" in site.node:
            yield _Example((*site.place, "example"), site.place, site.node["example"])
        for index, value in enumerate(sequence(site.node.get("examples"))):
            yield _Example((*site.place, "examples", index), site.place, value)
        if "default" in site.node:
            yield _Example((*site.place, "default"), site.place, site.node["default"])
    elif site.kind in ("media", "parameter", "header") and isinstance(site.node.get("schema"), dict):
        for place, value in _shown(contract, site):
            yield _Example(place, (*site.place, "schema"), _from_form(contract, site, value))


def _shown(contract: Contract, site: Site) -> Iterator[tuple[Place, Any]]:
    if "example" in site.node:
        yield (*site.place, "example"), site.node["example"]
    for name, raw in mapping(site.node.get("examples")).items():
        place, held = contract.follow((*site.place, "examples", name), raw)
        if "value" in mapping(held):
            yield (*place, "value"), held["value"]


def _from_form(contract: Contract, site: Site, value: Any) -> Any:
    """A form as the object it stands for, its texts as the types of their properties; any other value as it is."""
    if site.kind != "media" or not isinstance(value, str) or site.place[-1] != FORM:
        return value
    properties = contract.properties_of(site.node["schema"])
    fields = parse_qs(value, keep_blank_values=True)
    return {name: _typed(properties.get(name), texts) for name, texts in fields.items()}


def _typed(schema: Any, texts: list[str]) -> Any:
    node = mapping(schema)
    if node.get("type") == "array":
        return [_typed(node.get("items"), [text]) for text in texts]
    if node.get("type") in ("integer", "number", "boolean"):
        with contextlib.suppress(ValueError):
            return json.loads(texts[-1])
    return texts[-1]


def _is_serialised(contract: Contract, site: Site, value: object) -> bool:
    """Whether the value is text as sent in a format other than JSON, such as a form or an event stream.

    A body that is a string itself, such as plain text, is its own example.
    """
    if site.kind != "media" or not isinstance(value, str) or "json" in str(site.place[-1]):
        return False
    types = [part["type"] for part in contract.parts_of(site.node["schema"]) if "type" in part]
    return not any("string" in (sequence(each) or [each]) for each in types)


class _Examples:
    """Applies the contract's schemas to values; validators are built once for each schema."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._validators: dict[Place, Draft202012Validator | None] = {}
        self._work: dict[tuple[int, int], int] = {}
        self._total = 0
        self._seen: list[Any] = []  # the count knows values by their identity, so they have to live on
        self._registry: Registry | None = None

    def flaws(self, example: _Example) -> Iterator[Flaw]:
        """What the schema says against one value."""
        if not self._is_affordable(example):
            mend = "Simplify the schema, or shorten the example."
            yield Flaw(UNCHECKED_EXAMPLE, example.place, f"{at(example.place)} is too entangled to be checked.", mend)
            return
        validator = self._validator(example.schema)
        if validator is None:
            mend = "Correct the schema: its references, patterns and `$id`."
            yield Flaw(UNUSABLE_SCHEMA, example.place, f"The schema of {at(example.place)} can't be used.", mend)
            return
        for error, inside in complaints(validator, example.value):
            if not self._is_left_to_the_server(example, error):
                yield _refused(example, error, inside)

    def _is_affordable(self, example: _Example) -> bool:
        self._seen.append(example.value)
        try:
            work = self._count(_node(self._contract, example.schema), example.value, 0)
        except _TooMuchError:
            work = MAXIMUM_WORK + 1
        self._total += work
        return work <= MAXIMUM_WORK and self._total <= MAXIMUM_TOTAL_WORK

    def _count(self, schema: Any, value: Any, depth: int) -> int:
        """How many times a validator without memory would apply a schema to a value."""
        node = mapping(schema)
        if not node:
            return 1
        key = (id(node), id(value))
        if key not in self._work:
            if depth > MAXIMUM_DEPTH:
                raise _TooMuchError
            self._work[key] = 1  # a circle is an error of its own
            self._work[key] = 1 + sum(self._count(part, inner, depth + 1) for part, inner in self._steps(node, value))
        if self._work[key] > MAXIMUM_WORK:
            raise _TooMuchError
        return self._work[key]

    def _steps(self, schema: Node, value: Any) -> Iterator[tuple[Any, Any]]:
        """Which schemas are applied next, and to which values."""
        yield from ((part, value) for _, part in in_place_parts(schema))
        if "not" in schema:
            yield schema["not"], value
        if "$ref" in schema and (target := self._contract.resolve(schema["$ref"])):
            yield target.node, value
        for name, inner in mapping(value).items():
            yield from ((part, inner) for part in _for_property(schema, name))
        for index, inner in enumerate(sequence(value)):
            yield from ((part, inner) for part in sequence(schema.get("prefixItems"))[index : index + 1])
            yield from ((schema[word], inner) for word in ("items", "contains", "unevaluatedItems") if word in schema)

    def _validator(self, place: Place) -> "Draft202012Validator | None":
        if place not in self._validators:
            self._validators[place] = self._build(place)
        return self._validators[place]

    def _build(self, place: Place) -> "Draft202012Validator | None":
        from jsonschema_rs import Draft202012Validator, FancyRegexOptions, ReferencingError, Registry

        try:
            self._registry = self._registry or Registry([(_URI, self._contract.document)])
            return Draft202012Validator(
                {"$ref": _pointer(place)},
                registry=self._registry,
                validate_formats=True,
                pattern_options=FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT),
                offline=True,
            )
        except (ReferencingError, ValueError):
            return None

    def _is_left_to_the_server(self, example: _Example, error: "ValidationError") -> bool:
        """Whether a request lacks a required property only because it is `readOnly` (OpenAPI 3.1, fixed fields)."""
        missing = getattr(error.kind, "property", None)
        is_request = "requestBody" in example.schema or "requestBodies" in example.schema
        if missing is None or not is_request:
            return False
        schema: Any = _node(self._contract, example.schema)
        for key in error.instance_path:
            found = self._contract.properties_of(schema)
            schema = found.get(str(key)) if isinstance(key, str) else _items(self._contract, schema)
        return mapping(self._contract.properties_of(schema).get(missing)).get("readOnly") is True


def _items(contract: Contract, schema: object) -> Any:
    return next((part["items"] for part in contract.parts_of(schema) if "items" in part), None)


def _for_property(schema: Node, name: str) -> Iterator[Any]:
    properties = mapping(schema.get("properties"))
    if name in properties:
        yield properties[name]
    yield from mapping(schema.get("patternProperties")).values()
    yield from (schema[word] for word in ("additionalProperties", "unevaluatedProperties") if word in schema)


def _refused(example: _Example, error: "ValidationError", inside: Place) -> Flaw:
    where = f"{at(example.place)} at {at(inside)}" if inside else at(example.place)
    message = f"{where}: {error.message[:260]}"
    return Flaw(BAD_EXAMPLE, example.place + inside, message, "Correct the example, or the schema.")


def _node(contract: Contract, place: Place) -> Any:
    node: Any = contract.document
    for key in place:
        node = node[key]
    return node


def _pointer(place: Place) -> str:
    parts = (quote(str(part).replace("~", "~0").replace("/", "~1"), safe="~") for part in place)
    return "/".join((f"{_URI}#", *parts))
