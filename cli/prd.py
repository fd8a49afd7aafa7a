"""The PRD as the command line was given it: a file's bytes as they are, or raw text. Reads that one file."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from cli.errors import BadUsage

STACKS = ("auto", "python", "csharp")
_DOCUMENT = re.compile(r"\.(md|markdown|txt|text|rst|adoc|html?|docx?|pdf|rtf)$", re.IGNORECASE)
_ROOTED = re.compile(r"^(~|\.{0,2}[/\\]|[A-Za-z]:[/\\])")
_ONE_WORD_PATH = re.compile(r"^\S*([/\\]|\.[A-Za-z]\w{0,7}$)\S*$")


@dataclass(frozen=True, slots=True)
class Prd:
    """The document to send. The bytes are sent untouched: what encoding they are in is the app's decision."""

    content: bytes
    name: str | None


@dataclass(frozen=True, slots=True)
class Options:
    """The options given on the command line. None means not given, so that the PRD's own may count."""

    stack: str | None = None
    db: str | None = None
    fresh: bool = False
    economy: bool = False
    full: bool = False

    def __post_init__(self) -> None:
        """Refuse a wrong stack here already: no host need be started to find out."""
        if self.stack is not None and self.stack.lower() not in STACKS:
            raise BadUsage(f"--stack {self.stack} is not one of: {', '.join(STACKS)}")

    def to_query(self, name: str | None) -> dict[str, str]:
        """Query parameters for a raw body: only what was given."""
        asked = {"fresh": self.fresh, "economy": self.economy, "full": self.full}
        flags = {name: "true" if is_asked else None for name, is_asked in asked.items()}
        given = {"name": name, "stack": self.stack, "db": self.db, **flags}
        return {key: value for key, value in given.items() if value is not None}


def prd_from(positional: str | None, option: str | None) -> Prd:
    """The PRD from `run FILE` or `--prd FILE-or-text`; exactly one of them must be there."""
    if positional is not None and option is not None:
        raise BadUsage("the PRD is given twice: name it either as FILE or with --prd")
    given = option if positional is None else positional
    if given is None:
        raise BadUsage("no PRD: name a file, or give --prd a file or the text itself")
    if given == "-":
        return Prd(sys.stdin.buffer.read(), None)
    return _read(given)


def looks_like_a_path(given: str) -> bool:
    """Whether text that names no existing file was probably meant to: one line, and shaped like a path."""
    if "\n" in given or "\r" in given:
        return False
    return any(shape.search(given) for shape in (_DOCUMENT, _ROOTED, _ONE_WORD_PATH))


def _read(given: str) -> Prd:
    path = _existing(given)
    if path is None:
        if looks_like_a_path(given):
            raise BadUsage(f"there is no file {given}")
        return Prd(given.encode("utf-8", "surrogateescape"), None)
    if path.is_dir():
        raise BadUsage(f"{given} is a folder; name the PRD file in it")
    try:
        return Prd(path.read_bytes(), path.name.encode(errors="replace").decode())
    except OSError as error:
        raise BadUsage(f"{given} cannot be read: {error.strerror or error}") from error


def _existing(given: str) -> Path | None:
    """The path, if something is there. Text too long or too odd for a path names nothing."""
    if not given.strip():
        return None
    try:
        path = Path(given).expanduser()
        return path if path.exists() else None
    except (OSError, ValueError, RuntimeError):
        return None
