"""Readers of the languages that deliverables quote: source in, faults out. Pure; nothing is run, fetched or expanded.

A reader yields a `Fault` for what breaks the language's own rules and raises `Unread` where it cannot tell. All bound
their work by size, depth and time.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is wrong in a block, and on which 1-based line of it."""

    line: int
    message: str


class Unread(Exception):
    """The block is beyond what its reader can or will read; the message says why."""


def refuse_long(source: str, most: int) -> None:
    """Raise `Unread` where `source` has more than `most` characters."""
    if len(source) > most:
        raise Unread(f"it has {len(source):,} characters; at most {most:,} are read")


def refuse_long_lines(source: str, most: int = 2_000) -> None:
    """Raise `Unread` where a line is longer than code has: some parsers take quadratic time on one."""
    longest = max(map(len, source.split("\n")))
    if longest > most:
        raise Unread(f"it has a line of {longest:,} characters; at most {most:,} are read")
