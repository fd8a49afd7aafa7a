"""Decides the fields of a resource: what its kind usually has, and what the PRD names for it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import cast, get_args

from local.drafts.design.catalogue import ENTITIES, UNKNOWN_ENTITY
from local.drafts.design.model import Field, Type
from local.drafts.design.resources import canonical, mentions
from local.drafts.english import snake
from local.drafts.prd.analysis import Requirement

_IDENTIFIER = re.compile(r"(?<![\w./])`?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`?(?![\w(])")
_QUOTED_WORD = re.compile(r"`([a-z][a-z0-9]{1,24})`")
_RULES: tuple[tuple[str, Type], ...] = (
    (r"^client_id$|_code$|^code|_key$|_uri_hash$", "text"),
    (r"(^|_)(secret|password|token_hash)(_hash)?$", "secret"),
    (r"_ids$|_uris$|^scopes$|^roles$|^tags$|^headers$|^items$|^lines$|^events$", "list"),
    (r"_id$|^[a-z]+_of$", "ref"),
    (r"(_at|_time|timestamp|_until|^from|^to)$", "time"),
    (r"(_on|_date|^date_of_birth|^date)$", "date"),
    (r"^(is|has|can)_|_enabled$|^enabled$|_verified$|^active$", "bool"),
    (
        r"(_count|_attempts|_seconds|_minutes|_days|_size|_limit|_number_of|^quantity|^limit|_in|_bytes|^capacity)$",
        "int",
    ),
    (r"(price|amount|total|fee|cost|balance)$", "money"),
    (r"(_rate|_percent|_ratio|latitude|longitude|^value|^score)$", "number"),
    (r"(_url|_uri|^url|^uri|^picture)$", "uri"),
    (r"email$", "email"),
    (r"phone$", "phone"),
    (r"^currency$", "currency"),
    (r"^country$", "country"),
    (r"^(payload|metadata|attributes|detail|details|filter|body)$", "object"),
    (r"(description|notes?|comment|message)$", "long"),
)
_NO_FIELD = re.compile(r"^(max|min|default)_|_(total|seconds|ms|bytes|credentials)$")
_TOKENS = frozenset({"access_token", "refresh_token", "id_token"})
_SERVER_SET = frozenset({"id", "tenant_id", "created_at", "updated_at", "version"})
_TYPES = frozenset(get_args(Type.__value__))


def usual_fields(noun: str, nouns: tuple[str, ...]) -> tuple[Field, ...]:
    """The catalogue's fields of a noun, links only to things that exist; a modest set for an unknown noun."""
    words = ENTITIES.get(noun, UNKNOWN_ENTITY).split()
    linked = [word for word in words if not word.startswith("~") or word[1:].partition("_id")[0] in nouns]
    return tuple(_parse(word.removeprefix("~")) for word in linked)


def named_fields(requirements: Iterable[Requirement], nouns: tuple[str, ...]) -> Mapping[str, tuple[Field, ...]]:
    """Fields that requirements name, by the noun that they belong to."""
    requirements = tuple(requirements)
    states = {state for requirement in requirements for state in _states(requirement.text)}
    found: dict[str, dict[str, Field]] = {noun: {} for noun in nouns}
    for requirement in requirements:
        values = _states(requirement.text)
        places = mentions(requirement.text)
        for at, name in _identifiers(requirement.text):
            owner = _owner(places, at, name, requirement.text, nouns)
            if owner in found and name not in _SERVER_SET | _TOKENS | states and not _own_id(name, owner):
                found[owner].setdefault(name, replace(guess(name), requirements=(requirement.id,)))
        if values and places and places[0][1] in found:
            field = Field("status", "enum", values=values, requirements=(requirement.id,))
            found[places[0][1]]["status"] = field
    return {noun: tuple(fields.values()) for noun, fields in found.items()}


def merge(usual: tuple[Field, ...], named: tuple[Field, ...]) -> tuple[Field, ...]:
    """The usual fields, overruled and followed by the named ones; at most fourteen."""
    by_name = {field.name: field for field in usual}
    by_name |= {one.name: _sharper(by_name.get(one.name), one) for one in named}
    return tuple(by_name.values())[:14]


@lru_cache(maxsize=4096)
def guess(name: str) -> Field:
    """A field whose type follows from its name, as `*_at` is a time and `*_id` a reference."""
    kinds: list[Type] = [kind for pattern, kind in _RULES if re.search(pattern, name)]
    return Field(name, kinds[0] if kinds else "text")


def listed_fields(text: str) -> tuple[Field, ...]:
    """Names in a list: after `claims:`, `fields:` or `with`, as in `POST /token with code, client_id`."""
    named = re.search(r"\b(?:claims|fields|attributes|properties|parameters)\b:?\s+([\w`=, ]+)", text)
    found = named or re.search(r"\bwith\b\s+([\w`=, ]+)", text)
    parts = found[1].replace(" and ", ", ").split(",") if found else []
    fields: list[Field] = []
    for part in parts:
        name, _, value = part.strip(" `").partition("=")
        if re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name) and name not in ("etc", "json", "the"):
            fields.append(Field(name, "enum", values=(value.strip("` "),)) if value.strip() else guess(name))
    return tuple(fields)


def identifiers(text: str) -> tuple[str, ...]:
    """Every `snake_case` name in a text, in order, each once."""
    return tuple(dict.fromkeys(name for _, name in _identifiers(text)))


def _identifiers(text: str) -> list[tuple[int, str]]:
    plain = [(found.start(), found[1]) for found in _IDENTIFIER.finditer(text)]
    quoted = [(found.start(), found[1]) for found in _QUOTED_WORD.finditer(text)]
    return sorted(pair for pair in plain + quoted if not _NO_FIELD.search(pair[1]))


def _states(text: str) -> tuple[str, ...]:
    """A life cycle, where the text lists one: `status` is one of `open`, `paid` or `void`."""
    if not re.search(r"\b(status|state|states|lifecycle|moves|transitions?)\b", text, re.IGNORECASE):
        return ()
    words = [word for word in re.findall(r"`([a-z][a-z_]{2,24})`", text) if word not in ("status", "state")]
    return tuple(dict.fromkeys(words)) if len(words) >= 3 else ()


def _owner(places: tuple[tuple[int, str], ...], at: int, name: str, text: str, nouns: tuple[str, ...]) -> str | None:
    """Whose field it is: the label's noun, or the last one mentioned before it, or the first after it."""
    label = [noun for offset, noun in places if offset < text.find(":")] if ":" in text[:60] else []
    before = [noun for offset, noun in places if offset < at]
    after = [noun for offset, noun in places if offset > at]
    prefix = canonical(name.rpartition("_")[0].replace("_", " "))
    own = prefix if prefix in nouns and not name.endswith("_id") else None
    return (label or [own] * bool(own) or before[-1:] or after or [None])[0]


def _own_id(name: str, noun: str) -> bool:
    return name == f"{snake(noun)}_id"


def _sharper(usual: Field | None, named: Field) -> Field:
    """The PRD's own field, with the catalogue's type where the name alone told nothing."""
    if usual is None or named.type != "text":
        return named
    return replace(usual, requirements=named.requirements)


def _parse(text: str) -> Field:
    name, _, kind = text.partition(":")
    required, name = not name.endswith("?"), name.removesuffix("?")
    if "|" in kind:
        return Field(name, "enum", required, tuple(kind.split("|")))
    return Field(name, cast("Type", kind) if kind in _TYPES else "text", required)
