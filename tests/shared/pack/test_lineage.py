"""Families in the ledger: documents may cite a story or its criteria."""

import pytest

from shared.pack.ledger import Ledger, build_ledger
from shared.prd.requirements import extract_requirements

PRD = """# Links

## Goals

- Easy to maintain

## Stories

As an owner, I want to make a link.

Acceptance criteria:
- The link holds a token.
- Anyone else receives 403.

## Later

- Links for folders
"""
GOAL, STORY, TOKEN, REFUSED, LATER = "R-001", "R-002", "R-003", "R-004", "R-005"


def ledger(architecture: str, tests: str = "") -> Ledger:
    documents = {"integration-architecture.md": f"# A\n\n## Security\n\n{architecture}\n"}
    if tests:
        documents["test-specifications.md"] = f"# T\n\n## Contract tests\n\n{tests}\n"
    return build_ledger(extract_requirements(PRD), documents)


def verdicts(of: Ledger) -> dict[str, str]:
    return {row.requirement.id: row.verdict for row in of.rows if row.requirement.id in (STORY, TOKEN, REFUSED)}


@pytest.mark.parametrize(
    ("cited", "story", "token", "refused"),
    [
        (f"[{STORY}]", "designed", "designed", "designed"),
        (f"[{TOKEN}] [{REFUSED}]", "designed", "designed", "designed"),
        (f"[{TOKEN}]", "missing", "designed", "missing"),
        ("nothing", "missing", "missing", "missing"),
        (f"[{TOKEN}]\n\n- [{REFUSED}] not designed, because the gateway does it.", "designed", "designed", "declined"),
        (f"- [{STORY}] not designed, because another team does it.", "declined", "declined", "declined"),
    ],
)
def test_a_story_is_designed_when_it_or_all_its_criteria_are(cited: str, story: str, token: str, refused: str):
    assert verdicts(ledger(cited)) == {STORY: story, TOKEN: token, REFUSED: refused}


def test_evidence_is_that_of_the_family():
    of = ledger(f"[{STORY}]", f"- `test_token` [{TOKEN}]\n- `test_refused` [{REFUSED}]")
    tested = {row.requirement.id: [one.name for one in row.tested] for row in of.rows}
    assert tested[STORY] == ["test_token", "test_refused"]
    assert (tested[TOKEN], tested[LATER]) == (["test_token"], [])


def test_a_story_is_not_tested_while_one_criterion_is_not():
    of = ledger(f"[{STORY}]", f"`test_token` [{TOKEN}]")
    assert [row.requirement.id for row in of.rows if row.tested] == [TOKEN]


def test_goals_and_what_is_postponed_are_not_missing_and_not_counted_as_wanted():
    of = ledger(f"[{STORY}]")
    rows = {row.requirement.id: (row.verdict, row.reason) for row in of.rows}
    assert rows[GOAL] == ("declined", "a goal that no test can show")
    assert rows[LATER] == ("declined", "the PRD postpones it: Later")
    assert (of.coverage.wanted, of.coverage.goals, of.coverage.postponed, of.coverage.missing) == (3, 1, 1, 0)
    assert str(of.coverage).endswith("0 non-goals, 1 goals, 1 postponed")


def test_a_goal_and_what_is_postponed_may_be_designed_all_the_same():
    of = ledger(f"[{GOAL}] [{LATER}]")
    assert [row.requirement.id for row in of.rows if row.verdict == "designed"] == [GOAL, LATER]


def test_what_only_restates_is_met_where_its_parent_is_and_holds_nothing_up():
    prd = "## Users\n\n### Owners\n\n- make links for sessions\n\n## Features\n\n- Links are made with a token\n  - for sessions\n"
    asked = extract_requirements(prd)
    assert [(one.parent, one.restates) for one in asked] == [("R-002", True), (None, False), ("R-002", False)]
    of = build_ledger(asked, {"integration-architecture.md": "# A\n\nMet [R-003].\n"})
    assert [row.verdict for row in of.rows] == ["designed", "designed", "designed"]


def test_the_tables_show_the_tree():
    of = ledger(f"[{STORY}]")
    assert [row["parent"] for row in of.to_rows()] == [None, None, STORY, STORY, None]
    header, *lines = of.to_csv().splitlines()
    assert header.endswith(",hash,parent,postponed")
    assert lines[3].endswith(f",{STORY},")
    assert lines[4].endswith(",,Later")
