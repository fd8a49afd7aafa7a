"""Proof of the contract: a typed Python client is generated from openapi.yaml, and all its modules import."""

import json
import re

from prove.bench import Bench, Verdict, limit_passed, missing
from prove.containment import Step
from prove.python_sample import INSIDE, QUIET
from prove.verdicts import Evidence

CONTRACT = "openapi.yaml"
REQUIREMENTS = "openapi-python-client==0.29.0\n"
"""What generates, and with its own dependencies what the generated client needs."""
_FOLDER = "contract-client"
_SETTINGS = {f"{_FOLDER}/settings.json": b'{"post_hooks": []}'}
"""Nothing is formatted afterwards: only the code counts."""
_UNREAD = ("Invalid YAML from provided source", "Failed to parse OpenAPI document")
_DANGLING = "Could not find reference in parsed models or enums"
_TO_EVERYBODY = "If you believe this was a mistake"
_INVALID = re.compile(r"^(\d+) validation errors? for \w+\n(\S+)\n\s+(.+?)(?: \[type=.*)?$", re.M)


def generates(bench: Bench) -> Verdict:
    """The client is generated and imported in a box, in an environment that holds nothing of the pack."""
    made = bench.environments.of_requirements(REQUIREMENTS)
    if made.python is None:
        return missing(made)
    python, module = str(made.python), "openapi_python_client"
    words = ["--path", CONTRACT, "--meta", "none", "--config", f"{_FOLDER}/settings.json"]
    output = ["--output-path", f"{_FOLDER}/contract_client"]
    steps = [
        Step([python, "-P", "-m", module, "generate", *words, *output], 120, ".", QUIET),
        Step([python, "-P", str(INSIDE / "import_all.py")], 120, _FOLDER, QUIET),
    ]
    files = {CONTRACT: bench.pack.files[CONTRACT], **_SETTINGS}
    ended = bench.boxes.run(files, steps, [made.folder, INSIDE])
    evidence = (*made.evidence, *(one.evidence for one in ended))
    for what, one in zip(("generating", "importing"), ended, strict=False):
        if passed := limit_passed(one.evidence):
            return Verdict("refuted", f"{what} the client was {passed}", evidence)
    if len(ended) == 1:
        return _not_generated(ended[0].output, evidence)
    said = [json.loads(line) for line in ended[1].output.splitlines() if line.startswith('{"module')]
    failed = [one for one in said if "module" in one]
    counted = next((one["modules"] for one in said if "modules" in one), 0)
    if failed or not counted or not ended[1].evidence.good:
        told = f"{failed[0]['module']}: {failed[0]['error']}" if failed else "it holds no module that imports"
        return Verdict("refuted", f"the generated client does not import: {told}", evidence)
    if "WARNING" in ended[0].output:
        outcome = "refuted" if _DANGLING in ended[0].output else "not provable"
        told = _told(ended[0].output, "WARNING")
        return Verdict(outcome, f"the generator left out a part of the contract: {told}", evidence)
    return Verdict("proved", f"a typed client is generated, and its {counted} modules import", evidence)


def _not_generated(output: str, evidence: tuple[Evidence, ...]) -> Verdict:
    if found := _INVALID.search(output):
        count, place, error = found.groups()
        return Verdict("refuted", f"no client can be generated, at {place}: {error} ({count} such errors)", evidence)
    for said in _UNREAD:
        if said in output:
            return Verdict("refuted", f"no client can be generated: {_told(output, said)}", evidence)
    return Verdict("not provable", "the generator gave up, and does not say that the contract is to blame", evidence)


def _told(output: str, start: str) -> str:
    """What the generator says from there on, without what it says to everybody."""
    return start + output.split(start, 1)[1].split(_TO_EVERYBODY)[0].rstrip()
