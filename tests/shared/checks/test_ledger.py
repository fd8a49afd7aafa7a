"""The ledger's rules, each with defects that it alone finds in an otherwise good pack."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks import Context, Pack, PackDocument, requirements_met
from shared.checks.ledger import MAXIMUM_FINDINGS, check
from tests.mutants import Mutant

PRD = """# Lockers

## Features
- A courier opens a locker
- A parcel is stored
- A photo is uploaded

## Quality
- p95 of opening < 300 ms
- Secrets stay in a vault

## Non-goals
- Frozen food
- Payments / vouchers
"""

GOOD = {
    "integration-architecture.md": """# Architecture

## API contract

```yaml
openapi: 3.1.0
paths:
  /lockers/{id}/open:
    post:
      operationId: openLocker
      description: Meets R-001.
  /parcels:
    post:
      operationId: storeParcel
      description: Meets R-002.
```

## Reliability

Latency [R-004], secrets [R-005], no cold chain [R-006].

- [R-003] not designed, because another team keeps photos.
""",
    "test-specifications.md": "# Tests\n\n## Contract tests\n\n`test_open_locker_opens` [R-001], `test_store_parcel_stores` [R-002]\n",
    "observability-plan.md": "# Plan\n\n## SLIs, SLOs and alerts\n\n### SLO-1\n\nLatency [R-004].\n",
}


def findings(documents: dict[str, str], prd: str = PRD):
    """What is said of the architecture alone against the PRD, then of all documents together."""
    alone = [
        finding
        for name, text in documents.items()
        for finding in requirements_met.check(Context(name, text, (), prd=prd))
    ]
    return [*alone, *check(Pack(tuple(PackDocument(name, text) for name, text in documents.items()), prd))]


def changed(name: str, old: str, new: str) -> dict[str, str]:
    (file,) = (file for file in GOOD if file.startswith(name))
    assert old in GOOD[file]
    return GOOD | {file: GOOD[file].replace(old, new, 1)}


def test_a_good_pack_has_no_findings():
    assert findings(GOOD) == []


DEFECTS = [
        ("integration", ", because another team keeps photos", "", "LED-001", 22),
        ("integration", "- [R-003] not designed, because another team keeps photos.", "", "LED-001", 1),
        ("integration", "Meets R-002.", "Stores it.", "LED-001", 1),
        ("integration", "[R-005]", "[R-005] [R-099]", "LED-002", 20),
        ("test-spec", "[R-002]", "[R-002] [R-020]", "LED-002", 5),
        ("observability", "[R-004]", "[R-004], R-777", "LED-002", 7),
        ("test-spec", "[R-002]", "", "LED-003", 1),
        ("test-spec", "[R-001]", "[R-004]", "LED-003", 1),
        ("observability", "[R-004]", "", "LED-004", 1),
        ("observability", "[R-004]", "[R-005]", "LED-004", 1),
        ("integration", "Meets R-001.", "Meets R-001 and R-006.", "LED-005", 11),
        ("integration", "    post:\n      operationId: storeParcel", "    get:\n      operationId: listFrozenFoods\n    post:\n      operationId: storeParcel", "LED-005", 14),
        ("integration", "  /parcels:", "  /payments:\n    post:\n      operationId: createPayment\n  /parcels:", "LED-005", 14),
]  # fmt: skip
EMPTY = {"integration-architecture.md": "# Architecture\n"}
UNTRACEABLE = {"none": "# Lockers\n", "empty": "", "only words explained": "## Glossary\n- Locker: a box\n"}
ROW = "| " + "x | " * 60 + "\n"
UNREAD = {
    "a long line": PRD + "x" * 200_001 + "\n",
    "many cells": PRD + f"\n## Background\n\n{ROW}{ROW.replace('x', '-')}{ROW}",
}
MUTANTS = [
    *(
        Mutant(rule, f"{old} becomes {new}", lambda name=name, old=old, new=new: findings(changed(name, old, new)))
        for name, old, new, rule, _ in DEFECTS
    ),
    *(Mutant("LED-006", name, partial(findings, EMPTY, prd)) for name, prd in UNTRACEABLE.items()),
    *(Mutant("LED-007", name, partial(findings, GOOD, prd)) for name, prd in UNREAD.items()),
]


@pytest.mark.parametrize(("name", "old", "new", "rule", "line"), DEFECTS)
def test_a_defect_stands_where_it_is_and_says_how_to_mend(name: str, old: str, new: str, rule: str, line: int):
    found = findings(changed(name, old, new))
    assert [(one.rule, one.line) for one in found] == [(rule, line)]
    assert found[0].message
    assert found[0].mend


def test_a_pack_without_an_architecture_has_one_finding_about_it():
    documents = {name: text for name, text in GOOD.items() if not name.startswith("integration")}
    assert [one.rule for one in findings(documents)] == ["LED-001"]


def test_what_is_not_in_the_pack_is_not_held_against_it():
    assert findings({"integration-architecture.md": GOOD["integration-architecture.md"]}) == []


@pytest.mark.parametrize(
    "non_goal",
    [
        "Lockers for parcels sold in shops",
        "Reporting for couriers and parcels",
        "A new system to open",
        "Storing of parcels abroad",
        "Parcels",
    ],
)
def test_words_in_common_make_no_non_goal(non_goal: str):
    prd = PRD.replace("Frozen food", non_goal)
    assert findings(GOOD, prd) == []


def test_findings_are_bounded_and_the_rest_is_counted():
    prd = "## Features\n" + "- a feature of words\n" * (MAXIMUM_FINDINGS + 50)
    found = findings({"integration-architecture.md": "# A"}, prd)
    assert len(found) == MAXIMUM_FINDINGS + 1
    assert found[-1].message.startswith("50 more of these")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(GOOD)), st.text(), st.text())
def test_any_text_is_judged_without_an_exception(name: str, text: str, prd: str):
    assert all(one.line >= 1 for one in findings(GOOD | {name: text}, PRD))
    assert all(one.line >= 1 for one in findings(GOOD | {name: text}, prd))


STORY = """## Stories

As an owner, I want to make a link.

Acceptance criteria:
- The link holds a token.
- Anyone else receives 403.

## Goals

- Easy to maintain
"""


@pytest.mark.parametrize(
    ("cited", "told"),
    [("nothing", ["R-001"]), ("[R-002]", ["R-003"]), ("[R-001]", []), ("[R-002] [R-003]", [])],
)
def test_a_family_is_told_once(cited: str, told: list[str]):
    said = findings({"integration-architecture.md": f"# A\n\n{cited}\n"}, STORY)
    assert [(one.rule, one.message.split()[0]) for one in said] == [("LED-001", identifier) for identifier in told]


def test_a_family_that_no_test_cites_is_told_once():
    said = findings({"integration-architecture.md": "# A\n\n[R-001]\n", "test-specifications.md": "# T\n"}, STORY)
    assert [(one.rule, one.message.split()[0]) for one in said] == [("LED-003", "R-001")]
