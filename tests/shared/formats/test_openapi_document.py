"""The contract as other checks see it: operations, schemas, servers, and the line of each."""

from pathlib import Path

import pytest

from shared.formats.openapi import Contract, find_contract

GOOD = (Path(__file__).parents[1] / "checks" / "good_contract.yaml").read_text(encoding="utf-8")
HEAD = "# Architecture\n\n## API contract\n\n**`openapi.yaml`**\n\n"


def contract(text: str = GOOD) -> Contract:
    found = find_contract(f"{HEAD}```yaml\n{text}```\n")
    assert found
    return found


def line_in_deliverable(words: str) -> int:
    return f"{HEAD}```yaml\n{GOOD}"[: len(HEAD) + len("```yaml\n") + GOOD.index(words)].count("\n") + 1


def test_operations_come_in_order_with_their_method_path_and_line():
    assert [(one.operation_id, one.method, one.path) for one in contract().operations] == [
        ("listOrders", "GET", "/orders"),
        ("createOrder", "POST", "/orders"),
        ("getOrder", "GET", "/orders/{orderId}"),
        ("deleteOrder", "DELETE", "/orders/{orderId}"),
        ("issueToken", "POST", "/oauth/token"),
    ]
    listing = contract().operation("listOrders")
    assert listing and listing.line == line_in_deliverable("    get:\n      operationId: listOrders")


def test_an_operation_knows_its_statuses_schemas_tags_and_parameters():
    creating, reading = contract().operation("createOrder"), contract().operation("getOrder")
    assert creating and reading
    assert creating.statuses == ("201", "400", "401", "default")
    assert creating.request_schemas == ("OrderCreate",)
    assert {one.status: one.schemas for one in creating.responses}["400"] == ("Problem",)
    assert [one.status for one in creating.responses if one.is_success] == ["201"]
    assert creating.tags == ("Orders",)
    assert [(one.name, one.location, one.required) for one in reading.parameters] == [("orderId", "path", True)]


def test_security_is_the_operations_own_or_else_that_of_the_document():
    by_id = {one.operation_id: one for one in contract().operations}
    assert by_id["listOrders"].security == ({"oauth": ("orders:read",)},)
    assert by_id["createOrder"].security == ({"oauth": ("orders:write",)},)
    assert by_id["issueToken"].is_open and not by_id["listOrders"].is_open


def test_a_schema_has_the_properties_and_required_names_of_its_parts():
    order = contract().schemas["Order"]
    assert set(order.properties) == {"id", "placedAt", "status", "quantity", "note", "replaces"}
    assert order.required == {"id", "placedAt", "status", "quantity"}
    assert order.line == line_in_deliverable("    Order:\n") == contract().line_of_schema("Order")


def test_webhooks_stand_apart_from_operations():
    assert [(one.operation_id, one.path) for one in contract().webhooks] == [("notifyOrderChanged", "orderChanged")]


def test_lines_of_places_that_do_not_exist_are_those_of_what_is_above():
    view = contract()
    assert view.line_of_path("/orders/{orderId}") == line_in_deliverable("  /orders/{orderId}:")
    assert view.line_of_path("/nowhere") == line_in_deliverable("paths:\n")
    assert view.line("paths", "/orders", "get", "tags", 0) == line_in_deliverable("      tags: [Orders]")


def test_servers_are_listed_by_url():
    assert contract().servers == ("https://{region}.example.com/v1",)


@pytest.mark.parametrize(
    "text",
    [
        "no contract\n",
        f"```yaml\n{GOOD}```\n" * 2,
        "```yaml\nopenapi: [\n```\n",
        "```yaml\nopenapi: 3.1.0\n---\na: 1\n```\n",
    ],
)
def test_there_is_no_contract_where_none_several_or_a_broken_one_is_found(text: str):
    assert find_contract(text) is None


def test_a_path_may_refer_to_a_shared_path_item():
    text = GOOD.replace(
        "  /oauth/token:\n", '  /token: {$ref: "#/components/pathItems/Token"}\n  /oauth/token:\n'
    ).replace(
        "components:\n",
        "components:\n  pathItems:\n    Token: {get: {operationId: readToken, responses: {'200': {description: It}}}}\n",
    )
    operation = contract(text).operation("readToken")
    assert operation and (operation.method, operation.path, operation.statuses) == ("GET", "/token", ("200",))


def test_parts_of_the_wrong_shape_read_as_empty():
    view = contract(
        "openapi: 3.1.0\npaths: {/a: {get: 3, put: {tags: 1, responses: [2], security: x, parameters: [1]}}}\n"
    )
    [operation] = view.operations
    assert (operation.operation_id, operation.statuses, operation.tags, operation.parameters) == (
        "",
        (),
        (),
        (),
    )
