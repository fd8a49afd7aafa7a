"""The run's options: what may be asked for, from where, and which source wins. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts import Options
from shared.errors import BadInput
from shared.formats.file_names import safe_path
from shared.prd import Prd, find_stack, shown, suspicions, without_suspicious_passages

STACKS = ("auto", "python", "csharp")
NAMES = ("stack", "db", "output", "economy", "full")
_FLAGS = ("economy", "full")
DOCUMENT_KEYS = frozenset(
    [
        "title",
        "subtitle",
        "author",
        "authors",
        "owner",
        "owners",
        "date",
        "created",
        "updated",
        "version",
        "status",
        "tags",
        "keywords",
        "description",
        "summary",
        "id",
        "slug",
        "category",
        "categories",
        "labels",
        "reviewers",
        "approvers",
        "stakeholders",
        "team",
        "product",
        "project",
        "layout",
        "lang",
    ]
)
"""Front matter that documents carry about themselves; read past, never an option."""
_TOOL_METADATA = re.compile(r"^(hdi_|posix_|ms_|x_ms_)|^(mode|mtime|modtime|owner|group|permissions)$")
_DB = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+#-]{0,39}")
_DB_WORDS = 6
_OUTPUT_SEGMENT = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._ -]{0,79}")
_OTHER_CONTAINERS = ("prds", "runs")


@dataclass(frozen=True)
class Source:
    """Options from one place; `label` is how messages name that place."""

    label: str
    values: Mapping[str, Any]


def from_metadata(metadata: Mapping[str, str]) -> Source:
    """Blob metadata without the keys that storage tools add by themselves."""
    kept = {key.lower(): value for key, value in metadata.items() if not _TOOL_METADATA.search(key.lower())}
    return Source("the blob's metadata", kept)


def from_front_matter(prd: Prd) -> Source:
    """The PRD's front matter without the keys a document carries about itself."""
    kept = {key: value for key, value in prd.front_matter.items() if key.lower() not in DOCUMENT_KEYS}
    return Source(f"the front matter of {shown(prd.name)}", kept)


def resolve(prd: Prd, *sources: Source) -> Options:
    """Merge `sources` (earlier wins), check every value and settle `stack: auto` from the PRD's text.

    Raises `BadInput` naming the unknown option or bad value, where it stands and what is allowed.
    """
    merged: dict[str, str] = {}
    for source in reversed(sources):
        merged |= _checked(source)
    stack = merged.get("stack", "auto")
    resolved, reason = find_stack(without_suspicious_passages(prd.text)) if stack == "auto" else (stack, "asked for")
    return Options(
        stack=resolved,
        stack_reason=reason,
        db=merged.get("db"),
        output=merged.get("output"),
        economy=merged.get("economy") == "true",
        full=merged.get("full") == "true",
    )


def _checked(source: Source) -> dict[str, str]:
    checked: dict[str, str] = {}
    for name, value in source.values.items():
        if name not in NAMES:
            raise BadInput(
                "unknown-option",
                f"Unknown option {str(name)[:60]!r} in {source.label}.",
                f"Allowed options: {', '.join(NAMES)}.",
            )
        if value is None or value == "":
            continue
        if name in _FLAGS and isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise _bad_value(source, name, value, "a text value")
        checked[name] = _CHECKS[name](source, value.strip())
    return checked


def _bad_value(source: Source, name: str, value: object, allowed: str) -> BadInput:
    shown = str(value)[:60]
    return BadInput(f"bad-{name}", f"Option {name}={shown!r} in {source.label} is not {allowed}.", _MENDS[name])


def _stack(source: Source, value: str) -> str:
    if value.lower() not in STACKS:
        raise _bad_value(source, "stack", value, f"one of {', '.join(STACKS)}")
    return value.lower()


def _db(source: Source, value: str) -> str:
    if not _DB.fullmatch(value) or len(value.split()) > _DB_WORDS or suspicions(value):
        raise _bad_value(source, "db", value, "a short datastore name")
    return value.lower()


def _output(source: Source, value: str) -> str:
    """A relative folder of plain names: no drive, no `..`, no other container, nothing that some system has not."""
    segments = value.removesuffix("/").split("/")
    plain = all(_OUTPUT_SEGMENT.fullmatch(segment) and segment.strip(". ") for segment in segments)
    named = segments[0].lower() not in _OTHER_CONTAINERS and safe_path("/".join(segments)) is not None
    if not plain or not named:
        raise _bad_value(source, "output", value, "a folder inside the output container")
    return "/".join(segments)


def _flag(name: str) -> Callable[[Source, str], str]:
    def check(source: Source, value: str) -> str:
        if value.lower() not in ("true", "false"):
            raise _bad_value(source, name, value, "true or false")
        return value.lower()

    return check


_CHECKS = {"stack": _stack, "db": _db, "output": _output} | {name: _flag(name) for name in _FLAGS}
_MENDS = {
    "stack": f"Use one of: {', '.join(STACKS)}.",
    "db": "Use a name such as postgres, sqlserver or mongodb: letters, digits, spaces and . + # - only, at most 40.",
    "output": "Use a relative path such as designs/billing, with no '..', backslash, leading slash or other container.",
    "economy": "Use true for half the price and up to 24 hours a phase, or false.",
    "full": "Use true to design everything anew, or false to revise only what the PRD's changes reach.",
}
