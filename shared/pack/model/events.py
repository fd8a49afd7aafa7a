"""Events that components exchange: the architecture's table of them, and what Python code publishes by name. Pure."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.pack.model.documents import ARCHITECTURE, OBSERVABILITY, PackDocuments, Row, Table, code_words
from shared.pack.model.objectives import NOTHING_THERE
from shared.pack.model.python_project import PythonProject, dotted_name
from shared.pack.model.references import Reference

_EVENT_NAME = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*){1,4}")
_PUBLISHES = re.compile(
    r"(?:publish|enqueue|dispatch|emit)(?:_?(?:event|message))?|send_event|add_event|raise_event", re.IGNORECASE
)


@dataclass(frozen=True)
class Event:
    """A row of the architecture's table of events; `producer` and `consumer` are empty where it says there is none."""

    name: str
    producer: str
    consumer: str
    line: int


def event_tables(documents: PackDocuments) -> Iterator[Table]:
    """The architecture's tables with both a column for who produces and one for who consumes."""
    document = documents.get(ARCHITECTURE)
    for table in document.tables if document else ():
        if _column(table, r"producer|published by|publisher|emitted by") and _column(
            table, r"consumer|subscriber|read by"
        ):
            yield table


def events(documents: PackDocuments) -> tuple[Event, ...]:
    """All events of those tables."""
    return tuple(event for table in event_tables(documents) for row in table.rows for event in _events(table, row))


def _events(table: Table, row: Row) -> Iterator[Event]:
    first = next(iter(row.cells.values()), "")
    producer, consumer = (
        _said(row.cells.get(_column(table, pattern) or "", ""))
        for pattern in (r"producer|published by|publisher|emitted by", r"consumer|subscriber|read by")
    )
    for name in code_words(first) or [first.strip()]:
        yield Event(name, producer, consumer, row.line)


def _column(table: Table, pattern: str) -> str | None:
    return next((title.lower() for title in table.columns if re.search(pattern, title.lower())), None)


def _said(cell: str) -> str:
    text = cell.strip().strip("`*").strip()
    return "" if text.lower().rstrip(".") in NOTHING_THERE | {"nobody", "no one", "nothing", "tbd"} else text


def published(documents: PackDocuments, project: PythonProject) -> Iterator[Reference]:
    """Events that code publishes by a literal name; one that neither the architecture nor the observability plan names
    anywhere is missing, where the architecture has a table of events at all."""
    if not any(event_tables(documents)):
        return
    texts = [document.text for name in (ARCHITECTURE, OBSERVABILITY) if (document := documents.get(name))]
    for module in project.modules.values():
        if module.path.startswith("tests/"):
            continue
        for node in module.nodes:
            if isinstance(node, ast.Call) and _PUBLISHES.fullmatch(dotted_name(node.func).rpartition(".")[2]):
                for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                    if (
                        isinstance(given, ast.Constant)
                        and isinstance(given.value, str)
                        and _EVENT_NAME.fullmatch(given.value)
                    ):
                        pattern = rf"(?<![\w.-]){re.escape(given.value)}(?![\w-])"
                        known = any(re.search(pattern, text) for text in texts)
                        state = "resolved" if known else "missing"
                        yield Reference("event", given.value, module.block.document, module.line(given), state)
