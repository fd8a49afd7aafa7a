"""Proofs of a sample in Python: its packages install, its modules import, its unit tests pass."""

import json
import re
from pathlib import Path
from typing import Any

from prove.bench import Bench, Verdict, limit_passed, missing
from prove.containment import Step

INSIDE = Path(__file__).parent / "inside"
QUIET = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
_WRONG = frozenset({"ImportError", "NameError", "SyntaxError", "AttributeError", "TypeError"})
"""What no setting of a deployment mends; anything else that a module raises may be for want of one."""
_SUMMARY = re.compile(r"^(?:=+ )?((?:\d+ [a-z]+,? ?)+) in [\d.]+s", re.M)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)(?: - (.*))?$", re.M)


def installs(bench: Bench) -> Verdict:
    """The sample's pyproject.toml resolves, and what it declares installs from the registry."""
    if "sample/pyproject.toml" not in bench.pack.files:
        return Verdict("refuted", "the sample has no pyproject.toml, so nothing says what it needs")
    made = bench.sample_environment
    if made.python is None:
        return Verdict("refuted" if made.decided else "not provable", made.reason, made.evidence)
    return Verdict("proved", "pyproject.toml resolves, with all its groups, and installs from wheels", made.evidence)


def imports(bench: Bench) -> Verdict:
    """Every module of the sample imports in an environment with what it declares and nothing else."""
    made = bench.sample_environment
    if made.python is None:
        return missing(made)
    step = Step([str(made.python), "-P", str(INSIDE / "import_all.py")], 120, "sample", QUIET)
    [ended] = bench.boxes.run(bench.pack.files, [step], [made.folder, INSIDE])
    if passed := limit_passed(ended.evidence):
        return Verdict("refuted", f"importing was {passed}", (ended.evidence,))
    said = [json.loads(line) for line in ended.output.splitlines() if line.startswith('{"module')]
    failed = [one for one in said if "module" in one]
    counted = next((one["modules"] for one in said if "modules" in one), None)
    if counted is None:
        return Verdict("refuted", "a module ends the interpreter when it is imported", (ended.evidence,))
    if not failed:
        return Verdict("proved", f"{counted} modules import", (ended.evidence,))
    wrong = [one for one in failed if _WRONG & set(one["kinds"])]
    if wrong:
        return Verdict("refuted", _told(wrong, counted), (ended.evidence,))
    return Verdict("not provable", f"{_told(failed, counted)}: it may need a setting", (ended.evidence,))


def _told(failed: list[dict[str, Any]], counted: int) -> str:
    by_error: dict[str, list[dict[str, Any]]] = {}
    for one in failed:
        by_error.setdefault(f"{one['kinds'][0]}: {one['error'].splitlines()[0]}", []).append(one)
    told: list[str] = []
    for error, ones in by_error.items():
        at = next((f"{one['at']}:{one['line']}" for one in ones if one["at"]), ones[0]["module"])
        told.append(f"{at}: {error}")
    return f"{len(failed)} of {counted} modules do not import: {'; '.join(told)}"


def tests(bench: Bench) -> Verdict:
    """The sample's unit tests pass."""
    made = bench.sample_environment
    if made.python is None:
        return missing(made)
    unit = bench.pack.below("sample/tests/unit", ".py")
    if not unit and not bench.pack.below("sample/tests", ".py"):
        return Verdict("not provable", "the sample has no tests")
    where = "tests/unit" if unit else "tests"
    argv = [str(made.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", where]
    [ended] = bench.boxes.run(bench.pack.files, [Step(argv, 180, "sample", QUIET)], [made.folder])
    counted = _SUMMARY.findall(ended.output)
    counts = counted[-1].strip() if counted else ""
    if ended.evidence.good and counts:
        return Verdict("proved", counts, (ended.evidence,))
    return Verdict(
        "refuted",
        why_pytest_failed(ended.output, ended.evidence.exit, counts)
        if not (passed := limit_passed(ended.evidence))
        else f"the tests were {passed}",
        (ended.evidence,),
    )


def why_pytest_failed(output: str, code: int, counts: str) -> str:
    """The reason in a line: the first test that failed, and how many there are."""
    if "No module named pytest" in output:
        return "there are tests, and pytest is not among the packages that are declared"
    if code == 5:
        return "no test is collected"
    failed = _FAILED.findall(output)
    if not failed:
        return f"pytest ended with exit code {code}"
    name, what = failed[0]
    error = next(iter(re.findall(r"^E\s+(\S.*)$", output, re.M)), what)
    return f"{counts or f'{len(failed)} failed'}: {name}: {what if what and not error else error}"
