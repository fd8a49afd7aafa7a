"""Telemetry by name: fields and events of the observability plan, fields that queries read, and what code writes. Pure.

A field is a key of `Properties` (Log Analytics) or `customDimensions` (Application Insights); both are case-sensitive.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from shared.pack.model.documents import LARGEST_BLOCK, OBSERVABILITY, Block, PackDocuments, Row, Table
from shared.pack.model.python_project import Class, Module, PythonProject, dotted_name

_READ = re.compile(r"""\b(?:Properties|customDimensions)(?:\.([A-Za-z_]\w{0,99})|\[\s*["']([^"'\n]{1,100})["']\s*\])""")
_FIELD = re.compile(r"[a-z][A-Za-z0-9]{0,60}")
_EVENT = re.compile(r"[a-z][a-z0-9_-]{0,60}(?:\.[a-z][a-z0-9_-]{0,60}){1,4}")
_LEVELS = {
    "trace": "debug", "verbose": "debug", "debug": "debug", "information": "information", "info": "information",
    "warning": "warning", "warn": "warning", "error": "error", "exception": "error", "critical": "critical",
    "fatal": "critical",
}  # fmt: skip
_LOGGER_MESSAGE = re.compile(r'\[LoggerMessage\(((?:[^"\]]|"(?:[^"\\\n]|\\.)*"){1,2000})\)\]')
_PLACEHOLDER = re.compile(r"(?<!\{)\{[@$]?([A-Za-z_]\w{0,99})(?:[,:][^{}\n]{1,40})?\}(?!\})")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.){1,2000})"')
_EVENT_KEYS = frozenset({"event", "eventName", "event_name", "eventname"})
ON_EVERY_RECORD = frozenset({"environment", "event", "level", "time", "message"})
"""Keys that resource attributes and the formatter itself write, by whatever name."""


@dataclass(frozen=True)
class PlannedEvent:
    """An event of the plan: its levels (lower case, empty where none was understood), its own fields, its line."""

    name: str
    levels: frozenset[str]
    fields: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class LoggedEvent:
    """An event that code logs by a literal name, with its level; None where the level is computed."""

    name: str
    level: str | None
    document: str
    line: int


@dataclass(frozen=True)
class LogFormatter:
    """A Python log formatter that writes the fields of a fixed list, and no others: where the list stands."""

    fields: frozenset[str]
    list_name: str
    document: str
    line: int


@dataclass(frozen=True)
class FieldRead:
    """A field that a query reads."""

    name: str
    query: str
    document: str
    line: int


class Telemetry:
    """What the plan promises of telemetry, what queries read, and what code writes."""

    def __init__(self, documents: PackDocuments, project: PythonProject) -> None:
        self.documents, self.project = documents, project

    @cached_property
    def planned_fields(self) -> dict[str, int]:
        """Fields that the plan's table of fields puts into `Properties`, with their lines."""
        fields: dict[str, int] = {}
        for table in self._plan_tables:
            if len(table.columns) > 2 and sum("Properties" in " ".join(row.cells.values()) for row in table.rows) > 2:
                for row in table.rows:
                    for name in _fields_of(row):
                        fields.setdefault(name, row.line)
        return fields

    @cached_property
    def planned_events(self) -> tuple[PlannedEvent, ...]:
        """Events of the plan's table of log events."""
        return tuple(
            event
            for table in self._plan_tables
            if table.has("level")
            for row in table.rows
            for event in _events_of(row, _own_fields(table, row))
        )

    @property
    def _plan_tables(self) -> tuple[Table, ...]:
        plan = self.documents.get(OBSERVABILITY)
        return plan.tables if plan else ()

    @cached_property
    def reads(self) -> tuple[FieldRead, ...]:
        """Fields that queries of the plan read, each at its first place in each query."""
        return tuple(read for block in self.documents.blocks if _is_query(block) for read in _reads(block))

    @cached_property
    def formatters(self) -> tuple[LogFormatter, ...]:
        """Formatters of the sample that have a fixed list of fields."""
        return tuple(
            formatter
            for module in self._modules
            for owner in module.classes.values()
            if any(base.split(".")[-1].endswith("Formatter") for base in owner.bases)
            for formatter in _formatter(module, owner)
        )

    @cached_property
    def logged(self) -> tuple[LoggedEvent, ...]:
        """Events that code outside of tests logs."""
        python = (event for module in self._modules for event in _python_events(module))
        csharp = (event for block in self._csharp for event in _csharp_events(block))
        return (*python, *csharp)

    @property
    def _modules(self) -> Iterator[Module]:
        return (module for module in self.project.modules.values() if not module.path.startswith("tests/"))

    @property
    def _csharp(self) -> Iterator[Block]:
        return (block for block in self.documents.blocks if block.language in ("csharp", "cs", "c#"))

    @cached_property
    def placeholders(self) -> dict[str, tuple[str, int]]:
        """Names of the placeholders in C# message templates, with document and line of the first."""
        names: dict[str, tuple[str, int]] = {}
        for block in self._csharp:
            for match in _LOGGER_MESSAGE.finditer(block.content[:LARGEST_BLOCK]):
                line = block.line_of(block.content.count("\n", 0, match.start()) + 1)
                for name in _PLACEHOLDER.findall(match[1]):
                    names.setdefault(name, (block.document, line))
        return names

    def has_literal(self, name: str) -> bool:
        """Whether C# gives the name as a key: `["name"]`, `("name", ...)`."""
        pattern = re.compile(rf'"{re.escape(name)}"\s*[,\]]')
        return any(pattern.search(block.content) for block in self._csharp)

    def is_given(self, name: str, formatter: LogFormatter) -> bool:
        """Whether Python code outside of tests and of the formatter's list has the name as text, keyword or attribute
        that it assigns."""
        return any(
            name in _given(module, formatter.list_name if module.block.document == formatter.document else "")
            for module in self._modules
        )

    def is_named(self, name: str) -> bool:
        """Whether anything but queries has the name."""
        pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        queries = {(block.document, number) for block in self.documents.blocks if _is_query(block)
                   for number in range(block.line, block.line_of(block.content.count("\n") + 1) + 1)}  # fmt: skip
        return any(
            pattern.search(line) is not None and (document.name, number) not in queries
            for document in self.documents
            for number, line in enumerate(document.lines, 1)
        )


def _is_query(block: Block) -> bool:
    return block.language.lower() in ("kql", "kusto") or (block.path or "").endswith(".kql")


def _reads(block: Block) -> Iterator[FieldRead]:
    seen: set[str] = set()
    for number, line in enumerate(block.content[:LARGEST_BLOCK].splitlines(), 1):
        for match in _READ.finditer(line.split("//")[0]):
            name = match[1] or match[2]
            if name not in seen:
                seen.add(name)
                yield FieldRead(name, block.path or "a query", block.document, block.line_of(number))


def _fields_of(row: Row) -> Iterator[str]:
    """`Properties.a` names its field; plain `Properties` stands for the names in the first cell."""
    cells = list(row.cells.values())
    for cell in cells[1:]:
        if named := re.findall(r"\bProperties\.([A-Za-z_]\w{0,99})", cell):
            yield from named
        elif re.match(r"`?Properties`?(?:$|,|;)", cell):
            yield from (name for name in _names(cells[0]) if _FIELD.fullmatch(name))


def _names(cell: str) -> list[str]:
    """Names that a cell lists, without what stands in brackets."""
    return [part.strip().strip("`").strip() for part in re.split(r"[,;]", re.sub(r"\([^()]*\)", "", cell))]


def _own_fields(table: Table, row: Row) -> tuple[str, ...]:
    title = next((column.lower() for column in table.columns if "field" in column.lower()), None)
    cell = row.cells.get(title, "") if title else ""
    words = (name.split(" ")[0].strip("`") for name in _names(cell))
    return tuple(word for word in words if _FIELD.fullmatch(word) and word != "none")


def _events_of(row: Row, fields: tuple[str, ...]) -> Iterator[PlannedEvent]:
    levels = frozenset(_LEVELS[word] for word in re.findall(r"[a-z]+", row.cell("level").lower()) if word in _LEVELS)
    for name in _names(next(iter(row.cells.values()), "")):
        if _EVENT.fullmatch(name):
            yield PlannedEvent(name, levels, fields, row.line)


def _formatter(module: Module, owner: Class) -> Iterator[LogFormatter]:
    """A class that does `getattr(record, name)` for each name of a constant list, and takes no whole dictionary."""
    if any(isinstance(node, ast.Attribute) and node.attr == "__dict__" for node in ast.walk(owner.node)):
        return
    written = {text for text in _constants(owner.node) if _FIELD.fullmatch(text)}
    for node in ast.walk(owner.node):
        loops = [node] if isinstance(node, ast.For) else getattr(node, "generators", [])
        for loop in loops:
            name = loop.iter.id if isinstance(loop.iter, ast.Name) else ""
            given = module.constants.get(name)
            if given is not None and _takes_from_record(node):
                fields = frozenset(_constants(given))
                yield LogFormatter(fields | written, name, module.block.document, module.line(given))


def _given(module: Module, without: str) -> set[str]:
    names: set[str] = set()
    listed = module.constants.get(without)
    skipped = {id(each) for each in ast.walk(listed)} if listed is not None else set[int]()
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            names.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            names.add(node.arg)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return names


def _constants(node: ast.AST) -> Iterator[str]:
    return (each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _takes_from_record(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Call) and dotted_name(each.func) == "getattr" and len(each.args) > 1
        and isinstance(each.args[0], ast.Name) and each.args[0].id == "record"
        for each in ast.walk(node)
    )  # fmt: skip


def _python_events(module: Module) -> Iterator[LoggedEvent]:
    for node in module.nodes:
        method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if not isinstance(node, ast.Call) or (method not in _LEVELS and method != "log"):
            continue
        extra = next((each.value for each in node.keywords if each.arg == "extra"), None)
        names = [*_texts(_event_values(extra)), *_texts(node.args[: 2 if method == "log" else 1])]
        name = next((each for each in names if _EVENT.fullmatch(each)), None)
        if name:
            yield LoggedEvent(name, _LEVELS.get(method), module.block.document, module.line(node))


def _event_values(extra: ast.expr | None) -> Iterator[ast.expr]:
    if isinstance(extra, ast.Dict):
        for key, value in zip(extra.keys, extra.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in _EVENT_KEYS:
                yield value


def _texts(nodes: Iterable[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _csharp_events(block: Block) -> Iterator[LoggedEvent]:
    for match in _LOGGER_MESSAGE.finditer(block.content[:LARGEST_BLOCK]):
        name = re.search(r'\bEventName\s*=\s*"([^"]{1,100})"', match[1])
        level = re.search(r"\bLogLevel\.(\w+)", match[1])
        if name and _EVENT.fullmatch(name[1]):
            line = block.line_of(block.content.count("\n", 0, match.start()) + 1)
            yield LoggedEvent(name[1], _LEVELS.get(level[1].lower()) if level else None, block.document, line)
