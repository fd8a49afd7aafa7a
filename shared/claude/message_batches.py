"""The Message Batches API: sends many calls at half the price, tells how far they are, and brings what they gave.

Goes through the Claude adapter's one client and raises its errors. Knows batches, not what they are for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.agents import ModelSettings, Prompt
from shared.claude.adapter import Claude, request_body
from shared.claude.responses import Part, batched_part
from shared.errors import CallInterrupted, CallRefused

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

LISTED = 100
"""Batches of one page of the list."""
MOST_PAGES = 10


@dataclass(frozen=True)
class Batch:
    """A batch as the API tells of it; `size` is the number of its requests, `seconds` what they took together."""

    id: str
    size: int
    created: datetime
    ended: bool
    seconds: float


type Result = Part | CallRefused | None
"""What a batch gave for one call: an answer or its beginning, a final refusal, or nothing (it is to be made live)."""


class MessageBatches:
    """The batches of one Claude account. All methods raise `CallInterrupted` and `CallRefused` as calls do."""

    def __init__(self, claude: Claude) -> None:
        self._claude = claude

    async def send(self, calls: Mapping[str, tuple[Prompt, ModelSettings]]) -> Batch:
        """Send one batch of calls, each under its `custom_id`. Where this is interrupted, it may have arrived.

        A call that is alone in its batch caches nothing: nobody is sure to read it while it is kept.

        Raises `SettingsError` too, where a model has no such settings.
        """
        for chosen in {chosen for _, chosen in calls.values()}:
            await self._claude.check(chosen)
        cached = len(calls) > 1
        requests: list[Any] = [
            {"custom_id": key, "params": request_body(prompt, chosen, cached=cached)}
            for key, (prompt, chosen) in calls.items()
        ]
        return _told(await self._claude.asked_once(lambda client: client.messages.batches.create(requests=requests)))

    async def look(self, batch_id: str) -> Batch:
        """How far a batch is."""
        return _told(await self._claude.asked_once(lambda client: client.messages.batches.retrieve(batch_id)))

    async def since(self, moment: datetime) -> list[Batch]:
        """All batches of the account that were created at `moment` or later, newest first."""

        async def read(client: "AsyncAnthropic") -> list[Batch]:
            found: list[Batch] = []
            page = await client.messages.batches.list(limit=LISTED)
            for _ in range(MOST_PAGES):
                newer = [batch for batch in map(_told, page.data) if batch.created >= moment]
                found += newer
                if len(newer) < len(page.data) or not page.has_next_page():
                    return found
                page = await page.get_next_page()
            raise CallInterrupted("many-batches", "The account has too many batches to find one among them.")

        return await self._claude.asked_once(read)

    async def cancel(self, batch_id: str) -> None:
        """Call a batch off. Requests that are already being processed end, and are billed."""
        await self._claude.asked_once(lambda client: client.messages.batches.cancel(batch_id))

    async def results(self, batch: Batch) -> dict[str, Result]:
        """What a batch that has ended gave, by `custom_id`."""

        async def read(client: "AsyncAnthropic") -> "list[MessageBatchIndividualResponse]":
            return [line async for line in await client.messages.batches.results(batch.id)]

        lines = await self._claude.asked_once(read)
        return {line.custom_id: _result(line, batch.seconds) for line in lines}


def _told(batch: "MessageBatch") -> Batch:
    counts = batch.request_counts
    size = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
    seconds = (batch.ended_at - batch.created_at).total_seconds() if batch.ended_at else 0.0
    return Batch(batch.id, size, batch.created_at, batch.processing_status == "ended", seconds)


def _result(line: "MessageBatchIndividualResponse", seconds: float) -> Result:
    """Errored, expired and cancelled requests gave nothing and are not billed."""
    if line.result.type != "succeeded":
        return None
    try:
        return batched_part(line.result.message, seconds)
    except CallRefused as refused:
        return refused
