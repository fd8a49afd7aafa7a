"""What NuGet packages and the shared frameworks of .NET bring: namespaces, further packages, public types. Pure.

Read from `dotnet_packages.txt` and `dotnet_types.txt`, which were made from the packages' own assemblies. What is not
in there is unknown, never absent.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

CORE, WEB = "@core", "@web"
"""The framework that every project has, and Microsoft.AspNetCore.App."""
UNKNOWN = "?"


@dataclass(frozen=True)
class Package:
    """One package or framework: its namespaces and the packages it needs; `?` among them means more than is known."""

    name: str
    namespaces: frozenset[str]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Brought:
    """What a set of packages brings together; `is_open` where one of them is not known in full."""

    names: frozenset[str]
    namespaces: frozenset[str]
    is_open: bool

    def has(self, namespace: str) -> bool:
        """Whether `namespace`, or one below it, is among those brought."""
        return holds(self.namespaces, namespace)


def holds(namespaces: frozenset[str], namespace: str) -> bool:
    """Whether `namespace` exists where `namespaces` do: a namespace brings those above it."""
    return namespace in namespaces or namespace in above(namespaces)


@cache
def above(namespaces: frozenset[str]) -> frozenset[str]:
    """All namespaces that some of `namespaces` lie in."""
    found: set[str] = set()
    for each in namespaces:
        parts = each.split(".")
        found.update(".".join(parts[:depth]) for depth in range(1, len(parts)))
    return frozenset(found)


@cache
def packages() -> dict[str, Package]:
    """Known packages by name in lower case."""
    found: dict[str, Package] = {}
    for name, rest in _lines("dotnet_packages.txt"):
        namespaces, _, needs = rest.partition(">")
        found[name.lower()] = Package(name, frozenset(namespaces.split()), tuple(needs.split()))
    return found


def brought_by(names: frozenset[str]) -> Brought:
    """Everything that references to the packages `names` bring, at any depth, besides the core framework."""
    known = packages()
    seen: set[str] = set()
    namespaces: set[str] = set()
    is_open = False
    waiting = [*names, CORE]
    while waiting:
        name = waiting.pop().lower()
        if name in seen:
            continue
        seen.add(name)
        package = known.get(name)
        if package is None:
            is_open = True
        else:
            namespaces |= package.namespaces
            waiting += package.needs
    return Brought(frozenset(seen), frozenset(namespaces), is_open)


@cache
def makers(namespace: str) -> tuple[str, ...]:
    """The known packages that bring `namespace`, those named like it first."""
    found = [each.name for each in packages().values() if namespace in each.namespaces]
    return tuple(sorted(found, key=lambda name: (not namespace.startswith(name), len(name))))


@cache
def roots() -> frozenset[str]:
    """First parts of all namespaces that packages and frameworks bring."""
    return frozenset(each.split(".")[0] for package in packages().values() for each in package.namespaces)


@cache
def types() -> dict[str, frozenset[str]]:
    """Public types by namespace, for the namespaces whose types are known in full."""
    return {name: frozenset(rest.split()) for name, rest in _lines("dotnet_types.txt")}


def _lines(name: str) -> list[tuple[str, str]]:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, _, rest = line.partition(":")
            found.append((key, rest))
    return found
