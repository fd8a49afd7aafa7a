"""Rules that ask the model of the pack: each seeded defect is found by its rule alone; what is no defect is none."""

from functools import partial

import pytest

from shared.checks import PACK_CHECKS, Pack, PackDocument, run
from shared.contracts import Finding
from tests.golden import changed, golden
from tests.mutants import Mutant

ARCHITECTURE, TESTS = "integration-architecture.md", "test-specifications.md"
DELIVERY, OBSERVABILITY = "cicd-pipeline.md", "observability-plan.md"
SAMPLE = "python-sample-implementation.md"

PROPERTY_PASS = (
    '## Integration tests\n\nThe pass is `schemathesis run openapi.yaml --url "$TEST_BASE_URL" --checks {}`.\n'
)
AZ_LOGIN = "                      az acr login --name crorderservice\n"
SETS = '                      echo "##vso[task.setvariable variable=before]x"\n'
ROLL_BACK = """                  - task: "AzureCLI@2"
                    displayName: Roll back to the revisions before
                    inputs:
                      azureSubscription: sc-order-service-dev
                      scriptType: bash
                      scriptLocation: inlineScript
                      inlineScript: |-
                        set -euo pipefail
"""
VARIABLES = "| Variable | Meaning | When it is not set |\n"
SOURCES = "| Variable | Meaning | Where it comes from |\n"
CODES = [
    "MALFORMED_REQUEST",
    "NOT_AUTHENTICATED",
    "NOT_ALLOWED",
    "NOT_FOUND",
    "CONFLICT",
    "VALIDATION_FAILED",
    "RATE_LIMITED",
]
"""Codes of the good pack's error taxonomy that a client can cause."""
DEFECTS: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("XDC-011", [(TESTS, "{answer.status_code for answer in answers} <= {201, 409}", "{answer.status_code for answer in answers} <= {201}")]),
    ("XDC-011", [(TESTS, "    assert response.status_code == 422", "    assert response.status_code == 418")]),
    ("XDC-012", [(TESTS, ".status_code == 403", ".status_code == 401")]),
    ("XDC-012", [(TESTS, "    assert 429 in statuses", "    assert statuses")]),
    ("XDC-013", [(TESTS, "| 201, 409, 422 |", "| 201, 422 |")]),
    ("XDC-013", [(TESTS, "| 200, 400, 409, 422 |", "| 200, 400, 409 |")]),
    ("XDC-014", [(TESTS, "| 201, 409, 422 |", "| 201, 404, 409, 422 |")]),
    ("XDC-014", [(TESTS, "refuses_a_page_of_no_items` | 200, 400 |", "refuses_a_page_of_no_items` | 200, 400, 410 |")]),
    ("XDC-015", [(TESTS, ", `test_create_order_sent_eight_times_at_once_wins_or_conflicts`", "")]),
    ("XDC-015", [(TESTS, ", `test_cancel_order_sent_eight_times_at_once_wins_or_conflicts`", "")]),
    ("REF-001", [(SAMPLE, "from app.config import settings", "from app.settings import settings")]),
    ("REF-001", [(TESTS, "from tests.service import issue_token, seed\n", "from tests.support import issue_token, seed\n")]),
    ("REF-002", [(SAMPLE, "from app.models import Order, OrderCreate", "from app.models import Order, OrderCreate, OrderPage")]),
    ("REF-002", [(SAMPLE, "from app.main import create_app", "from app.main import make_app as create_app")]),
    ("REF-003", [(SAMPLE, '"pydantic-settings>=2.7,<3", ', "")]),
    ("REF-003", [(TESTS, "locust==2.42.1\n", "")]),
    ("REF-004", [(SAMPLE, '"pydantic-settings>=2.7,<3", ', '"pydantic-settings>=2.7,<3", "stripe>=12,<13", ')]),
    ("REF-004", [(TESTS, "referencing==0.37.0\n", "referencing==0.37.0\nfreezegun==1.5.5\n")]),
    ("REF-065", [(TESTS, "## Integration tests\n", f"Codes: {', '.join(CODES[1:])}.\n\n## Integration tests\n")]),
    ("REF-065", [(TESTS, "## Load tests\n", f"Codes: {', '.join(CODES[:-1])}.\n\n## Load tests\n")]),
    ("REF-005", [(TESTS, "`test_get_health_answers_200_as_the_contract_says`", "`test_get_health_answers_quickly`")]),
    ("REF-005", [(TESTS, "`test_get_version_refuses_another_method`", "`test_get_version_refuses_it`")]),
    ("REF-006", [(TESTS, "def test_get_health_refuses_another_method(client", "def test_get_health_refuses_another_method(visitor, client")]),
    ("REF-006", [(TESTS, "def test_what_create_order_wrote_can_be_read_back(client, key", "def test_what_create_order_wrote_can_be_read_back(client, clock, key")]),
    ("REF-007", [(SAMPLE, "from datetime import UTC, datetime\n", "from datetime import datetime\n")]),
    ("REF-007", [(TESTS, "from concurrent.futures import ThreadPoolExecutor\n", "")]),
    ("REF-008", [(SAMPLE, "  store.py ", "  audit.py       who did what\n  store.py ")]),
    ("REF-008", [(SAMPLE, "  test_api.py ", "  test_store.py  the store\n  test_api.py ")]),
    ("REF-060", [(DELIVERY, AZ_LOGIN, AZ_LOGIN + SETS), (DELIVERY, ROLL_BACK, ROLL_BACK + '                        echo "$(before)"\n')]),
    ("REF-060", [(DELIVERY, AZ_LOGIN, AZ_LOGIN + SETS), (DELIVERY, ROLL_BACK, ROLL_BACK + '                        echo "$BEFORE"\n')]),
    ("REF-061", [(TESTS, "## Integration tests\n", PROPERTY_PASS.format("all")), (DELIVERY, "## Caching and artifacts\n", "## Caching and artifacts\n\n`schemathesis run openapi.yaml --url x --checks not_a_server_error`\n")]),
    ("REF-061", [(TESTS, "## Integration tests\n", PROPERTY_PASS.format("not_a_server_error,status_code_conformance")), (DELIVERY, "## Caching and artifacts\n", "## Caching and artifacts\n\n`schemathesis run openapi.yaml --url x --checks status_code_conformance`\n")]),
    ("REF-062", [(OBSERVABILITY, "## Metrics", "It needs `opentelemetry-instrumentation-redis`.\n\n## Metrics")]),
    ("REF-062", [(OBSERVABILITY, "## Metrics", "It needs `azure-monitor-opentelemetry`.\n\n## Metrics")]),
    ("REF-063", [(TESTS, VARIABLES, SOURCES), (TESTS, "generated by whoever starts them |\n", "generated by whoever starts them |\n| `LOAD_SHOPS` | shops of a load run | pipeline |\n")]),
    ("REF-063", [(TESTS, VARIABLES, SOURCES), (TESTS, "generated by whoever starts them |\n", "generated by whoever starts them |\n| `LOAD_SEED` | seed of a load run | the pipeline |\n")]),
    ("REF-064", [(SAMPLE, '"ruff', '"import-linter>=2,<3", "ruff')]),
    ("REF-064", [(SAMPLE, '"ruff', '"bandit>=1.8,<2", "ruff')]),
    ("REF-067", [(DELIVERY, "              TEST_PASSWORD: $(TEST_PASSWORD)\n", "              TEST_PASSWORD: $(TEST_PASSWORD)\n              SMOKE_ACCOUNT: smoke\n")]),
    ("REF-067", [(DELIVERY, "              TEST_PASSWORD: $(TEST_PASSWORD)\n", "              TEST_PASSWORD: $(TEST_PASSWORD)\n              TEST_REGION_NAME: west\n")]),
    ("REF-066", [(DELIVERY, "## Caching and artifacts\n", "## Caching and artifacts\n\nInfrastructure stands in `infra/main.bicep`.\n")]),
    ("REF-066", [(DELIVERY, "## Rollback\n", "## Rollback\n\n`az deployment group create --template-file infra/main.bicep`\n")]),
]  # fmt: skip


def spoiled(changes: list[tuple[str, str, str]]) -> list[Finding]:
    """What rules across documents say of the good pack with every `old` of its documents replaced."""
    pack = golden("python")
    for name, old, new in changes:
        text = pack.text(name)
        assert text is not None
        assert old in text, old
        documents = (
            PackDocument(each.name, text.replace(old, new) if each.name == name else each.text)
            for each in pack.documents
        )
        pack = Pack(tuple(documents), pack.prd, pack.stack, pack.db)
    return run(PACK_CHECKS, pack)


MUTANTS = [
    Mutant(rule, f"{changes[0][1].strip()[:30]} becomes {changes[0][2].strip()[:40]}", partial(spoiled, changes))
    for rule, changes in DEFECTS
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.rule}-{mutant.name[:50]}")
def test_a_defect_is_found_by_its_rule_and_by_no_other_error_rule(mutant: Mutant):
    assert mutant.verdict() == (True, set())


ASKED = '    assert response.status_code == 201\n    contract.check(response, "createOrder")\n'
SAME = [
    ("by the contract's own check", '    contract.check(response, "createOrder")\n'),
    ("with the status inside a tuple", "    assert response.status_code in (200, 201)\n"),
    ("by raise_for_status", "    response.raise_for_status()\n"),
    ("by is_success", "    assert response.is_success\n"),
    ("by its hundreds", "    assert response.status_code // 100 == 2\n"),
    ("by a helper that is given the status", "    expect(response, 201)\n"),
    ("by HTTPStatus", "    from http import HTTPStatus\n    assert response.status_code == HTTPStatus.CREATED\n"),
    ("by a variable", "    status = response.status_code\n    assert status == 201\n"),
]


@pytest.mark.parametrize(("how", "judged"), SAME, ids=[how for how, _ in SAME])
def test_an_answer_that_is_judged_in_another_form_is_tested(how: str, judged: str):
    del how
    pack = changed(golden("python"), TESTS, ASKED, judged)
    assert "XDC-001" not in {finding.rule for finding in run(["api_code"], pack)}


def test_a_test_that_looks_at_no_status_is_not_judged():
    asked = '    response = client.get("/version")\n    assert response.status_code == 200\n    contract.check(response, "getVersion")\n'
    silent = (
        '    response = client.get("/version", timeout=300)\n    assert response.elapsed.total_seconds() * 1000 < 300\n'
    )
    pack = changed(golden("python"), TESTS, asked, silent)
    first = next(finding for finding in run(["api_code"], pack) if finding.rule == "XDC-001")
    assert first.severity == "unjudged"
    assert "getVersion" in first.message


def test_inherited_fields_are_the_models_own():
    pack = changed(
        golden("python"),
        SAMPLE,
        "class Order(Contract):\n",
        "class Numbered(Contract):\n    id: UUID\n\n\nclass Order(Numbered):\n",
    )
    text = (
        (pack.text(SAMPLE) or "")
        .replace("    id: UUID\n", "", 2)
        .replace("class Numbered(Contract):\n", "class Numbered(Contract):\n    id: UUID\n")
    )
    documents = (PackDocument(each.name, text if each.name == SAMPLE else each.text) for each in pack.documents)
    found = run(["api_code"], Pack(tuple(documents), pack.prd, pack.stack, pack.db))
    assert [finding.message for finding in found if finding.rule == "XDC-009"] == []


def test_an_entity_of_the_domain_is_not_the_contracts_model():
    entity = "**`app/domain/order.py`**\n\n```python\nfrom pydantic import BaseModel\n\n\nclass Order(BaseModel):\n    weight: int\n```\n\n## Configuration\n"
    pack = changed(golden("python"), SAMPLE, "## Configuration\n", entity)
    assert "XDC-009" not in {finding.rule for finding in run(["api_code"], pack)}


def test_an_environment_may_carry_the_project_in_its_name():
    """`order-service-prod` is the architecture's `prod`; `production` is none."""
    named = changed(golden("python"), DELIVERY, "environment: prod", "environment: order-service-prod")
    assert "XDC-004" not in {finding.rule for finding in run(["across"], named)}


def test_an_operation_that_a_test_only_names_is_not_judged():
    """A helper that takes an operationId may judge its answer in a way that is not followed."""
    pack = golden("python")
    text = pack.text(TESTS) or ""
    asked = text.index("def test_get_order_answers_200_as_the_contract_says")
    body = text.index("\n    ", text.index(":\n", asked))
    spoiled = f'{text[:body]}\n    hold(lambda: None, "getOrder")\n\n\ndef nothing():{text[body:]}'
    found = run(["api_code"], changed(pack, TESTS, text, spoiled))
    assert "error" not in {each.severity for each in found if each.rule == "XDC-001"}


FILTERED = """

OPERATIONS = [op for op in contract_operations() if op.path.startswith("/v1/")]
WITH_BODY = [op for op in OPERATIONS if op.request_body and op.id not in ("cancelOrder",)]


@pytest.mark.parametrize("op", {given})
def test_every_operation_refuses_what_it_cannot_process(client, op):
    assert client.request(op.method, op.path).status_code == 418
"""


@pytest.mark.parametrize(
    ("given", "claims"),
    [
        ("OPERATIONS", False),
        ("WITH_BODY", True),
        ("[op for op in OPERATIONS if op.method == 'POST']", True),
        ("[op for op in OPERATIONS if 'limit' in op.query_names]", False),
        ("[op for op in OPERATIONS if '{' not in op.path]", False),
    ],
)
def test_a_test_of_filtered_operations_counts_for_those_that_the_filter_lets_through(given: str, claims: bool):
    """listOrders has no body; a filter that is not understood may let it through."""
    pack = changed(
        golden("python"),
        TESTS,
        "refuses_a_page_of_no_items` | 200, 400 |",
        "refuses_a_page_of_no_items` | 200, 400, 418 |",
    )
    text = pack.text(TESTS)
    assert text is not None
    file = "**`tests/contract/test_every_operation.py`**\n\n```python\nimport pytest\n"
    pack = changed(
        pack, TESTS, "## Integration tests\n", f"{file}{FILTERED.format(given=given)}```\n\n## Integration tests\n"
    )
    assert (
        "XDC-014" in {finding.rule for finding in run(["api_code"], pack) if finding.severity == "warning"}
    ) is claims
