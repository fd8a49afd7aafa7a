"""Which lines and branches of the product have run, by `sys.monitoring`: a place that was seen costs nothing more."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

TOOL = 4
"""One of the two ids that Python leaves to whoever wants them."""
PRODUCT = tuple(f"{Path(__file__).parents[2] / part}/" for part in ("shared", "triggers"))


class Coverage:
    """The places reached so far: lines by file and number, ways by file, first line of the code, offset and target."""

    def __init__(self, folders: tuple[str, ...] = PRODUCT) -> None:
        self.lines: set[tuple[str, int]] = set()
        self.ways: set[tuple[str, int, int, int]] = set()
        self._one_way: dict[tuple[str, int, int], int] = {}
        self._folders = folders

    def __len__(self) -> int:
        return len(self.lines) + len(self.ways)

    @contextmanager
    def measured(self) -> Generator[None]:
        """Note what runs inside, on any thread. One measurement at a time in a process."""
        monitoring, events = sys.monitoring, sys.monitoring.events
        monitoring.use_tool_id(TOOL, "fuzz")
        try:
            monitoring.register_callback(TOOL, events.LINE, self._line)
            monitoring.register_callback(TOOL, events.BRANCH, self._branch)
            monitoring.restart_events()  # a measurement before this one has switched off what it had seen
            monitoring.set_events(TOOL, events.LINE | events.BRANCH)
            yield
        finally:
            monitoring.set_events(TOOL, events.NO_EVENTS)
            monitoring.free_tool_id(TOOL)

    def _line(self, code: CodeType, line: int) -> Any:
        if code.co_filename.startswith(self._folders):
            self.lines.add((code.co_filename, line))
        return sys.monitoring.DISABLE

    def _branch(self, code: CodeType, offset: int, destination: int) -> Any:
        """Both ways of a branch are switched off at once, so it is heard until both were taken."""
        if not code.co_filename.startswith(self._folders):
            return sys.monitoring.DISABLE
        place = (code.co_filename, code.co_firstlineno, offset)
        self.ways.add((*place, destination))
        return None if self._one_way.setdefault(place, destination) == destination else sys.monitoring.DISABLE
