"""Holds tests and samples against the contract: every operation is tested, every path exists, models agree."""

import re
from collections import Counter
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.api_code_rules import (
    COMMON_STATUS_NOT_TESTED,
    MODEL_DIFFERS,
    NO_CONTRACT_TEST,
    NO_ERROR_TEST,
    RULES,
    STATUS_NOT_TESTED,
    UNKNOWN_ROUTE,
)
from shared.checks.coverage_table import check_rows
from shared.checks.csharp_api import check_models, check_routes
from shared.checks.csharp_pack import solution_of
from shared.checks.pack_model import model_of
from shared.contracts import Finding, Rule, found, unjudged
from shared.formats.openapi import Contract
from shared.pack.model import PYTHON_SAMPLE, TESTS, PackModel, Reference, State
from shared.pack.model.operations import Judged, OperationTests, snake
from shared.pack.model.python_routes import ApiModel
from shared.pack.model.python_tests import Request

__all__ = ["RULES", "check"]

MOST_NAMES = 12
OF_ITS_OWN = frozenset({409, 410, 412, 422, 428})
"""Statuses by which an operation answers for rules of its own."""
IN_COMMON = frozenset({400, 401, 403, 404, 405, 406, 413, 415, 429})
"""Statuses that one part of a service usually answers for many operations."""
CAUSED_BY_CLIENTS = OF_ITS_OWN | IN_COMMON
"""Statuses that a request alone brings about; 5xx need a broken dependency."""
_API_FOLDERS = re.compile(
    r"(?:^|/)(?:api|routes|routers|schemas|models|contracts|dto|dtos|endpoints|web|http)(?:/|\.py|$)"
)
_INNER_FOLDERS = re.compile(
    r"(?:^|/)(?:domain|adapters|infrastructure|application|ports|core|db|repositories|services)/"
)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """Apply every rule to the documents that are there; requests and routes are references to operations."""
    model = model_of(pack)
    if model.contract is None or model.operation_tests is None or not model.contract.operations:
        return
    if model.documents.get(TESTS) is not None:
        yield from _check_tested(model.operation_tests)
        yield from _check_requests(model, model.operation_tests)
        yield from check_rows(model, model.operation_tests)
    if model.documents.get(PYTHON_SAMPLE) is not None:
        yield from _check_routes(model, model.operation_tests)
        yield from _check_models(model, model.contract)
    solution = solution_of(pack)
    if solution is not None:
        yield from check_routes(solution, model.contract, UNKNOWN_ROUTE)
        yield from check_models(solution, model.contract, MODEL_DIFFERS)


def _check_tested(tests: OperationTests) -> Iterator[Finding]:
    not_followed: dict[Rule, list[str]] = {}
    named = {text for test in tests.tests for text in test.texts}
    for judged in tests.judged.values():
        operation = judged.operation
        anything = tests.anything(operation.operation_id)
        prefix = f"test_{snake(operation.operation_id)}_..."
        for rule, is_expected, what, good in (
            (NO_CONTRACT_TEST, judged.success or anything.success, "contract", "checks its good answer"),
            (
                NO_ERROR_TEST,
                judged.error or anything.error,
                "error",
                "expects one of its error statuses",
            ),
        ):
            if is_expected:
                continue
            if judged.silent or judged.unfollowed or operation.operation_id in named:
                not_followed.setdefault(rule, []).append(operation.operation_id)
            else:
                message = f"{operation.label} ({operation.operation_id}) has no {what} test."
                yield found(rule, TESTS, 1, message, f"Add a test {prefix} that calls it and {good}.")
    yield from _check_own_statuses(tests)
    yield from _check_common_statuses(tests)
    for rule, names in not_followed.items():
        message = f"{len(names)} operation(s) are called by tests whose expectations could not be followed: "
        yield unjudged(rule, TESTS, 1, message + ", ".join(names[:12]))


def _check_own_statuses(tests: OperationTests) -> Iterator[Finding]:
    """Statuses by which operations answer for their own rules: one finding for each status, naming the operations."""
    common = _common(tests)
    lacking: dict[int, list[str]] = {}
    unsure: dict[int, list[str]] = {}
    for name, judged in tests.judged.items():
        for status in sorted(_untested(judged, tests.anything(name)) - common):
            if judged.unfollowed:
                unsure.setdefault(status, []).append(name)
            elif judged.tests:
                lacking.setdefault(status, []).append(name)
    for status, names in lacking.items():
        listed = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" * (len(names) > MOST_NAMES))
        message = f"{status} is declared by {listed}, a client can cause it, and no test expects it of them."
        yield found(STATUS_NOT_TESTED, TESTS, 1, message, f"Add a test that expects {status} of each of them.")
    for status, names in unsure.items():
        message = f"Whether {status} is expected of {', '.join(names[:MOST_NAMES])} could not be followed."
        yield unjudged(STATUS_NOT_TESTED, TESTS, 1, message)


def _common(tests: OperationTests) -> frozenset[int]:
    """Statuses that one part of the service answers for all: those of `IN_COMMON`, and what most operations declare."""
    operations = tests.contract.operations
    counts = Counter(int(status) for each in operations for status in each.statuses if status.isdecimal())
    return IN_COMMON | {status for status, count in counts.items() if count > max(2, len(operations) / 2)}


def _untested(judged: Judged, anything: Judged) -> set[int]:
    """Declared statuses that a client can cause and that no test expects of the operation."""
    declared = {int(status) for status in judged.operation.statuses if status.isdecimal()}
    expected = judged.statuses | anything.statuses
    return declared & CAUSED_BY_CLIENTS - expected


def _check_common_statuses(tests: OperationTests) -> Iterator[Finding]:
    """Statuses that are answered for all operations in one place need a test of one of them."""
    expected = {status for judged in tests.judged.values() for status in judged.statuses}
    expected |= tests.anything().statuses
    declared = {int(status) for each in tests.contract.operations for status in each.statuses if status.isdecimal()}
    lacking = sorted(declared & CAUSED_BY_CLIENTS & _common(tests) - expected)
    if not lacking:
        return
    listed = ", ".join(map(str, lacking))
    message = f"The contract declares {listed}, and no test of any operation expects that."
    if any(judged.unfollowed for judged in tests.judged.values()):
        yield unjudged(COMMON_STATUS_NOT_TESTED, TESTS, 1, message)
    else:
        yield found(COMMON_STATUS_NOT_TESTED, TESTS, 1, message, "Add a test of one operation for each.")


def _check_requests(model: PackModel, tests: OperationTests) -> Iterator[Finding | Reference]:
    """Requests of tests, helpers and load tests to paths that begin like the contract's and are none of it."""
    absent = {
        (request.document, request.line)
        for test in model.python_tests.tests
        for expected in test.expectations
        if expected.statuses & {404, 405}
        for request in test.requests
        if request.number in expected.answers
    }
    seen: set[tuple[str, int]] = set()
    made = [request for test in model.python_tests.tests for request in test.requests]
    states: dict[tuple[str, int], State] = {}
    for request in (*made, *model.python_tests.requests):
        place = request.document, request.line
        if place in seen or place in absent:
            continue
        if (path := _unknown_path(request, tests)) is not None:
            seen.add(place)
            states[place] = "missing"
            yield _not_in_contract(request.document, request.line, request.method, path)
        elif request.service:
            states.setdefault(place, "resolved" if tests.of(request) else "undecided")
    for (document, line), state in states.items():
        yield Reference("request", "", document, line, state)


def _unknown_path(request: Request, tests: OperationTests) -> str | None:
    """The path of a request to the service itself that no operation has; None where that is not certain."""
    if not request.paths or not request.service or tests.of(request):
        return None
    certain = [path for path in request.paths if tests.is_of_service(path) and not path.startswith("{}")]
    return certain[0] if len(certain) == len(request.paths) else None


def _check_routes(model: PackModel, tests: OperationTests) -> Iterator[Finding | Reference]:
    unfollowed = 0
    for route in model.python_api.routes():
        if route.path is None:
            unfollowed += 1
            yield Reference("route", "", route.document, route.line, "undecided")
            continue
        known = [each for each in tests.contract.operations if each.method == route.method]
        is_known = any(tests.matches(each, re.sub(r"\{[^}]*\}", "{}", route.path)) for each in known)
        yield Reference("route", route.path, route.document, route.line, "resolved" if is_known else "missing")
        if not is_known:
            yield _not_in_contract(route.document, route.line, route.method, route.path)
    if unfollowed:
        message = f"{unfollowed} route(s) have a prefix that is known only at run time."
        yield unjudged(UNKNOWN_ROUTE, PYTHON_SAMPLE, 1, message)


def _not_in_contract(document: str, line: int, method: str, path: str) -> Finding:
    message = f"{method} {path[:120]} is not in the contract."
    return found(UNKNOWN_ROUTE, document, line, message, "Use a path and method of the contract.")


def _check_models(model: PackModel, contract: Contract) -> Iterator[Finding]:
    """Of several models of one name the one that is nearest to the routes is the contract's."""
    by_name: dict[str, list[ApiModel]] = {}
    for each in model.python_api.models():
        by_name.setdefault(each.name, []).append(each)
    for name, models in by_name.items():
        schema = contract.schemas.get(name)
        if schema is None or not schema.properties:
            continue
        differences = [(each, _difference(each, contract, name)) for each in models]
        if any(not difference for _, difference in differences):
            continue
        for each, difference in differences:
            if not each.whole:
                message = f"{name} has a base that this pack does not show, so its fields are not all known."
                yield unjudged(MODEL_DIFFERS, each.document, each.line, message)
            elif _is_of_api(each):
                message = f"Model {name} differs from the schema of that name: it {difference}."
                mend = "Take the schema's properties, or another name."
                yield found(MODEL_DIFFERS, each.document, each.line, message, mend)


def _is_of_api(each: ApiModel) -> bool:
    return not each.path or bool(_API_FOLDERS.search(each.path)) or not _INNER_FOLDERS.search(each.path)


def _difference(each: ApiModel, contract: Contract, name: str) -> str:
    schema = contract.schemas[name]
    fields = {snake(field) for field in each.fields}
    extra = sorted(fields - {snake(known) for known in schema.properties})
    absent = sorted(known for known in schema.required if snake(known) not in fields)
    parts = [f"has {', '.join(extra)} beyond it" if extra else "", f"lacks {', '.join(absent)}" if absent else ""]
    return " and ".join(filter(None, parts))
