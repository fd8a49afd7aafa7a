"""What suites need where they run: variables they read, values that documents give, programs they start. Pure."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from shared.pack.model.documents import LARGEST_BLOCK, TESTS, PackDocument, PackDocuments
from shared.pack.model.python_project import PythonProject, dotted_name

_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_VALUE = re.compile(
    r"(?<![\w$-])([A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{1,40}){1,8})\s{0,3}(?:=|:\s)\s{0,3}[\"']?"
    r"(\d{1,12}(?:\.\d{1,6})?|true|false)[\"']?(?=[\s`;,)\\]|$)"
)
_RUNS = re.compile(r"(?:subprocess\.)?(?:run|check_call|check_output|call|Popen|create_subprocess_exec)")
_GETTERS = frozenset({"os.environ.get", "environ.get", "os.getenv", "getenv"})
_STUBS = re.compile(r"(?:^|/)(?:stubs?|mocks?|fakes?|servers?)(?:/|\.py$)")


@dataclass(frozen=True)
class VariableRead:
    """A variable of the environment that a suite reads; `has_default` where the code names a value to fall back on."""

    name: str
    has_default: bool
    is_required: bool
    path: str
    line: int


@dataclass(frozen=True)
class CommandRun:
    """A program that a test starts by a literal name."""

    program: str
    path: str
    line: int


class SuiteEnvironment:
    """The test specification's suites and the environment they are run in."""

    def __init__(self, documents: PackDocuments, project: PythonProject) -> None:
        self.documents, self.project = documents, project

    @cached_property
    def variables(self) -> tuple[VariableRead, ...]:
        """Variables that suites read by a literal name, each once; those of stub servers are set by who starts them."""
        found: dict[str, VariableRead] = {}
        for module in self.project.modules.values():
            if module.block.document == TESTS and not _STUBS.search(module.path):
                for node in module.nodes:
                    name, has_default, is_required = _variable(node)
                    if _NAME.fullmatch(name):
                        read = VariableRead(name, has_default, is_required, module.path, module.line(node))
                        found.setdefault(name, read)
        return tuple(found.values())

    @cached_property
    def listed(self) -> frozenset[str] | None:
        """Names in the specification's tables of variables; None where it has none."""
        document = self.documents.get(TESTS)
        tables = [table for table in document.tables if table.has("variable")] if document else []
        if not tables:
            return None
        return frozenset(
            name
            for table in tables
            for row in table.rows
            for cell in row.cells.values()
            for name in _NAME.findall(cell)
        )

    @cached_property
    def commands(self) -> tuple[CommandRun, ...]:
        """Programs that tests start."""
        return tuple(
            CommandRun(program, module.path, module.line(node))
            for module in self.project.modules.values()
            if module.block.document == TESTS
            for node in module.nodes
            if isinstance(node, ast.Call) and _RUNS.fullmatch(dotted_name(node.func).removeprefix("asyncio."))
            for program in _program(node)
        )


def values_given(document: PackDocument) -> dict[str, dict[str, int]]:
    """Name of a variable -> the numbers and booleans that blocks and sentences of the document give it, with lines."""
    found: dict[str, dict[str, int]] = {}
    lines = list(document.prose)
    for block in document.blocks:
        if block.language not in ("python", "py", "csharp", "kusto", "kql") and len(block.content) < LARGEST_BLOCK:
            lines += [(block.line_of(number), line) for number, line in enumerate(block.content.splitlines(), 1)]
    for number, line in lines:
        for match in _VALUE.finditer(line[:2_000]):
            found.setdefault(match[1], {}).setdefault(match[2], number)
    return found


def _variable(node: ast.AST) -> tuple[str, bool, bool]:
    """The variable that an expression reads ('' for none), whether it has a default, whether it fails without one."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.ctx, ast.Load):
        if dotted_name(node.value) in ("os.environ", "environ"):
            return str(node.slice.value), False, True
    elif isinstance(node, ast.Call) and node.args and dotted_name(node.func) in _GETTERS:
        given = node.args[1] if len(node.args) > 1 else None
        is_empty = given is None or (isinstance(given, ast.Constant) and given.value in (None, ""))
        name = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
        return str(name), not is_empty, False
    return "", False, False


def _program(node: ast.Call) -> Iterator[str]:
    first = node.args[0] if node.args else None
    if isinstance(first, ast.List | ast.Tuple) and first.elts:
        first = first.elts[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and re.fullmatch(r"[\w.-]{2,40}", first.value):
        yield first.value
