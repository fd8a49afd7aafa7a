"""SECURITY.md names tests that exist; what is deployed is locked; a short fuzzing passes."""

import re
from pathlib import Path

from tests.fuzz import fuzz

PROJECT = Path(__file__).parents[1]


def test_every_test_that_security_md_names_exists():
    table = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", table))
    there: set[str] = set()
    for path in (PROJECT / "tests").rglob("test_*.py"):
        there |= set(re.findall(r"^\s*(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(named) >= 25
    assert named <= there, named - there


def test_every_threat_names_a_test():
    rows = [
        line for line in (PROJECT / "SECURITY.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    assert len(rows) > 10
    assert [row for row in rows[1:] if "`test_" not in row.rsplit(" | ", 1)[1]] == []


def test_everything_deployed_is_locked_with_hashes():
    requirements = (PROJECT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in requirements.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_inputs_that_nobody_thought_of_are_taken_too():
    report = fuzz(1.0, seed=20_261_122, most_seeds=3)
    assert min(report.taken.values()) > 0
    assert report.end.lines > report.start.lines > 1_000
