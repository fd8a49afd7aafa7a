"""Operations of the contract: ids, paths and parameters, what they answer, one shape for errors, and who may call."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from shared.checks.oas.flaw import Flaw, at
from shared.contracts import Rule
from shared.formats.located_yaml import Place
from shared.formats.openapi import Contract, Operation, Response
from shared.formats.openapi_objects import mapping, sequence, text_of

BAD_ID = Rule("OAS-007", "error", "Generated code, tests and telemetry name operations by a unique operationId.")
NO_SUCCESS = Rule("OAS-008", "error", "Without a success response nobody knows what a good call gets.")
NO_ERROR = Rule("OAS-009", "error", "Without an error response a client can't tell what may go wrong.")
ERROR_SHAPE = Rule("OAS-010", "error", "Clients handle errors once if every error is the same problem document.")
UNKNOWN_SECURITY = Rule("OAS-011", "error", "A security requirement that is not defined protects nothing.")
UNSECURED = Rule("OAS-012", "error", "Who may call an operation is stated, even when it is everybody.")
PATH_PARAMETER = Rule("OAS-013", "error", "Routes can't be generated when template and parameters disagree.")
SAME_PATH = Rule("OAS-014", "error", "Paths that differ only in a parameter's name are the same route.")
TWICE_DECLARED = Rule("OAS-015", "error", "A parameter declared twice has two meanings.")
FORBIDDEN_BODY = Rule("OAS-023", "error", "HTTP gives no meaning to this body (RFC 9110); servers drop or refuse it.")
RULES = (
    BAD_ID, NO_SUCCESS, NO_ERROR, ERROR_SHAPE, UNKNOWN_SECURITY, UNSECURED, PATH_PARAMETER, SAME_PATH,
    TWICE_DECLARED, FORBIDDEN_BODY,
)  # fmt: skip

PROBLEM = "application/problem+json"
PROBLEM_MEMBERS = ("type", "title", "status")
"""The members of RFC 9457 that a client needs to act on a problem."""
_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_BODILESS_METHODS = ("GET", "HEAD", "TRACE")
_BODILESS_STATUSES = ("204", "205", "304")


def flaws(contract: Contract) -> Iterator[Flaw]:
    """Everything that stops an operation from being built, called or protected."""
    yield from _ids(contract)
    yield from _same_paths(contract)
    problem = _problem_reference(contract)
    for operation in contract.operations:
        yield from _answers(operation)
        yield from _errors(contract, operation, problem)
        yield from _security(contract, operation)
        yield from _path_parameters(operation)
        yield from _bodies(contract, operation)
    yield from _problem_members(contract, problem)
    yield from _undefined_requirements(contract, (), contract.document)
    for site in contract.of_kind("operation"):
        yield from _undefined_requirements(contract, site.place, site.node)
    yield from _twice_declared(contract)


def _ids(contract: Contract) -> Iterator[Flaw]:
    for operation in contract.operations:  # webhooks and callbacks, which others implement, need none
        if "operationId" not in operation.node:
            yield Flaw(BAD_ID, operation.place, f"{operation.label} has no operationId.", "Give it a unique one.")
    seen: dict[str, Place] = {}
    for site in contract.of_kind("operation"):
        wanted = site.node.get("operationId")
        if isinstance(wanted, str) and wanted in seen:
            message = f"operationId {wanted[:80]!r} is also that of {at(seen[wanted])}."
            yield Flaw(BAD_ID, (*site.place, "operationId"), message, "Give each operation an id of its own.")
        elif isinstance(wanted, str):
            seen[wanted] = site.place


def _same_paths(contract: Contract) -> Iterator[Flaw]:
    seen: dict[str, str] = {}
    for path in mapping(contract.document.get("paths")):
        first = seen.setdefault(_TEMPLATE.sub("{}", path), path)
        if first != path and path.startswith("/"):
            message = f"{path[:120]} is the same route as {first[:120]}."
            yield Flaw(SAME_PATH, ("paths", path), message, "Put their operations under one path.")


def _answers(operation: Operation) -> Iterator[Flaw]:
    place = (*operation.place, "responses")
    if not any(response.is_success for response in operation.responses):
        yield Flaw(NO_SUCCESS, place, f"{operation.label} has no success response.", "Add its 2xx or 3xx response.")
    if not any(response.is_error for response in operation.responses):
        mend = "Add the 4xx and 5xx it can return, and `default`."
        yield Flaw(NO_ERROR, place, f"{operation.label} has no error response.", mend)


def _problem_reference(contract: Contract) -> str | None:
    """The schema that most error responses refer to: what the others are held against."""
    counted: Counter[str] = Counter()
    for operation in contract.operations:
        for response in operation.responses:
            reference = _schema(contract, response, PROBLEM).get("$ref")
            if response.is_error and isinstance(reference, str):
                counted[reference] += 1
    return counted.most_common(1)[0][0] if counted else None


def _schema(contract: Contract, response: Response, media_type: str) -> dict[str, Any]:
    content = mapping(_held(contract, response).get("content"))
    return mapping(mapping(content.get(media_type)).get("schema"))


def _held(contract: Contract, response: Response) -> dict[str, Any]:
    """The response object that stands at the response's place."""
    node: Any = contract.document
    for key in response.place:
        node = node[key]
    return mapping(node)


def _errors(contract: Contract, operation: Operation, problem: str | None) -> Iterator[Flaw]:
    default = next((one for one in operation.responses if one.status == "default"), None)
    default_is_shared = default is not None and _is_shared(contract, default, problem)
    for response in operation.responses:
        held = _held(contract, response)
        if not response.is_error or operation.method == "HEAD" or "$ref" in held:  # no body, or nothing to look at
            continue
        if _is_shared(contract, response, problem):
            continue
        if default_is_shared and _is_prescribed(contract, response):
            continue
        if PROBLEM not in response.media_types:
            wrong = f"has {', '.join(response.media_types)[:100] or 'no body'} instead of {PROBLEM}"
        else:
            wrong = f"does not refer to the shared schema {problem}" if problem else "refers to no shared schema"
        yield Flaw(
            ERROR_SHAPE, response.place, f"The error response {at(response.place)} {wrong}.",
            f"Answer {PROBLEM} with one $ref to the shared problem schema; where a standard prescribes another body, "
            "keep `default` as the shared problem.",
        )  # fmt: skip


def _is_shared(contract: Contract, response: Response, problem: str | None) -> bool:
    if problem is None or PROBLEM not in response.media_types:
        return False
    json_types = (media for media in response.media_types if "json" in media)
    return all(_schema(contract, response, media).get("$ref") == problem for media in json_types)


def _is_prescribed(contract: Contract, response: Response) -> bool:
    """Whether a body looks like one that a standard fixes: RFC 6749's `error`, or a media type of its own."""
    if response.status == "default" or not response.media_types or PROBLEM in response.media_types:
        return False
    return all(
        media != "application/json" or "error" in contract.properties_of(_schema(contract, response, media))
        for media in response.media_types
    )


def _problem_members(contract: Contract, problem: str | None) -> Iterator[Flaw]:
    target = contract.resolve(problem)
    if target is None:
        return
    members = contract.properties_of(target.node)
    if missing := [name for name in PROBLEM_MEMBERS if name not in members]:
        message = f"The problem schema {problem} lacks {', '.join(missing)}."
        yield Flaw(ERROR_SHAPE, target.place, message[:300], "Describe the members of RFC 9457.")


def _security(contract: Contract, operation: Operation) -> Iterator[Flaw]:
    if "security" not in operation.node and "security" not in contract.document:
        yield Flaw(
            UNSECURED, operation.place, f"{operation.label} says nothing about who may call it.",
            "Define security schemes, apply them at the top, and mark open operations with `security: []`.",
        )  # fmt: skip


def _undefined_requirements(contract: Contract, place: Place, node: dict[str, Any]) -> Iterator[Flaw]:
    schemes = mapping(mapping(contract.document.get("components")).get("securitySchemes"))
    for index, alternative in enumerate(sequence(node.get("security"))):
        for name, scopes in mapping(alternative).items():
            here = (*place, "security", index, name)
            if name not in schemes:
                message = f"Security scheme {name[:80]!r} is not defined."
                yield Flaw(UNKNOWN_SECURITY, here, message, "Define it under components/securitySchemes.")
                continue
            scheme = mapping(contract.follow((), schemes[name]).node)
            if scheme.get("type") == "oauth2":
                yield from _undefined_scopes(here, name, scheme, sequence(scopes))


def _undefined_scopes(place: Place, name: str, scheme: dict[str, Any], scopes: list[Any]) -> Iterator[Flaw]:
    known = {scope for flow in mapping(scheme.get("flows")).values() for scope in mapping(mapping(flow).get("scopes"))}
    for scope in scopes:
        if scope not in known:
            message = f"Scope {str(scope)[:80]!r} is in no flow of {name[:80]!r}."
            yield Flaw(UNKNOWN_SECURITY, place, message, "List the scope in the scheme's flows, or correct it.")


def _path_parameters(operation: Operation) -> Iterator[Flaw]:
    names = _TEMPLATE.findall(operation.path)
    declared = {one.name: one for one in operation.parameters if one.location == "path"}
    place = operation.place
    for name in names:
        if name not in declared:
            message = f"{operation.label} does not declare its path parameter {name[:80]!r}."
            yield Flaw(PATH_PARAMETER, place, message, "Declare it with `in: path` and `required: true`.")
    if len(set(names)) < len(names):
        yield Flaw(PATH_PARAMETER, place, f"{operation.label} names a path parameter twice.", "Rename one of them.")
    for name, parameter in declared.items():
        if name not in names:
            message = f"{operation.label} declares path parameter {name[:80]!r}, which its path lacks."
            yield Flaw(PATH_PARAMETER, parameter.place, message, "Remove it, or put it into the path.")


def _bodies(contract: Contract, operation: Operation) -> Iterator[Flaw]:
    if operation.method in _BODILESS_METHODS and "requestBody" in operation.node:
        message = f"{operation.label} has a request body."
        mend = "Pass it as parameters, or use POST."
        yield Flaw(FORBIDDEN_BODY, (*operation.place, "requestBody"), message, mend)
    for response in operation.responses:
        if response.status in _BODILESS_STATUSES and "content" in _held(contract, response):
            message = f"{operation.label} describes a body for {response.status}."
            yield Flaw(FORBIDDEN_BODY, (*response.place, "content"), message, "Remove the content, or answer 200.")


def _twice_declared(contract: Contract) -> Iterator[Flaw]:
    for site in contract.sites:
        if site.kind not in ("pathItem", "operation"):
            continue
        seen: set[tuple[str, str]] = set()
        for index, raw in enumerate(sequence(site.node.get("parameters"))):
            held = mapping(contract.follow((), raw).node)
            key = (text_of(held.get("name")), text_of(held.get("in")))
            if key in seen and key[0]:
                place = (*site.place, "parameters", index)
                message = f"{key[1][:20]} parameter {key[0][:80]!r} is declared twice."
                yield Flaw(TWICE_DECLARED, place, message, "Remove one of the two.")
            seen.add(key)
