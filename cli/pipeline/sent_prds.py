"""The PRDs that were sent, and the output variable in which one job hands their list to the next jobs. Pure."""

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self

from cli.errors import BadUsage
from cli.pipeline.changes import Change
from cli.records import Json, number, text, words


@dataclass(frozen=True, slots=True)
class SentPrd:
    """A changed PRD and its run; `refusal` says why there is none."""

    path: str
    change: str
    added: int
    removed: int
    run: str | None = None
    refusal: str | None = None

    @classmethod
    def of(cls, change: Change, run: str | None = None, refusal: str | None = None) -> Self:
        """What became of a change."""
        return cls(change.path, change.kind, change.added, change.removed, run, refusal)

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(
            path=text(data, "path"),
            change=text(data, "change"),
            added=int(number(data, "added")),
            removed=int(number(data, "removed")),
            run=words(data.get("run")),
            refusal=words(data.get("refusal")),
        )


def as_variable(sent: Iterable[SentPrd]) -> str:
    """One line in which nothing is special to an agent: names of files may hold macros and logging commands."""
    return base64.urlsafe_b64encode(json.dumps([asdict(each) for each in sent]).encode()).decode()


def from_variable(value: str) -> list[SentPrd]:
    """What `as_variable` was given; `BadUsage` for anything else."""
    try:
        rows = json.loads(base64.urlsafe_b64decode(value))
        return [SentPrd.from_dict(row) for row in rows]
    except (ValueError, TypeError, AttributeError):
        raise BadUsage("DESIGN_PRDS_SENT is not what `pipeline send` has set") from None
