"""Proofs of a sample in Python: each with a pack that passes, and packs that are refuted for their reason."""

import pytest

from tests.prove.conftest import PYPROJECT, SAMPLE, ProveOne


@pytest.mark.parametrize("name", ["sample-installs", "sample-imports", "sample-tests"])
def test_a_sound_sample_is_proved(prove_one: ProveOne, name: str):
    proof = prove_one(name, SAMPLE)
    assert proof.outcome == "proved", proof
    assert all(each.good for each in proof.evidence)


def test_the_tests_that_passed_are_counted(prove_one: ProveOne):
    assert prove_one("sample-tests", SAMPLE).reason == "1 passed"


def test_a_package_that_does_not_exist_is_refuted_by_its_name(prove_one: ProveOne):
    wrong = PYPROJECT.replace("shipping==1.0", "shiping-rates==1.0")
    proof = prove_one("sample-installs", {**SAMPLE, "sample/pyproject.toml": wrong})
    assert proof.outcome == "refuted"
    assert "shiping-rates" in proof.reason


def test_a_version_that_does_not_exist_is_refuted(prove_one: ProveOne):
    wrong = PYPROJECT.replace("shipping==1.0", "shipping==2.0")
    proof = prove_one("sample-installs", {**SAMPLE, "sample/pyproject.toml": wrong})
    assert proof.outcome == "refuted"
    assert "shipping==2.0" in proof.reason


def test_a_registry_that_is_not_there_refutes_nothing(prove_one: ProveOne, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    # A package of this test alone: what was asked for before is in the cache.
    files = {**SAMPLE, "sample/pyproject.toml": PYPROJECT.replace("shipping==1.0", "elsewhere")}
    proof = prove_one("sample-installs", files)
    assert (proof.outcome, proof.reason) == ("not provable", "the package registry cannot be reached")


def test_an_address_that_the_sample_names_is_not_asked(prove_one: ProveOne):
    wrong = PYPROJECT.replace("shipping==1.0", "shipping @ http://127.0.0.1:9/shipping.whl")
    proof = prove_one("sample-installs", {**SAMPLE, "sample/pyproject.toml": wrong})
    assert proof.outcome == "not provable"
    assert proof.evidence == ()
    assert "http://127.0.0.1:9/shipping.whl" in proof.reason


def test_a_file_that_the_sample_imports_and_does_not_have_is_named(prove_one: ProveOne):
    proof = prove_one(
        "sample-imports", {**SAMPLE, "sample/app/main.py": "import app.prices\nfrom app import security\n"}
    )
    assert proof.outcome == "refuted"
    assert "app/main.py:2: ImportError: cannot import name 'security'" in proof.reason


def test_a_package_that_is_not_declared_is_named(prove_one: ProveOne):
    migration = {"sample/migrations/versions/0001_orders.py": "from alembic import op\n"}
    proof = prove_one("sample-imports", {**SAMPLE, **migration})
    assert proof.outcome == "refuted"
    assert "migrations/versions/0001_orders.py:1: ModuleNotFoundError: No module named 'alembic'" in proof.reason


def test_a_module_that_wants_a_setting_is_not_refuted(prove_one: ProveOne):
    settings = {"sample/app/settings.py": "import os\n\nURL = os.environ['DATABASE_URL']\n"}
    proof = prove_one("sample-imports", {**SAMPLE, **settings})
    assert proof.outcome == "not provable"
    assert "app/settings.py:3: KeyError: 'DATABASE_URL'" in proof.reason


def test_a_module_that_ends_the_interpreter_is_refuted(prove_one: ProveOne):
    proof = prove_one("sample-imports", {**SAMPLE, "sample/app/main.py": "import os\n\nos._exit(0)\n"})
    assert (proof.outcome, proof.reason) == ("refuted", "a module ends the interpreter when it is imported")


def test_a_test_that_fails_is_named_with_its_reason(prove_one: ProveOne):
    wrong = {"sample/app/prices.py": "def total(price: int) -> int:\n    return price\n"}
    proof = prove_one("sample-tests", {**SAMPLE, **wrong})
    assert proof.outcome == "refuted"
    assert "tests/unit/test_prices.py::test_shipping_is_added" in proof.reason
    assert "assert 4 == 7" in proof.reason


def test_tests_without_pytest_among_the_packages_are_refuted(prove_one: ProveOne):
    wrong = PYPROJECT.replace('dev = ["pytest"]', "dev = []")
    proof = prove_one("sample-tests", {**SAMPLE, "sample/pyproject.toml": wrong})
    assert proof.outcome == "refuted"
    assert "pytest is not among the packages" in proof.reason
