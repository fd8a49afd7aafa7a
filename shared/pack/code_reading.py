"""What sample and test code says about an API: requests it makes, routes it serves, models it declares. Pure.

Python is read as a syntax tree; C# is read by `shared/pack/model/csharp_project.py`. Code that does not parse yields
nothing here; `shared/checks/code_blocks.py` reports it. Nothing is executed.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from shared.formats import markdown

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
PLACEHOLDER = "{}"
"""Stands for a part of a path that is known only at run time."""
LARGEST_BLOCK = 200_000
_CLIENT = re.compile(r"client|api|http|session", re.IGNORECASE)
"""Whom a test asks when it asks the service; a broker or a fault proxy has another name."""
_PATH = re.compile(r"/[^\s?#]*")


@dataclass(frozen=True)
class Request:
    """A call of a path in test or sample code; `path` has `{}` where a value is put in."""

    method: str
    path: str
    line: int


@dataclass(frozen=True)
class TestFunction:
    """A test: its name, the requests it makes itself, and the HTTP statuses it speaks of."""

    name: str
    line: int
    requests: tuple[Request, ...]
    statuses: frozenset[int]


@dataclass(frozen=True)
class Model:
    """A class with typed fields."""

    name: str
    fields: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class CodeFacts:
    """All that the blocks of one document say."""

    tests: tuple[TestFunction, ...]
    requests: tuple[Request, ...]
    routes: tuple[Request, ...]
    models: tuple[Model, ...]


def code_facts(text: str) -> CodeFacts:
    """Read every Python block of a deliverable; lines are those of the deliverable."""
    tests: list[TestFunction] = []
    requests: list[Request] = []
    routes: list[Request] = []
    models: list[Model] = []
    for fence in markdown.fences(text):
        if len(fence.content) > LARGEST_BLOCK:
            continue
        if fence.language in ("python", "py"):
            tree = _parse(fence.content)
            if tree is not None:
                tests += _tests(tree, fence.line)
                requests += _requests(tree, fence.line)
                routes += _routes(tree, fence.line)
                models += _models(tree, fence.line)
    return CodeFacts(tuple(tests), tuple(requests), tuple(routes), tuple(models))


def _parse(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _tests(tree: ast.Module, first: int) -> Iterator[TestFunction]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield TestFunction(
                node.name, first + node.lineno, tuple(_requests(node, first)), frozenset(_statuses(node))
            )


def _statuses(node: ast.AST) -> Iterator[int]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and type(inner.value) is int and 100 <= inner.value <= 599:
            yield inner.value


def _requests(tree: ast.AST, first: int) -> Iterator[Request]:
    """Calls such as `client.get("/orders")` and `client.request("GET", "/orders")`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        if not _CLIENT.search(_receiver(node.func.value)):
            continue
        method, arguments = node.func.attr, node.args
        if method == "request" and len(arguments) > 1 and isinstance(arguments[0], ast.Constant):
            method, arguments = str(arguments[0].value).lower(), arguments[1:]
        path = _path(arguments[0])
        if method in METHODS and path is not None:
            yield Request(method.upper(), path, first + node.lineno)


def _receiver(node: ast.expr) -> str:
    """The last name before the method: `client` in `self.client.get(...)`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _receiver(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def _routes(tree: ast.Module, first: int) -> Iterator[Request]:
    """Decorators such as `@router.get("/orders")`, with the router's own prefix where it is given in the block."""
    prefixes = dict(_prefixes(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.args:
                path, owner = _path(decorator.args[0]), decorator.func.value
                if decorator.func.attr in METHODS and path is not None:
                    prefix = prefixes.get(owner.id, "") if isinstance(owner, ast.Name) else ""
                    yield Request(decorator.func.attr.upper(), prefix + path, first + decorator.lineno)


def _prefixes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            for keyword in node.value.keywords:
                if keyword.arg == "prefix" and isinstance(keyword.value, ast.Constant):
                    yield node.targets[0].id, str(keyword.value.value)


def _path(node: ast.expr) -> str | None:
    """A literal or f-string that is a path of our own service (absolute URLs of others are none)."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else PLACEHOLDER for part in node.values)
        text = text.removeprefix(PLACEHOLDER)  # f"{base_url}/orders"
    else:
        return None
    match = _PATH.match(text)
    return match[0] if match else None


def _models(tree: ast.Module, first: int) -> Iterator[Model]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (node.bases or node.decorator_list):
            names = [
                _alias(item) or item.target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            ]
            fields = tuple(name for name in names if name != "model_config" and not name.startswith("_"))
            if fields:
                yield Model(node.name, fields, first + node.lineno)


def _alias(item: ast.AnnAssign) -> str | None:
    """`x: str = Field(alias="y")` is the property `y`."""
    if isinstance(item.value, ast.Call):
        for keyword in item.value.keywords:
            if keyword.arg in ("alias", "serialization_alias") and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return None


def path_matches(template: str, path: str) -> bool:
    """Whether `path` (with `{}` for run-time values) is one of the contract's `template` (with `{name}` parts)."""
    wanted, given = template.strip("/").split("/"), path.strip("/").split("/")
    return len(wanted) == len(given) and all(map(_part_matches, wanted, given))


def _part_matches(wanted: str, given: str) -> bool:
    if "{" in wanted:
        return bool(given)
    return wanted == given or given == PLACEHOLDER


def snake(name: str) -> str:
    """`listOrders` as `list_orders`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
