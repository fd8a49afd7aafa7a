"""Checks in their child process: the same findings, and a limit that nothing in a document can outwit."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest

from shared import checks
from shared.checks import RULES, Context, Pack, PackDocument
from shared.checks.checker import Checker
from shared.contracts import Finding
from tests.mutants import Mutant

TEXT = "# Title\n\n## One\n\nTODO\n"
CONTEXT = Context("test-specifications.md", TEXT, ("One", "Two"))

TESTS_OF_NOTHING = """# Tests

`tests/test_it.py`

```python
import json
from tests.support import helper


def test_it(absent):
    helper(json)
```
"""

TRAPS = """
import os, re
from shared.checks import Rule
RULES = (Rule("TRP-001", "error", "A trap for the checker."),)
def check(context):
    match context.text.split()[0]:
        case "hang":
            while True: pass
        case "regex": re.match("(a+)+$", "a" * 60 + "b")
        case "raise": raise RecursionError
        case "die": os._exit(3)
        case "print": print("noise on stdout")
        case "memory": bytearray(100 * 1024**3)
        case "environment":
            yield context.finding(RULES[0], 1, " ".join(sorted(os.environ)), "-")
"""


def lay_traps(folder: Path) -> None:
    """Make a child that starts with `folder` in its path know the check `trap`: what a hostile document amounts to."""
    (folder / "trap_check.py").write_text(TRAPS, encoding="utf-8")
    start = f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom shared import checks\n"
    (folder / "sitecustomize.py").write_text(
        start + "checks.DELIVERABLE_CHECKS['trap'] = 'trap_check'\n", encoding="utf-8"
    )


@pytest.fixture
async def checker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Checker]:
    """A checker whose child also knows the check `trap`."""
    lay_traps(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    checker = Checker(timeout_seconds=3)
    yield checker
    await checker.close()


def trap(text: str) -> Context:
    return Context("test-specifications.md", text, ())


def trapped(kind: str, seconds: float) -> list[Finding]:
    """What is found where the check does `kind`, in a process of its own."""

    async def check() -> list[Finding]:
        checker = Checker(timeout_seconds=seconds)
        try:
            return await checker.check(["trap"], trap(kind))
        finally:
            await checker.close()

    with TemporaryDirectory() as folder, patch.object(sys, "path", [folder, *sys.path]):
        lay_traps(Path(folder))
        return asyncio.run(check())


MUTANTS = [
    Mutant("CHK-001", "a check that raises", partial(trapped, "raise", 60)),
    Mutant("CHK-001", "a check that ends its process", partial(trapped, "die", 60)),
    Mutant("CHK-002", "a check that never ends", partial(trapped, "hang", 0.5)),
    Mutant("CHK-002", "a regular expression that never ends", partial(trapped, "regex", 0.5)),
]


async def test_the_child_finds_what_the_checks_find(checker: Checker):
    assert await checker.check(["structure"], CONTEXT) == checks.run(["structure"], CONTEXT) != []


@pytest.fixture
async def patient() -> AsyncIterator[Checker]:
    """For checks that load parsers first."""
    checker = Checker(timeout_seconds=60)
    yield checker
    await checker.close()


async def test_references_that_a_check_follows_are_counted_beside_its_findings(patient: Checker):
    test = TESTS_OF_NOTHING
    judged = await patient.judge(["python_references"], Pack((PackDocument("test-specifications.md", test),), ""))
    assert {finding.rule for finding in judged.findings} >= {"REF-001", "REF-006"}
    counts = {each.kind: (each.resolved, each.missing, each.undecided) for each in judged.references}
    assert counts == {"module": (0, 1, 0), "fixture": (0, 1, 0)}


async def test_the_child_says_how_many_rules_checks_hold(patient: Checker):
    assert await patient.count_rules(["structure", "structure"]) == checks.rules_of(["structure"]) > len(RULES)


async def test_a_check_that_hangs_is_a_finding_and_the_next_one_runs(checker: Checker):
    (finding,) = await checker.check(["trap"], trap("hang"))
    assert (finding.rule, finding.severity) == ("CHK-002", "error")
    assert await checker.check(["structure"], CONTEXT) == checks.run(["structure"], CONTEXT)


async def test_a_check_that_takes_its_process_down_is_a_finding(checker: Checker):
    (finding,) = await checker.check(["trap"], trap("die"))
    assert (finding.rule, finding.severity) == ("CHK-001", "error")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no address space limit for a process")
async def test_a_check_that_eats_memory_is_a_finding(checker: Checker):
    (finding,) = await checker.check(["trap"], trap("memory"))
    assert finding.rule == "CHK-001"
    assert "MemoryError" in finding.message


async def test_what_a_library_prints_is_no_answer(checker: Checker):
    assert await checker.check(["trap"], trap("print")) == []


async def test_the_child_gets_no_secret(checker: Checker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary")
    (finding,) = await checker.check(["trap"], trap("environment"))
    assert "ANTHROPIC_API_KEY" not in finding.message
    assert not {declared for declared in os.environ if declared.startswith("AzureWebJobs")} & set(
        finding.message.split()
    )
