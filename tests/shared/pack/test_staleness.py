"""What a new version of a PRD makes stale in a pack, and which names of its architecture moved."""

from pathlib import Path

import pytest

from shared.contracts import MAYBE, SURE
from shared.pack import Staleness, find_stale, moved_names, using
from shared.prd.requirements import compare

PACK = Path(__file__).parents[2] / "golden" / "python"
PRD = (PACK / "prd.md").read_text(encoding="utf-8")
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in PACK.glob("*.md") if path.name != "prd.md"}
ARCHITECTURE, TESTS, PIPELINE = "integration-architecture.md", "test-specifications.md", "cicd-pipeline.md"
OBSERVABILITY, SAMPLE, MANIFEST = "observability-plan.md", "python-sample-implementation.md", "MANIFEST.md"


def stale_after(old: str, new: str, text: str = PRD, documents: dict[str, str] = DOCUMENTS) -> Staleness:
    assert old in text
    return find_stale(text, compare(text, text.replace(old, new)), documents)


@pytest.mark.parametrize(("old", "new"), [("\n\n", "\n\n\n"), ("## Users", "## 2. Users"), ("must", "**must**")])
def test_nothing_is_stale_after_a_change_of_form(old: str, new: str) -> None:
    assert stale_after(old, new).sections == ()


def test_a_changed_number_makes_stale_who_cites_it_and_not_who_cites_everything() -> None:
    found = stale_after("more than 100 lines", "more than 200 lines")
    assert {name: found.level(name) for name in DOCUMENTS} == {
        ARCHITECTURE: SURE, TESTS: SURE, OBSERVABILITY: SURE, PIPELINE: "", SAMPLE: "",
    }  # fmt: skip
    sections = {(one.deliverable, one.section) for one in found.sections}
    assert (ARCHITECTURE, "API contract") in sections
    assert (TESTS, "Contract tests") in sections
    assert (TESTS, "Load tests") not in sections


def test_what_uses_an_operation_or_objective_of_a_stale_place_may_be_stale() -> None:
    found = stale_after("p95 < 80 ms", "p95 < 60 ms")
    queries = next(one for one in found.sections if one.section == "KQL queries")
    assert (queries.level, queries.reason) == (MAYBE, "uses SLO-3, which answers R-029")
    assert found.level(MANIFEST) == MAYBE


def test_a_new_requirement_goes_to_the_architect_and_to_who_tests_it() -> None:
    found = stale_after("5. An order with", "5. An order must carry a gift note.\n6. An order with")
    assert {name for name in DOCUMENTS if found.level(name)} == {ARCHITECTURE, TESTS}


def test_a_new_measured_quality_goes_to_who_observes_it() -> None:
    line = "- Looking up one order: p95 < 80 ms."
    found = stale_after(line, f"{line}\n- Exporting the orders of one day: p95 < 900 ms.")
    assert {name for name in DOCUMENTS if found.level(name)} == {ARCHITECTURE, OBSERVABILITY}


def test_a_non_goal_concerns_the_manifest_and_no_document_that_does_not_cite_it() -> None:
    found = stale_after("- Loyalty points and vouchers.\n", "")
    assert (found.deliverables, found.level(MANIFEST)) == ((MANIFEST,), SURE)


def test_whoever_cites_a_requirement_that_is_gone_must_change_even_where_it_cites_all() -> None:
    found = stale_after("5. An order with more than 100 lines must be rejected with a clear message.\n", "")
    assert found.level(PIPELINE) == SURE


def test_changed_text_that_asks_for_nothing_is_put_to_the_architect_and_the_manifest() -> None:
    found = stale_after("stock is oversold on busy days", "stock is oversold in December")
    assert found.deliverables == (ARCHITECTURE, MANIFEST)


def test_who_cites_an_own_id_of_the_prd_that_now_names_another_requirement_is_stale() -> None:
    text = "# Parcels\n\n## Requirements\n\n- FR-1: Couriers must register parcels.\n- FR-2: Customers must see them.\n"
    documents = {
        ARCHITECTURE: "# A\n\n## Security\n\nRoles [FR-2].\n",
        TESTS: "# T\n\n## Contract tests\n\nAll [R-002].\n",
    }
    found = find_stale(text, compare(text, text.replace("FR-2", "FR-3")), documents)
    assert [(one.deliverable, one.reason) for one in found.sections if one.level == SURE] == [
        (ARCHITECTURE, "FR-2 names another requirement")
    ]


def test_names_that_moved_are_operations_schemas_and_objectives_with_other_facts() -> None:
    before = DOCUMENTS[ARCHITECTURE]
    assert moved_names(before, before) == ()
    moved = moved_names(before, before.replace("maxItems: 100", "maxItems: 200"))
    assert {"OrderCreate", "createOrder"} <= set(moved)
    assert "getStockLevel" not in moved
    assert moved_names(before, before.replace("description: ", "description: Now ")) == ()


def test_a_document_uses_a_name_as_the_contract_or_as_python_writes_it() -> None:
    documents = {"a.md": "It calls createOrder.", "b.md": "def create_order():", "c.md": "createOrders"}
    assert using(["createOrder"], documents) == ("a.md", "b.md")
    assert using(["SLO-1"], {"d.md": "| SLO-1 | 99.9 % |", "e.md": "| SLO-12 |"}) == ("d.md",)
