"""Which operations of the contract requests in code are, and how tests judge each of them. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from shared.formats.openapi import Contract, Operation
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


class OperationTests:
    """The contract's operations with the tests that call them, by path or by operationId.

    A test that calls operations which it names only at run time counts for all of them.
    """

    def __init__(self, contract: Contract, tests: Iterable[Test]) -> None:
        self.contract, self.tests = contract, tuple(tests)
        self._bases = ("", *sorted({_base(url) for url in contract.servers} - {""}))

    @cached_property
    def judged(self) -> dict[str, Judged]:
        """Every operation of the contract by operationId."""
        found = {each.operation_id: Judged(each) for each in self.contract.operations}
        for test in self.tests:
            self._note(test, found)
        return found

    @cached_property
    def anything(self) -> Judged | None:
        """What tests expect of operations that they name only at run time; None where no test does so."""
        statuses: set[int] = set()
        kinds: set[str] = set()
        seen = False
        for test in self.tests:
            for request in test.requests:
                elsewhere = request.receiver.split(".")[0] in _MODULES  # a whole address, such as an issuer's
                if request.in_setup or request.paths or request.operations or elsewhere:
                    continue
                for expected in _of(test, request):
                    seen = True
                    statuses |= expected.statuses
                    kinds.add(expected.kind)
        if not seen or not self.contract.operations:
            return None
        success = bool(kinds & {"success", "contract"}) or any(status < 400 for status in statuses)
        return Judged(self.contract.operations[0], statuses, success, any(status >= 400 for status in statuses))

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
