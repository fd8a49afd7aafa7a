"""Reads Python: does it compile, and would pytest collect its tests."""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeIs

from shared.checks.languages import Fault, Unread, refuse_long

MAXIMUM_CHARACTERS = 200_000

type Kind = Literal["collected", "duplicate", "asserting"]
"""What a test must be: found by pytest, the only one of its name, and able to fail."""
type Function = ast.FunctionDef | ast.AsyncFunctionDef

_TEST_FILE = re.compile(r"(?:.*/)?(?:test_[^/]*|[^/]*_test)\.py")
_NOT_TESTS = ("conftest.py", "locustfile.py", "__init__.py")
_WITHOUT_BODY = frozenset({"abstractmethod", "overload"})
_WORDS_OF_ASSERTION = frozenset({
    "assert", "asserts", "check", "checks", "ensure", "expect", "expects", "fail", "fails", "must", "raise", "raises",
    "require", "should", "validate", "validates", "verify", "verifies", "warns",
})  # fmt: skip
"""A call whose name has one of these words is taken for one that may fail the test."""


@dataclass(frozen=True)
class Module:
    """A block that compiles: its tree, and the path the document gives it, if any."""

    tree: ast.Module
    path: str | None

    @property
    def holds_tests(self) -> bool:
        """Whether pytest collects from a file of this name."""
        return self.path is not None and _TEST_FILE.fullmatch(self.path) is not None


def read(source: str, path: str | None) -> Module | Fault:
    """Compile `source`, without running it. A fragment, which has no path, may `await` at its top."""
    refuse_long(source, MAXIMUM_CHARACTERS)
    flags = 0 if path else ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is no error
            tree = ast.parse(source)
            compile(tree, "<block>", "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        return Fault(error.lineno or 1, f"{error.msg} (column {error.offset or 1})")
    except (RecursionError, MemoryError):
        raise Unread("it is nested too deeply") from None
    except ValueError as error:
        return Fault(1, str(error))
    return Module(tree, path)


def asserting_functions(modules: Iterable[Module]) -> frozenset[str]:
    """Names of the functions that assert something, themselves or through one another."""
    functions = [node for module in modules for node in ast.walk(module.tree) if _is_function(node)]
    names: frozenset[str] = frozenset()
    for _ in range(5):  # helpers that call helpers; deeper chains are not followed
        more = frozenset(node.name for node in functions if _asserts(node, names))
        if more == names:
            break
        names = more
    return names


def test_faults(module: Module, asserting: frozenset[str] | None) -> Iterator[tuple[Kind, Fault]]:
    """What keeps tests from being collected or from failing; `asserting` names the helpers, None if unknown."""
    tests = list(_tests(module.tree))
    if module.holds_tests and not tests:
        yield "collected", Fault(1, f"{module.path} holds no test function and no Test class with one.")
    if module.path and not module.holds_tests:
        if tests and "tests/" in f"/{module.path}" and not module.path.endswith(_NOT_TESTS):
            yield "collected", Fault(tests[0][1].lineno, f"pytest collects nothing from a file named {module.path}.")
        return
    seen: set[tuple[str, str]] = set()
    for group, test, collected in tests:
        name = f"{group}.{test.name}" if group else test.name
        if not collected:
            yield "collected", Fault(test.lineno, f"{name}: pytest does not collect from class {group}.")
        if (group, test.name) in seen:
            yield "duplicate", Fault(test.lineno, f"{name} is defined again; the first one never runs.")
        seen.add((group, test.name))
        if asserting is not None and not _asserts(test, asserting):
            yield "asserting", Fault(test.lineno, f"{name} asserts nothing.")


def empty_bodies(source: str) -> Iterator[int]:
    """Lines of `...` that are the body of a protocol's or abstract method, an overload, or a class without members."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _dots(node.body)
            for inner in node.body if _is_protocol(node) else ():
                if _is_function(inner):
                    yield from _dots(inner.body)
        elif _is_function(node) and any(_last_name(each) in _WITHOUT_BODY for each in node.decorator_list):
            yield from _dots(node.body)


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(_last_name(base.value if isinstance(base, ast.Subscript) else base) == "Protocol" for base in node.bases)


def _dots(body: list[ast.stmt]) -> Iterator[int]:
    for statement in body:
        if (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and statement.value.value is ...
        ):
            yield statement.lineno


def _is_function(node: ast.AST) -> TypeIs[Function]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _tests(tree: ast.Module) -> Iterator[tuple[str, Function, bool]]:
    """Class (or nothing), function, and whether pytest collects from there, for whatever is named like a test."""
    for node in tree.body:
        if _is_function(node) and node.name.startswith("test"):
            yield "", node, True
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if _is_function(inner) and inner.name.startswith("test"):
                    yield node.name, inner, _is_collected(node)


def _is_collected(group: ast.ClassDef) -> bool:
    if any(_last_name(base).endswith("TestCase") for base in group.bases):
        return True
    return group.name.startswith("Test") and not any(
        _is_function(node) and node.name in ("__init__", "__new__") for node in group.body
    )


def _asserts(function: Function, helpers: frozenset[str]) -> bool:
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and _may_fail(_last_name(node.func), helpers))
        for node in ast.walk(function)
    )


def _may_fail(name: str, helpers: frozenset[str]) -> bool:
    words = re.sub(r"([A-Z])", r"_\1", name).lower().split("_")
    return name in helpers or not _WORDS_OF_ASSERTION.isdisjoint(words)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
