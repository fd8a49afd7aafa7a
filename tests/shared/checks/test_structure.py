"""Structure rules, each with a defect that breaks it and a good document that does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks import Context, run
from shared.checks.structure import RULES

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


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
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
    ],
)
def test_a_defect_is_found_by_its_rule_alone(old: str, new: str, rule: str):
    assert set(rules_broken(GOOD.replace(old, new, 1))) == {rule}


@pytest.mark.parametrize("text", ["Todo items must be listed.", "`GET /todos` lists todo entries", "a fixme-free zone"])
def test_a_product_about_todos_is_no_placeholder(text: str):
    assert rules_broken(GOOD.replace("Every operation", text, 1)) == []


def test_sections_out_of_order_are_found():
    swapped = (
        GOOD.replace("## Contract tests", "## X")
        .replace("## Load tests", "## Contract tests")
        .replace("## X", "## Load tests")
    )
    assert rules_broken(swapped) == ["STR-004"]


def test_sections_out_of_order_are_found_whatever_stands_between():
    moved = GOOD.replace("# Test plan\n", "# Test plan\n\n## Load tests\n\nfirst\n\n## Appendix\n\ntext\n").replace(
        "\n\n## Load tests\n\n```", "\n\n```"
    )
    assert rules_broken(moved) == ["STR-004"]


@pytest.mark.parametrize("times", [2, 3])
def test_a_document_beyond_reading_is_too_long(times: int):
    assert rules_broken(GOOD + "word " * 300_000 * times) == ["STR-009"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=500) | st.text("#`~>-|*_[]() \n\tTODO.ab1", max_size=500))
def test_any_text_is_judged_without_an_exception(text: str):
    assert "CHK-001" not in rules_broken(text)


def test_a_stub_is_too_short():
    assert "STR-008" in rules_broken("# T\n")
    assert "STR-008" in rules_broken("# Test plan\n\n## Contract tests\n\nx\n\n## Load tests\n\ny\n")


def test_parts_of_a_document_need_no_title():
    assert rules_broken("## Contract tests\n\nx\n\n## Load tests\n\ny\n", whole=False) == []


def test_a_finding_says_where_and_how_to_mend():
    context = Context("test-specifications.md", GOOD.replace("assert 1", "# TBD"), SECTIONS)
    (finding,) = run(["structure"], context)
    assert (finding.deliverable, finding.line, finding.severity) == ("test-specifications.md", 10, "error")
    assert finding.mend


def test_rule_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_a_check_that_crashes_is_a_finding(monkeypatch: pytest.MonkeyPatch):
    def broken(context: Context):
        raise RecursionError("hostile input")

    monkeypatch.setattr("shared.checks.structure.check", broken)
    assert rules_broken(GOOD) == ["CHK-001"]
