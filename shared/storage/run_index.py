"""Which runs there are, newest first, without asking the orchestration store. Touches blobs only.

A run is the blob `index/{day}/{time}-{run id}` of the work container, day and time counted backwards so that names sort
newest first. What a listing shows is its metadata; how the run ended is added by whoever first sees that it has. Blobs
outlive the store's history, and a page of them costs the same however many runs there were.
"""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts import Claim
from shared.storage.blobs import WORK, BlobStore

FOLDER = "index/"
PAGE = 100
LONGEST_TITLE = 200
"""Characters of a title in a listing: metadata has little room."""
_LAST_DAY = date(9999, 12, 31).toordinal()
_DAY_MS = 24 * 3600 * 1000
LONGEST_VERDICT = 300
_ABOUT, _END = "run", "end"
"""Metadata: what every release reads, and what earlier ones, which may serve the same storage, do not know."""
_COMPLETE = "index-complete"


@dataclass(frozen=True)
class Listed:
    """A run as a listing shows it. `status` and what follows it are None until it has ended.

    `cost_usd` and `verdict` stay None for runs whose end an earlier release noted; `cost_usd` also without a price.
    """

    run_id: str
    project: str
    title: str
    prd: str
    created_at: str
    status: str | None = None
    updated_at: str | None = None
    cost_usd: float | None = None
    verdict: str | None = None

    @property
    def name(self) -> str:
        """The run's blob, and its place among all runs."""
        moment = datetime.fromisoformat(self.created_at).astimezone(UTC)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        left = _DAY_MS - 1 - (moment - midnight) // timedelta(milliseconds=1)
        return f"{_day(moment)}{left:08}-{self.run_id}"


def listed(claim: Claim) -> Listed:
    """A claimed run that has not ended."""
    run = claim.run
    return Listed(run.run_id, run.project, run.title[:LONGEST_TITLE], run.prd_name, claim.created_at)


async def enter(blobs: BlobStore, claim: Claim) -> None:
    """Have a run listed; one that is stays as it is."""
    run = listed(claim)
    await blobs.claim(WORK, run.name, b"", metadata=_metadata(run))


async def close(
    blobs: BlobStore, run: Listed, status: str, updated_at: str, cost_usd: float | None = None, verdict: str = ""
) -> Listed:
    """Note how a run ended, so that nobody need ask again. Repeating it changes nothing."""
    said = verdict[:LONGEST_VERDICT] or None
    closed = replace(run, status=status, updated_at=updated_at, cost_usd=cost_usd, verdict=said)
    await blobs.write(WORK, closed.name, b"", "application/json", _metadata(closed))
    return closed


async def runs(blobs: BlobStore, *, after: str = "", since: datetime | None = None) -> AsyncIterator[Listed]:
    """Runs from the newest on; those behind the one whose blob's name is `after`, created at `since` or later."""
    async for folder in _folders(blobs, after):
        async for info in blobs.list(WORK, folder, page=PAGE + 1):
            if info.name <= after:
                continue
            run = Listed(**_read(info.metadata[_ABOUT]), **_read(info.metadata.get(_END, "")))
            if since and datetime.fromisoformat(run.created_at) < since:
                return
            yield run


async def _folders(blobs: BlobStore, after: str) -> AsyncIterator[str]:
    """Where to look: everywhere, or day by day, so that the days before a cursor cost one request together."""
    if not after:
        yield FOLDER
        return
    async for day in blobs.folders(WORK, FOLDER):
        if day >= after[: len(day)]:
            yield day


async def is_complete(blobs: BlobStore) -> bool:
    """Whether runs from before there was an index are in it."""
    return await blobs.exists(WORK, _COMPLETE)


async def set_complete(blobs: BlobStore) -> None:
    """Note that they are."""
    await blobs.create(WORK, _COMPLETE, b"")


def _day(moment: datetime) -> str:
    return f"{FOLDER}{_LAST_DAY - moment.astimezone(UTC).toordinal():07}/"


def _metadata(run: Listed) -> dict[str, str]:
    about: dict[str, Any] = {name: value for name, value in asdict(run).items() if value is not None}
    end = {name: about.pop(name) for name in ("cost_usd", "verdict") if name in about}
    return {_ABOUT: _written(about)} | ({_END: _written(end)} if end else {})


def _written(fields: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields, ensure_ascii=False).encode()).decode()


def _read(text: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(text)) if text else {}
