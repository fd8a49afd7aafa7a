"""The inline OpenAPI document: valid ones pass, each defect has its rule."""

import pytest

from shared.checks import Context, run

CONTRACT = """openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders:
    get:
      operationId: listOrders
      responses:
        '200':
          description: All orders
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Order'}
components:
  schemas:
    Order:
      type: object
      properties: {id: {type: string}}
"""


def rules_broken(contract: str, copies: int = 1) -> list[str]:
    text = "# Architecture\n\n## API contract\n\n" + f"```yaml\n{contract}```\n\n" * copies
    return [finding.rule for finding in run(["openapi"], Context("integration-architecture.md", text, ()))]


def test_a_valid_document_has_no_findings():
    assert rules_broken(CONTRACT) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("openapi: 3.1.0", "openapi: 3.0.3", "OAS-003"),
        ("info: {title: Orders, version: 1.0.0}", "info: {title: Orders", "OAS-002"),
        ("info: {title: Orders, version: 1.0.0}\n", "", "OAS-004"),
        ("description: All orders", "descriptoin: All orders", "OAS-004"),
        ("#/components/schemas/Order'", "#/components/schemas/Ordr'", "OAS-006"),
        ("#/components/schemas/Order'", "https://example.com/order.json'", "OAS-006"),
    ],
)
def test_a_defect_is_found_by_its_rule_alone(old: str, new: str, rule: str):
    assert set(rules_broken(CONTRACT.replace(old, new, 1))) == {rule}


def test_no_document_and_two_documents_are_findings():
    assert rules_broken(CONTRACT, copies=0) == ["OAS-001"]
    assert rules_broken(CONTRACT, copies=2) == ["OAS-001"]


def test_a_document_without_paths_is_a_finding():
    assert "OAS-005" in rules_broken("openapi: 3.1.0\ninfo: {title: Orders, version: 1.0.0}\npaths: {}\n")


def test_hostile_yaml_is_a_finding_and_not_a_crash_of_the_run():
    bomb = "openapi: 3.1.0\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert rules_broken(bomb) != []
    assert rules_broken("openapi: " + "[" * 5_000 + "\n") != []
