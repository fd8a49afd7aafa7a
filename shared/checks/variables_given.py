"""Variables of the pipeline and of its scripts, and service connections: whoever uses a name finds it defined."""

import re
from collections.abc import Iterable, Iterator

from shared.checks import Pack
from shared.checks.pack_model import delivery_of
from shared.checks.reference_examples import EXAMPLES
from shared.contracts import Finding, Rule, found, unjudged
from shared.pack import Delivery, PipelineVariables, Reference, shell_variables

DELIVERY = "cicd-pipeline.md"
VARIABLE_MISSING = Rule(
    "REF-043", "error", "Azure Pipelines leaves an unknown $(name) in the command as it stands.",
    proves="`$(name)` or a parameter is used and is neither in the file nor in a table of the document, set by no "
    "script, fetched by no task, and no variable that Azure Pipelines defines.",
    leaves="Pipelines with templates that are not shown, or with groups and no table of variables.",
    bad=EXAMPLES["REF-043"].bad, good=EXAMPLES["REF-043"].good,
)  # fmt: skip
SHELL_VARIABLE_MISSING = Rule(
    "REF-044", "error", "Under `set -u` a script ends at a name that nobody set; without, it goes on with nothing.",
    proves="A script reads a name in capitals without a default; no `env`, variable, table or script sets it.",
    leaves="Names that another script or step sets, scripts that do not parse.",
    bad=EXAMPLES["REF-044"].bad, good=EXAMPLES["REF-044"].good,
)  # fmt: skip
CONNECTION_MISSING = Rule(
    "REF-045", "error", "A service connection that no table names is one that nobody sets up.",
    proves="The pipeline uses a service connection that stands nowhere else in the document or the architecture.",
    leaves="Names put together from variables.",
    bad=EXAMPLES["REF-045"].bad, good=EXAMPLES["REF-045"].good,
)  # fmt: skip
RULES = (VARIABLE_MISSING, SHELL_VARIABLE_MISSING, CONNECTION_MISSING)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """One finding for each name that nobody defines."""
    delivery = delivery_of(pack)
    if delivery.pipeline is None:
        return
    variables = PipelineVariables(delivery)
    mend = "Define it in the file, set it in an earlier step, or list it in the table of variables."
    yield from _judged(VARIABLE_MISSING, variables.references, "$({})", mend)
    mend = "Give it by `env:`, define the variable, or give it a default."
    yield from _judged(SHELL_VARIABLE_MISSING, tuple(shell_variables(delivery, variables)), "${}", mend)
    yield from _connections(delivery)


def _judged(rule: Rule, references: Iterable[Reference], written: str, mend: str) -> Iterator[Finding | Reference]:
    first: dict[tuple[str, str], Reference] = {}
    open_: dict[str, list[str]] = {}
    for reference in references:
        yield reference
        if reference.state == "missing":
            first.setdefault((reference.document, reference.name), reference)
        elif reference.state == "undecided":
            open_.setdefault(reference.document, []).append(reference.name)
    for reference in first.values():
        message = f"{written.format(reference.name[:80])} is used; nothing in the pack defines it."
        yield found(rule, reference.document, reference.line, message, mend)
    for document, names in open_.items():
        message = f"{len(names)} names could not be followed to a definition: {', '.join(sorted(set(names)))[:300]}."
        yield unjudged(rule, document, 1, message)


def _connections(delivery: Delivery) -> Iterator[Finding]:
    pipeline = delivery.pipeline
    document = delivery.documents.get(DELIVERY)
    if pipeline is None or document is None:
        return
    architecture = delivery.documents.get("integration-architecture.md")
    text = "\n".join([*(line for _, line in document.prose), architecture.text if architecture else ""])
    for named in pipeline.connections:
        if re.fullmatch(r"[\w .-]{2,100}", named.name) and not re.search(
            rf"(?<![\w-]){re.escape(named.name)}(?![\w-])", text
        ):
            if _may_be_a_pattern(named.name, text):
                continue
            message = f"The service connection {named.name!r} is used; no table or sentence names it."
            mend = "List it with its role, or use the name that the tables have."
            yield found(CONNECTION_MISSING, DELIVERY, named.line, message, mend)


def _may_be_a_pattern(name: str, text: str) -> bool:
    """Whether the text names it with a placeholder, as `sc-orders-{env}` or `sc-orders-ENV`."""
    head = name.rpartition("-")[0]
    return bool(head) and re.search(rf"{re.escape(head)}-(?:\{{|<|\*|ENV\b|\$)", text) is not None
