"""Our log lines: which run, agent and request they are about, as fields of the record. Touches `logging` alone.

The fields are attributes of the record: columns of customDimensions in Application Insights, and the end of the line
on the local host. PRD, prompt and answer text is logged by `log_texts` alone, and only where LOG_PROMPTS asks for it.
"""

import logging
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

ROOT = "design_backend"
"""All our loggers lie below it: what is exported is our lines, and no library's."""
LONGEST_TEXT = 8_000
"""Characters of one text that LOG_PROMPTS shows; Application Insights takes 32,768 for a line."""
_OFF = logging.CRITICAL + 1

_fields: ContextVar[Mapping[str, str]] = ContextVar("design_backend_log_fields", default=MappingProxyType({}))


def logger(name: str) -> logging.Logger:
    """The logger of the module `name`; what it logs carries the current fields."""
    log = logging.getLogger(f"{ROOT}.{name}")
    log.addFilter(_stamp)
    return log


def _stamp(record: logging.LogRecord) -> bool:
    for name, value in _fields.get().items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


def fields() -> Mapping[str, str]:
    """What is being logged about just now."""
    return _fields.get()


@contextmanager
def about(fields: Mapping[str, str | None]) -> Generator[None]:
    """What is logged in this block carries `fields`, and those that `add` adds in it."""
    token = _fields.set(_with(fields))
    try:
        yield
    finally:
        _fields.reset(token)


def add(**fields: str | None) -> None:
    """Add `fields` to what is logged from here to the end of the innermost `about`."""
    _fields.set(_with(fields))


def _with(fields: Mapping[str, str | None]) -> Mapping[str, str]:
    return {**_fields.get(), **{name: value for name, value in fields.items() if value}}


_texts = logger("texts")
_texts.setLevel(_OFF)


def show_texts(wanted: bool) -> None:
    """Switch `log_texts` on or off, whatever the level of other loggers. It is off until asked for."""
    _texts.setLevel(logging.DEBUG if wanted else _OFF)


def log_texts(kind: str, texts: Iterable[str]) -> None:
    """Log what was sent to Claude or came back, where that was asked for: at DEBUG, one line a text, capped."""
    if not _texts.isEnabledFor(logging.DEBUG):
        return
    for text in texts:
        more = f"… ({len(text) - LONGEST_TEXT:,} characters more)" if len(text) > LONGEST_TEXT else ""
        _texts.debug("%s: %s%s", kind, text[:LONGEST_TEXT], more)
