"""Rules across documents: each seeded defect in a good pack is caught by its rule, and by no other error rule."""

import re
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks import PACK_CHECKS, Context, Pack, PackDocument, run
from shared.contracts import Finding
from tests.golden import changed, golden
from tests.mutants import Mutant

ARCHITECTURE, TESTS = "integration-architecture.md", "test-specifications.md"
DELIVERY, OBSERVABILITY = "cicd-pipeline.md", "observability-plan.md"
SAMPLE = "python-sample-implementation.md"

DEFECTS = [
    ("XDC-001", TESTS, "def test_list_orders_answers_200_as_the_contract_says", "def check_list_orders"),
    ("XDC-001", TESTS, "def test_get_health_answers_200_as_the_contract_says", "def check_get_health"),
    ("XDC-001", TESTS, "def test_get_version_answers_200_as_the_contract_says", "def check_get_version"),
    ("XDC-002", TESTS, "def test_get_version_refuses_another_method", "def check_it"),
    ("XDC-002", TESTS, "def test_get_health_refuses_another_method", "def check_it"),
    ("XDC-003", TESTS, 'client.get("/v1/orders")', 'client.get("/v1/baskets")'),
    ("XDC-003", TESTS, "client.post(f\"/v1/orders/{seeded['orderId']}/cancel\")", "client.put(f\"/v1/orders/{seeded['orderId']}/cancel\")"),
    ("XDC-003", SAMPLE, '@router.post("/v1/orders"', '@router.post("/v2/orders"'),
    ("XDC-003", SAMPLE, '@router.get("/version")', '@router.get("/about")'),
    ("XDC-004", DELIVERY, "environment: stage", "environment: staging"),
    ("XDC-004", DELIVERY, "environment: dev", "environment: sandbox"),
    ("XDC-005", DELIVERY, "SecretsFilter: test-client-secret", "SecretsFilter: database-owner-login"),
    ("XDC-005", DELIVERY, "SecretsFilter: test-client-secret", "SecretsFilter: test-client-secret,smtp-login"),
    ("XDC-006", DELIVERY, "--name order-service-api", "--name order-gateway"),
    ("XDC-006", DELIVERY, "--name order-service-migrate", "--name migrator"),
    ("XDC-008", OBSERVABILITY, "SLO-2", None),
    ("XDC-008", OBSERVABILITY, "SLO-3", None),
    ("XDC-009", SAMPLE, "    total_amount: Money\n", ""),
    ("XDC-009", SAMPLE, "    placed_at: datetime\n", "    placed_at: datetime\n    loyalty_points: int\n"),
]  # fmt: skip


COMPANIONS = {"XDC-001": frozenset({"REF-005"}), "XDC-002": frozenset({"REF-005", "XDC-003"})}
"""A test that is gone is also one that the coverage table names in vain."""


def errors(pack: Pack) -> set[str]:
    return {finding.rule for finding in run(PACK_CHECKS, pack) if finding.severity == "error"}


def with_other_number(pack: Pack, objective: str) -> Pack:
    """Every number that stands with an objective is another one in the observability plan."""
    number = {"SLO-2": "250", "SLO-3": "80"}[objective]
    text = pack.text(OBSERVABILITY)
    assert text is not None
    text = re.sub(rf"\b{number}\b", "777", text)
    return Pack(
        tuple(PackDocument(each.name, text if each.name == OBSERVABILITY else each.text) for each in pack.documents),
        pack.prd, pack.stack, pack.db,
    )  # fmt: skip


def unobserved(pack: Pack, objective: str) -> Pack:
    """The observability plan speaks of another objective."""
    text = (pack.text(OBSERVABILITY) or "").replace(objective, "the objective")
    documents = (PackDocument(each.name, text if each.name == OBSERVABILITY else each.text) for each in pack.documents)
    return Pack(tuple(documents), pack.prd, pack.stack, pack.db)


def spoiled(name: str, old: str, new: str | None) -> list[Finding]:
    pack = golden("python")
    return run(PACK_CHECKS, with_other_number(pack, old) if new is None else changed(pack, name, old, new))


MUTANTS = [
    *(
        Mutant(rule, f"{old} becomes {new}", partial(spoiled, name, old, new), COMPANIONS.get(rule, frozenset()))
        for rule, name, old, new in DEFECTS
    ),
    *(
        Mutant("XDC-007", objective, lambda one=objective: run(PACK_CHECKS, unobserved(golden("python"), one)))
        for objective in ("SLO-1", "SLO-2", "SLO-3")
    ),
    *(
        Mutant("XDC-010", db, lambda db=db: run(PACK_CHECKS, replace(golden("python"), db=db)))
        for db in ("mongodb", "sqlserver", "cosmosdb", "somedb")
    ),
]


@pytest.mark.parametrize("test", ["names_the_faulty_field", "with_the_same_key_has_one_effect", "refuses_a_key"])
def test_other_error_tests_of_an_operation_count(test: str):
    assert errors(changed(golden("python"), TESTS, f"def test_create_order_{test}", f"def check_{test}")) == set()


@pytest.mark.parametrize("db", ["postgres", "PostgreSQL", None])
def test_the_datastore_asked_for_is_recognised_under_its_names(db: str | None):
    pack = golden("python")
    assert errors(Pack(pack.documents, pack.prd, pack.stack, db)) == set()


def test_a_secret_that_the_pipelines_own_table_gives_an_owner_is_no_error():
    pack = changed(golden("python"), DELIVERY, "SecretsFilter: test-client-secret", "SecretsFilter: load-test-login")
    assert errors(pack) == {"XDC-005"}
    row = "| Secret | Vaults | Used by | Rotated |\n| --- | --- | --- | --- |\n"
    assert errors(changed(pack, DELIVERY, row, f"{row}| `load-test-login` | kv | tests | every 90 days |\n")) == set()


def test_a_pack_with_documents_missing_is_checked_as_far_as_it_goes():
    pack = golden("python")
    assert errors(Pack(pack.documents[:1], pack.prd, pack.stack, pack.db)) == set()


def test_a_lost_requirement_is_found():
    pack = golden("python")
    text = re.sub(r"\[?\bR-004\b\]?,?", "", pack.text(ARCHITECTURE) or "")
    found = run(["requirements"], Context(ARCHITECTURE, text, (), prd=pack.prd))
    assert any(finding.rule == "LED-001" and "R-004" in finding.message + finding.mend for finding in found)


NAMES = (ARCHITECTURE, TESTS, DELIVERY, OBSERVABILITY, SAMPLE)
HOSTILE = st.text(max_size=400) | st.sampled_from(
    [
        "```python\nclient.get(" + "(" * 500,
        "```yaml\nopenapi: 3.1.0\npaths: {a: &a [*a]}\n```",
        "SLO-1 " * 200,
        "`" * 999,
        "\x00\ufeff",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(HOSTILE, min_size=5, max_size=5), HOSTILE)
def test_whatever_the_documents_hold_nothing_is_raised(texts: list[str], prd: str):
    documents = tuple(PackDocument(name, text) for name, text in zip(NAMES, texts, strict=True))
    assert "CHK-001" not in {
        finding.rule for finding in run(PACK_CHECKS, Pack(documents, prd, "python", prd[:20] or None))
    }


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 60_000), HOSTILE)
def test_a_good_document_with_anything_in_its_middle_raises_nothing(name: str, place: int, text: str):
    pack = golden("python")
    whole = pack.text(name) or ""
    mutated = whole[: place % len(whole)] + text + whole[place % len(whole) :]
    documents = tuple(PackDocument(each.name, mutated if each.name == name else each.text) for each in pack.documents)
    assert "CHK-001" not in {finding.rule for finding in run(["across"], Pack(documents, "", "python", "postgres"))}
