"""Packages that a pack declares for Python, and whether an import is among them or among what they bring. Pure.

Import names and what packages bring stand in python_packages.toml, resolved once from PyPI's metadata. Of a package
that is not listed there nothing is known, and then it is not sure that an import is missing.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

from shared.pack.model.documents import Block, PackDocuments

_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(\[[\w\s,.-]*\])?")
_REQUIREMENTS = re.compile(r"(?:^|/)(?:[\w-]*requirements[\w.-]*|requirements/[\w.-]+)\.(?:txt|in)$")
_INSTALLED = re.compile(
    r"\b(?:pip3?|uv pip) install\s+([^\n|;&]+)|\buv (?:tool run|run --with|add)\s+([^\n|;&]+)|\buvx\s+(\S+)"
)
_TEST_FOLDERS = re.compile(r"(?:^|/)tests/(?!unit/)")


class Declared(Enum):
    """Whether an import is of a declared package."""

    YES = 1
    NO = 2
    NOT_SURE = 3


@dataclass(frozen=True)
class Declaration:
    """A package that a file declares: its normalised name with extras, and where."""

    name: str
    extras: tuple[str, ...]
    path: str
    block: Block
    line: int

    @property
    def imports(self) -> frozenset[str]:
        """Top-level names under which it is imported, as far as is known."""
        return frozenset(top for top, names in _facts().imports.items() if self.name in names) or frozenset(
            {self.name.replace("-", "_")}
        )

    @property
    def is_library(self) -> bool:
        """Whether it is of use only where it is imported or named."""
        return self.name in _facts().brings and self.name not in _facts().tools and not self.name.startswith("types-")


@dataclass(frozen=True)
class _Facts:
    imports: Mapping[str, frozenset[str]]
    brings: Mapping[str, frozenset[str]]
    tools: frozenset[str]


@cache
def _facts() -> _Facts:
    data = tomllib.loads((Path(__file__).parent / "python_packages.toml").read_text(encoding="utf-8"))
    return _Facts(
        {name: frozenset(packages) for name, packages in data["imports"].items()},
        {name: frozenset(packages) for name, packages in data["brings"].items()},
        frozenset(data["tools"]["names"]),
    )


class Packages:
    """All declarations of a pack: of pyproject.toml, requirements files, and what steps install by name."""

    def __init__(self, documents: PackDocuments) -> None:
        self.documents = documents

    @cached_property
    def declarations(self) -> tuple[Declaration, ...]:
        """Packages that files declare, in order."""
        found: list[Declaration] = []
        for path, block in self.documents.files.items():
            if path.rsplit("/", 1)[-1] == "pyproject.toml":
                found += _of_pyproject(path, block)
            elif _REQUIREMENTS.search(path):
                found += _of_requirements(path, block)
        return tuple(found)

    @cached_property
    def installed(self) -> frozenset[str]:
        """Packages that a step, script or Dockerfile installs by name."""
        found: set[str] = set()
        for block in self.documents.blocks:
            for match in _INSTALLED.finditer(block.content):
                for word in " ".join(filter(None, match.groups())).split():
                    if not word.startswith("-") and (name := _NAME.match(word.strip("\"'"))):
                        found.add(normalised(name[1]))
        return frozenset(found)

    def is_standard(self, top: str) -> bool:
        """Whether `import top` is of Python itself."""
        return top in sys.stdlib_module_names or top == "__future__"

    def governing(self, path: str) -> str:
        """The file that declares packages for the code at `path`: that of the suites, or the project's."""
        return self._governing(path)[0] if self._governing(path) else ""

    def _governing(self, path: str) -> list[str]:
        paths = list(dict.fromkeys(each.path for each in self.declarations))
        own = [each for each in paths if _REQUIREMENTS.search(each) and each.startswith("tests/")]
        others = [each for each in paths if each not in own]
        return own if own and _TEST_FOLDERS.search(path) else others

    def declares(self, top: str, module: str, path: str) -> Declared:
        """Whether an import of `module` in the file at `path` is of a package that is declared for it or brought."""
        wanted = _candidates(top, module)
        governing = self._governing(path)
        if not governing:
            return Declared.NOT_SURE
        own = [each for each in self.declarations if each.path in governing]
        names = {each.name for each in own}
        if wanted & (names | self.installed) or any(wanted & brought(each) for each in own):
            return Declared.YES
        elsewhere = {each.name for each in self.declarations} - names
        if wanted & elsewhere:
            return Declared.NOT_SURE  # the other file may be installed as well
        if any(each.name not in _facts().brings for each in own):
            return Declared.NOT_SURE
        return Declared.NO

    def only_brought(self, module: str, path: str) -> str:
        """The declared package that brings what an import is of, where no file declares that itself; else empty."""
        top = module.split(".")[0]
        governing = self._governing(path)
        wanted = _candidates(top, module) if module and governing and not self.is_standard(top) else frozenset[str]()
        if wanted & ({each.name for each in self.declarations} | self.installed):
            return ""
        own = [each for each in self.declarations if each.path in governing]
        return next((each.name for each in own if wanted & brought(each)), "")


def normalised(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_known(name: str) -> bool:
    """Whether it is known what a package brings."""
    return name in _facts().brings


def brought(declaration: Declaration) -> frozenset[str]:
    """Packages that a declared one brings, as far as is known."""
    brings = _facts().brings
    found = brings.get(declaration.name, frozenset[str]())
    for extra in declaration.extras:
        found |= brings.get(f"{declaration.name}[{extra}]", frozenset[str]())
    return found


def _candidates(top: str, module: str) -> frozenset[str]:
    """Packages that an import may be of: by its longest known name, else by the name itself."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        known = _facts().imports.get(".".join(parts[:length]))
        if known:
            return known
    if top in ("azure", "google", "opentelemetry"):  # namespace packages: any of their names
        return frozenset(normalised("-".join(parts[:length])) for length in range(2, len(parts) + 1)) or frozenset(
            {top}
        )
    return frozenset({normalised(top)})


def _of_pyproject(path: str, block: Block) -> Iterator[Declaration]:
    try:
        data: dict[str, Any] = tomllib.loads(block.content)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    texts: list[str] = []
    project = _table(data.get("project"))
    texts += _texts(project.get("dependencies"))
    for group in _table(project.get("optional-dependencies")).values():
        texts += _texts(group)
    for group in _table(data.get("dependency-groups")).values():
        texts += _texts(group)
    tool = _table(data.get("tool"))
    texts += _texts(_table(tool.get("uv")).get("dev-dependencies"))
    poetry = _table(tool.get("poetry"))
    texts += [name for name in _table(poetry.get("dependencies")) if name != "python"]
    for group in _table(poetry.get("group")).values():
        texts += list(_table(_table(group).get("dependencies")))
    for text in texts:
        yield from _declaration(text, path, block, _line_of(block, text))


def _of_requirements(path: str, block: Block) -> Iterator[Declaration]:
    for number, line in enumerate(block.content.splitlines(), 1):
        text = line.split("#")[0].strip()
        if text and not text.startswith("-"):
            yield from _declaration(text, path, block, block.line_of(number))


def _declaration(text: str, path: str, block: Block, line: int) -> Iterator[Declaration]:
    if match := _NAME.match(text):
        extras = tuple(sorted(part.strip().lower() for part in (match[2] or "[]")[1:-1].split(",") if part.strip()))
        yield Declaration(normalised(match[1]), extras, path, block, line)


def _line_of(block: Block, text: str) -> int:
    at = block.content.find(text)
    return block.line_of(block.content.count("\n", 0, at) + 1 if at >= 0 else 1)


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [each for each in cast("list[object]", value) if isinstance(each, str)] if isinstance(value, list) else []
