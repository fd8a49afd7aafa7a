"""References: names that one place of a pack uses and another must define. Pure.

A reference is resolved (somebody defines it), missing (nobody does, and everything that could was read), or undecided
(the reader could not follow it). Only a missing one is an error.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

type State = Literal["resolved", "missing", "undecided"]


@dataclass(frozen=True)
class Reference:
    """One use of a name: its kind (`file`, `module`, `package`, `fixture`, `query`, ...), where it stands, and whether
    it is defined. `detail` says in a few words who uses it, or why it could not be followed."""

    kind: str
    name: str
    document: str
    line: int
    state: State
    detail: str = ""


def counted(references: Iterable[Reference]) -> dict[str, dict[State, int]]:
    """How many references of each kind are resolved, missing and undecided."""
    counts: dict[str, Counter[State]] = {}
    for reference in references:
        counts.setdefault(reference.kind, Counter())[reference.state] += 1
    return {kind: dict(counter) for kind, counter in sorted(counts.items())}
