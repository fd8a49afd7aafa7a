"""The examples of the rules about references are what they say: the bad pack has the finding, the good one has none."""

import re

import pytest

from shared.checks import (
    PACK_CHECKS,
    Pack,
    PackDocument,
    agreement_examples,
    all_rules,
    named_examples,
    reference_examples,
    run,
    suite_examples,
    telemetry_examples,
)
from shared.contracts import Rule

NAMES = (
    "integration-architecture.md", "test-specifications.md", "cicd-pipeline.md", "observability-plan.md",
    "python-sample-implementation.md", "csharp-implementation.md",
)  # fmt: skip
EXAMPLES = (
    agreement_examples.EXAMPLES
    | named_examples.EXAMPLES
    | reference_examples.EXAMPLES
    | telemetry_examples.EXAMPLES
    | suite_examples.EXAMPLES
)
RULES = {rule.id: rule for rule in all_rules()}
CHECKS = [name for name in PACK_CHECKS if name not in ("across", "ledger")]
OWN = [RULES[name] for name in EXAMPLES]


def example(text: str) -> Pack:
    """The pack of an example."""
    given = dict(re.findall(r"^=== (\S+)\n(.*?)(?=^=== |\Z)", text, re.MULTILINE | re.DOTALL))
    assert given.keys() <= set(NAMES)
    sample = NAMES[-1] if NAMES[-1] in given else NAMES[-2]
    names = [name for name in NAMES if name not in NAMES[-2:] or name == sample]
    documents = tuple(PackDocument(name, f"# Example\n{given.get(name, '')}") for name in names)
    return Pack(documents, "", "csharp" if sample == NAMES[-1] else "python", None)


def broken(rule: Rule, text: str) -> set[str]:
    """The error rules that the example breaks, and those of the rule's own severity."""
    return {each.rule for each in run(CHECKS, example(text)) if each.severity in ("error", rule.severity)}


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_the_bad_example_breaks_its_rule_alone_and_the_good_one_none(rule: Rule):
    assert broken(rule, rule.bad) == {rule.id}
    assert broken(rule, rule.good) == set()


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_each_rule_says_what_it_proves_and_what_it_leaves(rule: Rule):
    assert rule.proves.endswith(".")
    assert rule.leaves.endswith(".")
