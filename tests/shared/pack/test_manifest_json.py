"""manifest.json holds to its published schema and says what the run did."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from shared.agents.agent_files import catalogue
from shared.contracts import (
    BlobRef,
    Call,
    Failure,
    FileEntry,
    Finding,
    Folders,
    ManifestRequest,
    Options,
    Outcome,
    PackCheckResult,
    ReferenceCount,
    RunInput,
    Usage,
)
from shared.pack.extraction import ExtractedFile
from shared.pack.ledger import build_ledger
from shared.pack.manifest_json import ManifestFacts, PackFile, manifest_json
from shared.pack.verdict import Checked
from shared.prd.requirements.extraction import extract_requirements

SCHEMA = Path(__file__).parents[3] / "docs" / "manifest.schema.json"
ROOT = ".claude/outputs/design"
FOLDERS = Folders("20261122-081500", f"{ROOT}/projects/orders/20261122-081500", f"{ROOT}/agents", "orders")
PRD = BlobRef("runs", "r1/prd.md", "a" * 64, 4_000)
SETUP = "## Assumptions\n\n1. Python.\n\n## Non-goals\n\n- Screens\n"
SYNTHESIS = "## API surface\n\nTwo operations.\n\n## SLOs\n\n| SLO-1 | 99.9 % |\n"
PRD_TEXT = (
    "# Orders\n\n## Requirements\n\n- Customers must be able to place an order.\n- Orders must be exported nightly.\n"
)
ARCHITECTURE = """# Architecture

## Overview and service boundaries

Orders are placed in one service [R-001]. An id that nobody gave is [R-999].

- [R-002] not designed, because the export belongs to the warehouse.
"""
CONTRACT = """openapi: 3.1.0
info: {title: Orders, version: 1.2.0}
security: [{token: []}]
paths:
  /orders:
    post: {operationId: createOrder, summary: Place an order, responses: {'201': {description: Made}}}
  /health:
    get: {operationId: getHealth, security: [], responses: {'200': {description: Lives}}}
    parameters: []
"""
CONTRACT_FILE = ExtractedFile("openapi.yaml", CONTRACT, "integration-architecture.md", 40)
ERROR = Finding("OAS-004", "error", "integration-architecture.md", 41, "Broken.", "Mend it.")


def outcome(call: Call, errors: int = 0) -> Outcome:
    path = FOLDERS.deliverable_path(call)
    file = FileEntry(path, 1_234, hashlib.sha256(path.encode()).hexdigest()) if call.task == "draft" else None
    usage = Usage(1, 100, 20, 30, 400, 1.5)
    return Outcome(call.key, "done", usage, "claude-sonnet-5-5", PRD, file, errors=errors)


def request(status: str = "completed", changes: Sequence[Outcome] = (), stack: str = "python") -> ManifestRequest:
    """A run that has gone through, with some outcomes changed."""
    calls = catalogue().calls_for(stack)
    run = RunInput(
        "r1", "orders", "Orders", PRD, "orders.md", "0x1", Options(stack, "asked for", "postgres"), ROOT, calls
    )
    changed = {outcome.key: outcome for outcome in changes}
    outcomes = [changed.get(call.key) or outcome(call) for call in calls]
    times = ("2026-11-22T08:15:00.000+00:00", "2026-11-22T08:20:00.000+00:00")
    return ManifestRequest(run, FOLDERS, status, tuple(outcomes), *times)


def facts(**changes: Any) -> ManifestFacts:
    whole = ManifestFacts(
        sections={"setup": SETUP, "synthesis": SYNTHESIS},
        files=(PackFile.of_extracted(CONTRACT_FILE), PackFile.of("ledger.csv", b"id\n")),
        contract=CONTRACT,
        ledger=build_ledger(extract_requirements(PRD_TEXT), {"integration-architecture.md": ARCHITECTURE}),
    )
    return replace(whole, **changes)


def written(request: ManifestRequest, facts: ManifestFacts) -> dict[str, Any]:
    """The manifest as a consumer reads it, after it was held against the schema."""
    data = json.loads(json.dumps(manifest_json(request, facts, catalogue())))
    errors = [f"{error.json_path}: {error.message}" for error in validator().iter_errors(data)]
    assert not errors
    return data


def validator(closed: bool = True) -> Any:
    """The published schema. Closed, a field that it does not describe is an error, which it is not for consumers."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    if closed:
        close(schema)
    return cast(Any, Draft202012Validator)(schema)  # untyped in part


def close(schema: object) -> None:
    if isinstance(schema, dict):
        node = cast(dict[str, object], schema)
        if "properties" in node and "additionalProperties" not in node:
            node["additionalProperties"] = False
        for part in list(node.values()):
            close(part)
    elif isinstance(schema, list):
        for part in cast(list[object], schema):
            close(part)


@pytest.mark.parametrize("stack", ["python", "csharp"])
def test_a_completed_run_is_described_by_the_schema_and_nothing_else(stack: str):
    data = written(request(stack=stack), facts())
    assert (data["schema"], data["status"], data["missing"], data["unchecked"]) == ("manifest/1", "completed", [], None)
    assert data["run"]["project"] == "orders"
    assert data["prd"] == {"name": "orders.md", "etag": "0x1", "size": 4_000, "sha256": "a" * 64}
    assert data["options"] == {
        "stack": stack,
        "stack_reason": "asked for",
        "db": "postgres",
        "output": None,
        "economy": False,
        "full": False,
    }
    assert data["plan"]["calls"] == 7


def test_deliverables_are_registered_with_path_link_and_digest():
    first, *others = written(request(), facts())["deliverables"]
    path = f"{ROOT}/agents/system-architect/orders-20261122-081500/integration-architecture.md"
    assert len(others) == 4
    assert (first["agent"], first["state"], first["passed"]) == ("system-architect", "done", True)
    assert (first["path"], first["size"]) == (path, 1_234)
    assert first["sha256"] == hashlib.sha256(path.encode()).hexdigest()
    assert first["link"] == "../../../agents/system-architect/orders-20261122-081500/integration-architecture.md"


def test_files_are_registered_with_their_own_size_and_digest():
    contract, ledger = written(request(), facts())["files"]
    assert contract == {
        "path": f"{FOLDERS.project_folder}/openapi.yaml",
        "link": "openapi.yaml",
        "size": len(CONTRACT.encode()),
        "sha256": hashlib.sha256(CONTRACT.encode()).hexdigest(),
        "deliverable": "integration-architecture.md",
        "line": 40,
    }
    assert (ledger["link"], ledger["size"], ledger["deliverable"], ledger["line"]) == ("ledger.csv", 3, None, None)


def test_the_api_surface_is_the_contracts():
    api = written(request(), facts())["api"]
    assert (api["contract"], api["version"]) == ("openapi.yaml", "1.2.0")
    create, health = api["operations"]
    expected = {"method": "POST", "path": "/orders", "operation_id": "createOrder", "summary": "Place an order"}
    assert create == expected | {"open": False}
    assert (health["operation_id"], health["summary"], health["open"]) == ("getHealth", None, True)


@pytest.mark.parametrize(("contract", "named"), [(None, None), ("a: [", "openapi.yaml"), ("- 1\n", "openapi.yaml")])
def test_a_contract_that_cannot_be_read_has_no_operations(contract: str | None, named: str | None):
    api = written(request(), facts(contract=contract))["api"]
    assert api == {"contract": named, "version": None, "operations": None}


def test_sections_are_what_the_orchestrator_wrote_and_none_is_left_out():
    sections = written(request(), facts())["sections"]
    assert sections["Assumptions"] == "1. Python."
    assert sections["SLOs"] == "| SLO-1 | 99.9 % |"
    assert sections["Environments"] is None
    assert len(sections) == 8


def test_a_deliverable_with_an_error_has_not_passed():
    data = written(request("completed_with_findings"), facts(findings=(ERROR, replace(ERROR, severity="warning"))))
    architecture, tests, *_ = data["deliverables"]
    assert (architecture["passed"], architecture["findings"]) == (False, {"errors": 1, "warnings": 1, "not_judged": 0})
    assert (tests["passed"], tests["findings"]) == (True, {"errors": 0, "warnings": 0, "not_judged": 0})
    assert data["findings"][0] == asdict(ERROR)


def test_what_was_not_judged_is_no_finding_and_stands_in_no_ones_way():
    place = replace(ERROR, severity="unjudged", rule="REF-003", mend="")
    data = written(request(), facts(findings=(place, place)))
    assert (data["findings"], data["deliverables"][0]["passed"]) == ([], True)
    assert data["deliverables"][0]["findings"] == {"errors": 0, "warnings": 0, "not_judged": 2}
    assert (data["verdict"]["errors"], data["verdict"]["not_judged"]) == (0, {"REF-003": 2})
    where = {name: value for name, value in asdict(place).items() if name != "mend"}
    assert data["not_judged"] == [where, where]


def test_the_verdict_counts_rules_and_references_and_says_that_nothing_was_run():
    across = PackCheckResult(references=(ReferenceCount("fixture", 3, 0, 1),))
    verdict = written(replace(request(), across=across), facts(checked=Checked(("structure", "kql"), 23)))["verdict"]
    assert (verdict["checks"], verdict["rules"], verdict["executed"]) == (["structure", "kql"], 23, False)
    assert verdict["references"] == [{"kind": "fixture", "resolved": 3, "missing": 0, "undecided": 1}]
    assert len(verdict["lines"]) == 3


def test_nothing_has_passed_where_the_documents_were_not_held_against_each_other():
    failure = Failure("check-failed", "The check did not answer.", "Run it again.")
    data = written(replace(request("completed_with_findings"), across=PackCheckResult(failure=failure)), facts())
    assert data["unchecked"] == asdict(failure)
    assert {one["passed"] for one in data["deliverables"]} == {False}


def test_a_partial_run_says_what_is_missing_and_why():
    failure = Failure("refused", "The model refused.", "Reword the PRD.")
    tester = Outcome("api-backend-tester", "failed", Usage(2, 10), failure=failure)
    synthesis = Outcome("orchestrator:synthesis", "waiting", Usage())
    data = written(request("partial", [tester, synthesis]), facts())
    refused, unreached = data["missing"]
    assert (refused["deliverable"], refused["failure"]["detail"]) == ("test-specifications.md", "The model refused.")
    assert (unreached["task"], unreached["state"], unreached["failure"]) == ("synthesis", "not_reached", None)
    tests = data["deliverables"][1]
    assert (tests["name"], tests["state"], tests["passed"]) == ("test-specifications.md", "failed", None)
    assert (tests["path"], tests["link"], tests["size"], tests["sha256"]) == (None, None, None, None)


def test_a_run_that_has_just_begun_waits_and_misses_nothing():
    waiting = [Outcome(call.key, "waiting", Usage()) for call in catalogue().calls_for("python")]
    data = written(request("running", waiting), ManifestFacts())
    assert {one["state"] for one in data["deliverables"]} == {"waiting"}
    assert (data["missing"], data["files"], data["ledger"]) == ([], [], None)


def test_calls_are_accounted_one_by_one_and_together():
    never = Outcome("api-backend-tester", "waiting", Usage())
    accounting = written(replace(request("partial", [never]), warming=Usage(1, 5, 900)), facts())["accounting"]
    assert len(accounting["calls"]) == 6
    assert accounting["calls"][0]["key"] == "orchestrator:setup"
    for name in ("calls", "input_tokens", "cache_write_tokens", "cache_read_tokens", "output_tokens", "seconds"):
        parts = [accounting["warming"], *(call["usage"] for call in accounting["calls"])]
        assert accounting["total"][name] == sum(part[name] for part in parts)


def test_the_ledger_says_of_each_requirement_where_it_is_met():
    ledger = written(request(), facts())["ledger"]
    assert (ledger["coverage"]["wanted"], ledger["coverage"]["designed"], ledger["coverage"]["declined"]) == (2, 1, 1)
    placed, exported = ledger["rows"]
    assert (placed["id"], placed["verdict"], placed["designed"][0]["line"]) == ("R-001", "designed", 5)
    assert (exported["verdict"], exported["declined_at"]["line"]) == ("declined", 7)
    assert [one["id"] for one in ledger["unknown_ids"]] == ["R-999"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "manifest/2"),
        ("status", "done"),
        ("deliverables", None),
        ("files", [{"path": "x"}]),
        ("accounting", {}),
    ],
)
def test_the_schema_refuses_what_is_no_manifest(key: str, value: object):
    data = manifest_json(request(), facts(), catalogue()) | {key: value}
    assert not validator(closed=False).is_valid(data)


def test_a_field_of_a_later_release_does_not_break_a_consumer():
    data = manifest_json(request(), facts(), catalogue()) | {"review": {"asked": True}}
    assert validator(closed=False).is_valid(data)
