"""Where the values of path parameters come from in tests: made through the API, or named by the environment. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from local.drafts.design.model import Design, Operation
from local.drafts.design.openapi import is_identifier
from local.drafts.design.schemas import EXAMPLE_ID
from local.drafts.english import camel, singular, snake, split_words

_GENERIC = frozenset({"id", "uuid", "key", "name", "slug", "code"})
_NATURAL = {"sku": "SKU-1001", "slug": "first-entry", "code": "A-100"}


@dataclass(frozen=True)
class Seed:
    """One value: its key in `seeded`, and either the creation that yields it or the environment's name for it."""

    key: str
    creator: Operation | None
    default: str

    @property
    def variable(self) -> str:
        """The environment variable that names a record that no operation creates."""
        return f"SEED_{snake(self.key).upper()}"


def seeds(design: Design) -> tuple[Seed, ...]:
    """Every value that a path of the contract needs; what another one's creation needs comes before it."""
    keys = dict.fromkeys(key for one in design.operations for key in path_keys(one.path))
    creators = {_created_key(one): one for one in design.operations if one.action == "create" and one.method == "POST"}
    found: dict[str, Seed] = {}
    for key in keys:
        _add(key, creators, found)
    return tuple(found.values())


def path_keys(path: str) -> tuple[str, ...]:
    """The keys of a path's parameters, in its order."""
    return tuple(key for _, key in _parameters(path))


def seeded_path(path: str, holder: str = "seeded") -> str:
    """The expression for a path with its parameters put in."""
    if "{" not in path:
        return f'"{path}"'
    keys = iter(path_keys(path))
    return 'f"' + re.sub(r"\{[^}]+\}", lambda _: f"{{{holder}['{next(keys)}']}}", path) + '"'


def _add(key: str, creators: dict[str, Operation], found: dict[str, Seed]) -> None:
    creator = creators.pop(key, None)
    for needed in path_keys(creator.path) if creator else ():
        if needed not in found:
            _add(needed, creators, found)
    natural = _NATURAL.get(split_words(key)[-1], f"example-{key}")
    found[key] = Seed(key, creator, EXAMPLE_ID if is_identifier(key) else natural)


def _created_key(one: Operation) -> str:
    return camel(f"{one.resource.noun} id") if one.resource else ""


def _parameters(path: str) -> Iterator[tuple[str, str]]:
    """(name, key) of each parameter; `{id}` takes the collection before it into its key."""
    parts = path.split("/")
    for at, part in enumerate(parts):
        for name in re.findall(r"\{([^}]+)\}", part):
            before = singular(" ".join(split_words(parts[at - 1]))) if at else ""
            yield name, camel(f"{before} {name}") if name.lower() in _GENERIC else name
