"""What the pages of rules show is true: a bad example breaks its rule and no other of its check, a good one none."""

import importlib
from collections.abc import Iterator

import pytest

from shared.checks import DELIVERABLE_CHECKS, OTHER_RULES, PACK_CHECKS, Context, Pack, PackDocument, all_rules, run
from shared.checks.rule_pages import EXAMPLE_SECTIONS, PRD, documents_of, pages
from shared.contracts import Finding, Rule, errors_and_warnings
from shared.formats import markdown

WITHOUT_EXAMPLE = {"STR-009", "STR-010", "LED-007", "ACT-004", "MER-004", "XDC-010"}
"""Rules about texts that are too long for a page, and about options, which are in no document."""
ALWAYS = (
    "integration-architecture.md",
    "test-specifications.md",
    "cicd-pipeline.md",
    "observability-plan.md",
    "python-sample-implementation.md",
)
"""Documents of every pack."""
TOLD_IN_FULL = (
    "structure", "active", "mermaid", "requirements", "ledger", "across", "api_code", "python_references", "agreement",
    "files", "gates", "variables", "settings", "observed", "events", "telemetry", "suites", "named",
)  # fmt: skip
"""Checks of which every rule says what it proves."""


def rules_of(names: tuple[str, ...]) -> Iterator[Rule]:
    for name in names:
        yield from importlib.import_module((DELIVERABLE_CHECKS | PACK_CHECKS)[name]).RULES


def check_of(rule: Rule) -> str:
    """The name of the check that holds a rule."""
    checks = DELIVERABLE_CHECKS | PACK_CHECKS
    return next(name for name in checks if rule in rules_of((name,)))


def judged(rule: Rule, example: str) -> list[Finding]:
    """What the rule's check says of an example."""
    documents, name = documents_of(example), check_of(rule)
    prd = documents.pop(PRD, "")
    if name in PACK_CHECKS:
        whole = {other: documents.get(other, "# Nothing\n") for other in (*ALWAYS, *documents)}
        return run([name], Pack(tuple(PackDocument(*document) for document in whole.items()), prd))
    contexts = [Context(document, text, EXAMPLE_SECTIONS, prd=prd) for document, text in documents.items()]
    return [finding for context in contexts for finding in run([name], context)]


SHOWN = [rule for rule in all_rules() if rule.bad or rule.good]


@pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.id)
def test_a_bad_example_breaks_exactly_its_rule(rule: Rule):
    assert {(finding.rule, finding.severity) for finding in errors_and_warnings(judged(rule, rule.bad))} == {
        (rule.id, rule.severity)
    }


@pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.id)
def test_a_good_example_breaks_no_rule(rule: Rule):
    assert errors_and_warnings(judged(rule, rule.good)) == []


@pytest.mark.parametrize("rule", [*rules_of(TOLD_IN_FULL)], ids=lambda rule: rule.id)
def test_a_rule_says_what_it_proves_and_leaves_and_shows_both_sides(rule: Rule):
    assert rule.proves.endswith(".")
    assert rule.leaves.endswith(".")
    assert bool(rule.bad and rule.good) == (rule.id not in WITHOUT_EXAMPLE)


def test_rules_that_the_product_holds_itself_need_no_check():
    assert not {rule.id for module in OTHER_RULES for rule in importlib.import_module(module).RULES if rule.bad}


def test_a_rule_of_the_table_leads_to_its_own_page():
    written = pages(rule for rule in all_rules() if rule.id in ("STR-005", "MAN-001"))
    assert list(written) == ["rules.md", "rules/STR-005.md"]
    assert "\n| [STR-005](rules/STR-005.md) | error |" in written["rules.md"]
    assert "\n| MAN-001 | error |" in written["rules.md"]
    opened = [fence.language for fence in markdown.fences(written["rules/STR-005.md"]) if fence.closed]
    assert opened == ["markdown", "markdown"], "a fence that the example leaves open ends with the example"


def test_an_example_names_its_documents():
    assert documents_of("=== a.md\nA\n=== b.md\nB\n") == {"a.md": "A\n", "b.md": "B\n"}
    with pytest.raises(ValueError, match="begins with a line"):
        documents_of("# A\n=== b.md\n")
