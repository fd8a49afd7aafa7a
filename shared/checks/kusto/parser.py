"""Runs Microsoft's Kusto parser inside the process, by QuickJS. Reads the files of this folder; no network, no Node.

The engine is loaded once per process, on first use (some two seconds of CPU, 70 MB), and all calls run on its one
thread. A query that exhausts its time or memory costs the engine; the next query loads a new one. What it said of a
query is kept: a revised document still has most of its queries.
"""

import hashlib
import json
import lzma
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from shared.checks.javascript import on_its_thread
from shared.checks.kusto.tables import Table

FOLDER = Path(__file__).parent
FILES = ("bridge.min.js", "Kusto.Language.Bridge.min.js")
OWN_FILES = ("lean.js", "analyse.js")
"""Ours, run after the vendored ones."""
RECORD = "source.json"
"""Version of the vendored package and SHA-256 of each file."""

MEMORY_BYTES = 256 * 1024 * 1024
STACK_BYTES = 8 * 1024 * 1024
LOAD_SECONDS = 120.0
QUERY_SECONDS = 10.0
"""CPU seconds of the whole process, as QuickJS counts them."""
KEPT_ANALYSES = 1_000


class ParserUnavailable(Exception):
    """The vendored parser is missing, damaged or cannot start: nothing can be said of any query."""


class QueryRefused(Exception):
    """The parser gave up on one query: it is nested too deeply, or takes too much time or memory."""


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One message of the parser. `start` counts UTF-16 code units from the start of the query."""

    start: int
    code: str
    severity: str
    message: str


@dataclass(frozen=True)
class Analysis:
    """What the parser found: its messages, where each tabular expression starts, and the tables by place."""

    diagnostics: tuple[Diagnostic, ...]
    expressions: tuple[int, ...]
    tables: tuple[tuple[int, str], ...]


def analyse(query: str, tables: Sequence[Table]) -> Analysis:
    """Parse `query` and resolve its names against `tables`; `ParserUnavailable` or `QueryRefused` otherwise."""
    return on_its_thread(_analyse, query, tuple(tables))


class _Engine(threading.local):
    """The loaded engine, the tables it was last told, and what it said since. On the one thread that uses it."""

    def __init__(self) -> None:
        self.call: Callable[[str, str], Any] | None = None
        self.tables: tuple[Table, ...] | None = None
        self.kept: dict[str, Analysis] = {}


_ENGINE = _Engine()


def _analyse(query: str, tables: tuple[Table, ...]) -> Analysis:
    call = _ENGINE.call or _load()
    try:
        if _ENGINE.tables != tables:
            call("declareTables", json.dumps([[one.name, one.columns, one.open] for one in tables]))
            _ENGINE.tables, _ENGINE.kept = tables, {}
        if query in _ENGINE.kept:
            return _ENGINE.kept[query]
        answer = cast(dict[str, Any], json.loads(call("analyse", query)))
    except _quickjs().JSException as error:
        _ENGINE.call = _ENGINE.tables = None  # out of time or memory, its state cannot be trusted
        raise QueryRefused(str(error).partition("\n")[0]) from None
    analysis = Analysis(
        tuple(Diagnostic(*one) for one in answer["diagnostics"]),
        tuple(answer["expressions"]),
        tuple((start, name) for start, name in answer["tables"]),
    )
    if len(_ENGINE.kept) < KEPT_ANALYSES:
        _ENGINE.kept[query] = analysis
    return analysis


def _load() -> Callable[[str, str], Any]:
    try:
        call = _start(_sources(FOLDER))
    except _quickjs().JSException as error:
        raise ParserUnavailable(f"it does not start: {str(error).partition('\n')[0]}") from None
    _ENGINE.call = call
    return call


def _sources(folder: Path) -> list[str]:
    """The parser's scripts, checked against the record, then our own."""
    try:
        expected = json.loads((folder / RECORD).read_text(encoding="utf-8"))["sha256"]
        contents = {name: lzma.decompress((folder / f"{name}.xz").read_bytes()) for name in FILES}
        own = [(folder / name).read_text(encoding="utf-8") for name in OWN_FILES]
    except (OSError, ValueError, KeyError, lzma.LZMAError) as error:
        raise ParserUnavailable(f"a file of it cannot be read: {error}") from None
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != expected.get(name):
            raise ParserUnavailable(f"{name} is not the file that {RECORD} records")
    return [content.decode() for content in contents.values()] + own


def _start(sources: list[str]) -> Callable[[str, str], Any]:
    """A fresh engine; the first query, which sets up the language's tables of functions, is paid here."""
    context = _quickjs().Context()
    context.set_memory_limit(MEMORY_BYTES)
    context.set_max_stack_size(STACK_BYTES)
    context.set_time_limit(LOAD_SECONDS)
    context.eval("const console = { log() {}, error() {}, warn() {} };")
    for source in sources:
        context.eval(source)
    functions: dict[str, Any] = {name: context.get(name) for name in ("declareTables", "analyse")}
    functions["declareTables"]("[]")
    functions["analyse"]("print 1")
    context.set_time_limit(QUERY_SECONDS)
    return lambda name, argument: functions[name](argument)


def _quickjs() -> Any:
    """The untyped engine, imported when the first query is read."""
    import quickjs  # pyright: ignore[reportMissingTypeStubs] (it has none)

    return quickjs
