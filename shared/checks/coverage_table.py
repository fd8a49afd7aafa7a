"""The coverage table of the contract tests: what a row claims of its operation, and what the tests it names expect."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.checks.api_code_rules import ROW_INCOMPLETE, STATUS_CLAIMED, TEST_LEFT_OUT
from shared.contracts import Finding, found, unjudged
from shared.pack.model import TESTS, PackModel
from shared.pack.model.operations import Judged, OperationTests

MOST_NAMES = 20


@dataclass(frozen=True)
class _Row:
    """A row: its operation as tests judge it, the statuses and tests that it names, its line."""

    judged: Judged
    statuses: frozenset[int]
    tests: frozenset[str]
    line: int

    @property
    def name(self) -> str:
        return self.judged.operation.operation_id


def check_rows(model: PackModel, tests: OperationTests) -> Iterator[Finding]:
    """One finding for each rule, naming the operations."""
    rows = list(_rows(model, tests))
    yield from _incomplete(rows)
    yield from _claimed(rows, tests)
    yield from _left_out(rows)


def _rows(model: PackModel, tests: OperationTests) -> Iterator[_Row]:
    document = model.documents.get(TESTS)
    for table in document.tables if document else ():
        if table.section.lower() != "contract tests" or not table.has("operationid", "status"):
            continue
        for row in table.rows:
            judged = tests.judged.get(row.cell("operationid").strip("`* "))
            statuses = frozenset(int(each) for each in re.findall(r"\b[1-5]\d\d\b", row.cell("status")))
            if judged is not None and statuses:
                named = frozenset(re.findall(r"\btest_\w+", " ".join(row.cells.values())))
                yield _Row(judged, statuses, named, row.line)


def _incomplete(rows: list[_Row]) -> Iterator[Finding]:
    """Statuses that tests named after an operation expect of it and that its row leaves out."""
    lacking: dict[str, list[int]] = {}
    for row in rows:
        declared = {int(status) for status in row.judged.operation.statuses if status.isdecimal()}
        if statuses := sorted(row.judged.own_statuses & declared - row.statuses):
            lacking[row.name] = statuses
    if lacking:
        message = f"The coverage table leaves out statuses that tests expect of {len(lacking)} operation(s)"
        line = next(row.line for row in rows if row.name in lacking)
        yield found(ROW_INCOMPLETE, TESTS, line, f"{message}: {_listed(lacking)}.", "Add it to the row.")


def _claimed(rows: list[_Row], tests: OperationTests) -> Iterator[Finding]:
    """Errors that a row claims and that no test expects of the operation."""
    claimed: dict[str, list[int]] = {}
    unsure: list[str] = []
    for row in rows:
        anything = tests.anything(row.name)
        absent = {status for status in row.statuses if 400 <= status < 500}
        absent -= row.judged.statuses | row.judged.own_statuses | anything.statuses
        if not absent:
            continue
        if row.judged.unfollowed or row.judged.silent or row.judged.any_error or anything.any_error:
            unsure.append(row.name)
        else:
            claimed[row.name] = sorted(absent)
    if claimed:
        message = f"The coverage table claims statuses that no test expects of {len(claimed)} operation(s)"
        line = next(row.line for row in rows if row.name in claimed)
        yield found(STATUS_CLAIMED, TESTS, line, f"{message}: {_listed(claimed)}.", "Add the tests, or take it out.")
    if unsure:
        message = f"What tests expect of {', '.join(unsure[:MOST_NAMES])} could not all be followed."
        yield unjudged(STATUS_CLAIMED, TESTS, 1, message)


def _left_out(rows: list[_Row]) -> Iterator[Finding]:
    """Tests that no row names, and that alone expect a status which the row of their operation claims."""
    everywhere = frozenset[str]().union(*(row.tests for row in rows))
    left_out: dict[str, list[str]] = {}
    for row in rows:
        by_named = {status for test in row.tests for status in row.judged.by_test.get(test, ())}
        for test, statuses in row.judged.by_test.items():
            is_own = test.startswith(f"test_{_snake(row.name)}_")
            if row.tests and is_own and test not in everywhere and statuses & row.statuses - by_named:
                left_out.setdefault(row.name, []).append(test)
    if left_out:
        listed = "; ".join(f"{name}: {', '.join(names)}" for name, names in left_out.items())
        message = f"Rows claim statuses that only tests expect which they do not name: {listed}."
        line = next(row.line for row in rows if row.name in left_out)
        yield found(TEST_LEFT_OUT, TESTS, line, message, "Name these tests in the rows.")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _listed(names: dict[str, list[int]]) -> str:
    """`400: listOrders, getOrder; 409: createOrder`."""
    by_status: dict[int, list[str]] = {}
    for name, statuses in names.items():
        for status in statuses:
            by_status.setdefault(status, []).append(name)
    parts: list[str] = []
    for status, every in sorted(by_status.items()):
        more = len(every) - MOST_NAMES
        parts.append(f"{status}: {', '.join(every[:MOST_NAMES])}" + (f" and {more} more" if more > 0 else ""))
    return "; ".join(parts)
