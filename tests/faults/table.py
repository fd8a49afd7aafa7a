"""The figures of a session: fault, tries, lost, duplicated, extra paid calls, worst time to recover. Pure."""

import os
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

HEAD = ("fault", "tries", "runs", "lost", "duplicated", "extra calls", "worst recovery (s)", "ends")


@dataclass
class Row:
    """What was seen of one fault."""

    fault: str
    tries: int = 0
    runs: int = 0
    lost: int = 0
    duplicated: int = 0
    extra_calls: int = 0
    worst_seconds: float = 0.0
    requests: int = 0
    ends: Counter[str] = field(default_factory=Counter[str])
    began: float = field(default_factory=time.monotonic)


ROWS: list[Row] = []


def lines() -> list[str]:
    """All rows as a Markdown table."""
    rows = [HEAD, ("---",) * len(HEAD)] + [
        (
            row.fault, str(row.tries), str(row.runs), str(row.lost), str(row.duplicated), str(row.extra_calls),
            f"{row.worst_seconds:.1f}", ", ".join(f"{count} {status}" for status, count in sorted(row.ends.items())),
        )
        for row in ROWS
    ]  # fmt: skip
    return ["| " + " | ".join(row) + " |" for row in rows]


def seed() -> int:
    """Where chance begins: SEED, for the long version to go new ways."""
    return int(os.environ.get("SEED", "1"))


IS_LONG = bool(os.environ.get("COUNT"))
"""Whether this is `make faults` rather than the suite."""
only_long = pytest.mark.long


def in_time(row: Row) -> bool:
    """Whether a long version that was given SECONDS for each fault has some left for this one."""
    return "SECONDS" not in os.environ or time.monotonic() - row.began < float(os.environ["SECONDS"])


def count(short: int, share: float = 1.0) -> int:
    """How often to try: `short` times in the suite; in the long version a share of COUNT."""
    given = os.environ.get("COUNT", "")
    return max(1, round(int(given) * share)) if given else short
