"""Events that components exchange: each has a producer and a consumer; what code publishes is in the architecture."""

from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.pack_model import documents_of, python_of
from shared.checks.reference_examples import EXAMPLES
from shared.contracts import Finding, Rule, found
from shared.pack import Reference, events, published

ARCHITECTURE = "integration-architecture.md"
EVENT_LOOSE = Rule(
    "REF-052", "error", "An event that nobody sends or nobody reads is work without effect.",
    proves="A row of the architecture's table of events says that there is no producer, or no consumer.",
    leaves="Tables without columns for both.",
    bad=EXAMPLES["REF-052"].bad, good=EXAMPLES["REF-052"].good,
)  # fmt: skip
EVENT_UNKNOWN = Rule(
    "REF-053", "error", "Consumers are built from the architecture's events; another name reaches nobody.",
    proves="Code publishes an event by a literal name that stands nowhere in the architecture or observability plan, "
    "while the architecture has a table of events.",
    leaves="Names that are put together, calls that do not publish by name, C#.",
    bad=EXAMPLES["REF-053"].bad, good=EXAMPLES["REF-053"].good,
)  # fmt: skip
RULES = (EVENT_LOOSE, EVENT_UNKNOWN)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """Rows of the table of events, then names that Python code publishes."""
    documents = documents_of(pack)
    for event in events(documents):
        lacking = [what for what, who in (("producer", event.producer), ("consumer", event.consumer)) if not who]
        if lacking and event.name:
            message = f"The event {event.name[:80]!r} has no {' and no '.join(lacking)}."
            yield found(EVENT_LOOSE, ARCHITECTURE, event.line, message, "Name who sends and who reads it, or drop it.")
    seen: set[str] = set()
    for reference in published(documents, python_of(pack)):
        yield reference
        if reference.state == "missing" and reference.name not in seen:
            seen.add(reference.name)
            message = f"The event {reference.name[:80]!r} is published; the architecture has no such event."
            yield found(
                EVENT_UNKNOWN, reference.document, reference.line, message, "Publish an event of the architecture."
            )
