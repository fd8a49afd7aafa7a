"""The contract against the official OpenAPI 3.1 schema, its schemas against JSON Schema 2020-12, and its references.

The OpenAPI schema is the one that openapi-spec-validator brings along; it is applied by jsonschema-rs, which takes
milliseconds where the Python validator takes a second. Nothing is fetched.
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.checks.oas.flaw import Flaw, at, complaints
from shared.contracts import Rule
from shared.formats.located_yaml import Place
from shared.formats.openapi import Contract
from shared.formats.openapi_objects import Node, Site, mapping, sequence

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

INVALID = Rule("OAS-004", "error", "Generators and gateways refuse an invalid document.")
BAD_REFERENCE = Rule("OAS-006", "error", "A reference outside the document, or to nothing fitting, can't be resolved.")
UNUSED = Rule("OAS-016", "error", "A component that nothing uses is dead weight, or a sign of an operation left out.")
IGNORED_SIBLING = Rule("OAS-022", "error", "What stands beside a `$ref` outside a schema is ignored without a word.")
RULES = (INVALID, BAD_REFERENCE, UNUSED, IGNORED_SIBLING)

_OFFICIAL = "openapi_spec_validator/resources/schemas/v3.1/schema.json"
_DIALECT = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
_BESIDE_REFERENCES = frozenset({"$ref", "summary", "description"})
_USED_BY_REFERENCE = (
    "schemas", "responses", "parameters", "examples", "requestBodies", "headers", "links", "callbacks", "pathItems",
)  # fmt: skip


def flaws(contract: Contract) -> Iterator[Flaw]:
    """Invalid parts, references that lead nowhere, components that nothing uses."""
    yield from _invalid(contract)
    yield from _two_kinds_of_example(contract)
    yield from _bad_references(contract)
    yield from _unused(contract)


@cache
def _official() -> "Draft202012Validator":
    from jsonschema_rs import Draft202012Validator

    text = Path(str(distribution("openapi-spec-validator").locate_file(_OFFICIAL))).read_text(encoding="utf-8")
    schema = json.loads(text)
    parts = schema["$defs"]  # two slips of the edition 2022-10-07, mended in later ones:
    del parts["server"]["properties"]["url"]["format"]  # `uri-reference` would refuse `https://{host}`
    parts["link"]["properties"]["server"] = parts["link"]["properties"].pop("body")
    return Draft202012Validator(schema, validate_formats=True, offline=True)


@cache
def _dialect() -> "Draft202012Validator":
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_DIALECT, validate_formats=True, offline=True)


def _invalid(contract: Contract) -> Iterator[Flaw]:
    yield from _reported(contract, _official(), (), contract.document)
    for site in contract.of_kind("schema"):
        around = {contract.kinds.get(site.place[:-1]), contract.kinds.get(site.place[:-2])}
        if "schema" not in around:
            yield from _reported(contract, _dialect(), site.place, site.node)


def _two_kinds_of_example(contract: Contract) -> Iterator[Flaw]:
    for site in contract.sites:
        if site.kind in ("media", "parameter", "header") and {"example", "examples"} <= set(site.node):
            message = f"`example` and `examples` at {at(site.place)} exclude each other."
            yield Flaw(INVALID, (*site.place, "example"), message, "Move the one into the others.")


def _reported(contract: Contract, validator: "Draft202012Validator", root: Place, node: Node) -> Iterator[Flaw]:
    for error, inside in complaints(validator, node):
        place = root + inside
        if not _known_otherwise(error, place, contract):
            yield Flaw(INVALID, place, f"At {at(place)}: {_explain(error)}", "Correct the document.")


def _known_otherwise(error: "ValidationError", place: Place, contract: Contract) -> bool:
    """Whether a rule with a better message reports this."""
    if place and place[-1] in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(error.instance, bool):
        return True  # a leftover of OpenAPI 3.0
    beside_reference = contract.kinds.get(place, "schema") != "schema" and "$ref" in mapping(error.instance)
    return beside_reference and error.kind.name.startswith("unevaluated")


def _explain(error: "ValidationError") -> str:
    """The validator's message; for alternatives the complaint of the nearest one, since the whole is unreadable."""
    kind: Any = error.kind
    branches: list[list[ValidationError]] = getattr(kind, "context", None) or []
    if branches and any(branches):
        nearest = min((branch for branch in branches if branch), key=len)
        return nearest[0].message[:300]
    return error.message if len(error.message) <= 300 else f"{error.message[:200]} [cut] does not meet {kind.name!r}."


def _bad_references(contract: Contract) -> Iterator[Flaw]:
    for site in contract.sites:
        if "$ref" in site.node:
            yield from _bad_reference(contract, site)
        elif site.kind == "link":
            yield from _bad_link(contract, site)
        if site.kind == "schema":
            yield from _bad_mapping(contract, site)


def _bad_reference(contract: Contract, site: Site) -> Iterator[Flaw]:
    reference = site.node["$ref"]
    place = (*site.place, "$ref")
    if not isinstance(reference, str):
        return  # invalid, and reported as that
    target = contract.resolve(reference)
    if target is None:
        message = f"{reference[:200]!r} resolves to nothing in this document."
        yield Flaw(BAD_REFERENCE, place, message, "Define it here, or correct the reference.")
    elif contract.kinds.get(target.place) != site.kind and not _is_plain_schema(site, target.node):
        found = contract.kinds.get(target.place, "no object of the specification")
        message = f"{reference[:200]!r} leads to {found}, where a {site.kind} is wanted."
        yield Flaw(BAD_REFERENCE, place, message, f"Refer to a {site.kind}.")
    if site.kind != "schema" and (ignored := sorted(set(site.node) - _BESIDE_REFERENCES)):
        message = f"{', '.join(ignored)[:200]} beside the $ref at {at(site.place)} is ignored."
        yield Flaw(IGNORED_SIBLING, site.place, message, "Move it into what the reference names, or write it inline.")


def _is_plain_schema(site: Site, node: object) -> bool:
    return site.kind == "schema" and isinstance(node, bool)


def _bad_link(contract: Contract, site: Site) -> Iterator[Flaw]:
    wanted = site.node.get("operationId")
    if isinstance(wanted, str) and wanted not in contract.operation_ids:
        message = f"The link names operation {wanted[:80]!r}, which does not exist."
        yield Flaw(BAD_REFERENCE, (*site.place, "operationId"), message, "Name an operationId of this document.")


def _bad_mapping(contract: Contract, site: Site) -> Iterator[Flaw]:
    for key, value in mapping(mapping(site.node.get("discriminator")).get("mapping")).items():
        if isinstance(value, str) and contract.resolve(_mapped(value)) is None:
            place = (*site.place, "discriminator", "mapping", key)
            yield Flaw(BAD_REFERENCE, place, f"The discriminator maps to {value[:80]!r}, which does not exist.",
                       "Map it to a component schema.")  # fmt: skip


def _mapped(value: str) -> str:
    return value if "/" in value or "#" in value else f"#/components/schemas/{value}"


def _unused(contract: Contract) -> Iterator[Flaw]:
    components = mapping(contract.document.get("components"))
    used = _reached(contract)
    for section in _USED_BY_REFERENCE:
        for name in mapping(components.get(section)):
            place = ("components", section, name)
            if place not in used and not name.startswith("x-"):
                message = f"Nothing that an operation reaches uses components/{section}/{name[:80]}."
                yield Flaw(UNUSED, place, message, "Use it where it belongs, or remove it.")
    yield from _unused_schemes(contract, mapping(components.get("securitySchemes")))


def _unused_schemes(contract: Contract, schemes: dict[str, Any]) -> Iterator[Flaw]:
    listed = [
        contract.document.get("security"),
        *(one.node.get("security") for one in contract.of_kind("operation")),
    ]
    required = {name for one in listed for alternative in sequence(one) for name in mapping(alternative)}
    for name in schemes:
        if name not in required:
            place = ("components", "securitySchemes", name)
            message = f"No operation requires the security scheme {name[:80]!r}."
            yield Flaw(UNUSED, place, message, "Require it at the top or on operations, or remove it.")


def _reached(contract: Contract) -> set[Place]:
    """The components that operations lead to, through any number of references."""
    edges: dict[Place, set[Place]] = {}
    for site in contract.sites:
        owner = _owner(site.place)
        for reference in _references(site):
            if target := _named(reference):
                edges.setdefault(owner, set()).add(target)
                if contract.kinds.get(site.place[:-2]) == "schema" and site.place[-2] == "allOf" and len(owner) == 3:
                    base = mapping(getattr(contract.resolve(reference), "node", None))
                    if "discriminator" in base:  # a subtype is found by its name, through the base that it extends
                        edges.setdefault(target, set()).add(owner)
    used: set[Place] = set()
    waiting: list[Place] = [()]
    while waiting:
        for target in edges.get(waiting.pop(), set()) - used:
            used.add(target)
            waiting.append(target)
    return used


def _owner(place: Place) -> Place:
    return place[:3] if place[:1] == ("components",) else ()


def _references(site: Site) -> Iterator[str]:
    if isinstance(site.node.get("$ref"), str):
        yield site.node["$ref"]
    for value in mapping(mapping(site.node.get("discriminator")).get("mapping")).values():
        if isinstance(value, str):
            yield _mapped(value)


def _named(reference: str) -> Place | None:
    parts = reference.split("/")
    return ("components", parts[2], parts[3]) if reference.startswith("#/components/") and len(parts) > 3 else None
