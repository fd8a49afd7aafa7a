"""Quality gates as the delivery document promises them, and whether the steps they name can hold them. Pure.

A gate's kind is told by its name; what can enforce that kind is a table of programs. A step that runs anything the
table does not know, or a script that is not shown, is not judged.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from shared.pack.model.command_files import inner_words, program, reads
from shared.pack.model.delivery import Delivery, PlacedStep
from shared.pack.model.documents import DELIVERY, Row, Table
from shared.pack.model.references import State

_WORDS = re.compile(r"[a-z0-9]{3,}")
_COMMON = frozenset(
    {"the", "and", "with", "for", "step", "steps", "stage", "job", "run", "each", "every", "all", "test", "tests"}
)
_NO_STEP = re.compile(
    r"policy|approv|review|manual|branch|environment|reader|person|check on|none|alert|exit code|pull request|^-+$|"
    r"\ball\b|every|each|above|below|same",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class GateKind:
    """A kind of gate: how its name reads, and what in a step's text shows that it can be held."""

    name: str
    named: re.Pattern[str]
    held_by: re.Pattern[str]


def _kind(name: str, named: str, held_by: str) -> GateKind:
    return GateKind(name, re.compile(named, re.IGNORECASE), re.compile(held_by, re.IGNORECASE))


KINDS = (
    _kind("licences", r"\blicen[cs]", r"licen[cs]|\bgrant\b|fossa|scancode|\bort\b|snyk|\bmend\b|blackduck|liccheck"),
    _kind(
        "coverage",
        r"\bcoverage\b|covered lines",
        r"cov-fail-under|fail[-_]under|threshold|coverage report|branch-?rate|line-?rate|linecoverage|"
        r"minimum.?coverage|coverage\.(?:cobertura\.)?(?:xml|json)[^\n]*(?:python|jq|grep|awk)|diff-cover|covered",
    ),
    _kind(
        "secrets",
        r"\bsecrets?\b(?!.{0,20}expir)",
        r"gitleaks|trufflehog|detect-secrets|git-secrets|ggshield|credscan|noseyparker|kingfisher|talisman|"
        r"advancedsecurity|microsoftsecuritydevops|--scanners[ =]\S*secret|secret-scan|whispers|secretlint",
    ),
    _kind("SBOM", r"\bsbom\b|bill of materials", r"syft|cyclonedx|spdx|sbom|\bbom\b"),
    _kind(
        "breaking changes",
        r"\bbreaking\b|\bbreaks of\b|compatib",
        r"oasdiff|openapi-diff|openapi-changes|\boptic\b|swagger-diff|bump(?:-cli)? |breaking|api-diff|buf ",
    ),
    _kind(
        "container image",
        r"\b(?:container|image)\b.{0,20}(?:scan|vulnerab|weakness)|^(?:container )?image$",
        r"trivy|grype|docker scout|snyk|clair|anchore|twistlock|defender|microsoftsecuritydevops|aqua|prisma",
    ),
    _kind(
        "load",
        r"\bload\b|\bperformance\b",
        r"locust|\bk6\b|jmeter|gatling|artillery|vegeta|\bwrk\b|\bhey\b|azureloadtest|nbomber|\bab -|"
        r"tests/load|bombardier",
    ),
)
"""Kinds of gates of which it can be told by a step's text that nothing in it holds them."""
CONFIRMED = (
    _kind(
        "tests", r"\b(?:contract|integration|security|unit|regression|e2e|tests?|smoke)\b",
        r"pytest|dotnet test|vstest|dotnetcorecli|publishtestresults|schemathesis|newman|curl|unittest",
    ),
    _kind(
        "lint", r"\b(?:lint|format|style|analy[sz]\w+|sast)\b",
        r"ruff|black|flake8|dotnet format|redocly|spectral|vacuum|bandit|semgrep|codeql|sonar|pylint|warnaserror",
    ),
    _kind("types", r"\b(?:types?|warnings?|compile|build)\b", r"pyright|mypy|dotnet build|dotnetcorecli|warnaserror"),
    _kind(
        "vulnerabilities", r"vulnerab|dependenc|weakness|\bcve",
        r"pip-audit|trivy|grype|osv|safety|--vulnerable|snyk|audit",
    ),
    _kind(
        "infrastructure", r"infrastructure|\biac\b|bicep|template",
        r"checkov|trivy|kics|psrule|bicep|tfsec|terrascan",
    ),
    _kind("properties", r"propert|fuzz", r"schemathesis|hypothesis|restler|pytest"),
    _kind(
        "watch", r"\bwatch|alerts?\b|error|observ|after (?:the )?release",
        r"az monitor|az rest|loganalytics|log-analytics|curl",
    ),
)  # fmt: skip
"""Kinds that a step can be seen to hold, while its text alone never proves that it cannot."""
KNOWN_PROGRAMS = frozenset({
    "set", "echo", "printf", "mkdir", "cp", "mv", "rm", "cat", "test", "[", "[[", "cd", "export", "docker",
    "gunzip", "gzip", "tar", "pip", "pip3", "uv", "curl", "sleep", "true", "false", ":", "exit", "return", "chmod",
    "git", "ruff", "pyright", "mypy", "pytest", "locust", "schemathesis", "trivy", "syft", "grype", "gitleaks",
    "pip-audit", "bandit", "semgrep", "checkov", "oasdiff", "redocly", "spectral", "openssl", "head", "tail", "seq",
    "date", "read", "local", "grep", "sort", "black", "isort", "flake8", "hadolint", "shellcheck", "actionlint",
    "safety", "cosign", "ls", "wc", "tee", "touch",
})  # fmt: skip
"""Programs whose abilities are known: what they hold shows in the step's text."""
KNOWN_IMAGES = re.compile(
    r"(?:^|/)(?:trivy|syft|grype|gitleaks|oasdiff|semgrep|checkov|trufflehog|hadolint|bandit|k6|locust|redocly|spectral)(?::|$|@)"
)


@dataclass(frozen=True)
class Gate:
    """A row of a table of gates: what its cells say, and the steps that its step cell names."""

    name: str
    measure: str
    step_cell: str
    line: int
    steps: tuple[PlacedStep, ...]
    state: State
    """Whether the step that is named is there."""


def gates(delivery: Delivery) -> tuple[Gate, ...]:
    """The gates of the delivery document whose table says which step enforces them."""
    document = delivery.documents.get(DELIVERY)
    if document is None or not delivery.steps:
        return ()
    tables = [table for table in document.tables if table.has("gate") and _step_column(table)]
    return tuple(_gate(delivery, table, row) for table in tables for row in table.rows)


def _step_column(table: Table) -> str:
    return next((title.lower() for title in table.columns if re.search(r"\bstep\b|enforced by", title.lower())), "")


def _gate(delivery: Delivery, table: Table, row: Row) -> Gate:
    cell = row.cells.get(_step_column(table), "")
    found: list[PlacedStep] = []
    states: set[State] = set()
    if whole := _displayed(delivery, cell):
        found, states = whole, {"resolved"}
    else:
        for part in _parts(delivery, re.sub(r"\([^()]{0,200}\)", "", cell)):
            steps = _displayed(delivery, part)
            found += steps
            states.add("resolved" if steps else _absent(delivery, part))
    state: State = "missing" if states == {"missing"} else "resolved" if states == {"resolved"} else "undecided"
    return Gate(row.cell("gate"), row.cell("measure", "threshold", "passes"), cell, row.line, tuple(found), state)


def _parts(delivery: Delivery, cell: str) -> Iterator[str]:
    """The steps that a cell lists; a name may hold commas itself."""
    for part in cell.split(";"):
        if _displayed(delivery, part):
            yield part
        else:
            yield from (each for each in re.split(r",|\band\b(?=\s)", part) if each.strip())


def _displayed(delivery: Delivery, text: str) -> list[PlacedStep]:
    """The steps whose displayName `text` is, by letters and digits."""
    wanted = _plain(text)
    return [placed for placed in delivery.steps if wanted and _plain(placed.step.display) == wanted]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower().replace("`", "")).strip()


def _absent(delivery: Delivery, text: str) -> State:
    """A step that is in no name, script, task, job or stage of the pipeline is missing; a near miss is undecided."""
    words = {word for word in _WORDS.findall(text.lower()) if word not in _COMMON}
    if not words or _NO_STEP.search(text) or "`" in text:
        return "undecided"
    for placed in delivery.steps:
        names = (placed.step.display, placed.step.value, placed.stage.name, placed.stage.display, placed.job.name)
        held = " ".join(names).lower()
        if any(word[:5] in held for word in words):
            return "undecided"
    return "missing"


def kind_of(gate: Gate) -> GateKind | None:
    """The kind that the gate's name, or else its measure, says; None where it is another or several."""
    for text in (gate.name, gate.measure):
        kinds = [kind for kind in KINDS if kind.named.search(text)]
        if kinds:
            return kinds[0] if len(kinds) == 1 else None
    return None


def is_confirmed(delivery: Delivery, gate: Gate) -> bool:
    """Whether the gate is of a kind that its steps are seen to hold."""
    said = f"{gate.name} {gate.measure}"
    text = "\n".join(_all_text(delivery, gate))
    return any(kind.named.search(said) and kind.held_by.search(text) for kind in CONFIRMED)


def can_hold(delivery: Delivery, gate: Gate, kind: GateKind) -> bool | None:
    """Whether the gate's steps can hold it: True where a known tool is there, None where something is not known."""
    text = "\n".join(_all_text(delivery, gate))
    if kind.held_by.search(text) or (kind.name == "coverage" and _configured(delivery)):
        return True
    return None if any(_is_unknown(delivery, placed) for placed in gate.steps) else False


def _configured(delivery: Delivery) -> bool:
    """Whether a file of the project sets a coverage threshold."""
    files = delivery.documents.files.values()
    return any(re.search(r"fail_under|fail-under|<Threshold>", block.content) for block in files)


def _all_text(delivery: Delivery, gate: Gate) -> Iterator[str]:
    for placed in gate.steps:
        yield from (placed.step.value, placed.step.script, *(given.name for given in placed.step.inputs.values()))
        for path in _scripts_run(placed):
            if path in delivery.documents.files:
                yield delivery.documents.files[path].content


def _scripts_run(placed: PlacedStep) -> Iterator[str]:
    for command in placed.script.commands if placed.script else ():
        yield from (use.path for use in reads(command, DELIVERY) if use.how == "run")
    for name in ("scriptpath", "filepath"):
        if given := placed.step.inputs.get(name):
            yield given.name.strip().removeprefix("./")


def _is_unknown(delivery: Delivery, placed: PlacedStep) -> bool:
    """Whether the step runs anything whose abilities are not known."""
    if placed.script is None or not placed.script.whole:
        return True
    for command in placed.script.commands:
        words = inner_words(command)
        name = program(words)
        if command.words and name not in KNOWN_PROGRAMS and name not in placed.script.functions:
            return True
        if name == "docker" and _image_is_unknown(tuple(word[0] for word in words[1:] if len(word) == 1)):
            return True
    return False


def _image_is_unknown(arguments: tuple[str, ...]) -> bool:
    if arguments[:1] != ("run",):
        return False
    return not any(KNOWN_IMAGES.search(basename(argument)) for argument in arguments)
