"""Proof of the tester's suites: each imports and collects with its own requirements, and no fixture is missing."""

import re

from prove.bench import Bench, Verdict, limit_passed, missing
from prove.containment import Ended, Step
from prove.python_sample import QUIET, why_pytest_failed

_COLLECTING = re.compile(r"^_+ ERROR collecting (\S+) _+$", re.M)
_FIXTURE = re.compile(r"^E\s+fixture '([^']+)' not found$", re.M)
_ERROR = re.compile(r"^E\s+(\S.*)$", re.M)
_RAISED = re.compile(r"^\w+(?:Error|Exception)\b.*$", re.M)
_TESTS = re.compile(r"^collected (\d+) items?", re.M)


def collect(bench: Bench) -> Verdict:
    """`pytest --setup-plan`: collects every suite and looks up every fixture, and calls neither tests nor fixtures."""
    files = bench.pack.files
    if "tests/requirements.txt" not in files:
        return Verdict("refuted", "the suites have no tests/requirements.txt, so nothing says what they need")
    made = bench.suites_environment
    if made.python is None:
        return Verdict("refuted", made.reason, made.evidence) if made.decided else missing(made)
    python = str(made.python)
    steps = [
        Step([python, "-m", "pytest", "--setup-plan", "-p", "no:cacheprovider", "tests"], 180, ".", QUIET, go_on=True)
    ]
    load = [path for path in bench.pack.below("tests", ".py") if path.endswith("/locustfile.py")]
    for path in load:
        command = "import runpy, sys; runpy.run_path(sys.argv[1])"
        steps.append(Step([python, "-c", command, path], 60, ".", QUIET, go_on=True))
    ended = bench.boxes.run(files, steps, [made.folder])
    evidence = (*made.evidence, *(one.evidence for one in ended))
    reasons = [reason for reason in (_why_not(ended[0]), *map(_why_no_load, ended[1:])) if reason]
    if reasons:
        return Verdict("refuted", "; ".join(reasons), evidence)
    counted = _TESTS.search(ended[0].output)
    tests = f"{counted[1]} tests are" if counted else "the tests are"  # where the log is too long to begin with it
    return Verdict("proved", f"{tests} collected, and every fixture is there", evidence)


def _why_not(ended: Ended) -> str:
    output = ended.output
    if ended.evidence.good:
        return ""
    if passed := limit_passed(ended.evidence):
        return f"collecting was {passed}"
    if broken := _COLLECTING.findall(output):
        error = next(iter(_ERROR.findall(output)), "it does not import")
        return f"{len(broken)} of the files cannot be collected ({', '.join(broken)}): {error}"
    if fixtures := sorted(set(_FIXTURE.findall(output))):
        return f"tests ask for fixtures that are nowhere: {', '.join(fixtures)}"
    if "ImportError while loading conftest" in output:
        error = next(iter(_ERROR.findall(output)), "")
        return f"conftest.py does not import, so no suite can be collected: {error}"
    return why_pytest_failed(output, ended.evidence.exit, "")


def _why_no_load(ended: Ended) -> str:
    if ended.evidence.good:
        return ""
    raised = _RAISED.search(ended.output)
    reason = limit_passed(ended.evidence) or (raised[0] if raised else f"exit code {ended.evidence.exit}")
    return f"the load test does not import: {reason}"
