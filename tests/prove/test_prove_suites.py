"""Proofs of the tester's suites and of shell scripts."""

from tests.prove.conftest import SUITES, ProveOne

SCRIPT = {"pipelines/release.sh": "#!/usr/bin/env bash\nset -euo pipefail\necho released\n"}


def test_suites_that_collect_are_proved_and_not_called(prove_one: ProveOne):
    proof = prove_one("suites-collect", SUITES)
    assert proof.outcome == "proved", proof
    assert proof.reason == "1 tests are collected, and every fixture is there"


def test_a_module_that_no_suite_has_is_named(prove_one: ProveOne):
    proof = prove_one("suites-collect", {path: text for path, text in SUITES.items() if path != "tests/service.py"})
    assert proof.outcome == "refuted"
    assert "conftest.py does not import" in proof.reason
    assert "No module named 'tests.service'" in proof.reason


def test_a_suite_that_does_not_import_is_named(prove_one: ProveOne):
    broken = {"tests/contract/test_refunds.py": "import nowhere\n\n\ndef test_a_refund():\n    pass\n"}
    proof = prove_one("suites-collect", {**SUITES, **broken})
    assert proof.outcome == "refuted"
    assert "tests/contract/test_refunds.py" in proof.reason
    assert "No module named 'nowhere'" in proof.reason


def test_a_fixture_that_is_nowhere_is_named(prove_one: ProveOne):
    broken = {"tests/contract/test_refunds.py": "def test_a_refund(client, clock):\n    pass\n"}
    proof = prove_one("suites-collect", {**SUITES, **broken})
    assert (proof.outcome, proof.reason) == ("refuted", "tests ask for fixtures that are nowhere: clock")


def test_a_load_test_that_does_not_import_is_refuted(prove_one: ProveOne):
    proof = prove_one("suites-collect", {**SUITES, "tests/load/locustfile.py": "import locust\n"})
    assert proof.outcome == "refuted"
    assert proof.reason == "the load test does not import: ModuleNotFoundError: No module named 'locust'"


def test_suites_without_requirements_are_refuted(prove_one: ProveOne):
    bare = {path: text for path, text in SUITES.items() if path != "tests/requirements.txt"}
    assert prove_one("suites-collect", bare).outcome == "refuted"


def test_a_script_that_bash_reads_is_proved_and_not_run(prove_one: ProveOne):
    assert prove_one("scripts-parse", SCRIPT).outcome == "proved"


def test_a_script_that_bash_does_not_read_is_refuted_with_its_line(prove_one: ProveOne):
    proof = prove_one("scripts-parse", {**SCRIPT, "pipelines/watch.sh": "if true; then\necho\n"})
    assert proof.outcome == "refuted"
    assert "watch.sh: line 3: syntax error" in proof.reason
