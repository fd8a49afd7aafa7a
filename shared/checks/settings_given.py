"""Settings that code needs, variables of compose files and ports that tests reach: somebody gives or opens each."""

from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.pack_model import delivery_of, python_of
from shared.checks.reference_examples import EXAMPLES
from shared.contracts import Finding, Rule, found, unjudged
from shared.pack import Reference, Settings

SETTING_MISSING = Rule(
    "REF-046", "error", "Code that needs a setting nobody gives does not start.",
    proves="Python code reads `os.environ[NAME]`, or a pydantic settings class has the field without a default, and "
    "the name stands nowhere else in the whole pack.",
    leaves="Reads with a default or under a condition, names that are made at run time, classes with aliases.",
    bad=EXAMPLES["REF-046"].bad, good=EXAMPLES["REF-046"].good,
)  # fmt: skip
COMPOSE_VARIABLE_MISSING = Rule(
    "REF-047", "error", "A compose file whose variable is not set starts its containers with an empty value, or not.",
    proves="`${NAME}` without a default stands in a compose file, and the name nowhere else in the whole pack.",
    leaves="Names with a default, names that anything else mentions.",
    bad=EXAMPLES["REF-047"].bad, good=EXAMPLES["REF-047"].good,
)  # fmt: skip
PORT_CLOSED = Rule(
    "REF-048", "error", "A test that connects to a port on which nothing listens fails, whatever the service does.",
    proves="The default of a setting, a step's env or an env file leads to a port of this machine; no container of the "
    "compose file publishes it, the service does not listen there, and the number stands nowhere else.",
    leaves="Packs without a compose file, host networks, ports whose number stands anywhere else.",
    bad=EXAMPLES["REF-048"].bad, good=EXAMPLES["REF-048"].good,
)  # fmt: skip
RULES = (SETTING_MISSING, COMPOSE_VARIABLE_MISSING, PORT_CLOSED)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """One finding for each setting, variable or port."""
    settings = Settings(delivery_of(pack), python_of(pack))
    for rule, references, message, mend in (
        (
            SETTING_MISSING, settings.references, "The setting {} is needed; nothing in the pack gives or lists it.",
            "Use the architecture's name, give it where the code is run, or give it a default.",
        ),
        (
            COMPOSE_VARIABLE_MISSING, settings.compose_references, "${{{}}} has no default, and nothing sets it.",
            "Use a variable that the pipeline gives, or give it a default.",
        ),
        (
            PORT_CLOSED, settings.port_references, "{1} leads to port {0}; no container publishes it.",
            "Publish the port in the compose file, or use one that is published.",
        ),
    ):  # fmt: skip
        yield from _judged(rule, references, message, mend)


def _judged(rule: Rule, references: tuple[Reference, ...], message: str, mend: str) -> Iterator[Finding | Reference]:
    first: dict[tuple[str, str], Reference] = {}
    open_: dict[str, set[str]] = {}
    for reference in references:
        yield reference
        if reference.state == "missing":
            first.setdefault((reference.name, reference.detail), reference)
        elif reference.state == "undecided":
            open_.setdefault(reference.document, set()).add(reference.name)
    for reference in first.values():
        said = message.format(reference.name[:80], reference.detail[:80])
        yield found(rule, reference.document, reference.line, said, mend)
    for document, names in open_.items():
        yield unjudged(rule, document, 1, f"{len(names)} could not be followed: {', '.join(sorted(names))[:300]}.")
