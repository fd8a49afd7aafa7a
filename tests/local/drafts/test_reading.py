"""What is read out of a PRD."""

from local.drafts.design.decisions import design_backend
from local.drafts.design.model import Design
from local.drafts.prd.analysis import analyse_prd
from local.drafts.prompt import Prompt, parse_requirements
from tests.local.drafts.samples import GATEWAY, GERMAN, LIBRARY, NESTED, TITLE_ONLY, assign


def design(prd: str, *, stack: str = "python", database: str | None = None) -> Design:
    return design_backend(Prompt("sample.md", prd, assign("system-architect", stack=stack, database=database)))


def nouns(prd: str) -> set[str]:
    return {one.noun for one in design(prd).resources}


def paths(prd: str) -> set[tuple[str, str]]:
    return {(one.method, one.path) for one in design(prd).operations}


def test_verbs_and_their_objects_become_resources() -> None:
    assert {"document", "reservation", "member", "payment"} <= nouns(LIBRARY)


def test_named_endpoints_are_the_contract() -> None:
    named = {("POST", "/v2/payments"), ("GET", "/v2/payments/{paymentId}"), ("POST", "/tokenize")}
    assert named | {("POST", "/v2/payments/{paymentId}/capture")} < paths(GATEWAY)
    assert len(paths(GATEWAY)) == 4 + 3


def test_other_spellings_of_path_parameters_are_understood() -> None:
    assert ("POST", "/vehicles/{vin}/trips") in paths(NESTED)
    assert any(path == "/vehicles/{vin}/location" for _, path in paths(NESTED))


def test_fields_that_the_prd_names_belong_to_the_thing_it_names_them_for() -> None:
    reservation = next(one for one in design(LIBRARY).resources if one.noun == "reservation")
    assert {"pickup_location", "expires_at"} <= {field.name for field in reservation.fields}


def test_a_listed_life_cycle_becomes_the_status() -> None:
    payment = next(one for one in design(GATEWAY).resources if one.noun == "payment")
    status = next(field for field in payment.fields if field.name == "status")
    assert status.values == ("authorized", "captured", "voided")


def test_a_call_takes_the_fields_named_with_its_path() -> None:
    call = next(one for one in design(GATEWAY).operations if one.path == "/tokenize")
    assert [field.name for field in call.body] == ["card_number", "expiry_month", "expiry_year"]


def test_numbers_become_targets_with_the_same_value() -> None:
    found = {(one.measure, one.value, one.percentile) for one in analyse_prd(LIBRARY, "x").targets}
    assert {
        ("latency", 180.0, "95"),
        ("ratio", 99.7, ""),
        ("throughput", 35.0, ""),
        ("duration", 259200.0, ""),
    } <= found


def test_a_prd_without_numbers_gets_assumed_ones() -> None:
    assert all(level.target.assumed for level in design(TITLE_ONLY).levels)


def test_the_database_asked_for_beats_the_one_named() -> None:
    assert design(GATEWAY).database == "MongoDB"
    assert design(GATEWAY, database="sqlserver").database == "SQL Server"
    assert design(LIBRARY).database == "PostgreSQL"


def test_the_broker_is_the_one_named() -> None:
    assert design(GATEWAY).broker == "RabbitMQ"


def test_what_is_out_of_scope_is_no_requirement() -> None:
    analysis = analyse_prd(LIBRARY, "x")
    assert [one.text for one in analysis.non_goals] == ["E-books"]
    assert all("E-books" not in one.text for one in analysis.requirements)


def test_requirements_are_numbered_in_the_order_of_the_prd() -> None:
    requirements = analyse_prd(LIBRARY, "x").requirements
    assert [one.id for one in requirements] == [f"R-{number:03d}" for number in range(1, len(requirements) + 1)]
    assert [one.line for one in requirements] == sorted(one.line for one in requirements)


LISTED = """R-001 (functional, line 6): As a reader, I can search documents by title.
R-002 (functional, line 8, in the PRD FR-3): A reservation has a pickup_location and an expires_at.
R-003 (constraint, line 10): Placing a reservation twice with the same idempotency key must have one effect.
R-004 (quality, line 13): p95 document search latency < 180 ms
R-005 (non-goal, line 16): Reservations expire after 3 days.
R-006 (functional, line 19): E-books
7 more, R-007 to R-013, are left out for length."""


def test_the_ids_and_kinds_of_a_given_list_are_adopted() -> None:
    analysis = analyse_prd(LIBRARY, "x", parse_requirements(LISTED))
    kinds = {
        one.id: one.kind
        for one in (*analysis.requirements, *analysis.non_goals, *(one for one, _ in analysis.declined))
    }
    assert kinds == {
        "R-001": "functional",
        "R-002": "functional",
        "R-003": "constraint",
        "R-004": "quality",
        "R-005": "non_goal",
        "R-006": "functional",
    }


def test_what_a_given_list_leaves_out_is_no_requirement() -> None:
    analysis = analyse_prd(LIBRARY, "x", parse_requirements(LISTED))
    assert not any("availability" in one.text for one in analysis.requirements)


def test_a_listed_text_gets_its_code_marks_back() -> None:
    analysis = analyse_prd(LIBRARY, "x", parse_requirements(LISTED))
    assert next(one for one in analysis.requirements if one.id == "R-002").text.count("`") == 4


def test_a_listed_row_of_a_table_is_cited_by_the_operation_it_names() -> None:
    listed = parse_requirements("R-001 (functional, line 8): POST /v2/payments/{paymentId}/capture: Capture it")
    prompt = Prompt("sample.md", GATEWAY, assign("system-architect"), requirements=listed)
    operation = next(one for one in design_backend(prompt).operations if one.path.endswith("/capture"))
    assert operation.requirements == ("R-001",)


def test_a_path_that_is_ruled_out_is_no_endpoint() -> None:
    analysis = analyse_prd("# A\n\n## Requirements\n- `GET /a` lists\n\n## Out of scope\n- `GET /b`\n- POST /c", "x")
    assert [one.path for one in analysis.endpoints] == ["/a"]


def test_a_stack_that_the_run_does_not_have_is_declined() -> None:
    analysis = analyse_prd("# A\n\n## Requirements\n- The service must be written in Go\n- Users add notes", "x")
    assert [one.text for one, _ in analysis.declined] == ["The service must be written in Go"]


def test_open_questions_are_kept() -> None:
    assert "Which card schemes are needed?" in analyse_prd(GATEWAY, "x").questions


def test_a_generic_title_gives_way_to_the_projects_name() -> None:
    assert analyse_prd("# PRD\n\n## Goals\n- Store notes", "Note Keeper").title == "Note Keeper"


def test_a_prd_in_another_language_still_gives_a_small_design() -> None:
    found = design(GERMAN)
    assert found.title == "Terminverwaltung"
    assert found.database == "PostgreSQL"
    assert len(found.resources) >= 1
    assert len(found.analysis.requirements) >= 2


def test_an_empty_prd_still_gives_a_small_design() -> None:
    assert len(design("").operations) >= 4


def test_lines_of_a_thing_are_sent_with_it() -> None:
    prd = (
        "# Shop\n\n## Requirements\n- Customers can place orders\n- Each order line has a `sku` and a `quantity`\n"
        "- `POST /orders`, `GET /orders` and `GET /orders/{orderId}`"
    )
    order = next(one for one in design(prd).resources if one.noun == "order")
    lines = next(field for field in order.fields if field.name == "lines")
    assert {"sku", "quantity"} <= {field.name for field in lines.parts}
