"""Which operations of the contract requests in code are, and how tests judge each of them. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from shared.formats.openapi import Contract, Operation
from shared.pack.model.contract_filters import operations_given
from shared.pack.model.python_project import PythonProject
from shared.pack.model.python_tests import Expectation, Request, Test
from shared.pack.model.values import PLACEHOLDER

_MODULES = ("httpx", "requests", "urllib3", "aiohttp")
"""Receivers that know no service of their own."""


@dataclass
class Judged:
    """How tests judge one operation: the `statuses` they expect, whether a good answer or an error is expected of it,
    `own_statuses` of the tests that are named after it, which tests call it without a look at the status (`silent`),
    and which could not be followed (`unfollowed`)."""

    operation: Operation
    statuses: set[int] = field(default_factory=set[int])
    success: bool = False
    error: bool = False
    own_statuses: set[int] = field(default_factory=set[int])
    silent: list[str] = field(default_factory=list[str])
    unfollowed: list[str] = field(default_factory=list[str])
    tests: list[str] = field(default_factory=list[str])
    any_error: bool = False
    """Whether some test expects an error and does not say which."""
    by_test: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    """The statuses that each test expects of it."""


class OperationTests:
    """The contract's operations with the tests that call them, by path or by operationId.

    A test that calls operations which it names only at run time counts for all of them.
    """

    def __init__(self, contract: Contract, tests: Iterable[Test], project: PythonProject) -> None:
        self.contract, self.tests, self.project = contract, tuple(tests), project
        self._bases = ("", *sorted({_base(url) for url in contract.servers} - {""}))

    @cached_property
    def judged(self) -> dict[str, Judged]:
        """Every operation of the contract by operationId."""
        found = {each.operation_id: Judged(each) for each in self.contract.operations}
        for test in self.tests:
            self._note(test, found)
        return found

    @cached_property
    def at_run_time(self) -> tuple[tuple[Test, tuple[Expectation, ...], frozenset[str] | None], ...]:
        """Tests that name operations only at run time, with what they expect and the operations that their
        parametrisation gives; None where that is not known, and any may be meant."""
        found: list[tuple[Test, tuple[Expectation, ...], frozenset[str] | None]] = []
        for test in self.tests:
            expected: list[Expectation] = []
            for request in test.requests:
                elsewhere = request.receiver.split(".")[0] in _MODULES  # a whole address, such as an issuer's
                if not (request.in_setup or request.paths or request.operations or elsewhere):
                    expected += _of(test, request)
            if expected:
                function = test.function
                given = operations_given(function, test.module, self.project, self.contract) if function else None
                found.append((test, tuple(expected), given))
        return tuple(found)

    def anything(self, operation_id: str | None = None) -> Judged:
        """What tests that name operations at run time expect of one operation, or of any."""
        judged = Judged(self.contract.operations[0])
        for test, expectations, given in self.at_run_time:
            if operation_id is None or given is None or operation_id in given:
                judged.tests.append(test.name)
                for expected in expectations:
                    _apply(judged, expected)
        return judged

    def of(self, request: Request) -> frozenset[str]:
        """The operationIds that a request may be; empty where it is none of the contract's or not known."""
        if request.operations:
            return request.operations
        return frozenset(
            operation.operation_id
            for operation in self.contract.operations
            if request.method in ("*", operation.method)
            and any(self.matches(operation, path) for path in request.paths)
        )

    def matches(self, operation: Operation, path: str) -> bool:
        """Whether `path`, with or without the base path of a server, is the operation's."""
        return any(
            path_matches(operation.path, path.removeprefix(base)) for base in self._bases if path.startswith(base)
        )

    def is_of_service(self, path: str) -> bool:
        """Whether `path` begins like a path of the contract: the same first part, with or without a server's base."""
        heads = {operation.path.strip("/").split("/")[0] for operation in self.contract.operations}
        heads |= {base.strip("/").split("/")[0] for base in self._bases if base}
        return path.strip("/").split("/")[0] in heads

    def _note(self, test: Test, found: dict[str, Judged]) -> None:
        touched: set[str] = set()
        called: set[str] = set()
        for request in test.requests:
            operations = self.of(request) & found.keys()
            expectations = list(_of(test, request))
            for each in operations:
                judged = found[each]
                called.add(each)
                if not request.in_setup:
                    touched.add(each)
                for expected in expectations:
                    _apply(judged, expected)
                    judged.by_test.setdefault(test.name, set()).update(expected.statuses)
                if not expectations and not request.in_setup:
                    judged.silent.append(test.name)
                if expectations and all(expected.kind == "unknown" for expected in expectations):
                    judged.unfollowed.append(test.name)
        for expected in test.expectations:
            for each in expected.operations & found.keys():
                touched.add(each)
                if expected.kind == "contract":
                    found[each].success = True
        named = self._named(test, found)
        if named is not None:
            for request in test.requests:
                if named in self.of(request):
                    for expected in _of(test, request):
                        found[named].own_statuses |= expected.statuses
        if named is not None and named not in called:
            self._by_name(test, found[named])
            touched.add(named)
        for each in touched:
            found[each].tests.append(test.name)
            if not test.followed:
                found[each].unfollowed.append(test.name)

    def _by_name(self, test: Test, judged: Judged) -> None:
        """A test that is named after an operation, whose own requests are not known to be of it."""
        of_setup = {request.number for request in test.requests if request.in_setup}
        followed = [
            expected
            for expected in test.expectations
            if (expected.statuses or expected.kind) and not (expected.answers and expected.answers <= of_setup)
        ]
        for expected in followed:
            _apply(judged, expected)
            judged.by_test.setdefault(test.name, set()).update(expected.statuses)
        if not followed:
            judged.silent.append(test.name)

    @cached_property
    def _prefixes(self) -> list[tuple[str, str]]:
        ids = sorted((each.operation_id for each in self.contract.operations), key=len, reverse=True)
        return [(f"test_{snake(each)}_", each) for each in ids]

    def _named(self, test: Test, found: dict[str, Judged]) -> str | None:
        name = f"{test.name}_"
        return next((each for prefix, each in self._prefixes if name.startswith(prefix) and each in found), None)


def _apply(judged: Judged, expected: Expectation) -> None:
    judged.statuses |= expected.statuses
    judged.success = judged.success or expected.kind in ("success", "contract")
    judged.success = judged.success or any(200 <= status < 400 for status in expected.statuses)
    judged.error = judged.error or expected.kind == "error" or any(status >= 400 for status in expected.statuses)
    judged.any_error = judged.any_error or (expected.kind == "error" and not expected.statuses)


def _of(test: Test, request: Request) -> Iterator[Expectation]:
    for expected in test.expectations:
        if request.number in expected.answers and expected.kind != "named":
            yield expected


def _base(url: str) -> str:
    return re.sub(r"^\w+://[^/]+", "", url).rstrip("/")


def path_matches(template: str, path: str) -> bool:
    """Whether `path` (with `{}` for run-time values) is one of the contract's `template` (with `{name}` parts)."""
    wanted, given = template.strip("/").split("/"), path.strip("/").split("/")
    return len(wanted) == len(given) and all(map(_part_matches, wanted, given))


def _part_matches(wanted: str, given: str) -> bool:
    if "{" in wanted:
        literal = re.split(r"\{[^}]*\}", wanted)
        return bool(given) and (PLACEHOLDER in given or (given.startswith(literal[0]) and given.endswith(literal[-1])))
    return wanted == given or PLACEHOLDER in given


def snake(name: str) -> str:
    """`listOrders` as `list_orders`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
