"""How a change of a schema reads to callers: breaking, risky or safe, by the direction in which its values go. Pure.

What callers send (`REQUEST`) breaks where less is taken; what they are given (`RESPONSE`) where something is given that
they do not know. The classes follow JSON Schema 2020-12 and what tools for API differences agree on; where they differ,
a change that a lenient client survives is risky.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

BREAKING, RISKY, SAFE = "breaking", "risky", "safe"
REQUEST, RESPONSE = "request", "response"
DEEPEST = 24
"""Schemas within schemas that are followed; deeper ones are compared no further."""
MOST_NESTED = 4
"""Levels of `allOf` within `allOf` that are put together."""
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LARGER = {"integer": "number"}

type Schema = Mapping[str, Any]
type Told = tuple[str, str]
"""A class and what changed, in words."""


@dataclass(frozen=True)
class SchemaReader:
    """Compares schemas of two documents, each with its own definitions. A pair that was `seen` is told of once."""

    before: Schema
    after: Schema
    seen: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])

    def changes(self, old: object, new: object, direction: str, at: str, depth: int = 0) -> Iterator[Told]:
        """What changed between two schemas, at the place `at`."""
        pair = (_key(old), _key(new), direction)
        if depth > DEEPEST or pair in self.seen:
            return
        self.seen.add(pair)
        was, now = _whole(old, self.before), _whole(new, self.after)
        if was == now and "$ref" not in json.dumps(was, default=str):
            return
        yield from _types(was, now, direction, at)
        if _is_another(_kinds(was), _kinds(now)):
            return  # what else is said of the one says nothing of the other
        yield from _enums(was, now, direction, at)
        yield from _bounds(was, now, direction, at)
        yield from _texts(was, now, direction, at)
        yield from self._variants(was, now, direction, at, depth)
        yield from self._properties(was, now, direction, at, depth)
        yield from self._parts(was, now, direction, at, depth)

    def _properties(self, was: Schema, now: Schema, direction: str, at: str, depth: int) -> Iterator[Told]:
        olds, news = _mapping(was.get("properties")), _mapping(now.get("properties"))
        needed, needs = set(_list(was.get("required"))), set(_list(now.get("required")))
        for name in dict.fromkeys((*olds, *news)):
            place = f"{at}.{name}" if at else name
            if _is_not_theirs(olds.get(name), self.before, direction) and _is_not_theirs(
                news.get(name), self.after, direction
            ):
                continue
            if name not in news:
                yield _removed(name in needed, was, now, direction), f"{place} was removed"
            elif name not in olds:
                yield _added(name in needs, direction), f"{place} was added" + (" and is required" * (name in needs))
            else:
                if (name in needed) != (name in needs):
                    yield _required(name in needs, direction), f"{place} became {_word(name in needs)}"
                yield from self.changes(olds[name], news[name], direction, place, depth + 1)
        yield from _others(was, now, direction, at)

    def _parts(self, was: Schema, now: Schema, direction: str, at: str, depth: int) -> Iterator[Told]:
        if "items" in was and "items" in now:
            yield from self.changes(was["items"], now["items"], direction, f"{at}[]", depth + 1)
        more = [schema.get("additionalProperties") for schema in (was, now)]
        if all(isinstance(one, dict) for one in more):
            yield from self.changes(more[0], more[1], direction, f"{at}.*", depth + 1)

    def _variants(self, was: Schema, now: Schema, direction: str, at: str, depth: int) -> Iterator[Told]:
        for kind in ("oneOf", "anyOf"):
            olds, news = _named(was.get(kind)), _named(now.get(kind))
            for name in olds.keys() & news.keys():
                yield from self.changes(olds[name], news[name], direction, at, depth + 1)
            gone = [name for name in olds if name not in news]
            come = [name for name in news if name not in olds]
            if len(gone) == len(come) == 1:
                yield from self.changes(olds[gone[0]], news[come[0]], direction, at, depth + 1)
                continue
            for _ in gone:
                yield BREAKING if direction == REQUEST else SAFE, f"{_place(at)} lost a form ({kind})"
            for _ in come:
                yield SAFE if direction == REQUEST else RISKY, f"{_place(at)} has a new form ({kind})"


def _whole(schema: object, document: Schema, depth: int = 0) -> Schema:
    """A schema with its references followed and its `allOf` put together."""
    found, seen = _mapping(schema), set[str]()
    while (reference := found.get("$ref")) and isinstance(reference, str) and reference not in seen:
        seen.add(reference)
        found = {**resolved(reference, document), **{key: value for key, value in found.items() if key != "$ref"}}
    parts = _list(found.get("allOf"))[:DEEPEST]
    if not parts or depth > MOST_NESTED:
        return found
    whole: dict[str, Any] = {key: value for key, value in found.items() if key != "allOf"}
    for part in parts:
        one = _whole(part, document, depth + 1)
        whole["properties"] = {**_mapping(one.get("properties")), **_mapping(whole.get("properties"))}
        whole["required"] = [*_list(one.get("required")), *_list(whole.get("required"))]
        whole = {**{key: value for key, value in one.items() if key not in ("properties", "required")}, **whole}
    return whole


def _key(schema: object) -> str:
    """What tells a schema from the others of its document."""
    return str(_mapping(schema).get("$ref") or id(schema))


def resolved(reference: str, document: Schema) -> Schema:
    """What a reference within the document leads to; nothing where it leads elsewhere or nowhere."""
    found: Any = document
    if not reference.startswith("#/"):
        return {}
    for key in reference[2:].split("/"):
        found = _mapping(found).get(key.replace("~1", "/").replace("~0", "~"))
    return _mapping(found)


def _types(was: Schema, now: Schema, direction: str, at: str) -> Iterator[Told]:
    olds, news = _kinds(was), _kinds(now)
    if olds == news:
        return
    is_wider = bool(olds) and (not news or all(_takes(news, kind) for kind in olds))
    is_narrower = bool(news) and (not olds or all(_takes(olds, kind) for kind in news))
    words = f"{_place(at)} was {_said(olds)} and is {_said(news)}"
    if is_wider:
        yield SAFE if direction == REQUEST else BREAKING, words
    elif is_narrower:
        yield BREAKING if direction == REQUEST else SAFE, words
    else:
        yield BREAKING, words


def _is_another(olds: set[str], news: set[str]) -> bool:
    """Whether no value of the one type is a value of the other."""
    met = any(_takes(news, kind) for kind in olds) or any(_takes(olds, kind) for kind in news)
    return bool(olds) and bool(news) and not met


def _takes(kinds: set[str], kind: str) -> bool:
    return kind in kinds or _LARGER.get(kind) in kinds


def _kinds(schema: Schema) -> set[str]:
    given = schema.get("type")
    kinds = {given} if isinstance(given, str) else {kind for kind in _list(given) if isinstance(kind, str)}
    return kinds | ({"null"} if schema.get("nullable") is True else set())


def _enums(was: Schema, now: Schema, direction: str, at: str) -> Iterator[Told]:
    olds, news = _values(was), _values(now)
    if olds is None and news is None:
        return
    if olds is None:
        yield BREAKING if direction == REQUEST else SAFE, f"{_place(at)} takes listed values only"
    elif news is None:
        yield SAFE if direction == REQUEST else RISKY, f"{_place(at)} takes other values than those listed"
    else:
        for value in [value for value in olds if value not in news]:
            yield BREAKING if direction == REQUEST else SAFE, f"{_place(at)} lost the value {value}"
        for value in [value for value in news if value not in olds]:
            yield SAFE if direction == REQUEST else RISKY, f"{_place(at)} has the new value {value}"


def _values(schema: Schema) -> list[str] | None:
    if "const" in schema:
        return [json.dumps(schema["const"], default=str)]
    return [json.dumps(value, default=str) for value in _list(schema["enum"])] if "enum" in schema else None


def _bounds(was: Schema, now: Schema, direction: str, at: str) -> Iterator[Told]:
    for names, sign in ((_LEAST, 1), (_MOST, -1)):
        for name in names:
            old, new = (_number(schema.get(name)) for schema in (was, now))
            if old == new:
                continue
            is_tighter = old is None or (new is not None and (new - old) * sign > 0)
            words = f"{name} of {_place(at)} was {_shown(old)} and is {_shown(new)}"
            if direction == REQUEST:
                yield BREAKING if is_tighter else SAFE, words
            else:
                yield SAFE if is_tighter else RISKY, words


def _texts(was: Schema, now: Schema, direction: str, at: str) -> Iterator[Told]:
    """Pattern, format and default."""
    if was.get("pattern") != now.get("pattern"):
        lost = "pattern" not in now
        yield (
            ((SAFE if lost else BREAKING) if direction == REQUEST else (RISKY if "pattern" in was else SAFE)),
            f"the pattern of {_place(at)} changed",
        )
    if was.get("format") != now.get("format"):
        yield (SAFE if "format" not in now and direction == REQUEST else RISKY), f"the format of {_place(at)} changed"
    if direction == REQUEST and was.get("default") != now.get("default"):
        yield RISKY, f"the default of {_place(at)} changed"


def _removed(needed: bool, was: Schema, now: Schema, direction: str) -> str:
    if direction == RESPONSE:
        return BREAKING if needed else RISKY
    return BREAKING if now.get("additionalProperties") is False else RISKY


def _added(needed: bool, direction: str) -> str:
    return BREAKING if needed and direction == REQUEST else SAFE


def _required(is_now: bool, direction: str) -> str:
    return BREAKING if is_now == (direction == REQUEST) else SAFE


def _others(was: Schema, now: Schema, direction: str, at: str) -> Iterator[Told]:
    """Whether properties that nobody named are taken."""
    closed = [schema.get("additionalProperties") is False for schema in (was, now)]
    if closed[0] == closed[1]:
        return
    words = f"{_place(at)} takes {'no' if closed[1] else 'any'} further properties"
    if direction == REQUEST:
        yield BREAKING if closed[1] else SAFE, words
    else:
        yield SAFE, words


def _is_not_theirs(schema: object, document: Schema, direction: str) -> bool:
    """Whether callers neither send nor see a property; one that is not there is nobody's."""
    if schema is None:
        return True
    whole = _whole(schema, document)
    return whole.get("readOnly" if direction == REQUEST else "writeOnly") is True


def _named(variants: object) -> dict[str, object]:
    """Variants by what tells them apart: the reference, else all they say."""
    return {
        str(_mapping(one).get("$ref") or json.dumps(one, sort_keys=True, default=str)): one for one in _list(variants)
    }


def _mapping(value: object) -> Schema:
    return cast(Schema, value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _shown(number: float | None) -> str:
    return "unbounded" if number is None else f"{number:g}"


def _said(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "of any type"


def _word(needed: bool) -> str:
    return "required" if needed else "optional"


def _place(at: str) -> str:
    return at or "the body"
