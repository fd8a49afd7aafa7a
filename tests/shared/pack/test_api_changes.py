"""What a change of a contract is for its callers: a table of pairs, each with the class and the words of its change."""

import copy
import json
from typing import Any

import pytest

from shared.pack.api_changes import ApiChange, api_changes

JSON = "application/json"
NO_SCOPES: list[Any] = []
KEY: dict[str, Any] = {"key": NO_SCOPES}
ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "status": {"type": "string", "enum": ["open", "paid"]},
        "note": {"type": "string", "maxLength": 100},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}, "maxItems": 50},
    },
}
LINE: dict[str, Any] = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
CREATE: dict[str, Any] = {
    "type": "object",
    "required": ["lines"],
    "additionalProperties": False,
    "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}, "maxItems": 50},
        "channel": {"type": "string", "enum": ["web", "app"]},
        "amount": {"type": "integer", "minimum": 1, "default": 1},
        "note": {"type": "string", "maxLength": 100},
    },
}
CONTRACT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1.0.0"},
    "servers": [{"url": "https://api.example.com/v1"}],
    "security": [{"oauth": ["orders.read"]}, KEY],
    "paths": {
        "/orders": {
            "get": {
                "operationId": "listOrders",
                "parameters": [
                    {"name": "status", "in": "query", "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "required": True, "schema": {"type": "integer", "maximum": 100}},
                    {"name": "X-Tenant", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {
                        "description": "ok",
                        "headers": {"X-Total": {"required": True, "schema": {"type": "integer"}}},
                        "content": {
                            JSON: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}}
                        },
                    },
                    "400": {"description": "bad"},
                },
            },
            "post": {
                "operationId": "createOrder",
                "requestBody": {
                    "required": True,
                    "content": {JSON: {"schema": {"$ref": "#/components/schemas/Create"}}},
                },
                "responses": {"201": {"description": "made", "content": {JSON: {"schema": {"type": "object"}}}}},
            },
        },
        "/orders/{orderId}": {
            "parameters": [{"name": "orderId", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "getOrder",
                "responses": {
                    "200": {"description": "ok", "content": {JSON: {"schema": {"$ref": "#/components/schemas/Order"}}}},
                    "default": {
                        "description": "problem",
                        "content": {
                            "application/problem+json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["code"],
                                    "properties": {"code": {"type": "string"}, "hint": {"type": "string"}},
                                }
                            }
                        },
                    },
                },
            },
        },
    },
    "components": {"schemas": {"Order": ORDER, "Line": LINE, "Create": CREATE}},
}
LIST, POST, GET = ("paths", "/orders", "get"), ("paths", "/orders", "post"), ("paths", "/orders/{orderId}", "get")
SENT, GIVEN = ("components", "schemas", "Create"), ("components", "schemas", "Order")
SCHEMAS = ("components", "schemas")
GONE = object()

type Edit = tuple[tuple[str | int, ...], object]


def at(*path: str | int, to: object = GONE) -> Edit:
    """Set what stands at a path; take it out where nothing is given."""
    return path, to


def edited(*edits: Edit) -> str:
    document: Any = copy.deepcopy(CONTRACT)
    for path, value in edits:
        node = document
        for key in path[:-1]:
            node = node[key]
        if value is GONE:
            del node[path[-1]]
        else:
            node[path[-1]] = value
    return json.dumps(document)


LISTED: list[Any] = CONTRACT["paths"]["/orders"]["get"]["parameters"]
STRING: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
# fmt: off
PAIRS: list[tuple[str, str, list[Edit]]] = [
    ("breaking", "GET /orders was removed", [at(*LIST)]),
    ("safe", "DELETE /orders was added", [at("paths", "/orders", "delete", to={"responses": {"204": {"description": "x"}}})]),
    ("safe", "GET /carts was added", [at("paths", "/carts", to={"get": {"responses": {"204": {"description": "x"}}}})]),
    ("breaking", "GET /orders/{orderId} moved to GET /v2/orders/{orderId}", [
        at("paths", "/v2/orders/{orderId}", to=CONTRACT["paths"]["/orders/{orderId}"]), at("paths", "/orders/{orderId}")]),
    ("", "", [at("paths", "/orders/{id}", to={**CONTRACT["paths"]["/orders/{orderId}"], "parameters": [
        {"name": "id", "in": "path", "required": True, "schema": STRING}]}), at("paths", "/orders/{orderId}")]),
    ("risky", "the operationId listOrders became findOrders", [at(*LIST, "operationId", to="findOrders")]),
    ("safe", "was deprecated", [at(*LIST, "deprecated", to=True)]),
    ("risky", "the servers' addresses changed", [at("servers", 0, "url", to="https://api.example.com/v2")]),
    ("", "", [at("info", "version", to="1.1.0")]),
    ("", "", [at(*LIST, "summary", to="All orders")]),
    # signing in
    ("breaking", "no longer takes key", [at("security", to=[{"oauth": ["orders.read"]}])]),
    ("safe", "takes another way to sign in", [at("security", to=[{"oauth": ["orders.read"]}, KEY, {"mtls": NO_SCOPES}])]),
    ("breaking", "no longer takes oauth with oauth orders.read", [
        at("security", to=[{"oauth": ["orders.read", "orders.list"]}, KEY])]),
    ("risky", "asks for no sign-in any more", [at(*LIST, "security", to=NO_SCOPES)]),
    ("risky", "asks for no sign-in any more", [at(*LIST, "security", to=[{}, KEY])]),
    # parameters
    ("risky", "the query parameter status was removed", [at(*LIST, "parameters", 0)]),
    ("breaking", "the required query parameter page was added", [
        at(*LIST, "parameters", to=[*LISTED, {"name": "page", "in": "query", "required": True, "schema": STRING}])]),
    ("safe", "the optional query parameter page was added", [
        at(*LIST, "parameters", to=[*LISTED, {"name": "page", "in": "query", "schema": STRING}])]),
    ("breaking", "the query parameter status became required", [at(*LIST, "parameters", 0, "required", to=True)]),
    ("safe", "the query parameter limit became optional", [at(*LIST, "parameters", 1, "required", to=False)]),
    ("breaking", "the parameter status moved from query to header", [at(*LIST, "parameters", 0, "in", to="header")]),
    ("breaking", "the query parameter status was string and is integer", [
        at(*LIST, "parameters", 0, "schema", to={"type": "integer"})]),
    ("safe", "the query parameter limit was integer and is number", [
        at(*LIST, "parameters", 1, "schema", "type", to="number")]),
    ("breaking", "maximum of the query parameter limit was 100 and is 50", [
        at(*LIST, "parameters", 1, "schema", "maximum", to=50)]),
    ("safe", "maximum of the query parameter limit was 100 and is 500", [
        at(*LIST, "parameters", 1, "schema", "maximum", to=500)]),
    ("safe", "maximum of the query parameter limit was 100 and is unbounded", [
        at(*LIST, "parameters", 1, "schema", "maximum")]),
    ("breaking", "the query parameter status takes listed values only", [
        at(*LIST, "parameters", 0, "schema", "enum", to=["open"])]),
    ("breaking", "the explode of the query parameter status changed", [at(*LIST, "parameters", 0, "explode", to=False)]),
    ("", "", [at(*LIST, "parameters", 2, "name", to="x-tenant")]),
    ("breaking", "the path parameter number 1 was string and is integer", [
        at("paths", "/orders/{orderId}", "parameters", 0, "schema", "type", to="integer")]),
    # bodies that are sent
    ("breaking", "takes a required body", [
        at(*LIST, "requestBody", to={"required": True, "content": {JSON: {"schema": STRING}}})]),
    ("safe", "takes an optional body", [at(*LIST, "requestBody", to={"content": {JSON: {"schema": STRING}}})]),
    ("breaking", "takes no body any more", [at(*POST, "requestBody")]),
    ("safe", "the body became optional", [at(*POST, "requestBody", "required", to=False)]),
    ("breaking", "application/json was removed", [
        at(*POST, "requestBody", "content", to={"text/csv": {"schema": STRING}})]),
    ("safe", "text/csv was added", [at(*POST, "requestBody", "content", "text/csv", to={"schema": STRING})]),
    ("breaking", "body: note was removed", [at(*SENT, "properties", "note")]),
    ("breaking", "body: gift was added and is required", [
        at(*SENT, "properties", "gift", to=STRING), at(*SENT, "required", to=["lines", "gift"])]),
    ("safe", "body: gift was added", [at(*SENT, "properties", "gift", to=STRING)]),
    ("breaking", "body: note became required", [at(*SENT, "required", to=["lines", "note"])]),
    ("safe", "body: lines became optional", [at(*SENT, "required", to=NO_SCOPES)]),
    ("breaking", "body: channel lost the value \"app\"", [at(*SENT, "properties", "channel", "enum", to=["web"])]),
    ("safe", "body: channel has the new value \"shop\"", [
        at(*SENT, "properties", "channel", "enum", to=["web", "app", "shop"])]),
    ("safe", "body: channel takes other values than those listed", [at(*SENT, "properties", "channel", "enum")]),
    ("breaking", "body: maxLength of note was 100 and is 50", [at(*SENT, "properties", "note", "maxLength", to=50)]),
    ("safe", "body: maxItems of lines was 50 and is 200", [at(*SENT, "properties", "lines", "maxItems", to=200)]),
    ("breaking", "body: minimum of amount was 1 and is 5", [at(*SENT, "properties", "amount", "minimum", to=5)]),
    ("risky", "body: the default of amount changed", [at(*SENT, "properties", "amount", "default", to=2)]),
    ("breaking", "body: the pattern of note changed", [at(*SENT, "properties", "note", "pattern", to="^a")]),
    ("risky", "body: the format of note changed", [at(*SENT, "properties", "note", "format", to="uri")]),
    ("safe", "body: note was string and is null or string", [at(*SENT, "properties", "note", "type", to=["string", "null"])]),
    ("safe", "body: the body takes any further properties", [at(*SENT, "additionalProperties")]),
    ("breaking", "body: lines[].count was added and is required", [
        at(*SCHEMAS, "Line", "properties", "count", to=NUMBER), at(*SCHEMAS, "Line", "required", to=["sku", "count"])]),
    # answers
    ("breaking", "no longer answers 200", [at(*GET, "responses", "200")]),
    ("risky", "no longer answers 400", [at(*LIST, "responses", "400")]),
    ("risky", "answers 202 too", [at(*POST, "responses", "202", to={"description": "x"})]),
    ("safe", "answers 409 too", [at(*POST, "responses", "409", to={"description": "x"})]),
    ("breaking", "200: application/json was removed", [at(*GET, "responses", "200", "content", JSON)]),
    ("breaking", "200: the header X-Total was removed", [at(*LIST, "responses", "200", "headers")]),
    ("safe", "200: the header X-Next was added", [at(*LIST, "responses", "200", "headers", "X-Next", to={"schema": STRING})]),
    ("breaking", "200: status was removed", [at(*GIVEN, "properties", "status"), at(*GIVEN, "required", to=["id"])]),
    ("risky", "200: note was removed", [at(*GIVEN, "properties", "note")]),
    ("safe", "200: total was added", [at(*GIVEN, "properties", "total", to=NUMBER)]),
    ("breaking", "200: status became optional", [at(*GIVEN, "required", to=["id"])]),
    ("safe", "200: note became required", [at(*GIVEN, "required", to=["id", "status", "note"])]),
    ("risky", "200: status has the new value \"lost\"", [
        at(*GIVEN, "properties", "status", "enum", to=["open", "paid", "lost"])]),
    ("safe", "200: status lost the value \"paid\"", [at(*GIVEN, "properties", "status", "enum", to=["open"])]),
    ("breaking", "200: note was string and is null or string", [
        at(*GIVEN, "properties", "note", "type", to=["string", "null"])]),
    ("breaking", "200: note was string and is integer", [at(*GIVEN, "properties", "note", to={"type": "integer"})]),
    ("risky", "200: maxLength of note was 100 and is 500", [at(*GIVEN, "properties", "note", "maxLength", to=500)]),
    ("risky", "default: hint was removed", [at(*GET, "responses", "default", "content", "application/problem+json",
        "schema", "properties", "hint")]),
    ("breaking", "default: code was removed", [at(*GET, "responses", "default", "content", "application/problem+json",
        "schema", "properties", "code")]),
    ("", "", [at(*GIVEN, "description", to="An order")]),
    ("", "", [at(*SCHEMAS, "Unused", to=STRING)]),
    ("", "", [at(*SCHEMAS, "Order2", to=ORDER), at(*GET, "responses", "200", "content", JSON, "schema",
        to={"allOf": [{"$ref": "#/components/schemas/Order2"}]})]),
]
# fmt: on


def told(change: ApiChange) -> str:
    return f"{change.operation} {change.what}"


@pytest.mark.parametrize(("level", "words", "edits"), PAIRS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_change_has_its_class_and_is_told(level: str, words: str, edits: list[Edit]) -> None:
    found = api_changes(edited(), edited(*edits))
    assert found is not None
    if not level:
        assert found == ()
        return
    assert level in {change.level for change in found if told(change).endswith(words)}, found
    assert found[0].level == level, "nothing worse than that"


def test_the_table_is_large() -> None:
    assert len(PAIRS) >= 60


def test_a_way_to_sign_in_that_is_new_where_none_was_breaks() -> None:
    found = api_changes(edited(at(*LIST, "security", to=NO_SCOPES)), edited()) or ()
    assert [(change.level, change.what) for change in found] == [("breaking", "asks for a sign-in now")]


@pytest.mark.parametrize("kind", ["oneOf", "anyOf"])
def test_forms_of_a_value_come_and_go(kind: str) -> None:
    forms = [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]
    few, many = (edited(at(*SENT, "properties", "note", to={kind: some})) for some in (forms[:1], forms))
    assert [change.level for change in api_changes(many, few) or ()] == ["breaking"]
    assert [change.level for change in api_changes(few, many) or ()] == ["safe"]


def test_a_schema_that_holds_itself_is_compared_once() -> None:
    tree: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"$ref": "#/components/schemas/Line"} for name in "abcdef"},
    }
    before = edited(at(*SCHEMAS, "Line", to=tree))
    after = edited(at(*SCHEMAS, "Line", to={**tree, "properties": {**tree["properties"], "g": {"type": "string"}}}))
    found = api_changes(before, after) or ()
    assert {change.level for change in found} == {"safe"}


def test_a_contract_that_cannot_be_read_is_compared_to_nothing() -> None:
    assert api_changes("a: [", edited()) is None
