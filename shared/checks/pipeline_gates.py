"""Rules on the main pipeline's stages: order, environments, rollback, results, gates that hold. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from shared.checks import Context
from shared.checks.pipeline_rules import (
    ARTIFACT_MISSING,
    BAD_GRAPH,
    GATE_OPEN,
    NO_ENVIRONMENT,
    NO_ROLLBACK,
    NO_TEST_RESULTS,
    ORDER_IMPLIED,
    RESULTS_ON_SUCCESS,
    RUNS_AFTER_FAILURE,
    SECRET_EXPOSED,
    STAGE_MISSING,
    STAGE_ORDER,
)  # fmt: skip
from shared.checks.pipeline_schema import meant
from shared.checks.pipeline_stage_kinds import DEPLOYMENTS, KINDS, does_something, kinds_of, rolls_back
from shared.contracts import Finding
from shared.formats.azure_pipelines import Pipeline
from shared.formats.azure_pipelines.stages import Job, Stage, Step

type Kinds = Mapping[str, list[Stage]]

_GATED = re.compile(
    r"\b(?:pytest|locust|schemathesis|ruff|mypy|pyright|bandit|semgrep|trivy|grype|gitleaks|trufflehog|pip-audit|"
    r"checkov|oasdiff|snyk|spectral|redocly|codeql|k6|dotnet (?:test|format|list|build)|npm (?:audit|test))\b"
)
_WAVED_THROUGH = re.compile(r"\|\|[ \t]*(?:true|:|exit 0)\b|\|\|[ \t]*:[ \t]*$|--exit-zero\b|--exit-code[ =]0\b")
_RUNS_TESTS_ITSELF = {
    "vstest": "",
    "visualstudiotest": "",
    "maven": "publishjunitresults",
    "gradle": "publishjunitresults",
}
_WHATEVER_HAPPENED = re.compile(r"(?:succeededOrFailed|always|failed)\s*\(", re.IGNORECASE)
_FAILURE_OR_UNKNOWN = re.compile(_WHATEVER_HAPPENED.pattern + r"|\$\{\{", re.IGNORECASE)
_ONLY_IF_GOOD = re.compile(r"\bsucceeded\s*\(|\.result\b|\bnot\s*\(.{0,80}\bfailed\s*\(|^\s*false\s*$", re.IGNORECASE)


def check_pipeline(context: Context, pipeline: Pipeline) -> Iterator[Finding]:
    """Every rule that needs to know the stages; those a missing template would decide are left to its finding."""
    kinds: Kinds = {kind: [stage for stage in pipeline.stages if kind in kinds_of(stage)] for kind in KINDS}
    waits = {stage.name: stage.depends_on for stage in pipeline.stages}
    ancestors = {stage.name: _reached(stage.depends_on, waits) for stage in pipeline.stages}
    if not pipeline.missing_templates:
        yield from _check_graph(context, pipeline)
        yield from _check_coverage(context, pipeline, kinds)
        yield from _check_artifacts(context, pipeline)
        yield from _check_results(context, kinds, ancestors)
        yield from _check_environments(context, pipeline, kinds)
        yield from _check_rollback(context, pipeline, kinds, ancestors)
    yield from _check_order(context, pipeline, kinds, ancestors)
    yield from _check_conditions(context, kinds)
    yield from _check_gates(context, kinds)
    yield from _check_secret_use(context, pipeline)


def _reached(names: Iterable[str], waits: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Everything that is waited for by way of `names`, directly or not."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(waits.get(name, ()))
    return found


def _check_graph(context: Context, pipeline: Pipeline) -> Iterator[Finding]:
    yield from _check_names(context, pipeline, pipeline.stages, "stage")
    for stage in pipeline.stages:
        yield from _check_names(context, pipeline, stage.jobs, "job")


def _check_names(
    context: Context, pipeline: Pipeline, nodes: tuple[Stage, ...] | tuple[Job, ...], what: str
) -> Iterator[Finding]:
    known = [node.name for node in nodes if node.name]
    waits = {node.name: node.depends_on for node in nodes}
    seen: set[str] = set()
    for node in nodes:
        if node.name and node.name in seen and not pipeline.conditional:
            message = f"There are two {what}s named {node.name!r}."
            yield context.finding(BAD_GRAPH, node.line, message, "Give each its own name.")
        seen.add(node.name)
        for name in node.depends_on:
            if name not in waits and "$" not in name:
                message = f"{node.name!r} depends on the {what} {name[:60]!r}, which does not exist{meant(name, known)}"
                yield context.finding(BAD_GRAPH, node.line, message, f"Name one of: {', '.join(known)}.")
    for node in nodes:
        if node.name in _reached(node.depends_on, waits):
            message = f"The {what} {node.name!r} waits for itself."
            yield context.finding(BAD_GRAPH, node.line, message, "Break the circle of `dependsOn`.")
            return


def _check_coverage(context: Context, pipeline: Pipeline, kinds: Kinds) -> Iterator[Finding]:
    for kind in KINDS:
        if not kinds[kind]:
            message = f"No stage is the {kind} stage."
            mend = "Add it, named Build, Test, SecurityScan, DeployDev, DeployStage or DeployProd."
            yield context.finding(STAGE_MISSING, pipeline.line, message, mend)
        elif not any(does_something(stage.steps) for stage in kinds[kind]):
            stage = kinds[kind][0]
            message = f"The stage {stage.name!r} does nothing: its steps fetch and print."
            yield context.finding(STAGE_MISSING, stage.line, message, f"Write the steps of the {kind} stage.")


def _check_order(
    context: Context, pipeline: Pipeline, kinds: Kinds, ancestors: Mapping[str, set[str]]
) -> Iterator[Finding]:
    present = [kind for kind in KINDS if kinds[kind]]
    for before, kind in pairwise(present):
        wanted = {stage.name for stage in kinds[before]}
        late = [stage for stage in kinds[kind] if not wanted & {stage.name, *ancestors[stage.name]}]
        is_met = not late if kind in DEPLOYMENTS else len(late) < len(kinds[kind])
        if not is_met:
            message = f"The stage {late[0].name!r} does not wait for the {before} stage."
            mend = f"Write `dependsOn: {kinds[before][-1].name}` (or a stage that waits for it)."
            yield context.finding(STAGE_ORDER, late[0].line, message, mend)
    for before, stage in pairwise(pipeline.stages):
        if not stage.explicit:
            message = f"The stage {stage.name!r} has no `dependsOn`; it waits for {before.name!r} by its place only."
            yield context.finding(ORDER_IMPLIED, stage.line, message, f"Write `dependsOn: {before.name}`.")


def _check_environments(context: Context, pipeline: Pipeline, kinds: Kinds) -> Iterator[Finding]:
    mend = "Use a `deployment` job with `environment: NAME`; approvals and checks are set on that environment."
    for stage in pipeline.stages:
        for job in stage.jobs:
            if job.deployment and not job.environment:
                message = f"The deployment job {job.name!r} has no environment."
                yield context.finding(NO_ENVIRONMENT, job.line, message, mend)
    users: dict[str, str] = {}
    for kind in DEPLOYMENTS:
        for stage in kinds[kind]:
            if not any(job.deployment for job in stage.jobs):
                message = f"The stage {stage.name!r} releases to {kind} without a deployment job."
                yield context.finding(NO_ENVIRONMENT, stage.line, message, mend)
            for named in (job.environment for job in stage.jobs if job.environment):
                if users.setdefault(named.name, kind) != kind and "$" not in named.name:
                    message = f"{kind} and {users[named.name]} share the environment {named.name[:80]!r}."
                    yield context.finding(NO_ENVIRONMENT, named.line, message, "Give each its own environment.")


def _check_rollback(
    context: Context, pipeline: Pipeline, kinds: Kinds, ancestors: Mapping[str, set[str]]
) -> Iterator[Finding]:
    undoing = [stage for stage in pipeline.stages if rolls_back(stage) and _undoes(stage.condition, stage.steps)]
    for stage in (stage for kind in ("stage", "prod") for stage in kinds[kind]):
        jobs_back = any(rolls_back(job) and _undoes(job.condition, job.steps) for job in stage.jobs)
        if jobs_back or any(stage.name in ancestors[other.name] for other in undoing):
            continue
        for job in stage.jobs:
            if job.deployment and not does_something(step for step in job.steps if step.hook == "failure"):
                message = f"The deployment {job.name!r} has no rollback: nothing is undone when it fails."
                mend = "Add `on: failure:` with the steps that bring the previous release back."
                yield context.finding(NO_ROLLBACK, job.line, message, mend)


def _undoes(condition: str, steps: Iterable[Step]) -> bool:
    """Whether what rolls back runs after a failure at all, and does something then."""
    after_failure = _WHATEVER_HAPPENED.search(condition) or "failed'" in condition.lower()
    return bool(after_failure) and does_something(steps)


def _check_results(context: Context, kinds: Kinds, ancestors: Mapping[str, set[str]]) -> Iterator[Finding]:
    released = {stage.name for kind in DEPLOYMENTS for stage in kinds[kind]}
    for stage in kinds["test"]:
        if not released & ancestors[stage.name] and not any(map(_publishes_results, stage.steps)):
            message = f"The stage {stage.name!r} runs tests and publishes no results."
            yield context.finding(NO_TEST_RESULTS, stage.line, message, "Add PublishTestResults@2 after each suite.")
    for step in (step for stages in kinds.values() for stage in stages for step in stage.steps):
        if step.task == "publishtestresults" and not _FAILURE_OR_UNKNOWN.search(step.condition):
            message = "Test results are published only when everything before succeeded."
            mend = "Add `condition: succeededOrFailed()` to the step."
            yield context.finding(RESULTS_ON_SUCCESS, step.line, message, mend)


def _publishes_results(step: Step) -> bool:
    if step.task == "dotnetcorecli":
        return step.input("command").lower() == "test" and step.input("publishtestresults").lower() != "false"
    if step.task in _RUNS_TESTS_ITSELF:
        return step.input(_RUNS_TESTS_ITSELF[step.task]).lower() != "false"
    return step.task == "publishtestresults" or "##vso[results.publish" in step.script


def _check_conditions(context: Context, kinds: Kinds) -> Iterator[Finding]:
    for stage in (stage for kind in DEPLOYMENTS for stage in kinds[kind]):
        condition = stage.condition.strip()
        if condition and "${{" not in condition and not _ONLY_IF_GOOD.search(condition):
            message = f"The stage {stage.name!r} runs even after a failed stage: {condition[:120]}"
            mend = "Say succeeded() in the condition: and(succeeded(), ...)."
            yield context.finding(RUNS_AFTER_FAILURE, stage.line, message, mend)


def _check_gates(context: Context, kinds: Kinds) -> Iterator[Finding]:
    stages = {stage.name: stage for kind in ("build", "test", "security scan") for stage in kinds[kind]}
    for job in (job for stage in stages.values() for job in stage.jobs):
        if job.continue_on_error:
            message = f"The job {job.name!r} may fail without consequence."
            yield context.finding(GATE_OPEN, job.line, message, "Remove `continueOnError`.")
        for step in job.steps:
            waved = next(filter(_is_waved_through, step.script.splitlines()), None)
            if (
                step.continue_on_error
                and not step.task.startswith("publish")
                and step.kind not in ("publish", "download")
            ):
                message = "A step of a gate has `continueOnError: true`."
                yield context.finding(GATE_OPEN, step.line, message, "Remove it; say in the document what is waived.")
            elif waved:
                message = f"A gate's result is thrown away: {waved.strip()[:120]!r}."
                yield context.finding(GATE_OPEN, step.line, message, "Let the command's exit code fail the step.")


def _is_waved_through(line: str) -> bool:
    return _GATED.search(line) is not None and _WAVED_THROUGH.search(line) is not None


def _check_artifacts(context: Context, pipeline: Pipeline) -> Iterator[Finding]:
    published = [named.name for named in pipeline.artifacts_published]
    if any("$" in name for name in published):
        return
    for used in pipeline.artifacts_used:
        if used.name not in published and "$" not in used.name:
            message = (
                f"The artifact {used.name[:80]!r} is downloaded and published by no stage{meant(used.name, published)}"
            )
            yield context.finding(ARTIFACT_MISSING, used.line, message, f"Published: {', '.join(published) or 'none'}.")


def _check_secret_use(context: Context, pipeline: Pipeline) -> Iterator[Finding]:
    macros = [f"$({named.name})" for named in pipeline.secrets]
    for step in (step for stage in pipeline.stages for step in stage.steps):
        if step.task == "azurekeyvault" and step.input("secretsfilter").strip() in ("", "*"):
            message = "The step fetches every secret of the vault."
            yield context.finding(SECRET_EXPOSED, step.line, message, "List the secrets it needs in SecretsFilter.")
        texts = (step.script, step.input("arguments"), step.input("scriptarguments"))
        if macro := next((macro for macro in macros if any(macro in text for text in texts)), None):
            message = f"The secret {macro[:80]} is put into a command line."
            yield context.finding(SECRET_EXPOSED, step.line, message, "Pass it through `env:` and use the variable.")
