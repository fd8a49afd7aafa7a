"""Which stage is which: build, test, security scan, dev, stage, prod, by name, environment and what it does. Pure."""

import re
from collections.abc import Iterable

from shared.formats.azure_pipelines.stages import Job, Stage, Step
from shared.formats.markdown import LONGEST_LINE

KINDS = ("build", "test", "security scan", "dev", "stage", "prod")
DEPLOYMENTS = ("dev", "stage", "prod")

_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+")
_BEFORE = {
    "build": {"build", "compile", "package", "ci"},
    "test": {"test", "tests", "testing", "qa", "verify"},
    "security scan": {"security", "scan", "scans", "scanning", "sast", "securityscan", "vulnerabilities", "appsec"},
}
_AFTER = {
    "prod": {"prod", "production", "prd", "live"},
    "dev": {"dev", "development"},
    "stage": {"stage", "staging", "stg", "preprod", "uat", "acceptance"},
}
_DEPLOY = {"deploy", "deployment", "release", "rollout", "to"}
_ROLLBACK = re.compile(r"roll[ _-]?back|revert|restore previous", re.IGNORECASE)
_IDLE = re.compile(
    r"\s*(?:#.*|echo\b[^|;&>]*|write-host\b.*|printf\b[^|;&>]*|set [-+].*|exit\b.*|true|:|sleep\b.*)?\s*"
)


def kinds_of(stage: Stage) -> frozenset[str]:
    """The kinds `stage` covers; a stage that rolls back covers none."""
    if rolls_back(stage):
        return frozenset()
    words = words_of(stage.name)
    if any(job.deployment for job in stage.jobs) or words & (_DEPLOY - {"to"}) or _only_environment(words):
        environments = (job.environment.name for job in stage.jobs if job.environment)
        for said in (words, *map(words_of, environments), words_of(stage.display)):
            if kind := next((kind for kind, known in _AFTER.items() if said & known), None):
                return frozenset((kind,))
        return frozenset()
    found = _named(words) or _named(words_of(stage.display))
    return frozenset(found)


def _named(words: set[str]) -> list[str]:
    return [kind for kind, known in _BEFORE.items() if words & known]


def _only_environment(words: set[str]) -> bool:
    known = set[str]().union(*_AFTER.values())
    return bool(words & known) and words <= known | _DEPLOY


def words_of(name: str) -> set[str]:
    """The words of a name in any casing, in lower case."""
    return {word.lower() for word in _WORD.findall(name[:200])}


def rolls_back(named: Stage | Job) -> bool:
    """Whether a stage or job is there to undo a release, by its name."""
    display = named.display if isinstance(named, Stage) else ""
    return _ROLLBACK.search(f"{named.name} {display}"[:400]) is not None


def does_something(steps: Iterable[Step]) -> bool:
    """Whether the steps do more than fetch and print."""
    return any(_acts(step) for step in steps)


def _acts(step: Step) -> bool:
    if step.kind in ("checkout", "download", "downloadBuild", "getPackage", ""):
        return False
    script = step.script
    return not script.strip() or any(not _IDLE.fullmatch(line.strip()[:LONGEST_LINE]) for line in script.splitlines())
