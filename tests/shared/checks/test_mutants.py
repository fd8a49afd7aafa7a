"""Every rule finds its seeded defects, and no other error rule fires on them."""

from collections import Counter

import pytest

from shared.checks import all_rules
from tests.mutants import LEAST, Mutant, all_mutants

MUTANTS = list(all_mutants())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.rule}-{mutant.name[:40]}")
def test_a_seeded_defect_is_found_by_its_rule_and_by_no_other_error_rule(mutant: Mutant):
    assert mutant.verdict() == (True, set())


def test_every_rule_has_its_mutants_and_every_mutant_a_rule():
    counted = Counter(mutant.rule for mutant in MUTANTS)
    rules = {rule.id for rule in all_rules()}
    assert {rule: counted[rule] for rule in rules if counted[rule] < LEAST} == {}
    assert counted.keys() <= rules
