"""What two versions of an API contract change for its callers: each change breaking, risky or safe. Pure.

Operations are matched by method and path, whatever the path's parameters are called; one that keeps its operationId and
changes its path has moved. What schemas change is told by `schema_changes`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from shared.contracts import Payload
from shared.formats import markdown
from shared.formats.located_yaml import UnreadableYamlError
from shared.formats.openapi import read_contract
from shared.formats.openapi_objects import METHODS
from shared.pack.schema_changes import BREAKING, REQUEST, RESPONSE, RISKY, SAFE, SchemaReader, resolved

LEVELS = (BREAKING, RISKY, SAFE)
MOST_CHANGES = 400

type Node = Mapping[str, Any]


@dataclass(frozen=True)
class ApiChange(Payload):
    """One change: breaking, risky or safe, in which operation (`GET /orders`), and what it is."""

    level: str
    operation: str
    what: str


def api_changes(before: str, after: str) -> tuple[ApiChange, ...] | None:
    """What changed between two contracts in YAML, the worst first; None where one of them cannot be read."""
    try:
        old, new = (read_contract(markdown.Fence("yaml", 0, text, closed=True)).document for text in (before, after))
    except UnreadableYamlError:
        return None
    found = dict.fromkeys(_Contracts(old, new).changes())
    return tuple(sorted(found, key=lambda change: LEVELS.index(change.level)))[:MOST_CHANGES]


class _Contracts:
    """Two versions of one contract."""

    def __init__(self, before: Node, after: Node) -> None:
        self._before, self._after = before, after

    def changes(self) -> Iterator[ApiChange]:
        """Every change, operation by operation."""
        olds, news = _operations(self._before), _operations(self._after)
        ids = {_text(node, "operationId"): (name, node) for key, (name, node, _) in news.items() if key not in olds}
        told = set[str]()
        for key, (name, node, shared) in olds.items():
            if key in news:
                for level, what in self._operation(node, shared, news[key][1], news[key][2]):
                    yield ApiChange(level, name, what)
            elif (identifier := _text(node, "operationId")) and identifier in ids:
                told.add(ids[identifier][0])
                yield ApiChange(BREAKING, name, f"moved to {ids[identifier][0]}")
            else:
                yield ApiChange(BREAKING, name, "was removed")
        for key, (name, _, _) in news.items():
            if key not in olds and name not in told:
                yield ApiChange(SAFE, name, "was added")
        if _bases(self._before) != _bases(self._after):
            yield ApiChange(RISKY, "", "the servers' addresses changed")

    def _operation(self, old: Node, old_shared: Node, new: Node, new_shared: Node) -> Iterator[tuple[str, str]]:
        if _text(old, "operationId") != _text(new, "operationId"):
            yield RISKY, f"the operationId {_text(old, 'operationId')} became {_text(new, 'operationId')}"
        if new.get("deprecated") is True and old.get("deprecated") is not True:
            yield SAFE, "was deprecated"
        yield from self._security(old, new)
        yield from self._parameters(
            _parameters(old, old_shared, self._before), _parameters(new, new_shared, self._after)
        )
        yield from self._body(
            _followed(old.get("requestBody"), self._before), _followed(new.get("requestBody"), self._after)
        )
        yield from self._responses(_map(old.get("responses")), _map(new.get("responses")))

    def _security(self, old: Node, new: Node) -> Iterator[tuple[str, str]]:
        """Ways to sign in are alternatives: one more is safe, one less breaks who used it."""
        olds, news = (_ways(one, document) for one, document in ((old, self._before), (new, self._after)))
        if olds == news:
            return
        if not olds:
            yield BREAKING, "asks for a sign-in now"
        elif not news:
            yield RISKY, "asks for no sign-in any more"
        else:
            for way in olds:
                if not any(other <= way for other in news):
                    yield BREAKING, f"no longer takes {_signed(way)}"
            if any(not any(way <= other for way in olds) for other in news) and all(
                any(other <= way for other in news) for way in olds
            ):
                yield SAFE, "takes another way to sign in"

    def _parameters(self, olds: Mapping[Any, Node], news: Mapping[Any, Node]) -> Iterator[tuple[str, str]]:
        for (place, name), old in olds.items():
            if (place, name) in news:
                yield from self._parameter(f"{place} parameter {name}", old, news[place, name])
                continue
            elsewhere = next((other for other, named in news if named == name and other != place), None)
            if elsewhere:
                yield BREAKING, f"the parameter {name} moved from {place} to {elsewhere}"
            else:
                yield RISKY, f"the {place} parameter {name} was removed"
        for (place, name), new in news.items():
            if (place, name) not in olds and not any(named == name for _, named in olds):
                needed = new.get("required") is True
                level = BREAKING if needed else SAFE
                yield level, f"the {'required' if needed else 'optional'} {place} parameter {name} was added"

    def _parameter(self, what: str, old: Node, new: Node) -> Iterator[tuple[str, str]]:
        if (old.get("required") is True) != (new.get("required") is True):
            needed = new.get("required") is True
            yield BREAKING if needed else SAFE, f"the {what} became {'required' if needed else 'optional'}"
        for name in ("style", "explode"):
            if old.get(name) != new.get(name):
                yield BREAKING, f"the {name} of the {what} changed"
        yield from self._reader().changes(old.get("schema"), new.get("schema"), REQUEST, f"the {what}")

    def _body(self, old: Node, new: Node) -> Iterator[tuple[str, str]]:
        if not old or not new:
            if old:
                yield BREAKING, "takes no body any more"
            elif new:
                needed = new.get("required") is True
                yield BREAKING if needed else SAFE, f"takes {'a required' if needed else 'an optional'} body"
            return
        if (old.get("required") is True) != (new.get("required") is True):
            needed = new.get("required") is True
            yield BREAKING if needed else SAFE, f"the body became {'required' if needed else 'optional'}"
        yield from self._content(old, new, REQUEST, "")

    def _responses(self, olds: Node, news: Node) -> Iterator[tuple[str, str]]:
        for status in dict.fromkeys((*olds, *news)):
            is_good = str(status).startswith("2")
            if status not in news:
                yield BREAKING if is_good else RISKY, f"no longer answers {status}"
            elif status not in olds:
                yield RISKY if is_good else SAFE, f"answers {status} too"
            else:
                old, new = _followed(olds[status], self._before), _followed(news[status], self._after)
                yield from self._headers(_map(old.get("headers")), _map(new.get("headers")), str(status))
                yield from self._content(old, new, RESPONSE, f"{status}: ")

    def _headers(self, olds: Node, news: Node, status: str) -> Iterator[tuple[str, str]]:
        known = {name.lower(): name for name in news}
        for name, node in olds.items():
            if name.lower() not in known:
                needed = _followed(node, self._before).get("required") is True
                yield BREAKING if needed else RISKY, f"{status}: the header {name} was removed"
        for name in news:
            if name.lower() not in {one.lower() for one in olds}:
                yield SAFE, f"{status}: the header {name} was added"

    def _content(self, old: Node, new: Node, direction: str, lead: str) -> Iterator[tuple[str, str]]:
        olds, news = _map(old.get("content")), _map(new.get("content"))
        for kind in dict.fromkeys((*olds, *news)):
            if kind not in news:
                yield BREAKING, f"{lead}{kind} was removed"
            elif kind not in olds:
                yield SAFE, f"{lead}{kind} was added"
            else:
                was, now = _map(olds[kind]).get("schema"), _map(news[kind]).get("schema")
                for level, what in self._reader().changes(was, now, direction, ""):
                    yield level, f"{lead}{'body: ' if direction == REQUEST else ''}{what}"

    def _reader(self) -> SchemaReader:
        return SchemaReader(self._before, self._after)


def _operations(document: Node) -> dict[tuple[str, str], tuple[str, Node, Node]]:
    """Operations by method and path without its parameters' names: how each reads, its node, and its path's."""
    found = dict[tuple[str, str], tuple[str, Node, Node]]()
    for path, node in _map(document.get("paths")).items():
        item = _followed(node, document)
        for method in METHODS:
            if isinstance(item.get(method), dict):
                plain = re.sub(r"\{[^{}]*\}", "{}", path)
                found[method, plain] = (f"{method.upper()} {path}", _map(item[method]), {"path": path, **item})
    return found


def _parameters(operation: Node, shared: Node, document: Node) -> dict[tuple[str, str], Node]:
    """Parameters by place and name; one of the path by its position, because its name is nobody's business."""
    order = re.findall(r"\{([^{}]*)\}", str(shared.get("path", "")))
    found = dict[tuple[str, str], Node]()
    for one in (*_items(shared.get("parameters")), *_items(operation.get("parameters"))):
        node = _followed(one, document)
        place, name = str(node.get("in", "")), str(node.get("name", ""))
        if place == "path" and name in order:
            name = f"number {order.index(name) + 1}"
        found[place, name.lower() if place == "header" else name] = node
    return found


def _ways(operation: Node, document: Node) -> list[frozenset[str]]:
    """Each way to sign in as the schemes with their scopes; empty where none is needed."""
    given = operation.get("security", document.get("security"))
    ways = [frozenset(_needed(_map(one))) for one in _items(given)]
    return [] if any(not way for way in ways) else sorted(ways, key=sorted)


def _needed(way: Node) -> Iterator[str]:
    for scheme, scopes in way.items():
        yield scheme
        yield from (f"{scheme} {scope}" for scope in _items(scopes))


def _signed(way: frozenset[str]) -> str:
    return " with ".join(sorted(way))


def _bases(document: Node) -> list[str]:
    return [_text(_map(server), "url") for server in _items(document.get("servers"))]


def _followed(node: object, document: Node) -> Node:
    found = _map(node)
    reference = found.get("$ref")
    return resolved(reference, document) if isinstance(reference, str) else found


def _map(value: object) -> Node:
    return cast(Node, value) if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def _text(node: Node, key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ""
