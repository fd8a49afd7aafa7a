"""The ledger: what cites a requirement where, and what the architect declines."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.pack.ledger import COLUMNS, Ledger, Row, build_ledger
from shared.prd.requirements.extraction import extract_requirements

PRD = """# Lockers

## Features
- FR-1: A courier opens a locker
- A parcel is stored
- A parcel is picked up
- Photos can be uploaded
- A parcel is returned after 3 days

## Quality
- p95 of opening < 300 ms
- 99.9 % availability

## Non-goals
- Frozen food
"""

ARCHITECTURE = """# Architecture: lockers

## Overview and service boundaries

One service [R-003].
- **Open question:** how many lockers are there? [R-004]

- [R-004] not designed, because photos are kept by
  another team.

## API contract

**`openapi.yaml`**

```yaml
openapi: 3.1.0
paths:
  /lockers/{id}/open:
    # R-001
    post:
      summary: "Open: a locker"
      description: |
        note: Meets R-001, R-006.
      operationId: openLocker
    get:
      operationId: getLocker
components:
  schemas:
    Parcel:
      description: A parcel, R-002.
```

## Data model and storage

### parcel

Kept as rows [R-002].

## Security

| operationId | scope | requirement |
|---|---|---|
| getLocker | read | [R-003] |

## Reliability

| id | objective | source |
|---|---|---|
| SLO-1 | p95 < 300 ms | [R-006] |
"""

TESTS = '''# Test specifications: lockers

## Contract tests

| operationId | success test | error tests | requirement |
|---|---|---|---|
| openLocker | `test_open_locker_opens` | `test_open_locker_refuses` | [R-001] |

**`tests/contract/test_lockers.py`**

```python
def helper():
    # R-003
    return 1


# Meets [R-002]
@pytest.mark.parametrize("id", [1])
def test_parcel_is_stored(id):
    assert id


class TestReturn:
    def test_returned(self):
        """R-005"""
        assert True
```

## Load tests

Steady load shows R-006 to R-007.
'''

PIPELINE = """# CI/CD pipeline: lockers

## Pipeline

```yaml
stages:
  - stage: Build
    jobs:
      - job: build  # R-001
  - stage: DeployProd
    # R-007
    displayName: Deploy
```

## Quality gates and test reports

| gate | stage | requirement |
|---|---|---|
| Load thresholds | DeployStage | [R-006] |
"""

OBSERVABILITY = """# Observability plan: lockers

## Metrics

| name | unit | requirement |
|---|---|---|
| `locker.opened` | {count} | R-001 |

## SLIs, SLOs and alerts

### SLO-1 latency

The budget of [R-006].

| name | signal | requirement |
|---|---|---|
| Lockers stuck | backlog | [R-003] |

## KQL queries

**`queries/slo-2.kql`**

```kusto
// R-007
AppRequests | count
```
"""

DOCUMENTS = {
    "integration-architecture.md": ARCHITECTURE,
    "test-specifications.md": TESTS,
    "cicd-pipeline.md": PIPELINE,
    "observability-plan.md": OBSERVABILITY,
}


def ledger_of(**changes: str) -> Ledger:
    names = {"architecture": "integration-architecture.md", "tests": "test-specifications.md"}
    return build_ledger(extract_requirements(PRD), DOCUMENTS | {names[key]: text for key, text in changes.items()})


def rows() -> dict[str, Row]:
    return {row.requirement.id: row for row in ledger_of().rows}


def places(row: Row, aspect: str) -> list[tuple[str, str, int]]:
    return [(one.kind, one.name, one.line) for one in getattr(row, aspect)]


def declined(line: str, prd: str = PRD) -> tuple[str, str]:
    """Verdict and reason of R-004 in an architecture that holds only this."""
    (row,) = (
        row
        for row in build_ledger(extract_requirements(prd), {"integration-architecture.md": line}).rows
        if row.requirement.id == "R-004"
    )
    return row.verdict, row.reason


def test_operations_and_schemas_of_the_contract_are_evidence():
    assert places(rows()["R-001"], "designed") == [("operation", "openLocker", 19)]
    assert places(rows()["R-002"], "designed") == [("schema", "Parcel", 30), ("entity", "parcel", 37)]


def test_sections_and_rows_are_evidence():
    assert places(rows()["R-003"], "designed") == [
        ("section", "Overview and service boundaries", 5),
        ("operation", "getLocker", 43),
    ]
    assert ("section", "Reliability", 49) in places(rows()["R-006"], "designed")


def test_tests_are_evidence_by_name_wherever_they_are_cited():
    assert places(rows()["R-001"], "tested") == [
        ("test", "test_open_locker_opens", 7),
        ("test", "test_open_locker_refuses", 7),
    ]
    assert places(rows()["R-002"], "tested") == [("test", "test_parcel_is_stored", 17)]
    assert places(rows()["R-003"], "tested") == [("file", "tests/contract/test_lockers.py", 13)]
    assert places(rows()["R-005"], "tested") == [("test", "test_returned", 25)]
    assert places(rows()["R-007"], "tested") == [("section", "Load tests", 31)]


def test_stages_and_gates_are_evidence():
    assert places(rows()["R-001"], "shipped") == [("stage", "Build", 9)]
    assert places(rows()["R-007"], "shipped") == [("stage", "DeployProd", 11)]
    assert places(rows()["R-006"], "shipped") == [("gate", "Load thresholds", 19)]


def test_metrics_slos_alerts_and_queries_are_evidence():
    assert places(rows()["R-001"], "observed") == [("metric", "locker.opened", 7)]
    assert places(rows()["R-006"], "observed") == [("slo", "SLO-1 latency", 13)]
    assert places(rows()["R-007"], "observed") == [("query", "queries/slo-2.kql", 24)]


def test_verdicts_tell_designed_declined_and_missing():
    verdicts = {identifier: (row.verdict, row.reason) for identifier, row in rows().items()}
    assert verdicts == {
        "R-001": ("designed", ""),
        "R-002": ("designed", ""),
        "R-003": ("designed", ""),
        "R-004": ("declined", "photos are kept by another team."),
        "R-005": ("missing", ""),
        "R-006": ("designed", ""),
        "R-007": ("missing", ""),
        "R-008": ("declined", "the PRD excludes it"),
    }
    refusal = rows()["R-004"].declined_at
    assert refusal is not None
    assert (refusal.file, refusal.line) == ("integration-architecture.md", 8)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("- [R-004] not designed, because it is a screen.", "it is a screen."),
        ("- [R-003], [R-004]: **not designed**: screens are built elsewhere", "screens are built elsewhere"),
        ("- [R-002] to [R-005] not designed — no backend part", "no backend part"),
        ("| [R-004] | not designed | only a screen |", "only a screen"),
        ("| [R-004] | not designed, because it is a screen |", "it is a screen"),
        ("| id | not designed because |\n|---|---|\n| R-004 | only a screen |", "only a screen"),
        ("### Not designed\n\n- [R-004] because it is a screen", "it is a screen"),
        ("Since other teams build screens, [R-004] is not designed.", "other teams build screens"),
        ("[R-003] is met. [R-004] is not designed, because it is a screen.", "it is a screen."),
    ],
)
def test_the_architect_declines_in_many_ways(line: str, reason: str):
    assert declined(line) == ("declined", reason)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("- [R-004] not designed", "missing"),
        ("- [R-004] not designed, because", "missing"),
        ("- **Open question:** who keeps photos? [R-004]", "missing"),
        ("[R-004] is not designed for crowds.", "designed"),
        ("[R-004] is met. [R-003] is not designed, because it is a screen.", "designed"),
        ("[R-004] is stored. [R-004] not designed, because of the rest.", "declined"),
    ],
)
def test_a_refusal_needs_a_reason_and_must_be_one(line: str, verdict: str):
    assert declined(line)[0] == verdict


def test_evidence_outweighs_a_refusal_but_keeps_its_reason():
    assert declined("- [R-004] not designed, because it is a screen.\n\nBut its API is [R-004].") == (
        "designed",
        "it is a screen.",
    )


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("[R-001] [R-003]", [1, 3]),
        ("Meets R-001, R-003.", [1, 3]),
        ("R-001 to R-003", [1, 2, 3]),
        ("[R-001] to [R-003]", [1, 2, 3]),
        ("[R-001]–[R-003]", [1, 2, 3]),
        ("R-001-R-003", [1, 2, 3]),
        ("R-003 to R-001", [1, 3]),
        ("[R-1]", [1]),
        ("[FR-1]", [1]),
        ("FR-1 and ADR-001, R-1, XR-003, R-001-2, A-R-003", []),
    ],
)
def test_ids_are_cited_alone_in_lists_and_in_ranges(text: str, cited: list[int]):
    ledger = build_ledger(extract_requirements(PRD), {"integration-architecture.md": f"## Security\n\n{text}\n"})
    assert [row.requirement.id for row in ledger.rows if row.designed] == [f"R-{number:03d}" for number in cited]
    assert ledger.unknown == ()


def test_ids_that_the_prd_does_not_have_are_reported_once_a_file():
    ledger = ledger_of(tests="## Load tests\n\n[R-999] and [R-999]\n\nR-998\n")
    assert [(one.id, one.file, one.line) for one in ledger.unknown] == [
        ("R-999", "test-specifications.md", 3),
        ("R-998", "test-specifications.md", 5),
    ]


def test_a_very_wide_range_cites_only_its_ends():
    prd = "## Features\n" + "- a feature of words\n" * 200
    ledger = build_ledger(extract_requirements(prd), {"integration-architecture.md": "[R-001] to [R-200]"})
    assert [row.requirement.id for row in ledger.rows if row.designed] == ["R-001", "R-200"]


def test_json_contracts_are_read_too():
    contract = '```json\n{\n  "openapi": "3.1.0",\n  "paths": {\n    "/a": {\n      "get": {\n        "description": "R-001",\n        "operationId": "getA"\n      }\n    }\n  }\n}\n```\n'
    ledger = build_ledger(extract_requirements(PRD), {"integration-architecture.md": contract})
    assert places(ledger.rows[0], "designed") == [("operation", "getA", 7)]
    assert [(one.name, one.method, one.path) for one in ledger.operations] == [("getA", "GET", "/a")]


def test_paths_before_file_names_do_not_matter():
    ledger = build_ledger(extract_requirements(PRD), {"agents/x/integration-architecture.md": "[R-001]"})
    assert ledger.rows[0].verdict == "designed"


def test_coverage_counts_all_but_the_non_goals():
    coverage = ledger_of().coverage
    assert coverage.to_dict() == {
        "wanted": 7, "designed": 4, "declined": 1, "missing": 2, "tested": 6, "shipped": 3, "observed": 4, "non_goals": 1,
    }  # fmt: skip
    assert str(coverage).startswith("designed 4 of 7, declined 1, missing 2;")


def test_rows_survive_json():
    listed = json.loads(json.dumps(ledger_of().to_rows()))
    assert listed[0]["id"] == "R-001"
    assert listed[0]["source_id"] == "FR-1"
    assert listed[0]["designed"] == [
        {"kind": "operation", "name": "openLocker", "file": "integration-architecture.md", "line": 19}
    ]
    assert listed[4]["verdict"] == "missing"


def test_the_csv_has_a_line_for_each_requirement():
    table = list(csv.DictReader(io.StringIO(ledger_of().to_csv())))
    assert tuple(table[0]) == COLUMNS
    assert [line["id"] for line in table] == [f"R-00{number}" for number in range(1, 9)]
    assert table[0]["designed"] == "operation openLocker (integration-architecture.md:19)"
    assert table[3]["reason"] == "photos are kept by another team."


def test_the_csv_starts_no_formula():
    prd = "## Features\n- =HYPERLINK(evil) of words\n"
    (line,) = csv.DictReader(io.StringIO(build_ledger(extract_requirements(prd), {}).to_csv()))
    assert line["requirement"] == "'=HYPERLINK(evil) of words"


PIECES = [
    "## API contract", "### SLO-1", "[R-001]", "R-002 to R-9", "R-001 to R-999999", "not designed, because", "| [R-003] | x |", "|---|---|",
    "```yaml", "```", "paths:", "  /a:", "    get:", "      operationId: x", "- stage: B", "```python", "def test_a():", "    # R-004", "@x", "[FR-1]",
    "**`a/b.py`**", "- item", "", "\x00", "\u2028", '"paths": {', "components:", "  schemas:", "    - - - a: R-001",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(list(DOCUMENTS)),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=40).map("\n".join),
)
def test_any_deliverable_is_read_without_an_exception(name: str, text: str):
    ledger = build_ledger(extract_requirements(PRD), {name: text})
    json.dumps(ledger.to_rows())
    assert len(list(csv.reader(io.StringIO(ledger.to_csv())))) == 9
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for row in ledger.rows:
        assert row.verdict in ("designed", "declined", "missing")
        for one in (*row.designed, *row.tested, *row.shipped, *row.observed):
            assert 1 <= one.line <= lines
