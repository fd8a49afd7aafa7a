"""Routes that C# serves: minimal APIs with groups and extension methods, controllers, HTTP functions. Pure.

A prefix is followed through variables, parameters and the calls that hand a builder on. A route whose path or prefix is
put together otherwise has no path: it is counted, and nothing is said of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from shared.formats.csharp import text_of
from shared.pack.model.csharp_entities import called
from shared.pack.model.csharp_files import Attribute, File, Type, enclosing, literal, simple_name
from shared.pack.model.csharp_project import CSharpSolution

if TYPE_CHECKING:
    from tree_sitter import Node

_VERB = re.compile(r"^Map(Get|Post|Put|Patch|Delete)$")
_HTTP = re.compile(r"^Http(Get|Post|Put|Patch|Delete)$")
_VERBS = re.compile(r'"(get|post|put|patch|delete)"', re.IGNORECASE)
METHODS = ("method_declaration", "local_function_statement", "constructor_declaration")
DEEPEST = 8


@dataclass(frozen=True)
class Route:
    """A route: `path` is None where it could not be followed; `handler` is the source of what serves it."""

    method: str
    path: str | None
    document: str
    line: int
    handler: str
    node: "Node"
    file: File


class Routes:
    """All routes of a solution."""

    def __init__(self, solution: CSharpSolution) -> None:
        self.solution = solution

    @cached_property
    def all(self) -> tuple[Route, ...]:
        """Routes of all files and blocks but those of tests."""
        found: list[Route] = []
        for file in (*self.solution.files.values(), *self.solution.fragments):
            if file.path and self.solution.is_test(file):
                continue
            found += self._mapped(file)
            for each in file.types:
                found += self._controller(file, each)
            found += self._functions(file)
        return tuple(found)

    def _mapped(self, file: File) -> Iterator[Route]:
        for node in file.nodes.get("invocation_expression", []):
            name, arguments = called(node)
            verb = _VERB.match(name)
            if not arguments or not (verb or name == "MapMethods") or _is_map_of_static(node):
                continue
            verbs = [verb[1].upper()] if verb else [each.upper() for each in _VERBS.findall(arguments[1])]
            paths = self._paths(file, node, arguments[0])
            for method in verbs:
                for path in paths or [None]:
                    line = file.line(node.child_by_field_name("arguments") or node)
                    yield Route(method, path, file.block.document, line, arguments[-1], node, file)

    def _paths(self, file: File, node: "Node", argument: str) -> list[str]:
        own = self.text(file, argument)
        if own is None:
            return []
        prefixes = self._prefixes(file, _receiver(node), node, 0)
        return [_path(prefix, own) for prefix in prefixes or []]

    def text(self, file: File, source: str) -> str | None:
        """The text of a literal, or of a constant of the solution; None for all else."""
        if (plain := literal(source)) is not None:
            return plain
        name = source.strip().rpartition(".")[2]
        if not re.fullmatch(r"[\w.]{1,200}", source.strip()):
            return None
        values = self._constants.get(name, set())
        return next(iter(values)) if len(values) == 1 else None

    @cached_property
    def _constants(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for file in self.solution.files.values():
            for node in file.nodes.get("field_declaration", []):
                words = text_of(node).partition("=")[0].split()
                if "const" not in words and "readonly" not in words:
                    continue
                for each in node.named_children[-1].named_children:
                    if each.type == "variable_declarator" and len(each.named_children) > 1:
                        value = literal(text_of(each.named_children[-1]))
                        if value is not None:
                            found.setdefault(text_of(each.named_children[0]), set()).add(value)
        return found

    def _prefixes(self, file: File, node: "Node | None", place: "Node", depth: int) -> list[str] | None:
        """What comes before the routes of a builder expression; None where that is not known."""
        if node is None or depth > DEEPEST:
            return None
        if node.type == "invocation_expression":
            name, arguments = called(node)
            before = self._prefixes(file, _receiver(node), place, depth + 1)
            if name != "MapGroup":
                return before
            own = self.text(file, arguments[0]) if arguments else None
            return None if before is None or own is None else [_path(each, own) for each in before]
        if node.type == "identifier":
            return self._prefixes_of_name(file, text_of(node), place, depth)
        return None

    def _prefixes_of_name(self, file: File, name: str, place: "Node", depth: int) -> list[str] | None:
        method = enclosing(place, *METHODS)
        for each in file.nodes.get("variable_declarator", []):
            if text_of(each.named_children[0]) == name and len(each.named_children) > 1:
                home = enclosing(each, *METHODS)
                if home == method:
                    value = each.named_children[-1]
                    start = text_of(value)
                    if re.search(r"\.Build\(\)$|WebApplication\.Create", start):
                        return [""]
                    return self._prefixes(file, value, each, depth + 1)
        if method is None:
            return [""] if name == "app" else None
        inputs = method.child_by_field_name("parameters")
        for number, each in (
            enumerate(child for child in inputs.named_children if child.type == "parameter") if inputs else ()
        ):
            if text_of(each.child_by_field_name("name")) == name:
                return self._prefixes_of_parameter(method, number, text_of(each), depth)
        return None

    def _prefixes_of_parameter(self, method: "Node", number: int, parameter: str, depth: int) -> list[str] | None:
        """The prefixes of what callers hand in; nobody calling, those of the application itself."""
        found: list[str] = []
        extends = parameter.split()[:1] == ["this"]
        callers = self._calls.get(text_of(method.child_by_field_name("name")), [])
        for file, node in callers:
            given = node.child_by_field_name("arguments")
            listed = [each.named_children[0] for each in given.named_children if each.named_children] if given else []
            handed = _receiver(node) if extends and len(listed) <= number + 20 and _receiver(node) is not None else None
            if not extends or (handed is not None and handed.type == "identifier" and text_of(handed)[:1].isupper()):
                handed = listed[number] if number < len(listed) else None
            prefixes = self._prefixes(file, handed, node, depth + 1)
            if prefixes is None:
                return None
            found += prefixes
        if callers:
            return list(dict.fromkeys(found))
        return [""] if "RouteGroupBuilder" not in parameter else None

    @cached_property
    def _calls(self) -> dict[str, list[tuple[File, "Node"]]]:
        found: dict[str, list[tuple[File, Node]]] = {}
        for file in (*self.solution.files.values(), *self.solution.fragments):
            for node in file.nodes.get("invocation_expression", []):
                found.setdefault(called(node)[0], []).append((file, node))
        return found

    def _controller(self, file: File, owner: Type) -> Iterator[Route]:
        if not (owner.name.endswith("Controller") or any(each.name == "ApiController" for each in owner.attributes)):
            return
        body = owner.node.child_by_field_name("body")
        outer = [self._template(file, each) for each in owner.attributes if each.name == "Route"] or [""]
        for node in body.named_children if body is not None else []:
            if node.type != "method_declaration":
                continue
            name = text_of(node.child_by_field_name("name"))
            attributes = list(file.attributes(node))
            inner = [self._template(file, each) for each in attributes if each.name == "Route"]
            for each in attributes:
                verb = _HTTP.match(each.name)
                if verb is None:
                    continue
                own = (
                    [self._template(file, each)]
                    if each.arguments and not each.arguments[0].startswith("Name")
                    else inner
                )
                for prefix in outer:
                    for path in own or [""]:
                        whole = _controller_path(prefix, path, owner.name, name)
                        yield Route(verb[1].upper(), whole, file.block.document, each.line, text_of(node), node, file)

    def _template(self, file: File, attribute: Attribute) -> str | None:
        return self.text(file, attribute.arguments[0]) if attribute.arguments else ""

    def _functions(self, file: File) -> Iterator[Route]:
        for node in file.nodes.get("attribute", []):
            if simple_name(text_of(node.child_by_field_name("name"))).removesuffix("Attribute") != "HttpTrigger":
                continue
            text = text_of(node)
            route = re.search(r'Route\s*=\s*("[^"\n]{0,300}")', text)
            for method in _VERBS.findall(text) if route else []:
                path = _path("", literal(route[1]) or "") if route else None
                yield Route(method.upper(), path, file.block.document, file.line(node), "", node, file)


@lru_cache(maxsize=2)
def routes_of(solution: CSharpSolution) -> Routes:
    """The routes of a solution, read once for all that ask."""
    return Routes(solution)


def _receiver(node: "Node") -> "Node | None":
    """What a method is called on."""
    function = node.child_by_field_name("function")
    if function is None or function.type != "member_access_expression":
        return None
    return function.child_by_field_name("expression")


def _is_map_of_static(node: "Node") -> bool:
    """Calls of a class's own `MapGet(...)`, without a builder before it."""
    return _receiver(node) is None


def _path(prefix: str, own: str) -> str:
    """Prefix and path as one, without constraints, with one slash between parts."""
    parts = [part for part in f"{prefix}/{own}".split("/") if part]
    return "/" + "/".join(_without_constraint(part) for part in parts)


def _without_constraint(part: str) -> str:
    return re.sub(r"\{\*{0,2}([\w]{1,100})(?:[:=?][^{}]{0,200})?\??\}", r"{\1}", part)


def _controller_path(prefix: str | None, path: str | None, controller: str, action: str) -> str | None:
    if prefix is None or path is None or "apiVersion" in (prefix or "") + (path or ""):
        return None
    whole = path[1:] if path.startswith("~/") else path
    whole = _path("" if path.startswith(("/", "~/")) else prefix, whole)
    name = controller.removesuffix("Controller")
    return re.sub(r"\[controller\]", name.lower(), whole, flags=re.IGNORECASE).replace("[action]", action.lower())
