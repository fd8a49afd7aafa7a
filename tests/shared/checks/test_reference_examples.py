"""The examples of the rules about references are what they say: the bad pack has the finding, the good one has none."""

import re

import pytest

from shared.checks import PACK_CHECKS, Pack, PackDocument, all_rules, run
from shared.checks.reference_examples import EXAMPLES
from shared.contracts import Rule

NAMES = (
    "integration-architecture.md", "test-specifications.md", "cicd-pipeline.md", "observability-plan.md",
    "python-sample-implementation.md",
)  # fmt: skip
RULES = {rule.id: rule for rule in all_rules()}
OWN = [RULES[name] for name in EXAMPLES]


def example(text: str) -> Pack:
    """The pack of an example."""
    given = dict(re.findall(r"^=== (\S+)\n(.*?)(?=^=== |\Z)", text, re.MULTILINE | re.DOTALL))
    assert given.keys() <= set(NAMES)
    return Pack(tuple(PackDocument(name, f"# Example\n{given.get(name, '')}") for name in NAMES), "", "python", None)


def errors(text: str) -> set[str]:
    names = [name for name in PACK_CHECKS if name not in ("across", "ledger")]
    return {finding.rule for finding in run(names, example(text)) if finding.severity == "error"}


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_the_bad_example_breaks_its_rule_alone_and_the_good_one_none(rule: Rule):
    assert errors(rule.bad) == {rule.id}
    assert errors(rule.good) == set()


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_each_rule_says_what_it_proves_and_what_it_leaves(rule: Rule):
    assert rule.proves.endswith(".")
    assert rule.leaves.endswith(".")
