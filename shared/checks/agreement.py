"""What one document says of another: commands, packages, variables, tools and error codes that both speak of."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.agreement_examples import EXAMPLES
from shared.checks.pack_model import model_of
from shared.contracts import Finding, Rule, found
from shared.formats.azure_pipelines.stages import Step
from shared.pack.model import (
    ARCHITECTURE,
    DELIVERY,
    OBSERVABILITY,
    PYTHON_SAMPLE,
    TESTS,
    PackDocument,
    PackModel,
    code_words,
)
from shared.pack.model.python_packages import Packages, brought, is_known, normalised

HOOK_VARIABLE = Rule(
    "REF-060", "error", "Each hook of a deployment is a job of its own: what one sets is empty in the other.",
    proves="A script sets a variable in one hook of a deployment job and another hook of that job uses it; the stage "
    "does not declare it.",
    leaves="Output variables that are mapped at the stage, and files that hooks share.",
    bad=EXAMPLES["REF-060"].bad, good=EXAMPLES["REF-060"].good,
)  # fmt: skip
COMMAND_DIFFERS = Rule(
    "REF-061", "warning", "A suite that the pipeline runs with other checks proves something else.",
    proves="The test specification and the pipeline each have a Schemathesis command, and their `--checks` differ.",
    leaves="Other options, and commands in files that are not shown.",
    bad=EXAMPLES["REF-061"].bad, good=EXAMPLES["REF-061"].good,
)  # fmt: skip
PACKAGE_NOT_TAKEN = Rule(
    "REF-062", "warning", "Telemetry rests on packages that the service does not have.",
    proves="The observability plan names a package of OpenTelemetry or Azure that the sample neither declares nor gets "
    "with another, where it is known what all its packages bring.",
    leaves="Samples with a package of which that is not known.",
    bad=EXAMPLES["REF-062"].bad, good=EXAMPLES["REF-062"].good,
)  # fmt: skip
NOT_FROM_PIPELINE = Rule(
    "REF-063", "warning", "A variable that the pipeline is said to give has its default instead.",
    proves="A table of the test specification has a variable come from the pipeline, whose document does not name it.",
    leaves="Variables that tables have come from elsewhere.",
    bad=EXAMPLES["REF-063"].bad, good=EXAMPLES["REF-063"].good,
)  # fmt: skip
TOOL_NOT_RUN = Rule(
    "REF-064", "warning", "What a tool is said to enforce holds only where a step runs the tool.",
    proves="The sample declares a tool that enforces rules, and no block of the pipeline's document has its command.",
    leaves="Pipelines that run pre-commit, nox, tox or make.",
    bad=EXAMPLES["REF-064"].bad, good=EXAMPLES["REF-064"].good,
)  # fmt: skip
CODE_NOT_TESTED = Rule(
    "REF-065", "warning", "An error code that no test expects may never be answered.",
    proves="The error taxonomy has a code with a 4xx status that the test specification does not name, while it names "
    "most of the others.",
    leaves="Specifications whose tests look at no codes, and 5xx.",
    bad=EXAMPLES["REF-065"].bad, good=EXAMPLES["REF-065"].good,
)  # fmt: skip
READ_BY_NOTHING = Rule(
    "REF-067", "warning", "What is given and read by nothing is a mistake at one of both ends.",
    proves="A step gets a variable by `env` that neither its own script nor any other document names.",
    leaves="Variables of known programs, such as AZURE_, DOCKER_ or PIP_.",
    bad=EXAMPLES["REF-067"].bad, good=EXAMPLES["REF-067"].good,
)  # fmt: skip
INFRASTRUCTURE_NOT_SHOWN = Rule(
    "REF-066", "warning", "Infrastructure that is deployed and not shown was not written.",
    proves="A document names a file below infra/, deploy/, scripts/, ops/ or checks/ that no document shows.",
    leaves="Compiled files beside their source, and other folders.",
    bad=EXAMPLES["REF-066"].bad, good=EXAMPLES["REF-066"].good,
)  # fmt: skip
RULES = (
    HOOK_VARIABLE, COMMAND_DIFFERS, PACKAGE_NOT_TAKEN, NOT_FROM_PIPELINE, TOOL_NOT_RUN, CODE_NOT_TESTED,
    INFRASTRUCTURE_NOT_SHOWN, READ_BY_NOTHING,
)  # fmt: skip

MOST_NAMES = 12
_OPERATION_FILE = re.compile(
    r"(?<![\w./$-])(?:infra|deploy|scripts|ops|checks)/(?:[\w.-]{1,60}/){0,4}[\w.-]{1,60}"
    r"\.(?:bicep|bicepparam|json|ya?ml|sql|tf|ps1)(?![\w/])"
)
_FOR_TOOLS = (
    "AZURE_", "ARM_", "DOCKER_", "PIP_", "UV_", "NUGET_", "DOTNET_", "GITLEAKS_", "SYSTEM_", "TRIVY_", "LOCUST_",
    "PYTHON", "PG", "COMPOSE_", "SQLCMD", "HELM_", "KUBE",
)  # fmt: skip
"""What programs read that the pack does not show."""
_SET = re.compile(r"##vso\[task\.setvariable\s[^\]]*?\bvariable=([\w.-]{1,99})", re.IGNORECASE)
_USED = re.compile(r"(?<!\$)\$\(([A-Za-z_][\w.-]{0,99})\)")
_SCHEMATHESIS = re.compile(r"\b(?:schemathesis|st) run\b((?:[^\n`\\]|\\\n)*)")
_CHECKS = re.compile(r"--checks[ =]([\w, ]*?\w)(?= +-|\s*$|\s*\\|\s+[^\w,])")
_PIPELINE_GIVES = re.compile(
    r"(?:(?:set|given|made) )?(?:(?:by|in|from) )?(?:the )?(?:pipeline|(?:\w+ )?(?:stage|step|job))\b"
)
_PACKAGE = re.compile(r"(?:opentelemetry|azure)-[a-z0-9-]{3,80}")
_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{4,}")
_ENFORCERS = {
    "import-linter": ("lint-imports",), "mypy": ("mypy",), "pyright": ("pyright",), "ruff": ("ruff",),
    "bandit": ("bandit",), "pip-audit": ("pip-audit",),
}  # fmt: skip
"""Tools that enforce something only when they are run, with the words of their commands."""


def check(pack: Pack) -> Iterator[Finding]:
    """Apply every rule to the documents that are there."""
    model = model_of(pack)
    delivery, tests = model.documents.get(DELIVERY), model.documents.get(TESTS)
    if delivery is not None:
        yield from _check_hooks(model)
        yield from _check_infrastructure(model, delivery)
        yield from _check_given(model, delivery)
    if delivery is not None and tests is not None:
        yield from _check_commands(tests, delivery)
        yield from _check_sources(tests, delivery)
    if model.documents.get(PYTHON_SAMPLE) is not None:
        yield from _check_packages(model)
        if delivery is not None:
            yield from _check_tools(model, delivery)
    if tests is not None:
        yield from _check_codes(model, tests)


def _check_hooks(model: PackModel) -> Iterator[Finding]:
    """Variables that a script sets in one hook of a deployment job and that another hook of that job uses."""
    pipeline = model.delivery.pipeline
    empty: dict[str, tuple[str, str, int]] = {}
    for stage in pipeline.stages if pipeline else ():
        declared = {name.lower() for name in stage.variables}
        for job in stage.jobs:
            texts = [(step, _texts(model, step)) for step in job.steps if job.deployment]
            set_in: dict[str, str] = {}
            for step, scripts in texts:
                for name in (each for script in scripts for each in _SET.findall(script)):
                    set_in.setdefault(name, step.hook)
            for step, scripts in texts:
                for name, hook in set_in.items():
                    if hook != step.hook and name.lower() not in declared and _uses(name, scripts):
                        empty.setdefault(name, (hook, step.hook, step.line))
    if empty:
        hook, other, line = next(iter(empty.values()))
        message = f"{', '.join(empty)}: set by a script in the hook {hook}, used in {other}, and empty there."
        mend = "Find the value anew in that hook, or keep it outside of the job."
        yield found(HOOK_VARIABLE, DELIVERY, line, message, mend)


def _texts(model: PackModel, step: Step) -> list[str]:
    """What a step says and runs: its script, inputs and environment, and the files of the pack that it names."""
    text = "\n".join((step.value, *(each.name for each in step.inputs.values()), *step.env.values()))
    return [text, *(block.content for path, block in model.documents.files.items() if "/" in path and path in text)]


def _uses(name: str, scripts: list[str]) -> bool:
    """Whether scripts use a pipeline variable: by macro, or as the environment's variable."""
    variable = re.compile(rf"\$\{{?{re.escape(name.replace('.', '_').upper())}\b")
    return any(name in _USED.findall(each) or variable.search(each) for each in scripts)


def _check_infrastructure(model: PackModel, delivery: PackDocument) -> Iterator[Finding]:
    """Files of infrastructure and operation that documents speak of and none shows."""
    for document in (delivery, model.documents.get(OBSERVABILITY), model.documents.get(ARCHITECTURE)):
        absent: dict[str, int] = {}
        text = document.text if document else ""
        for used in _OPERATION_FILE.finditer(text):
            path = used[0]
            is_compiled = path.endswith(".json") and f"{path.removesuffix('.json')}.bicep" in text
            if not is_compiled and not any(each == path or each.endswith(f"/{path}") for each in model.documents.files):
                absent.setdefault(path, used.start())
        if absent and document is not None:
            line = document.text.count("\n", 0, min(absent.values())) + 1
            listed = ", ".join(list(absent)[:MOST_NAMES])
            message = f"No document shows {listed}."
            yield found(INFRASTRUCTURE_NOT_SHOWN, document.name, line, message, "Show each as a whole file.")


def _check_given(model: PackModel, delivery: PackDocument) -> Iterator[Finding]:
    """Variables that a step gets from the pipeline and that nothing in the pack reads."""
    others = "\n".join(each.text for each in model.documents if each.name != delivery.name)
    pipeline = model.delivery.pipeline
    unread: dict[str, int] = {}
    for stage in pipeline.stages if pipeline else ():
        for step in (step for job in stage.jobs for step in job.steps):
            text = "\n".join((step.value, *(each.name for each in step.inputs.values())))
            for name in step.env:
                if (
                    _NAME.fullmatch(name)
                    and not name.startswith(_FOR_TOOLS)
                    and name not in text
                    and name not in others
                ):
                    unread.setdefault(name, step.line)
    if unread:
        message = f"{', '.join(list(unread)[:MOST_NAMES])}: given to steps, and read by nothing in the pack."
        yield found(READ_BY_NOTHING, DELIVERY, min(unread.values()), message, "Leave it out, or read it.")


def _check_commands(tests: PackDocument, delivery: PackDocument) -> Iterator[Finding]:
    """The property-based pass has the same checks in the test specification and in the pipeline."""
    specified, run = _checks_of(tests.text), _checks_of(delivery.text)
    if specified is None or run is None or specified[0] == run[0]:
        return
    wanted, given = specified[0] or {"the default"}, run[0] or {"the default"}
    lacking, more = sorted(wanted - given), sorted(given - wanted)
    parts = [f"without {', '.join(lacking)}" if lacking else "", f"with {', '.join(more)}" if more else ""]
    message = f"schemathesis runs here {' and '.join(filter(None, parts))}: --checks of the test specification differ."
    yield found(COMMAND_DIFFERS, DELIVERY, run[1], message, "Run the command of the test specification.")


def _checks_of(text: str) -> tuple[set[str], int] | None:
    """The `--checks` of the first command of Schemathesis, and its line; None where there is no command."""
    for command in _SCHEMATHESIS.finditer(text[:1_000_000]):
        arguments = command[1].replace("\\\n", " ")
        if "openapi" in arguments or "--url" in arguments:
            found_checks = {name for each in _CHECKS.findall(arguments) for name in re.split(r"[, ]+", each) if name}
            return found_checks, text.count("\n", 0, command.start()) + 1
    return None


def _check_sources(tests: PackDocument, delivery: PackDocument) -> Iterator[Finding]:
    """Variables of the suites that the pipeline is said to give and never names."""
    absent: dict[str, int] = {}
    for table in tests.tables:
        if not table.has("variable"):
            continue
        for row in table.rows:
            source = row.cell("where", "source", "from", "in the test stage")
            if not _PIPELINE_GIVES.match(source.strip("`* ").lower()):
                continue
            for name in code_words(next(iter(row.cells.values()), "")):
                if _NAME.fullmatch(name) and not re.search(rf"\b{re.escape(name)}\b", delivery.text):
                    absent.setdefault(name, row.line)
    if absent:
        listed = ", ".join(list(absent)[:MOST_NAMES])
        message = f"{listed}: said to come from the pipeline, which does not name that."
        yield found(
            NOT_FROM_PIPELINE, TESTS, min(absent.values()), message, "Say where it comes from, or leave it out."
        )


def _check_packages(model: PackModel) -> Iterator[Finding]:
    """Packages of the observability plan's set-up that the sample neither declares nor gets with another."""
    plan = model.documents.get(OBSERVABILITY)
    packages = Packages(model.documents)
    declared = [each for each in packages.declarations if each.path.endswith("pyproject.toml")]
    if plan is None or not declared or not all(is_known(each.name) for each in declared):
        return
    have = {each.name for each in declared} | {name for each in declared for name in brought(each)}
    absent: dict[str, int] = {}
    for number, line in plan.prose:
        for word in code_words(line):
            name = normalised(word.split("[")[0])
            if _PACKAGE.fullmatch(name) and is_known(name) and name not in have:
                absent.setdefault(name, number)
    if absent:
        message = f"The plan rests on {', '.join(absent)}, which the sample's pyproject.toml does not declare."
        mend = "Declare it, or take it out of the plan."
        yield found(PACKAGE_NOT_TAKEN, PYTHON_SAMPLE, declared[0].line, message, mend)


def _check_tools(model: PackModel, delivery: PackDocument) -> Iterator[Finding]:
    """Tools among the sample's packages that no step of the pipeline runs."""
    scripts = "\n".join(block.content for block in delivery.blocks)
    for declaration in Packages(model.documents).declarations:
        commands = _ENFORCERS.get(declaration.name)
        wrapped = re.search(r"\b(?:pre-commit|nox|tox|make (?:check|lint|all))\b", scripts)
        if commands and not wrapped and not any(each in scripts for each in commands):
            message = f"{declaration.name} is declared, and no step of the pipeline runs {' or '.join(commands)}."
            mend = f"Run {commands[0]} in a step, or leave the package out."
            yield found(TOOL_NOT_RUN, declaration.block.document, declaration.line, message, mend)


def _check_codes(model: PackModel, tests: PackDocument) -> Iterator[Finding]:
    """Codes of the error taxonomy with a status that clients cause, where the suites look at codes at all."""
    architecture = model.documents.get(ARCHITECTURE)
    if architecture is None:
        return
    codes: dict[str, str] = {}
    for table in architecture.tables:
        if table.section.lower() == "error taxonomy" and table.has("code", "status"):
            for row in table.rows:
                name = row.cell("code").strip("`* ")
                status = row.cell("status").strip("`* ")
                if _NAME.fullmatch(name) and status[:1] == "4":
                    codes.setdefault(name, status)
    absent = [name for name in codes if not re.search(rf"\b{re.escape(name)}\b", tests.text)]
    if absent and len(absent) * 2 < len(codes):
        listed = ", ".join(absent[:MOST_NAMES]) + (f" and {len(absent) - MOST_NAMES} more" * (len(absent) > MOST_NAMES))
        message = f"No test names these codes of the error taxonomy: {listed}."
        yield found(CODE_NOT_TESTED, TESTS, 1, message, "Add a test that expects each of them.")
