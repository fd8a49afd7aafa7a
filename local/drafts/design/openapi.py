"""The OpenAPI 3.1 document of a design, as data. Pure."""

import re
from typing import Any

from local.drafts.design.deployment_names import ENVIRONMENTS, base_url
from local.drafts.design.model import Design, Operation
from local.drafts.design.schemas import EXAMPLE_ID, answer_of, field_schema, request_of, resource_schema
from local.drafts.english import camel, capitalise, quote, split_words

type Json = dict[str, Any]

PROBLEM = "application/problem+json"
ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("BadRequest", "malformed-request", "The request cannot be read"),
    401: ("Unauthorized", "not-authenticated", "Credentials are missing or not valid"),
    403: ("Forbidden", "not-allowed", "The caller may not do this"),
    404: ("NotFound", "not-found", "There is no such resource, or the caller may not know of it"),
    409: ("Conflict", "conflict", "The request contradicts the current state"),
    422: ("Unprocessable", "validation-failed", "The request is readable, but a field is not valid"),
    429: ("TooManyRequests", "rate-limited", "The caller's rate limit is used up"),
    500: ("ServerError", "internal-error", "The service failed"),
    503: ("Unavailable", "unavailable", "A dependency is not ready"),
}
DEFAULT_ERROR = "Unexpected"
EXAMPLE_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def build_openapi(design: Design) -> Json:
    """The whole contract. Components hold what operations refer to and nothing else."""
    schemas: Json = {}
    paths: Json = {}
    for operation in design.operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, design, schemas)
    schemas["Problem"] = _problem_schema()
    return {
        "openapi": "3.1.0",
        "info": _info(design),
        "servers": [_server(design, environment) for environment in reversed(ENVIRONMENTS)],
        "tags": _tags(design),
        "security": [{name: []} for name in _security_schemes(design)],
        "paths": {path: _with_parameters(path, item) for path, item in paths.items()},
        "components": {
            "securitySchemes": _security_schemes(design),
            "parameters": _parameters(design),
            "headers": _headers(design),
            "responses": _error_responses(design),
            "schemas": dict(sorted(schemas.items())),
        },
    }


def scopes(design: Design) -> tuple[str, ...]:
    """Every permission that the contract asks for, each once."""
    return tuple(dict.fromkeys(one.scope for one in design.operations if not one.open))


def error_names(operation: Operation) -> tuple[str, ...]:
    """The names of the shared error responses of one operation, the catch-all last."""
    return (*(ERRORS[status][0] for status in operation.errors), DEFAULT_ERROR)


def _info(design: Design) -> Json:
    text = f"Contract of {design.title}. {quote(design.analysis.summary, 300)}"
    return {"title": f"{design.title} API", "version": "1.0.0", "description": text}


def code_of(status: int) -> str:
    """The machine-readable code of an error: `VALIDATION_FAILED`."""
    return ERRORS[status][1].upper().replace("-", "_")


def _server(design: Design, environment: str) -> Json:
    return {"url": base_url(design, environment), "description": f"The environment {environment}"}


def _tags(design: Design) -> list[Json]:
    described: dict[str, str] = {}
    for one in design.operations:
        about = f"Work with {one.resource.plural}" if one.resource else "Protocol steps the PRD names"
        described.setdefault(one.tag, "Probes for operators" if one.action == "probe" else about)
    return [{"name": name, "description": text} for name, text in described.items()]


def _security_schemes(design: Design) -> Json:
    return {
        "bearerAuth": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "Access token. Its `scope` claim lists permissions such as "
            + f"`{next(iter(scopes(design)), 'api:read')}`"
            + (", its `tenant_id` claim decides the tenant." if design.tenancy else "."),
        }
    }


def _operation(one: Operation, design: Design, schemas: Json) -> Json:
    described: Json = {
        "operationId": one.id,
        "tags": [one.tag],
        "summary": one.summary,
        "description": _description(one),
    }
    described["security"] = [] if one.open else [{"bearerAuth": [one.scope]}]
    if parameters := _operation_parameters(one):
        described["parameters"] = parameters
    if request := request_of(one):
        name, schema, shown = request
        schemas[name] = schema
        described["requestBody"] = {"required": True, "content": _content(name, shown)}
    described["responses"] = _responses(one, design, schemas)
    return described


def _description(one: Operation) -> str:
    needs = "Needs no access token." if one.open else f"Needs the permission `{one.scope}`."
    met = f" Meets {', '.join(one.requirements)}." if one.requirements else ""
    return needs + met


def _operation_parameters(one: Operation) -> list[Json]:
    shared = {"list": ["Limit", "Cursor"], "create": ["IdempotencyKey"], "act": ["IdempotencyKey"]}
    names = shared.get(one.action, [])
    if one.action == "create" and one.method != "POST":
        names = []
    parameters: list[Json] = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    for field in one.query:
        place = {"name": field.name, "in": "query", "required": field.required, "schema": field_schema(field)}
        parameters.append(place | {"description": capitalise(field.name.replace("_", " "))})
    return parameters


def _responses(one: Operation, design: Design, schemas: Json) -> Json:
    responses: Json = {str(one.success): _success(one, design, schemas)}
    for status in one.errors:
        responses[str(status)] = {"$ref": f"#/components/responses/{ERRORS[status][0]}"}
    responses["default"] = {"$ref": f"#/components/responses/{DEFAULT_ERROR}"}
    return responses


def _success(one: Operation, design: Design, schemas: Json) -> Json:
    answer = answer_of(one, design)
    if one.redirects:
        headers = {"Location": {"$ref": "#/components/headers/Location"}}
        return {"description": "The caller is sent on to the address in `Location`", "headers": headers}
    if answer is None:
        return {"description": "Done; nothing to return"}
    name, schema, shown = answer
    schemas[name] = schema
    if one.action == "list" and one.resource:
        schemas[one.resource.name] = resource_schema(one.resource, design.tenancy)
    response: Json = {"description": _good(one), "content": _content(name, shown)}
    if one.action == "create":
        response["headers"] = {"Location": {"$ref": "#/components/headers/Location"}}
    return response


def _good(one: Operation) -> str:
    if one.resource is None:
        return "The answer"
    if one.action == "list":
        return f"One page of {one.resource.plural}"
    return f"The {one.resource.noun}" + (" that was created" if one.action == "create" else "")


def _content(name: str, shown: Json) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}, "example": shown}}


def _with_parameters(path: str, item: Json) -> Json:
    names = re.findall(r"\{([^}]+)\}", path)
    if not names:
        return item
    return {"parameters": [_path_parameter(name) for name in names]} | item


def is_identifier(name: str) -> bool:
    """Whether a path parameter is a generated id (a UUID) rather than a natural key such as `{sku}`."""
    return split_words(name)[-1] in ("id", "uuid") if split_words(name) else False


def _path_parameter(name: str) -> Json:
    words = split_words(name)
    noun = " ".join(words[:-1] if words[-1:] == ["id"] and len(words) > 1 else words) or name
    schema: Json = {"type": "string", "minLength": 1, "maxLength": 100}
    shown = f"example-{camel(name)}"
    if is_identifier(name):
        schema, shown = {"type": "string", "format": "uuid"}, EXAMPLE_ID
    about = f"Which {noun}" if noun != "id" else "Which one"
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema, "example": shown}


def _parameters(design: Design) -> Json:
    actions = {one.action for one in design.operations}
    found: Json = {}
    if "list" in actions:
        found["Limit"] = {
            "name": "limit",
            "in": "query",
            "description": "How many items a page holds at most",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
        }
        found["Cursor"] = {
            "name": "cursor",
            "in": "query",
            "description": "Where to read on: `next_cursor` of the page before",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }
    if actions & {"act"} or any(one.action == "create" and one.method == "POST" for one in design.operations):
        found["IdempotencyKey"] = {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "Chosen by the caller and kept for 24 hours. The same key and body give the first answer "
            "again and no new effect; the same key with another body gets 409",
            "schema": {"type": "string", "minLength": 8, "maxLength": 100},
            "example": "6f1e7c3b-9a54",
        }
    return found


def _headers(design: Design) -> Json:
    headers: Json = {
        "RetryAfter": {
            "description": "Seconds to wait before trying again",
            "schema": {"type": "integer", "minimum": 1},
        }
    }
    if any(one.action == "create" or one.redirects for one in design.operations):
        headers["Location"] = {
            "description": "Where the new resource is, or where the caller goes on",
            "schema": {"type": "string", "format": "uri-reference"},
        }
    return headers


def _error_responses(design: Design) -> Json:
    used = sorted({status for one in design.operations for status in one.errors})
    responses = {ERRORS[status][0]: _error(status, *ERRORS[status][1:]) for status in used}
    return responses | {DEFAULT_ERROR: _error(500, "internal-error", "Any error not listed")}


def _error(status: int, slug: str, text: str) -> Json:
    shown: Json = {
        "type": f"https://errors.example.com/{slug}",
        "title": text,
        "status": status,
        "code": slug.upper().replace("-", "_"),
        "traceId": EXAMPLE_TRACE,
    }
    if status == 422:
        shown["errors"] = [{"pointer": "/name", "message": "An empty value is not allowed"}]
    response: Json = {
        "description": text,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": shown}},
    }
    if status in (429, 503):
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return response


def _problem_schema() -> Json:
    item = {
        "type": "object",
        "required": ["pointer", "message"],
        "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
    }
    return {
        "type": "object",
        "description": "Every error, as RFC 9457 describes it.",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "instance": {"type": "string", "format": "uri-reference"},
            "code": {"type": "string", "pattern": "^[A-Z][A-Z_]{2,60}$"},
            "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "errors": {"type": "array", "items": item},
        },
    }
