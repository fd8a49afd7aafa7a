"""The delivery pipeline of `cicd-pipeline.md`: valid files, six stages in order, gated, reversible, without secrets."""

from collections.abc import Iterator

from shared.checks import Context, secret_literals
from shared.checks.pipeline_gates import check_pipeline
from shared.checks.pipeline_rules import (
    BAD_EXPRESSION,
    NO_PIPELINE,
    NOT_VALID,
    NOT_YAML,
    RULES,
    SECRET_LITERAL,
    TEMPLATE_MISSING,
    UNKNOWN_TASK,
)  # fmt: skip
from shared.checks.pipeline_schema import validate_node
from shared.contracts import Finding
from shared.formats import markdown
from shared.formats.azure_pipelines import Block, Pipeline, main_block, pipeline_blocks, read_pipeline
from shared.formats.azure_pipelines.located import UnreadableYaml

__all__ = ["RULES", "check"]

MAXIMUM_BLOCKS = 30
MAXIMUM_FINDINGS = 60
_OF_KIND = {"yaml": NOT_YAML, "schema": NOT_VALID, "advice": UNKNOWN_TASK, "expression": BAD_EXPRESSION}
_SHELLS = ("bash", "sh", "shell", "powershell", "pwsh", "console")


def check(context: Context) -> Iterator[Finding]:
    """Apply every pipeline rule to one deliverable."""
    for number, finding in enumerate(_check(context)):
        if number == MAXIMUM_FINDINGS:
            message = f"More than {MAXIMUM_FINDINGS} findings; the rest is not listed."
            yield context.finding(NOT_VALID, finding.line, message, "Correct the ones above, then check again.")
            return
        yield finding


def _check(context: Context) -> Iterator[Finding]:
    blocks = pipeline_blocks(context.text)
    for block in blocks[:MAXIMUM_BLOCKS]:
        yield from _check_file(context, block)
    if len(blocks) > MAXIMUM_BLOCKS:
        message = f"There are {len(blocks)} pipeline blocks; {MAXIMUM_BLOCKS} were checked."
        yield context.finding(NOT_YAML, blocks[MAXIMUM_BLOCKS].line, message, "Give fewer, larger files.")
    yield from _check_secrets(context, blocks)
    paths = [block.path for block in blocks]
    for number, block in enumerate(blocks):
        if block.path and block.path in paths[:number]:
            message = f"The file {block.path[:120]!r} is given more than once."
            yield context.finding(NO_PIPELINE, block.line, message, "Give each file once, whole.")
    main = main_block(blocks)
    if main is None:
        mend = "Give the whole pipeline in one ```yaml block below a line **`azure-pipelines.yml`**."
        yield context.finding(NO_PIPELINE, 1, "The document holds no Azure Pipelines file.", mend)
    elif main.node:
        pipeline = _expanded(main, blocks)
        if isinstance(pipeline, UnreadableYaml):
            message = f"The pipeline {pipeline.message}."
            yield context.finding(NOT_YAML, pipeline.line, message, "Flatten the templates.")
        else:
            yield from _check_templates(context, pipeline, {block.path for block in blocks})
            yield from check_pipeline(context, pipeline)


def _expanded(main: Block, blocks: tuple[Block, ...]) -> Pipeline | UnreadableYaml:
    try:
        return read_pipeline(main, blocks)
    except UnreadableYaml as problem:
        return problem


def _check_file(context: Context, block: Block) -> Iterator[Finding]:
    name = block.path or "The pipeline block"
    if block.problem:
        message = f"{name} {block.problem.message}."
        mend = "Write plain YAML: no anchors, no repeated keys, no tabs, one document."
        yield context.finding(NOT_YAML, block.problem.line, message, mend)
    for problem in validate_node(block.node) if block.node else ():
        yield context.finding(_OF_KIND[problem.kind], problem.line, problem.message, problem.mend)


def _check_templates(context: Context, pipeline: Pipeline, given: set[str]) -> Iterator[Finding]:
    for use in pipeline.missing_templates:
        if use.path in given:
            continue  # given, but unreadable: that is its own finding
        message = f"The template {use.written[:120]!r} is not among the document's files."
        mend = "Give it in a ```yaml block below a line with its path in bold code, or write its content in place."
        yield context.finding(TEMPLATE_MISSING, use.line, message, mend)


def _check_secrets(context: Context, blocks: tuple[Block, ...]) -> Iterator[Finding]:
    literals = list(secret_literals.in_text(context.text))
    for block in blocks:
        literals.extend(secret_literals.in_yaml(block.node) if block.node else ())
    for fence in markdown.fences(context.text):
        if fence.language in _SHELLS:
            literals.extend(secret_literals.in_script(fence.content, fence.line + 1))
    for line, literal in sorted({literal.line: literal for literal in reversed(literals)}.items()):
        message = f"This looks like {literal.what}, written out ({literal.masked})."
        mend = "Take it from Key Vault or a secret variable through `env:`, or generate it in the job."
        yield context.finding(SECRET_LITERAL, line, message, mend)
