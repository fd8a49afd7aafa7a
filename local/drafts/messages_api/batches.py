"""The Message Batches API of the offline server: batches that take a while, then hold a result for each request.

Keeps its batches in memory and answers through the routes that it adds. The caller that makes a `BatchRegistry` passes
the function that answers a single request.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from aiohttp import web

from local.drafts.messages_api.protocol import BadRequestError, Json

FOLDER = "/v1/messages/batches"
LIFETIME = timedelta(hours=24)
MOST_LISTED = 1_000
OUTCOMES = ("succeeded", "errored", "canceled", "expired")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")

type Process = Callable[[Json, str], Json]
"""A request's parameters and its batch's id in, the `result` of a line of results out."""


@dataclass
class Batch:
    """One batch: its requests by `custom_id`, when it ends, and its results once it has."""

    id: str
    requests: dict[str, Json]
    created: datetime
    ends: float
    cancelled: datetime | None = None
    ended: datetime | None = None
    results: dict[str, Json] = field(default_factory=dict[str, Json])

    def to_dict(self, address: str) -> Json:
        """The `message_batch` object."""
        kinds = Counter(result["type"] for result in self.results.values())
        counts = {kind: kinds[kind] for kind in OUTCOMES} | {"processing": len(self.requests) - kinds.total()}
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": "ended" if self.ended else "canceling" if self.cancelled else "in_progress",
            "request_counts": counts,
            "created_at": self.created.isoformat(),
            "expires_at": (self.created + LIFETIME).isoformat(),
            "ended_at": self.ended.isoformat() if self.ended else None,
            "cancel_initiated_at": self.cancelled.isoformat() if self.cancelled else None,
            "archived_at": None,
            "results_url": f"{address}{FOLDER}/{self.id}/results" if self.ended else None,
        }


class BatchRegistry:
    """All batches of one server. Each takes `seconds`; `cut` batches are taken and their sender is not told."""

    def __init__(self, process: Process, seconds: float) -> None:
        self.seconds = seconds
        self.cut = 0
        self.taken: dict[str, Batch] = {}
        self._process = process

    def add_routes(self, app: web.Application) -> None:
        """Serve the five endpoints."""
        app.router.add_post(FOLDER, self._create)
        app.router.add_get(FOLDER, self._list)
        app.router.add_get(FOLDER + "/{id}", self._retrieve)
        app.router.add_get(FOLDER + "/{id}/results", self._results)
        app.router.add_post(FOLDER + "/{id}/cancel", self._cancel)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        requests = _requests(await request.read())
        number = len(self.taken) + 1
        batch = Batch(f"msgbatch_offline{number:05d}", requests, datetime.now(UTC), time.monotonic() + self.seconds)
        self.taken[batch.id] = batch
        if self.cut and request.transport is not None:
            self.cut -= 1
            request.transport.abort()
        return web.json_response(batch.to_dict(_address(request)))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """Newest first. `after_id` gives the older ones, as the API counts it."""
        batches = list(reversed(self.taken.values()))
        ids = [batch.id for batch in batches]
        start = ids.index(request.query["after_id"]) + 1 if request.query.get("after_id") in ids else 0
        limit = min(int(request.query.get("limit", 20)), MOST_LISTED)
        page = [self._settled(batch).to_dict(_address(request)) for batch in batches[start : start + limit]]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
        return web.json_response({"data": page, "has_more": start + limit < len(batches)} | ends)

    async def _retrieve(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._named(request).to_dict(_address(request)))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        batch = self._named(request)
        if batch.ended is None:
            batch.cancelled, batch.ends = datetime.now(UTC), time.monotonic()
        return web.json_response(batch.to_dict(_address(request)))

    async def _results(self, request: web.Request) -> web.StreamResponse:
        """One line a request, the last one first: their order means nothing."""
        batch = self._named(request)
        if batch.ended is None:
            raise BadRequestError(f"Batch {batch.id} has no results yet", status=404)
        response = web.StreamResponse(headers={"content-type": "application/x-jsonl"})
        await response.prepare(request)
        for custom_id, result in reversed(batch.results.items()):
            await response.write(json.dumps({"custom_id": custom_id, "result": result}).encode() + b"\n")
        return response

    def _named(self, request: web.Request) -> Batch:
        name = request.match_info["id"]
        if name not in self.taken:
            raise BadRequestError(f"No message batch {name}", status=404)
        return self._settled(self.taken[name])

    def _settled(self, batch: Batch) -> Batch:
        """The batch, processed if its time has come."""
        if batch.ended is None and time.monotonic() >= batch.ends:
            for custom_id, params in batch.requests.items():
                cancelled = {"type": "canceled"}
                batch.results[custom_id] = cancelled if batch.cancelled else self._process(params, batch.id)
            batch.ended = datetime.now(UTC)
        return batch


def _requests(body: bytes) -> dict[str, Json]:
    """The requests by `custom_id`. Their parameters are looked at when they are processed, as the API does."""
    try:
        data: Any = json.loads(body)
        given = cast("Sequence[Json]", data["requests"])
        requests = {str(one["custom_id"]): cast("Json", one["params"]) for one in given}
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequestError(f"requests: each needs a custom_id and params ({type(error).__name__})") from error
    if not requests or len(requests) != len(given):
        raise BadRequestError("requests: at least one, and each with a custom_id of its own")
    if wrong := [name for name in requests if not _CUSTOM_ID.fullmatch(name)]:
        raise BadRequestError(f"requests: custom_id {wrong[0]!r} does not match {_CUSTOM_ID.pattern}")
    return requests


def _address(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
