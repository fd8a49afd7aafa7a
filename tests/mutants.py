"""Seeded defects: for every rule, otherwise good material in which something is wrong that this rule must find.

The test modules of the checks each have a list `MUTANTS`; `python -m tests.mutants` tries them all and prints, for each
rule, how many are caught. `tests/shared/checks/test_mutants.py` holds that all are, and that no rule has fewer than two.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from time import perf_counter

from shared.checks import all_rules
from shared.contracts import Finding

MODULES = (
    "tests.shared.checks.test_checker",
    "tests.shared.checks.test_structure",
    "tests.shared.checks.test_active",
    "tests.shared.checks.test_openapi",
    "tests.shared.checks.test_pipelines",
    "tests.shared.checks.test_kql",
    "tests.shared.checks.test_code_blocks",
    "tests.shared.checks.test_mermaid",
    "tests.shared.checks.test_across",
    "tests.shared.checks.test_model_rules",
    "tests.shared.checks.test_references",
    "tests.shared.checks.test_names_agree",
    "tests.shared.checks.test_csharp",
    "tests.shared.checks.test_csharp_storage",
    "tests.shared.checks.test_ledger",
    "tests.shared.checks.test_manifest_check",
    "tests.shared.pack.test_extraction",
    "tests.shared.checks.test_golden",
)
LEAST = 2
"""Mutants for each rule."""


@dataclass(frozen=True)
class Mutant:
    """One defect. `check` gives the findings about the spoiled material; without the defect there are no errors.

    `companions` are the error rules that the same defect breaks by necessity.
    """

    rule: str
    name: str
    check: Callable[[], Iterable[Finding]] = field(repr=False)
    companions: frozenset[str] = frozenset()

    def verdict(self) -> tuple[bool, set[str]]:
        """Whether the rule finds the defect, and the error rules beside it that have no part in it."""
        found = list(self.check())
        errors = {finding.rule for finding in found if finding.severity == "error"}
        return self.rule in {finding.rule for finding in found}, errors - self.companions - {self.rule}


def all_mutants() -> Iterator[Mutant]:
    """Those of every module, in the order of the rules' modules."""
    for module in MODULES:
        yield from import_module(module).MUTANTS


def print_matrix() -> bool:
    """One line for each rule, then the sum; True if nothing was missed and nothing else fired."""
    started, mutants = perf_counter(), list(all_mutants())
    caught, clean = 0, True
    for rule in all_rules():
        own = [mutant for mutant in mutants if mutant.rule == rule.id]
        verdicts = [mutant.verdict() for mutant in own]
        of_rule, others = sum(hit for hit, _ in verdicts), sorted(set[str]().union(*(more for _, more in verdicts)))
        caught += of_rule
        clean &= of_rule == len(own) >= LEAST and not others
        print(f"{rule.id} {rule.severity:7} {of_rule:3} of {len(own):3}{f'  also: {others}' if others else ''}")
    rules = len({mutant.rule for mutant in mutants})
    print(f"{rules} rules, {caught} of {len(mutants)} mutants caught, {perf_counter() - started:.1f} s")
    return clean


if __name__ == "__main__":
    raise SystemExit(0 if print_matrix() else 1)
