"""The contract's manners, in the spirit of Spectral's core rules: warnings, and nothing that a validator reports."""

import re
from collections.abc import Iterator
from typing import Any

from shared.checks.oas.flaw import Flaw, at
from shared.contracts import Rule
from shared.formats.located_yaml import Place
from shared.formats.openapi import Contract, Operation
from shared.formats.openapi_objects import mapping, sequence, text_of

UNKNOWN_VARIABLE = Rule("OAS-024", "error", "A server's address can't be formed from a variable that is not there.")
UNDESCRIBED = Rule("OAS-041", "warning", "Summary and description are what generated references and clients show.")
BAD_TAG = Rule("OAS-042", "warning", "Tags group operations; undeclared or repeated ones scatter them.")
ID_CASE = Rule("OAS-043", "warning", "A camelCase operationId becomes a method name without being changed.")
NO_PURPOSE = Rule("OAS-044", "warning", "The contract says in info.description what it is for.")
BAD_SERVER = Rule("OAS-045", "warning", "Clients are generated against the servers' addresses.")
PATH_STYLE = Rule("OAS-046", "warning", "Routers tell /orders from /orders/, and a path holds no query.")
NO_EXAMPLE = Rule("OAS-047", "warning", "Mocks and contract tests start from an example of each JSON body.")
MISSING_ERROR = Rule("OAS-048", "warning", "An error that the operation can surely return is stated.")
TRAP = Rule("OAS-049", "warning", "YAML 1.1 readers take this unquoted word for a number, date or boolean.")
ACTIVE_MARKUP = Rule("OAS-050", "warning", "Descriptions are shown in browsers; scripts have no place in them.")
RULES = (
    UNKNOWN_VARIABLE, UNDESCRIBED, BAD_TAG, ID_CASE, NO_PURPOSE, BAD_SERVER, PATH_STYLE, NO_EXAMPLE, MISSING_ERROR,
    TRAP, ACTIVE_MARKUP,
)  # fmt: skip

_CAMEL_CASE = re.compile(r"[a-z][a-zA-Z0-9]*")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_MARKUP = re.compile(r"<script\b|\beval\(|javascript:", re.IGNORECASE)


def flaws(contract: Contract) -> Iterator[Flaw]:
    """What a careful author would still change."""
    yield from _info(contract)
    yield from _servers(contract)
    yield from _declared_tags(contract)
    yield from _paths(contract)
    declared = {text_of(mapping(tag).get("name")) for tag in sequence(contract.document.get("tags"))}
    for operation in contract.operations:
        yield from _description(operation)
        yield from _tags(operation, declared)
        yield from _missing_errors(operation)
        yield from _missing_examples(contract, operation)
    yield from _markup(contract)


def _info(contract: Contract) -> Iterator[Flaw]:
    if not text_of(mapping(contract.document.get("info")).get("description")).strip():
        yield Flaw(NO_PURPOSE, ("info",), "info has no description.", "Say in a sentence what the API is for.")


def _servers(contract: Contract) -> Iterator[Flaw]:
    servers = sequence(contract.document.get("servers"))
    if not servers:
        yield Flaw(BAD_SERVER, (), "No servers are given.", "Give one server for each environment.")
    for index, server in enumerate(servers):
        place = ("servers", index)
        url = text_of(mapping(server).get("url"))
        if url.endswith("/") and url != "/":
            yield Flaw(
                BAD_SERVER,
                place,
                f"Server {url[:120]!r} ends with a slash.",
                "Remove the slash: paths begin with one.",
            )
        if url.startswith("http://") and not url.startswith(("http://localhost", "http://127.0.0.1")):
            yield Flaw(BAD_SERVER, place, f"Server {url[:120]!r} is not encrypted.", "Use https.")
        for name in _VARIABLE.findall(url):
            if name not in mapping(mapping(server).get("variables")):
                message = f"Server {url[:120]!r} uses the variable {name[:40]!r}, which is not defined."
                yield Flaw(
                    UNKNOWN_VARIABLE,
                    place,
                    message,
                    "Define it under the server's variables, with a default.",
                )


def _declared_tags(contract: Contract) -> Iterator[Flaw]:
    used = {tag for operation in (*contract.operations, *contract.webhooks) for tag in operation.tags}
    seen: set[str] = set()
    for index, raw in enumerate(sequence(contract.document.get("tags"))):
        name = text_of(mapping(raw).get("name"))
        if name in seen:
            yield Flaw(BAD_TAG, ("tags", index), f"Tag {name[:80]!r} is declared twice.", "Declare it once.")
        elif name not in used:
            yield Flaw(BAD_TAG, ("tags", index), f"No operation has the tag {name[:80]!r}.", "Use it, or remove it.")
        seen.add(name)


def _paths(contract: Contract) -> Iterator[Flaw]:
    for path in mapping(contract.document.get("paths")):
        if wrong := _wrong_in(path):
            yield Flaw(PATH_STYLE, ("paths", path), f"Path {path[:120]!r} {wrong[0]}.", wrong[1])


def _wrong_in(path: str) -> tuple[str, str] | None:
    if len(path) > 1 and path.endswith("/"):
        return "ends with a slash", "Remove the slash."
    if "?" in path or "#" in path:
        return "holds a query or fragment", "Declare query parameters instead."
    if "//" in path or "{}" in path:
        return "has an empty part", "Name the part, or remove it."
    return None


def _description(operation: Operation) -> Iterator[Flaw]:
    node = operation.node
    if missing := [word for word in ("summary", "description") if not text_of(node.get(word)).strip()]:
        message = f"{operation.label} has no {' and no '.join(missing)}."
        yield Flaw(UNDESCRIBED, operation.place, message, "Say what the operation does, and what it promises.")
    if operation.operation_id and not _CAMEL_CASE.fullmatch(operation.operation_id):
        place = (*operation.place, "operationId")
        message = f"operationId {operation.operation_id[:80]!r} is not camelCase."
        yield Flaw(ID_CASE, place, message, "Write it like `listOrders`.")


def _tags(operation: Operation, declared: set[str]) -> Iterator[Flaw]:
    if len(operation.tags) != 1:
        message = f"{operation.label} has {len(operation.tags)} tags."
        yield Flaw(BAD_TAG, operation.place, message, "Give it the one tag under which it is found.")
    for tag in operation.tags:
        if tag not in declared:
            message = f"{operation.label} has the tag {tag[:80]!r}, which is not declared."
            yield Flaw(BAD_TAG, (*operation.place, "tags"), message, "Declare it under the top-level `tags`.")


def _missing_errors(operation: Operation) -> Iterator[Flaw]:
    expected: list[tuple[str, tuple[str, ...]]] = []
    if not operation.is_open:
        expected.append(("callers without credentials", ("401",)))
    if any(one.location == "path" for one in operation.parameters):
        expected.append(("an id that does not exist", ("404", "410")))
    if "requestBody" in operation.node:
        expected.append(("a body that is not valid", ("400", "422")))
    for case, statuses in expected:
        if not {*statuses, "4XX"} & set(operation.statuses):
            message = f"{operation.label} has no {' or '.join(statuses)} for {case}."
            yield Flaw(MISSING_ERROR, (*operation.place, "responses"), message, f"Add the {statuses[0]} response.")


def _missing_examples(contract: Contract, operation: Operation) -> Iterator[Flaw]:
    place, body = contract.follow((*operation.place, "requestBody"), operation.node.get("requestBody"))
    yield from _without_example(contract, place, mapping(body))
    for response in operation.responses:
        if response.is_success:
            raw = mapping(operation.node.get("responses")).get(response.status)
            yield from _without_example(contract, *contract.follow(response.place, raw))


def _without_example(contract: Contract, place: Place, held: Any) -> Iterator[Flaw]:
    for media_type, raw in mapping(mapping(held).get("content")).items():
        media = mapping(raw)
        shown = any("example" in part or "examples" in part for part in contract.parts_of(media.get("schema")))
        if "json" in media_type and "schema" in media and not shown and not {"example", "examples"} & set(media):
            here = (*place, "content", media_type)
            yield Flaw(NO_EXAMPLE, here, f"The body {at(here)} has no example.", "Add one that its schema accepts.")


def _markup(contract: Contract) -> Iterator[Flaw]:
    described: list[tuple[Place, Any]] = [(("info",), mapping(contract.document.get("info")))]
    described += [(site.place, site.node) for site in contract.sites]
    for place, node in described:
        text = text_of(node.get("description"))
        if _MARKUP.search(text):
            yield Flaw(
                ACTIVE_MARKUP,
                (*place, "description"),
                f"The description at {at(place)} holds a script.",
                "Remove it.",
            )


def trap_message(text: str) -> tuple[str, str]:
    """Message and mend for an unquoted scalar that readers differ about."""
    return (
        f"{text[:60]!r} is not quoted; some YAML readers take it for another type.",
        f'Write "{text[:60]}".',
    )
