"""Routes and models that the Python code of a sample declares: FastAPI routers with all their prefixes. Pure."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from shared.pack.model.python_project import FUNCTIONS, Class, Module, PythonProject, dotted_name
from shared.pack.model.python_tests import METHODS

DEEPEST = 6


@dataclass(frozen=True)
class Route:
    """A route that code serves; `path` is None where a prefix of it is known only at run time."""

    method: str
    path: str | None
    operation_id: str | None
    document: str
    line: int


@dataclass(frozen=True)
class ApiModel:
    """A class that routes take or give, or that lies among the API's own models: its fields by their JSON names.
    `whole` is False where a base could not be followed."""

    name: str
    fields: frozenset[str]
    whole: bool
    path: str
    document: str
    line: int


class PythonApi:
    """What the Python samples of a pack serve."""

    def __init__(self, project: PythonProject) -> None:
        self.project = project

    def routes(self) -> Iterator[Route]:
        """Every route of a decorator or `add_api_route`, with each prefix under which its router is included."""
        for module in (*self.project.modules.values(), *self.project.fragments):
            if "/tests/" in f"/{module.path}":
                continue
            for node in module.nodes:
                if isinstance(node, FUNCTIONS):
                    for decorator in node.decorator_list:
                        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                            yield from self._routes(module, decorator, decorator.func)

    def _routes(self, module: Module, call: ast.Call, func: ast.Attribute) -> Iterator[Route]:
        keywords = {each.arg: each.value for each in call.keywords}
        where = call.args[0] if call.args else keywords.get("path")
        if func.attr not in METHODS or not isinstance(func.value, ast.Name):
            return
        own = self._text(module, where)
        if own is None or not (own.startswith("/") or own == ""):
            return
        operation = self._text(module, keywords.get("operation_id"))
        for prefix in sorted(self._prefixes(module, func.value.id, 0), key=str):
            path = None if prefix is None else (prefix + own) or "/"
            yield Route(func.attr.upper(), path, operation, module.block.document, module.line(call))

    def _prefixes(self, module: Module, name: str, depth: int) -> set[str | None]:
        """All prefixes of the router `name` of `module`: its own behind those of whoever includes it."""
        created = module.constants.get(name)
        own: str | None = ""
        if isinstance(created, ast.Call):
            keywords = {each.arg: each.value for each in created.keywords}
            own = self._text(module, keywords["prefix"]) if "prefix" in keywords else ""
        elif created is None and name not in module.functions:
            own = ""  # an app made inside a factory
        includes = list(self._includes(module, name)) if depth < DEEPEST else []
        if own is None:
            return {None}
        if not includes:
            return {own}
        found: set[str | None] = set()
        for includer, owner, given in includes:
            outer = self._prefixes(includer, owner, depth + 1) if (includer, owner) != (module, name) else {""}
            found |= {None if given is None or each is None else each + given + own for each in outer}
        return found

    def _includes(self, module: Module, name: str) -> Iterator[tuple[Module, str, str | None]]:
        """Who includes the router: the including module, its router's name, and the prefix given there."""
        for other in self.project.modules.values():
            for node in other.nodes:
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                    continue
                if node.func.attr != "include_router" or not self._is_router(other, node.args[0], module, name):
                    continue
                keywords = {each.arg: each.value for each in node.keywords}
                given = self._text(other, keywords["prefix"]) if "prefix" in keywords else ""
                yield other, dotted_name(node.func.value), given

    def _is_router(self, other: Module, node: ast.expr, module: Module, name: str) -> bool:
        written = dotted_name(node)
        if other is module:
            return written == name
        first, _, rest = written.partition(".")
        target = other.aliases.get(first)
        if target is None:
            return False
        full = f"{target}.{rest}" if rest else target
        parent, _, last = full.rpartition(".")
        return last == name and self.project.module(parent, other.path) is module

    def _text(self, module: Module, node: ast.expr | None) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Name) and node.id in module.constants:
            return self._text(module, module.constants[node.id])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self._text(module, node.left), self._text(module, node.right)
            return left + right if left is not None and right is not None else None
        return None

    def models(self) -> Iterator[ApiModel]:
        """Pydantic models of the API: classes that come from `BaseModel`, directly or through the project's own."""
        for module in self.project.modules.values():
            if "/tests/" in f"/{module.path}":
                continue
            for each in module.classes.values():
                if self._is_model(each, 0):
                    fields, whole = self.project.fields(each)
                    names = {_json_name(name, field) for name, field in fields.items() if not _is_private(name, field)}
                    yield ApiModel(each.name, frozenset(names), whole, module.path, module.block.document, each.line)

    def _is_model(self, owner: Class, depth: int) -> bool:
        for base in owner.bases:
            if base.split(".")[-1] == "BaseModel":
                return True
            resolved = self.project.resolve(owner.module, base)
            if isinstance(resolved, Class) and depth < DEEPEST and self._is_model(resolved, depth + 1):
                return True
        return False


def _is_private(name: str, field: ast.AnnAssign) -> bool:
    return name == "model_config" or name.startswith("_") or "ClassVar" in ast.unparse(field.annotation)


def _json_name(name: str, field: ast.AnnAssign) -> str:
    """`x: str = Field(alias="y")` is the property `y`, also inside `Annotated`."""
    for node in ast.walk(field):
        if isinstance(node, ast.Call) and dotted_name(node.func).split(".")[-1] == "Field":
            for keyword in node.keywords:
                named = keyword.arg in ("alias", "serialization_alias")
                if named and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return name
