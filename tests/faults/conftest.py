"""Prints the table of faults at the end of a session that made any."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import table

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A connection that was cut on purpose is closed by nobody in order: here that is no defect."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(autouse=True)
def _left_connections() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction] (pytest calls it)
    """Connections that nobody closed are found while the test that cut them lasts, not by whatever comes later."""
    yield
    gc.collect()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A Markdown table, ready for a report."""
    if table.ROWS:
        terminalreporter.write_line("")
        for line in table.lines():
            terminalreporter.write_line(line)
