"""A page of runs, newest first: what callers may ask for, and what it costs at most. Touches blobs and durable states.

Runs that have ended are shown as their listing says; only for others is the orchestration store asked, one by one.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
from durabletask.client import OrchestrationState

from shared.errors import BadInput
from shared.runs import ENDED, progress_of, status_of
from shared.services import Services
from shared.storage import past_runs, read_queue, run_index
from shared.storage.run_index import Listed
from triggers.intake import read_claim
from triggers.views import cost_so_far, iso, links, verdict_of

LARGEST_PAGE = 100
MOST_LOOKED_AT = 1_000
"""Runs that one request looks at; where a filter leaves few of them, the page is short and says how to go on."""
AT_ONCE = 16
LONGEST_WORDS = 200
STATUSES = frozenset({"queued", "running", "waiting_for_review"}) | ENDED
_PLACE = re.compile(rf"{run_index.FOLDER}\d{{7}}/\d{{8}}-[a-z0-9-]{{1,100}}")


@dataclass(frozen=True)
class Query:
    """What a caller asks for. `after` is the place of the last run that was seen."""

    limit: int = LARGEST_PAGE
    after: str = ""
    status: str | None = None
    project: str | None = None
    since: datetime | None = None
    words: str = ""

    def fits(self, run: Listed) -> bool:
        """Whether a run is of the project that is asked for, and its names hold the words that are looked for."""
        names = "\n".join((run.title, run.project, run.prd, run.run_id)).casefold()
        return self.project in (None, run.project) and self.words in names

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Query":
        """Read from an address; `BadInput` names what is wrong."""
        return cls(
            limit=_limit(parameters.get("limit", "")),
            after=_place(parameters.get("cursor", "")),
            status=_status(parameters.get("status", "")),
            project=parameters.get("project") or None,
            since=_moment(parameters.get("since", "")),
            words=_words(parameters.get("q", "")),
        )


@dataclass(frozen=True)
class _Found:
    """A run that was looked at: as it is listed, its state where that was asked for, and what it cost so far."""

    run: Listed
    state: OrchestrationState | None = None
    cost_usd: float | None = None

    @property
    def status(self) -> str:
        return self.run.status or status_of(self.state)


async def list_page(services: Services, client: df.DurableFunctionsClient, query: Query) -> dict[str, Any]:
    """The runs that match, and the cursor of the next page; None where there is none."""
    found, seen, last = list[_Found](), 0, ""
    more = False
    async for chunk in _chunks(run_index.runs(services.blobs, after=query.after, since=query.since), query.limit + 1):
        for each in await _with_states(services, client, chunk, query):
            if len(found) == query.limit or seen == MOST_LOOKED_AT:
                more = True
                break
            seen, last = seen + 1, each.run.name
            if query.fits(each.run) and query.status in (None, each.status):
                found.append(each)
        if more:
            break
    return {"runs": await _rows(services, found), "next": _cursor(last) if more else None}


async def _chunks(runs: AsyncIterator[Listed], size: int) -> AsyncIterator[list[Listed]]:
    chunk: list[Listed] = []
    async for run in runs:
        chunk.append(run)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _with_states(
    services: Services, client: df.DurableFunctionsClient, runs: list[Listed], query: Query
) -> list[_Found]:
    """Each run with its state, where that is not known already or not asked for."""
    free = asyncio.Semaphore(AT_ONCE)

    async def look_at(run: Listed) -> _Found:
        if run.status or not query.fits(run):
            return _Found(run, cost_usd=run.cost_usd)
        async with free:
            state = await past_runs.state_of(services.blobs, client, run.run_id)
            cost = await _cost(services, run, state)
            if state is not None and (status := status_of(state)) in ENDED:
                moment, verdict = iso(state.last_updated_at), " ".join(verdict_of(state)[:1])
                run = await run_index.close(services.blobs, run, status, moment, cost, verdict)
            return _Found(run, state, cost)

    return await asyncio.gather(*map(look_at, runs))


async def _cost(services: Services, run: Listed, state: OrchestrationState | None) -> float | None:
    """What a run took so far, by the prices it was started with; None before its first call, or without a price."""
    if not progress_of(state).get("agents"):
        return None
    claim, _ = await read_claim(services.blobs, run.run_id)
    return cost_so_far(claim, state)


async def _rows(services: Services, found: list[_Found]) -> list[dict[str, Any]]:
    waiting = any("ahead" in progress_of(each.state) for each in found)
    queue = await read_queue(services.blobs) if waiting else None
    return [_row(each.run, each, queue.ahead(each.run.run_id) if queue else None) for each in found]


def _row(run: Listed, each: _Found, ahead: int | None) -> dict[str, Any]:
    return {
        "id": run.run_id,
        "status": each.status,
        "ahead": ahead,
        "project": run.project,
        "title": run.title,
        "created_at": run.created_at,
        "updated_at": run.updated_at or (iso(each.state.last_updated_at) if each.state else run.created_at),
        "prd": run.prd,
        "cost_usd": each.cost_usd,
        "verdict": run.verdict,
        "links": links(run.run_id),
    }


def _cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str) -> str:
    if not cursor:
        return ""
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        place = ""
    if not _PLACE.fullmatch(place):
        raise BadInput("bad-cursor", "`cursor` is none of ours.", "Send the `next` of the page before as it came.")
    return place


def _limit(text: str) -> int:
    if not text:
        return LARGEST_PAGE
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise BadInput("bad-limit", f"`limit` is {text[:40]!r}.", f"Use 1 to {LARGEST_PAGE}.")
    return int(text)


def _status(text: str) -> str | None:
    if text and text not in STATUSES:
        raise BadInput("bad-status", f"`status` is {text[:40]!r}.", f"Use one of {', '.join(sorted(STATUSES))}.")
    return text or None


def _words(text: str) -> str:
    if len(text) > LONGEST_WORDS:
        raise BadInput("bad-q", f"`q` has more than {LONGEST_WORDS} characters.", "Look for fewer words.")
    return text.casefold()


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        mend = "Use a date or a time of ISO 8601, such as 2026-11-30 or 2026-11-30T12:00:00Z."
        raise BadInput("bad-since", f"`since` is {text[:40]!r}.", mend) from None
