"""Schemas of the contract: what valid JSON Schema lets pass and builders stumble over."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from shared.checks.oas.flaw import Flaw, at, nearest
from shared.contracts import Rule
from shared.formats.located_yaml import Place
from shared.formats.openapi import MAXIMUM_PARTS, Contract
from shared.formats.openapi_objects import Node, Site, in_place_parts, mapping, sequence

LEFTOVER = Rule("OAS-017", "error", "What OpenAPI 3.0 wrote is ignored or refused by 3.1.")
REQUIRED_UNKNOWN = Rule(
    "OAS-018", "error", "A required name without a property is a misspelling, or a field nobody knows."
)
CONTRADICTION = Rule("OAS-019", "error", "A schema that refuses its own values, or all values, can't be built from.")
UNKNOWN_KEYWORD = Rule("OAS-020", "error", "JSON Schema ignores keywords it does not know: the limit would not exist.")
CLOSED_COMPOSITION = Rule("OAS-021", "error", "`additionalProperties: false` does not see what other parts describe.")
ENDLESS = Rule("OAS-025", "error", "A schema that applies itself to the same value never ends.")
NO_ITEMS = Rule("OAS-026", "error", "An array without items has elements that nobody can generate.")
OVERGROWN = Rule("OAS-030", "error", "Schemas of this many parts are not looked at, nor can they be generated.")
IDLE_KEYWORD = Rule("OAS-040", "warning", "A limit of another type than the schema's limits nothing.")
RULES = (
    LEFTOVER, REQUIRED_UNKNOWN, CONTRADICTION, UNKNOWN_KEYWORD, CLOSED_COMPOSITION, ENDLESS, NO_ITEMS, OVERGROWN,
    IDLE_KEYWORD,
)  # fmt: skip

MAXIMUM_OVERGROWN = 5
"""Findings, after which schemas are no longer counted."""

_FOR_TYPE: dict[str, tuple[str, ...]] = {
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType", "contentSchema"),
    "array": (
        "items", "prefixItems", "contains", "minContains", "maxContains", "minItems", "maxItems", "uniqueItems",
        "unevaluatedItems",
    ),
    "object": (
        "properties", "patternProperties", "additionalProperties", "propertyNames", "required", "minProperties",
        "maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
    ),
}  # fmt: skip
_KEYWORDS = frozenset(word for words in _FOR_TYPE.values() for word in words) | {
    "$ref", "$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$defs", "$comment", "$vocabulary",
    "type", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "format", "title",
    "description", "default", "deprecated", "readOnly", "writeOnly", "example", "examples", "discriminator", "xml",
    "externalDocs",
}  # fmt: skip
"""JSON Schema 2020-12 and the OpenAPI 3.1 vocabulary."""
_BOUNDS = (
    ("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum"), ("minLength", "maxLength"),
    ("minItems", "maxItems"), ("minProperties", "maxProperties"), ("minContains", "maxContains"),
)  # fmt: skip
_NAMES_OF_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def flaws(contract: Contract) -> Iterator[Flaw]:
    """Traps in every schema, wherever it stands."""
    schemas = list(contract.of_kind("schema"))
    for site in schemas:
        yield from _leftovers(site)
        yield from _unknown_keywords(site)
        yield from _contradictions(site)
        yield from _idle_keywords(site)
    yield from _endless(contract)
    overgrown = list(islice(_overgrown(contract), MAXIMUM_OVERGROWN))
    yield from overgrown
    if not overgrown:
        nodes = {site.place: site.node for site in schemas}
        for site in schemas:
            yield from _required_unknown(contract, site, nodes)
            yield from _closed_compositions(contract, site)
            yield from _no_items(contract, site)


def _leftovers(site: Site) -> Iterator[Flaw]:
    if "nullable" in site.node:
        mend = 'Write `type: [string, "null"]`, or `anyOf` with `type: "null"` beside a reference.'
        yield Flaw(LEFTOVER, (*site.place, "nullable"), f"`nullable` at {at(site.place)} is OpenAPI 3.0.", mend)
    for keyword, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(site.node.get(keyword), bool):
            message = f"A true or false `{keyword}` at {at(site.place)} is OpenAPI 3.0."
            yield Flaw(
                LEFTOVER,
                (*site.place, keyword),
                message,
                f"Give `{keyword}` the number, instead of `{bound}`.",
            )


def _unknown_keywords(site: Site) -> Iterator[Flaw]:
    for word in site.node:
        if word not in _KEYWORDS and word != "nullable" and not word.startswith("x-"):
            near = nearest(word, _KEYWORDS)
            mend = f"Did you mean `{near}`?" if near else "Remove it, or prefix it with `x-`."
            yield Flaw(
                UNKNOWN_KEYWORD,
                (*site.place, word),
                f"{word[:60]!r} at {at(site.place)} is no keyword.",
                mend,
            )


def _contradictions(site: Site) -> Iterator[Flaw]:
    node = site.node
    types = _types(node)
    for keyword, values in (
        ("enum", sequence(node.get("enum"))),
        ("const", [node["const"]] if "const" in node else []),
    ):
        for value in values:
            if types and not any(_is_a(one, value) for one in types):
                message = f"The {keyword} value {str(value)[:60]!r} at {at(site.place)} is no {' or '.join(types)}."
                yield Flaw(CONTRADICTION, (*site.place, keyword), message, "Correct the value, or the type.")
    if twice := _repeated(sequence(node.get("enum"))):
        message = f"The enum at {at(site.place)} lists {twice[:60]} twice."
        yield Flaw(CONTRADICTION, (*site.place, "enum"), message, "List each value once.")
    for low, high in _BOUNDS:
        least, most = node.get(low), node.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            message = f"{low} {least} at {at(site.place)} is greater than {high} {most}."
            yield Flaw(CONTRADICTION, (*site.place, low), message, "Correct the bounds.")


def _repeated(values: list[Any]) -> str | None:
    seen: set[str] = set()
    for value in values:
        written = json.dumps(value, sort_keys=True)
        if written in seen:
            return written
        seen.add(written)
    return None


def _types(node: Node) -> list[str]:
    """The declared types; none where they are not given or not valid."""
    given = node.get("type")
    types = [given] if isinstance(given, str) else sequence(given)
    return [one for one in types if isinstance(one, str)] if all(one in _NAMES_OF_TYPES for one in types) else []


def _is_a(kind: str, value: object) -> bool:
    """Whether a JSON value is of a JSON Schema type (1.0 is an integer, true is not)."""
    if isinstance(value, bool) or value is None:
        return kind == ("null" if value is None else "boolean")
    match kind:
        case "integer":
            return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        case "number":
            return isinstance(value, int | float)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case _:
            return kind == "object" and isinstance(value, dict)


def _idle_keywords(site: Site) -> Iterator[Flaw]:
    types = {"number" if one == "integer" else one for one in _types(site.node)}
    for kind, words in _FOR_TYPE.items():
        if types and kind not in types and (idle := [word for word in words if word in site.node]):
            message = f"{', '.join(idle)} at {at(site.place)} limits {kind}s; its type is {'/'.join(sorted(types))}."
            yield Flaw(IDLE_KEYWORD, (*site.place, idle[0]), message, "Remove it, or correct the type.")


def _required_unknown(contract: Contract, site: Site, nodes: dict[Place, Node]) -> Iterator[Flaw]:
    required = [name for name in sequence(site.node.get("required")) if isinstance(name, str)]
    if not set(required) - set(mapping(site.node.get("properties"))):
        return
    parts = [part for place in _same_value(site.place, nodes) for part in contract.parts_of(nodes[place])]
    known = frozenset(name for part in parts for name in mapping(part.get("properties")))
    if not known or any(_takes_other_names(contract, part) for part in parts):
        return
    for name in required:
        if name not in known:
            near = nearest(name, known)
            message = f"{name[:80]!r} is required at {at(site.place)}, but is no property."
            mend = f"Did you mean `{near[:80]}`?" if near else "Describe the property, or do not require it."
            yield Flaw(REQUIRED_UNKNOWN, (*site.place, "required"), message, mend)


def _takes_other_names(contract: Contract, part: Node) -> bool:
    """Whether a part describes names beyond `properties`, or can't be looked into."""
    if "patternProperties" in part or isinstance(part.get("additionalProperties"), dict):
        return True
    return "$ref" in part and contract.resolve(part["$ref"]) is None


def _same_value(place: Place, nodes: dict[Place, Node]) -> Iterator[Place]:
    """A schema's place, and those of the schemas around it that apply to the same value."""
    while place in nodes:
        yield place
        if place[-2:-1] and place[-2] in ("allOf", "anyOf", "oneOf", "dependentSchemas"):
            place = place[:-2]
        elif place[-1] in ("if", "then", "else"):
            place = place[:-1]
        else:
            return


def _closed_compositions(contract: Contract, site: Site) -> Iterator[Flaw]:
    for place, closed in _closed_parts(contract, site.node):
        refused = sorted(set(contract.properties_of(site.node)) - set(mapping(closed.get("properties"))))
        if refused:
            message = f"`additionalProperties: false` at {at(site.place + place)} refuses {', '.join(refused)[:120]}."
            mend = "Close the whole with `unevaluatedProperties: false` instead."
            yield Flaw(CLOSED_COMPOSITION, site.place + place, message, mend)


def _closed_parts(contract: Contract, schema: Node) -> Iterator[tuple[Place, Node]]:
    """The schema itself, and the parts of its `allOf`, as far as they refuse properties that they do not name."""
    if not any(word in schema for word in ("$ref", "allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas")):
        return
    parts: list[tuple[Place, Node]] = [((), schema)]
    for index, part in enumerate(sequence(schema.get("allOf"))[:MAXIMUM_PARTS]):
        parts.append((("allOf", index), mapping(contract.follow((), part).node)))
    for place, part in parts:
        if part.get("additionalProperties") is False and "patternProperties" not in part:
            yield place, part


def _no_items(contract: Contract, site: Site) -> Iterator[Flaw]:
    if "array" in _types(site.node):
        parts = contract.parts_of(site.node)
        if not any("items" in part or "prefixItems" in part for part in parts):
            yield Flaw(NO_ITEMS, site.place, f"The array at {at(site.place)} has no items.", "Describe its items.")


def _overgrown(contract: Contract) -> Iterator[Flaw]:
    for site in contract.of_kind("schema"):
        if contract.is_overgrown(site.node):
            message = f"The schema at {at(site.place)} consists of over {MAXIMUM_PARTS} schemas: none was combined."
            yield Flaw(OVERGROWN, site.place, message, "Take it apart; then required names and limits are checked.")


def _endless(contract: Contract) -> Iterator[Flaw]:
    """Circles of references and combinations that never step into a part of the value; depth first, no recursion."""
    done: set[int] = set()
    for site in contract.of_kind("schema"):
        trail: list[tuple[Node, Iterator[Node]]] = [(site.node, _applied(contract, site.node))]
        on_trail = {id(site.node)}
        while trail:
            node, following = trail[-1]
            part = next((one for one in following if id(one) not in done), None)
            if part is None:
                done.add(id(node))
                on_trail.discard(id(node))
                trail.pop()
            elif id(part) in on_trail:
                yield Flaw(ENDLESS, site.place, f"The schema at {at(site.place)} comes back to itself without end.",
                           "Put the recursion into a property or into items.")  # fmt: skip
                return
            else:
                trail.append((part, _applied(contract, part)))
                on_trail.add(id(part))


def _applied(contract: Contract, node: Node) -> Iterator[Node]:
    for _, part in in_place_parts(node):
        if isinstance(part, dict):
            yield part
    if "$ref" in node and (target := contract.resolve(node["$ref"])):
        yield mapping(target.node)
