"""Tests of C#: xunit, NUnit and MSTest methods with the requests they make and the statuses they expect. Pure.

Helpers of the same class are followed; what goes through others is not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from shared.formats.csharp import text_of, walk
from shared.pack.model.csharp_entities import called
from shared.pack.model.csharp_files import File, Type, literal
from shared.pack.model.csharp_project import CSharpSolution

if TYPE_CHECKING:
    from tree_sitter import Node

_MARKS = frozenset({"Fact", "Theory", "Test", "TestCase", "TestMethod", "DataTestMethod", "SkippableFact"})
_CALLS = re.compile(r"^(Get|Post|Put|Patch|Delete)(?:AsJson|FromJson|Stream|String|ByteArray)?Async$")
_MESSAGE = re.compile(
    r'new(?:\s+HttpRequestMessage)?\s*\(\s*HttpMethod\.(Get|Post|Put|Patch|Delete)\s*,\s*(\$?@?"[^"\n]{0,400}")'
)
_CODE = re.compile(r"\bHttpStatusCode\.(\w{2,40})")
_NUMBER = re.compile(r"(?<![\w.\"'-])([1-5]\d\d)(?![\w.\"'-])")
_OTHER_NAMES = {"unprocessableentity": 422, "unprocessablecontent": 422, "requestentitytoolarge": 413, "ok": 200}
_NAMES = {re.sub(r"[^a-z]", "", each.phrase.lower()): each.value for each in HTTPStatus} | _OTHER_NAMES
MOST_FOLLOWED = 6


@dataclass(frozen=True)
class CSharpRequest:
    """A request to a path, `{}` where a value is put in; `absent` where what asks expects 404 or 405."""

    method: str
    path: str
    document: str
    line: int
    absent: bool


@dataclass(frozen=True)
class CSharpTest:
    """A test method with its class, the requests that it and its helpers make, and all statuses they speak of."""

    name: str
    owner: str
    document: str
    line: int
    requests: tuple[CSharpRequest, ...]
    statuses: frozenset[int]
    is_success: bool


class CSharpTests:
    """All tests of a solution."""

    def __init__(self, solution: CSharpSolution) -> None:
        self.solution = solution

    @cached_property
    def all(self) -> tuple[CSharpTest, ...]:
        """Every method with the mark of a test."""
        files = (*self.solution.files.values(), *self.solution.fragments)
        return tuple(test for file in files for each in file.types for test in _tests(file, each))

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of test methods and of classes that hold some, and of both together."""
        found: set[str] = set()
        for test in self.all:
            found.update((test.name, test.owner, f"{test.owner}.{test.name}"))
        return frozenset(found)

    @cached_property
    def requests(self) -> tuple[CSharpRequest, ...]:
        """The requests of tests and of their helpers, each once."""
        return tuple(dict.fromkeys(request for test in self.all for request in test.requests))


def _tests(file: File, owner: Type) -> Iterator[CSharpTest]:
    body = owner.node.child_by_field_name("body")
    methods = [each for each in body.named_children if each.type == "method_declaration"] if body is not None else []
    by_name: dict[str, list[Node]] = {}
    for each in methods:
        by_name.setdefault(text_of(each.child_by_field_name("name")), []).append(each)
    for each in methods:
        if not any(one.name in _MARKS for one in file.attributes(each)):
            continue
        parts = list(_with_helpers(each, by_name))
        statuses = frozenset(status for part in parts for status in _statuses(text_of(part)))
        absent = bool(statuses & {404, 405})
        yield CSharpTest(
            name=text_of(each.child_by_field_name("name")),
            owner=owner.name,
            document=file.block.document,
            line=file.line(each.child_by_field_name("name") or each),
            requests=tuple(request for part in parts for request in _requests(file, part, absent)),
            statuses=statuses,
            is_success=any(200 <= status < 400 for status in statuses)
            or any(
                re.search(r"EnsureSuccessStatusCode|IsSuccessStatusCode|BeSuccessful", text_of(part)) for part in parts
            ),
        )


def _with_helpers(method: "Node", by_name: dict[str, list["Node"]]) -> Iterator["Node"]:
    """A method and the methods of its class that it calls, some steps deep."""
    seen: set[str] = {text_of(method.child_by_field_name("name"))}
    waiting = [(method, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node
        if depth >= MOST_FOLLOWED:
            continue
        for inner in walk(node):
            if inner.type == "identifier" and (name := text_of(inner)) in by_name and name not in seen:
                seen.add(name)
                waiting += [(each, depth + 1) for each in by_name[name]]


def _statuses(text: str) -> Iterator[int]:
    for name in _CODE.findall(text):
        if (status := _NAMES.get(name.lower())) is not None:
            yield status
    yield from (int(number) for number in _NUMBER.findall(text))


def _requests(file: File, part: "Node", absent: bool) -> Iterator[CSharpRequest]:
    for node in walk(part):
        if node.type == "invocation_expression":
            name, arguments = called(node)
            match = _CALLS.match(name)
            path = _path(literal(arguments[0])) if match and arguments else None
            if match and path:
                yield CSharpRequest(match[1].upper(), path, file.block.document, file.line(node), absent)
        elif node.type in ("object_creation_expression", "implicit_object_creation_expression"):
            match = _MESSAGE.match(text_of(node))
            path = _path(literal(match[2])) if match else None
            if match and path:
                yield CSharpRequest(match[1].upper(), path, file.block.document, file.line(node), absent)


def _path(text: str | None) -> str | None:
    """The path of a request to the service itself: from a slash, without a query."""
    if text is None or not text.startswith("/") or text.startswith("//"):
        return None
    return re.split(r"[?#]", text)[0]
