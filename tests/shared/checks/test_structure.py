"""Structure rules, each with a defect that breaks it and a good document that does not."""

from functools import partial
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks import Context, run
from shared.checks.structure import MAXIMUM_CHARACTERS, RULES
from shared.contracts import Finding
from tests.mutants import Mutant

GOOD = (
    "# Test plan\n\n## Contract tests\n\n"
    + "Every operation has one. " * 12
    + "\n\n## Load tests\n\n```python\nassert 1\n```\n"
)
SECTIONS = ("Contract tests", "Load tests")


def rules_broken(text: str, whole: bool = True) -> list[str]:
    return [finding.rule for finding in run(["structure"], Context("test-specifications.md", text, SECTIONS, whole))]


def test_a_good_document_has_no_findings():
    assert rules_broken(GOOD) == []


DEFECTS = [
    ("# Test plan\n", "", "STR-001"),
    ("# Test plan\n", "## Test plan\n\ntext\n", "STR-001"),
    ("## Load tests", "## Performance", "STR-002"),
    ("## Contract tests", "### Contract tests", "STR-002"),
    ("```python\nassert 1\n```\n", "", "STR-003"),
    ("## Load tests\n\n", "## Load tests\n\n## Appendix\n\n", "STR-003"),
    ("```python\nassert 1\n```\n", "```python\nassert 1\n", "STR-005"),
    ("```python\nassert 1\n```\n", "~~~python\nassert 1\n", "STR-005"),
    ("```python", "```", "STR-006"),
    ("```python\n", "````\nx\n````\n\n```python\n", "STR-006"),
    ("Every operation", "TODO: every operation", "STR-007"),
    ("assert 1", "...", "STR-007"),
    ("assert 1", "# Similar to above", "STR-007"),
    ("Every operation has one. " * 12, "x", "STR-008"),
    ("Every operation has one. " * 12, "One test for each operation.", "STR-008"),
    ("Every operation has one.", "word\n" * 300_001, "STR-009"),
    ("assert 1", "word\n" * 600_000, "STR-009"),
    ("Every operation has one.", "Every operation has one." * 200, "STR-010"),
    ("assert 1", "assert " + "1" * 4_000, "STR-010"),
]


def findings(text: str) -> list[Finding]:
    return run(["structure"], Context("test-specifications.md", text, SECTIONS))


def spoiled(old: str, new: str) -> list[Finding]:
    assert old in GOOD
    return findings(GOOD.replace(old, new, 1))


SWAPPED = (
    GOOD.replace("## Contract tests", "## X")
    .replace("## Load tests", "## Contract tests")
    .replace("## X", "## Load tests")
)
MOVED = GOOD.replace("# Test plan\n", "# Test plan\n\n## Load tests\n\nfirst\n\n## Appendix\n\ntext\n").replace(
    "\n\n## Load tests\n\n```", "\n\n```"
)
MUTANTS = [
    *(Mutant(rule, f"{old} becomes {new}"[:80], partial(spoiled, old, new)) for old, new, rule in DEFECTS),
    Mutant("STR-004", "sections swapped", partial(findings, SWAPPED)),
    Mutant("STR-004", "a section moved, another between", partial(findings, MOVED)),
]


@pytest.mark.parametrize("text", ["Todo items must be listed.", "`GET /todos` lists todo entries", "a fixme-free zone"])
def test_a_product_about_todos_is_no_placeholder(text: str):
    assert rules_broken(GOOD.replace("Every operation", text, 1)) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=500) | st.text("#`~>-|*_[]() \n\tTODO.ab1", max_size=500))
def test_any_text_is_judged_without_an_exception(text: str):
    assert "CHK-001" not in rules_broken(text)


def test_parts_of_a_document_need_no_title():
    assert rules_broken("## Contract tests\n\nx\n\n## Load tests\n\ny\n", whole=False) == []


def test_a_finding_says_where_and_how_to_mend():
    context = Context("test-specifications.md", GOOD.replace("assert 1", "# TBD"), SECTIONS)
    (finding,) = run(["structure"], context)
    assert (finding.deliverable, finding.line, finding.severity) == ("test-specifications.md", 10, "error")
    assert finding.mend


@pytest.mark.parametrize("filling", ["\n", " \n", "\r\n", " ", "TODO\n"])
def test_the_longest_document_of_nothing_takes_seconds_at_most(filling: str):
    text = GOOD + filling * ((MAXIMUM_CHARACTERS - len(GOOD)) // len(filling))
    started = process_time()
    run(["structure"], Context("test-specifications.md", text, SECTIONS))
    assert process_time() - started < 30


def test_an_ellipsis_after_empty_lines_has_its_own_line():
    text = GOOD + "\n" * 5 + "  ...\t\r\n\nTBD\n"
    findings = run(["structure"], Context("test-specifications.md", text, SECTIONS))
    assert [(one.rule, one.line) for one in findings] == [("STR-007", 17), ("STR-007", 19)]


def test_rule_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_a_check_that_crashes_is_a_finding(monkeypatch: pytest.MonkeyPatch):
    def broken(context: Context):
        raise RecursionError("hostile input")

    monkeypatch.setattr("shared.checks.structure.check", broken)
    assert rules_broken(GOOD) == ["CHK-001"]
