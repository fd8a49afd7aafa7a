"""Which names of an architecture moved between two of its versions, and which documents use them. Pure.

A name is an operation or schema of the contract, or an objective such as SLO-3. It moved where what is said of it has
other facts (`facts`), where it came or went, and an operation also where a schema that it refers to moved.
"""

import re
from collections.abc import Iterable, Mapping

from shared.formats.markdown import fences
from shared.pack.code_locations import places_in_code
from shared.pack.facts import facts_of

_SCHEMA = re.compile(r"#/components/schemas/([\w.-]+)")
_SLO = re.compile(r"\bSLO-\d{1,3}\b")
_WORD = re.compile(r"SLO-\d{1,3}\b|[A-Za-z_]\w*")


def moved_names(before: str, after: str) -> tuple[str, ...]:
    """Names whose definition differs, sorted."""
    old, new = _definitions(before), _definitions(after)
    moved = {name for name in old.keys() | new.keys() if _facts(old.get(name)) != _facts(new.get(name))}
    while True:
        more = {
            name for name, said in {**old, **new}.items() if name not in moved and moved & set(_SCHEMA.findall(said))
        }
        if not more:
            return tuple(sorted(moved))
        moved |= more


def using(names: Iterable[str], documents: Mapping[str, str]) -> tuple[str, ...]:
    """The documents that say one of these names, in their order; Python's way to write a name counts too."""
    wanted = {form for name in names for form in forms_of(name)}
    return tuple(name for name, text in documents.items() if not wanted.isdisjoint(_WORD.findall(text)))


def forms_of(name: str) -> tuple[str, str]:
    """A name as contracts write it, and as Python does."""
    return name, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _facts(said: str | None) -> str:
    return "" if said is None else facts_of(f"```yaml\n{said}\n```")


def _definitions(text: str) -> dict[str, str]:
    """What is said of each name: the contract's lines of it, or the lines that speak of an objective."""
    found = dict[str, list[str]]()
    for fence in fences(text):
        if fence.language in ("yaml", "yml", "json"):
            lines = fence.content.splitlines()
            for line, place in zip(lines, places_in_code(lines, fence.language, "", 1).places, strict=True):
                if place and place.kind in ("operation", "schema"):
                    found.setdefault(place.name, []).append(line)
    for line in text.splitlines():
        for name in dict.fromkeys(_SLO.findall(line)):
            found.setdefault(name, []).append(re.sub(r"\s*\[R-\d+\],?", "", line))
    return {name: "\n".join(lines) for name, lines in found.items()}
