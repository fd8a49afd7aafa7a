"""The Python files of a pack read as one project: modules, what they define and import, classes with their bases. Pure.

Nothing is executed or installed. A module's names are those that any of its branches binds; a star import or a
`__getattr__` makes them open, which is said and never guessed at.
"""

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import dirname

from shared.pack.model.documents import LARGEST_BLOCK, Block, PackDocuments

type Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LANGUAGES = ("python", "py", "python3")
SOURCE_ROOTS = ("", "src")
"""Folders of the repository that imports begin at, besides those that a test file's own ancestors are."""


@dataclass(frozen=True, eq=False)
class Class:
    """A class: its own annotated fields and methods, and the names of its bases as written."""

    name: str
    line: int
    bases: tuple[str, ...]
    fields: Mapping[str, ast.AnnAssign]
    methods: Mapping[str, Function]
    node: ast.ClassDef
    module: "Module"


@dataclass(frozen=True)
class Import:
    """One imported module and the names taken from it (none for `import x`); `guarded` where a failure is caught."""

    module: str
    names: tuple[str, ...]
    line: int
    guarded: bool


@dataclass(frozen=True, eq=False)
class Module:
    """A Python file: `name` is how others import it from `root`, `tree` its syntax."""

    path: str
    block: Block
    tree: ast.Module
    is_package: bool = field(default=False)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the file, in the order of `ast.walk`."""
        return tuple(ast.walk(self.tree))

    def line(self, node: ast.AST) -> int:
        """The document's line of a node."""
        return self.block.line_of(getattr(node, "lineno", 1))

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Functions at the top, conditional ones included."""
        return {node.name: node for node in _top_level(self.tree.body) if isinstance(node, FUNCTIONS)}

    @cached_property
    def classes(self) -> dict[str, Class]:
        """Classes at the top."""
        return {node.name: _class(node, self) for node in _top_level(self.tree.body) if isinstance(node, ast.ClassDef)}

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """All imports anywhere in the file; relative ones as absolute names."""
        return tuple(_imports(self.tree, self.package))

    @property
    def package(self) -> str:
        """The dotted package that relative imports start from."""
        folder = dirname(self.path)
        return ".".join(part for part in folder.split("/") if part)

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Local name -> dotted name it was imported as, for every import of the file."""
        return dict(_aliases(self.tree, self.package))

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """Names that are assigned once at the top, with what they are assigned."""
        found: dict[str, ast.expr] = {}
        for node in self.tree.body:
            target: ast.expr | None = None
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                target = node.target
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                found[target.id] = node.value
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """Everything that the module binds at its top, in any branch."""
        return frozenset(_bound(self.tree.body))

    @cached_property
    def is_open(self) -> bool:
        """Whether it may have names that cannot be seen here: star imports, `__getattr__`, writes to `globals()`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                return True
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("globals", "exec"):
                return True
        return "__getattr__" in self.functions


class PythonProject:
    """All Python files that the documents of a pack show. `unread` are files that do not parse."""

    def __init__(self, documents: PackDocuments) -> None:
        self.modules: dict[str, Module] = {}
        self.unread: dict[str, Block] = {}
        self.fragments: list[Module] = []
        self._found: dict[tuple[str, str], str | None] = {}
        self._resolved: dict[tuple[Module, str], Function | Class | ast.expr | Module | None] = {}
        for block in documents.blocks:
            if block.language not in LANGUAGES and not (block.path or "").endswith(".py"):
                continue
            tree = parsed(block.content)
            if block.path is None:
                if tree is not None:
                    self.fragments.append(Module("", block, tree))
            elif block.path in self.modules or block.path in self.unread:
                continue
            elif tree is None:
                self.unread[block.path] = block
            else:
                self.modules[block.path] = Module(block.path, block, tree, block.path.endswith("__init__.py"))

    @cached_property
    def paths(self) -> frozenset[str]:
        """Paths of all Python files, whether they parse or not."""
        return frozenset(self.modules) | frozenset(self.unread)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Folders that hold Python files, at any depth; the root is the empty one."""
        found = {""}
        for path in self.paths:
            parts = path.split("/")[:-1]
            found.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return frozenset(found)

    def roots(self, path: str) -> Iterator[str]:
        """Folders from which imports in the file at `path` may begin, in order: pytest puts a test's own first."""
        parts = path.split("/")[:-1]
        own = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        yield from (*reversed(own), *SOURCE_ROOTS) if parts[:1] == ["tests"] else (*SOURCE_ROOTS, *own)

    def find(self, dotted: str, path: str) -> str | None:
        """The file that `import dotted` in the file at `path` reads, or the folder of a package without a file."""
        asked = dotted, dirname(path)
        if asked not in self._found:
            self._found[asked] = self._find(dotted, path)
        return self._found[asked]

    def _find(self, dotted: str, path: str) -> str | None:
        for root in self.roots(path):
            place = "/".join(filter(None, (root, *dotted.split("."))))
            for candidate in (f"{place}.py", f"{place}/__init__.py"):
                if candidate in self.paths:
                    return candidate
            if place in self.folders and place:
                return place
        return None

    def is_local(self, dotted: str, path: str) -> bool:
        """Whether the first part of `dotted` is a module or folder of this project."""
        return self.find(dotted.split(".")[0], path) is not None

    def module(self, dotted: str, path: str) -> Module | None:
        """The parsed module that `dotted` names in the file at `path`."""
        found = self.find(dotted, path)
        return self.modules.get(found) if found else None

    @cached_property
    def methods(self) -> dict[str, list[tuple[Class, Function]]]:
        """Methods of all classes by name."""
        found: dict[str, list[tuple[Class, Function]]] = {}
        for module in self.modules.values():
            for each in module.classes.values():
                for name, function in each.methods.items():
                    found.setdefault(name, []).append((each, function))
        return found

    def resolve(self, module: Module, name: str) -> "Function | Class | ast.expr | Module | None":
        """What `name`, plain or dotted, means in `module`: a function, class, constant or module of this project."""
        asked = module, name
        if asked not in self._resolved:
            self._resolved[asked] = None  # what resolves to itself is nothing
            self._resolved[asked] = self._resolve(module, name)
        return self._resolved[asked]

    def _resolve(self, module: Module, name: str) -> "Function | Class | ast.expr | Module | None":
        first, _, rest = name.partition(".")
        if not rest:
            if name in module.functions:
                return module.functions[name]
            if name in module.classes:
                return module.classes[name]
            if name in module.constants and name not in module.aliases:
                return module.constants[name]
        target = module.aliases.get(first)
        if target is None:
            return None
        return self._resolve_dotted(f"{target}.{rest}" if rest else target, module.path)

    def _resolve_dotted(self, dotted: str, path: str) -> "Function | Class | ast.expr | Module | None":
        if (found := self.module(dotted, path)) is not None:
            return found
        parent, _, last = dotted.rpartition(".")
        owner = self.module(parent, path) if parent else None
        if owner is None:
            return None
        if last in owner.aliases and last not in owner.functions and last not in owner.classes:
            target = owner.aliases[last]
            return None if target == dotted else self._resolve_dotted(target, owner.path)
        return self.resolve(owner, last)

    def home(self, module: Module, name: str) -> Module:
        """The module in which `name` of `module` is defined, as far as imports lead; else `module` itself."""
        seen = {module.path}
        first = name.split(".")[0]
        while first in module.aliases and first not in module.functions:
            parent, _, last = module.aliases[first].rpartition(".")
            owner = self.module(parent, module.path) if parent else None
            if owner is None or owner.path in seen:
                break
            seen.add(owner.path)
            module, first = owner, last
        return module

    def fields(self, owner: Class, depth: int = 0) -> tuple[dict[str, ast.AnnAssign], bool]:
        """All annotated fields with those of bases, and whether every base could be followed."""
        found: dict[str, ast.AnnAssign] = {}
        whole = True
        for base in owner.bases:
            if base.split(".")[-1] in KNOWN_BASES:
                continue
            resolved = self.resolve(owner.module, base.split("[")[0])
            if isinstance(resolved, Class) and depth < 10:
                inherited, all_followed = self.fields(resolved, depth + 1)
                found |= inherited
                whole = whole and all_followed
            else:
                whole = False
        return found | dict(owner.fields), whole


KNOWN_BASES = frozenset({
    "BaseModel", "object", "Protocol", "ABC", "Generic", "NamedTuple", "TypedDict", "Enum", "StrEnum", "IntEnum",
    "Exception", "BaseSettings",
})  # fmt: skip
"""Bases that add no fields of their own."""


def parsed(source: str) -> ast.Module | None:
    """The syntax tree; None where it does not parse or is too large."""
    if len(source) > LARGEST_BLOCK:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def dotted_name(node: ast.expr) -> str:
    """`a.b.c` for names and attributes, the called name for calls, empty for all else."""
    if isinstance(node, ast.Attribute):
        head = dotted_name(node.value)
        return f"{head}.{node.attr}" if head else node.attr
    if isinstance(node, ast.Call):
        return dotted_name(node.func)
    if isinstance(node, ast.Subscript):
        return dotted_name(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def _class(node: ast.ClassDef, module: Module) -> Class:
    fields = {
        item.target.id: item
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }
    methods = {item.name: item for item in node.body if isinstance(item, FUNCTIONS)}
    bases = tuple(name for base in node.bases if (name := dotted_name(base)))
    return Class(node.name, module.line(node), bases, fields, methods, node, module)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the module is imported, those of its branches included."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
                yield from _top_level(getattr(node, part, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from _top_level(handler.body)


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    for node in _top_level(body):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0]
        elif isinstance(node, ast.TypeAlias):
            yield node.name.id
        else:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id


def _imports(tree: ast.Module, package: str) -> Iterator[Import]:
    caught = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, (), node.lineno, id(node) in caught)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(_absolute(node, package), names, node.lineno, id(node) in caught)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - (node.level - 1)] if node.level > 1 else parts
    return ".".join([*parts, *((node.module or "").split(".") if node.module else [])])


def _aliases(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0], alias.name.split(".")[0])
                )
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(node, package)
            for alias in node.names:
                yield alias.asname or alias.name, f"{source}.{alias.name}" if source else alias.name
