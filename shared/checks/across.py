"""Holds the documents of a pack against each other: one API, one set of names, one number for each objective."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.csharp_api import check_models, check_routes
from shared.checks.csharp_pack import solution_of
from shared.contracts import Finding, Rule, found
from shared.formats import markdown
from shared.formats.azure_pipelines import Pipeline, find_pipeline
from shared.formats.azure_pipelines.names import Named
from shared.formats.openapi import Contract, Operation, find_contract
from shared.pack import CodeFacts, Model, Request, TestFunction, code_facts, path_matches, snake

ARCHITECTURE = "integration-architecture.md"
TESTS = "test-specifications.md"
DELIVERY = "cicd-pipeline.md"
OBSERVABILITY = "observability-plan.md"
SAMPLES = ("python-sample-implementation.md", "csharp-implementation.md")

NO_CONTRACT_TEST = Rule("XDC-001", "error", "An operation without a contract test may break without anybody noticing.")
NO_ERROR_TEST = Rule(
    "XDC-002", "error", "Callers meet errors too; an operation without an error test leaves them open."
)
UNKNOWN_ROUTE = Rule("XDC-003", "error", "Code for a path or method that the contract lacks tests or serves nothing.")
UNKNOWN_ENVIRONMENT = Rule("XDC-004", "error", "A pipeline deploys only to environments that the architecture has.")
UNKNOWN_SECRET = Rule("XDC-005", "error", "A secret that the architecture does not name has no owner and no rotation.")
UNKNOWN_SERVICE = Rule("XDC-006", "error", "A pipeline deploys only services that the architecture has.")
SLO_NOT_OBSERVED = Rule("XDC-007", "error", "An SLO without metric, query and alert is a wish.")
SLO_NUMBER = Rule("XDC-008", "error", "An objective has one number, wherever it stands.")
MODEL_DIFFERS = Rule("XDC-009", "error", "A model named after a schema is that schema, or clients fail.")
OTHER_DATASTORE = Rule("XDC-010", "error", "The datastore that was asked for is the one that is designed.")
RULES = (
    NO_CONTRACT_TEST, NO_ERROR_TEST, UNKNOWN_ROUTE, UNKNOWN_ENVIRONMENT, UNKNOWN_SECRET, UNKNOWN_SERVICE,
    SLO_NOT_OBSERVED, SLO_NUMBER, MODEL_DIFFERS, OTHER_DATASTORE,
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
    contract = find_contract(architecture)
    if contract is not None:
        yield from _check_code(pack, contract)
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


def _check_code(pack: Pack, contract: Contract) -> Iterator[Finding]:
    tests = pack.text(TESTS)
    if tests is not None:
        facts = code_facts(tests)
        prefixes = {"": ""} | {f"test_{snake(each.operation_id)}_": each.operation_id for each in contract.operations}
        named = {test: _named_operation(test, prefixes) for test in facts.tests}
        for operation in contract.operations:
            own = [test for test in facts.tests if _tests_operation(test, named[test], operation)]
            yield from _check_tested(operation, own)
        yield from _check_routes(TESTS, _meant_to_exist(facts), contract)
    for name in SAMPLES:
        sample = pack.text(name)
        if sample is not None:
            facts = code_facts(sample)
            yield from _check_routes(name, [*facts.routes, *_meant_to_exist(facts)], contract)
            yield from _check_models(name, facts.models, contract)
    solution = solution_of(pack)
    if solution is not None:
        yield from check_routes(solution, contract, UNKNOWN_ROUTE)
        yield from check_models(solution, contract, MODEL_DIFFERS)


def _check_tested(operation: Operation, own: list[TestFunction]) -> Iterator[Finding]:
    if not any(_expects_success(test) for test in own):
        message = f"{operation.label} ({operation.operation_id}) has no contract test."
        mend = f"Add a test test_{snake(operation.operation_id)}_... that calls it and checks its good answer."
        yield found(NO_CONTRACT_TEST, TESTS, 1, message, mend)
    if not any(_expects_error(test) for test in own):
        message = f"{operation.label} ({operation.operation_id}) has no error test."
        mend = f"Add a test test_{snake(operation.operation_id)}_... that expects one of its error statuses."
        yield found(NO_ERROR_TEST, TESTS, 1, message, mend)


def _named_operation(test: TestFunction, prefixes: dict[str, str]) -> str:
    """The operationId that a test is named after: the longest, since `createOrder` also begins `createOrderPayment`."""
    return prefixes[max((prefix for prefix in prefixes if test.name.startswith(prefix)), key=len, default="")]


def _tests_operation(test: TestFunction, named: str, operation: Operation) -> bool:
    if named:
        return named == operation.operation_id
    return any(
        request.method == operation.method and path_matches(operation.path, request.path) for request in test.requests
    )


def _expects_success(test: TestFunction) -> bool:
    return any(200 <= status < 400 for status in test.statuses)


def _expects_error(test: TestFunction) -> bool:
    return any(status >= 400 for status in test.statuses)


def _meant_to_exist(facts: CodeFacts) -> list[Request]:
    """Requests of the code, except those of tests that expect the path or method not to be there."""
    absent = {request for test in facts.tests if test.statuses & {404, 405} for request in test.requests}
    return [request for request in facts.requests if request not in absent]


def _check_routes(name: str, requests: list[Request], contract: Contract) -> Iterator[Finding]:
    bases = ("", *(re.sub(r"^\w+://[^/]+", "", url).rstrip("/") for url in contract.servers))
    known: dict[tuple[str, str], bool] = {}
    for request in requests:
        asked = request.method, request.path
        if asked not in known:
            known[asked] = _is_in(contract, bases, *asked)
        if not known[asked]:
            message = f"{request.method} {request.path[:120]} is not in the contract."
            yield found(UNKNOWN_ROUTE, name, request.line, message, "Use a path and method of the contract.")


def _is_in(contract: Contract, bases: tuple[str, ...], method: str, path: str) -> bool:
    paths = [path.removeprefix(base) for base in bases if path.startswith(base)]
    templates = [operation.path for operation in contract.operations if operation.method == method]
    return any(path_matches(template, each) for template in templates for each in paths)


def _check_models(name: str, models: tuple[Model, ...], contract: Contract) -> Iterator[Finding]:
    for model in models:
        schema = contract.schemas.get(model.name)
        if schema is None or not schema.properties:
            continue
        fields = {snake(field) for field in model.fields}
        extra = sorted(fields - {snake(each) for each in schema.properties})
        absent = sorted(each for each in schema.required if snake(each) not in fields)
        if extra or absent:
            parts = [
                f"has {', '.join(extra)} beyond it" if extra else "",
                f"lacks {', '.join(absent)}" if absent else "",
            ]
            message = (
                f"Model {model.name} differs from the schema of that name: it {' and '.join(filter(None, parts))}."
            )
            yield found(MODEL_DIFFERS, name, model.line, message, "Take the schema's properties, or another name.")


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
