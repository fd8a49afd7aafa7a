"""Holds the documents of a pack against each other: one set of names, one number for each objective."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.contracts import Finding, Rule, found
from shared.formats import markdown
from shared.formats.azure_pipelines import Pipeline, find_pipeline
from shared.formats.azure_pipelines.names import Named

ARCHITECTURE = "integration-architecture.md"
DELIVERY = "cicd-pipeline.md"
OBSERVABILITY = "observability-plan.md"

UNKNOWN_ENVIRONMENT = Rule("XDC-004", "error", "A pipeline deploys only to environments that the architecture has.")
UNKNOWN_SECRET = Rule("XDC-005", "error", "A secret that the architecture does not name has no owner and no rotation.")
UNKNOWN_SERVICE = Rule("XDC-006", "error", "A pipeline deploys only services that the architecture has.")
SLO_NOT_OBSERVED = Rule("XDC-007", "error", "An SLO without metric, query and alert is a wish.")
SLO_NUMBER = Rule("XDC-008", "error", "An objective has one number, wherever it stands.")
OTHER_DATASTORE = Rule("XDC-010", "error", "The datastore that was asked for is the one that is designed.")
RULES = (
    UNKNOWN_ENVIRONMENT, UNKNOWN_SECRET, UNKNOWN_SERVICE, SLO_NOT_OBSERVED, SLO_NUMBER, OTHER_DATASTORE,
)  # fmt: skip

_SLO = re.compile(r"\bSLO-\d{1,3}\b")
_QUANTITY = re.compile(r"(\d[\d.,]{0,15})\s{0,2}(%|ms\b|s\b|sec(?:onds?)?\b|min(?:utes?)?\b|h(?:ours?)?\b|rps\b)")
_DATASTORES = {
    "postgres": ("postgres",), "postgresql": ("postgres",), "sqlserver": ("sql server", "azure sql"),
    "mssql": ("sql server", "azure sql"), "azuresql": ("azure sql", "sql server"), "mongodb": ("mongo",),
    "mongo": ("mongo",), "cosmosdb": ("cosmos",), "cosmos": ("cosmos",), "mysql": ("mysql",),
    "dynamodb": ("dynamo",), "redis": ("redis",), "sqlite": ("sqlite",), "oracle": ("oracle",),
}  # fmt: skip


def check(pack: Pack) -> Iterator[Finding]:
    """Apply every rule to the documents that are there."""
    architecture = pack.text(ARCHITECTURE)
    if architecture is None:
        return
    yield from _check_datastore(pack, architecture)
    delivery = pack.text(DELIVERY)
    pipeline = find_pipeline(delivery) if delivery else None
    if pipeline is not None:
        yield from _check_names(architecture, pipeline)
    observability = pack.text(OBSERVABILITY)
    if observability is not None:
        yield from _check_objectives(architecture, observability)


def _check_datastore(pack: Pack, architecture: str) -> Iterator[Finding]:
    if not pack.db:
        return
    names = _DATASTORES.get(re.sub(r"[^a-z0-9]", "", pack.db.lower()), (pack.db.lower(),))
    section = next((part for part in markdown.sections(architecture) if part.title == "Data model and storage"), None)
    body = section.body.lower() if section else ""
    if not any(name in body for name in names):
        message = f"The primary datastore {pack.db!r} was asked for; the data model does not name it."
        line = section.line if section else 1
        yield found(OTHER_DATASTORE, ARCHITECTURE, line, message, f"Design the data model on {pack.db}.")


def _check_names(architecture: str, pipeline: Pipeline) -> Iterator[Finding]:
    for rule, kind, names in (
        (UNKNOWN_ENVIRONMENT, "environment", pipeline.environments),
        (UNKNOWN_SECRET, "secret", pipeline.secrets),
        (UNKNOWN_SERVICE, "service", pipeline.services),
    ):
        for named in _unknown(architecture, names):
            message = f"The {kind} {named.name[:100]!r} is not in {ARCHITECTURE}."
            yield found(rule, DELIVERY, named.line, message, f"Use the architecture's name of the {kind}.")


def _unknown(architecture: str, names: tuple[Named, ...]) -> Iterator[Named]:
    """Names that the architecture does not hold as a word; unresolved variables and wildcards are left out."""
    for named in names:
        if re.search(r"[$*{}]", named.name) or not named.name:
            continue
        if not re.search(rf"(?<![\w-]){re.escape(named.name)}(?![\w-])", architecture):
            yield named


def _check_objectives(architecture: str, observability: str) -> Iterator[Finding]:
    promised = _quantities_by_objective(architecture)
    measured = _blocks_by_objective(observability)
    for objective, quantities in promised.items():
        line, block = measured.get(objective, (1, ""))
        lacking = [what for what, there in _evidence(block).items() if not there]
        if lacking:
            message = f"{objective} has no {', no '.join(lacking)}."
            mend = f"Give {objective} its SLI metric, a query and an alert, each naming {objective}."
            yield found(SLO_NOT_OBSERVED, OBSERVABILITY, line, message, mend)
        elif quantities and not quantities & set(_quantities(block)):
            message = f"{objective} is {' / '.join(sorted(quantities))} in the architecture, not here."
            yield found(SLO_NUMBER, OBSERVABILITY, line, message, "Use the architecture's number for the alert.")


def _quantities_by_objective(architecture: str) -> dict[str, set[str]]:
    """Each SLO id with the numbers of the first table row or line that defines it."""
    promised: dict[str, set[str]] = {}
    for line in architecture.splitlines():
        ids = _SLO.findall(line[: markdown.LONGEST_LINE])
        if len(set(ids)) == 1:
            quantities = set(_quantities(line[: markdown.LONGEST_LINE]))
            if quantities and not promised.get(ids[0]):
                promised[ids[0]] = quantities
            promised.setdefault(ids[0], set())
    return promised


def _quantities(text: str) -> Iterator[str]:
    """Numbers with their unit, written one way: `99.90 %` and `99.9%` are the same."""
    for number, unit in _QUANTITY.findall(text):
        value = number.rstrip(".,").replace(",", "")
        if value.count(".") == 1:
            value = value.rstrip("0").rstrip(".")
        yield f"{value} {unit[0] if unit not in ('ms', 'rps', '%') and not unit.startswith('min') else unit[:3]}"


def _blocks_by_objective(observability: str) -> dict[str, tuple[int, str]]:
    """For each SLO id: where it is first named, and everything that speaks of it (its blocks, rows and fences)."""
    places: dict[str, tuple[int, str]] = {}
    for section in markdown.sections(observability, level=3):
        for objective in set(_SLO.findall(section.title)):
            places[objective] = (section.line, f"{section.title}\n{section.body}")
    fences = {fence.line: fence for fence in markdown.fences(observability)}
    for number, line in enumerate(observability.splitlines(), 1):
        for objective in set(_SLO.findall(line[: markdown.LONGEST_LINE])):
            start, text = places.get(objective, (number, ""))
            places[objective] = (start, f"{text}\n{line[: markdown.LONGEST_LINE]}")
    for fence in fences.values():
        for objective in set(_SLO.findall(fence.content)):
            start, text = places[objective]
            places[objective] = (start, f"{text}\n```{fence.language}\n{fence.content}")
    return places


def _evidence(block: str) -> dict[str, bool]:
    text = block.lower()
    return {
        "metric": bool(re.search(r"\bsli\b|metric|durationms|percentile|share of|countif|requests?\b", text)),
        "query": bool(
            re.search(r"\b(?:app[a-z]+|requests|dependencies|traces|exceptions|custommetrics)\s*\n?\s*\|", text)
        ),
        "alert": bool(re.search(r"\balert|scheduledqueryrules|\bpage\b|\bticket\b|\bfires?\b", text)),
    }
