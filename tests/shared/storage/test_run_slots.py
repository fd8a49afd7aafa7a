"""Who may run now: never more than there are places, first come first."""

import asyncio
from datetime import UTC, datetime, timedelta

from shared.contracts import SlotRequest
from shared.services import Services
from shared.storage import leave_slot, read_queue, take_slot
from shared.storage.blobs import WORK


def asks(number: int, limit: int = 2) -> SlotRequest:
    since = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=number)
    return SlotRequest(f"run-{number}", since.isoformat(timespec="microseconds"), limit)


async def clear(services: Services) -> None:
    async for info in services.blobs.list(WORK, "places/"):
        await services.blobs.delete(WORK, info.name)


async def test_of_many_who_come_at_once_as_many_get_in_as_there_are_places(services: Services):
    await clear(services)
    asked = await asyncio.gather(*(take_slot(services.blobs, asks(number)) for number in range(8)))
    assert sum(place.taken for place in asked) == 2
    again = await asyncio.gather(*(take_slot(services.blobs, asks(number)) for number in range(8)))
    assert [place.taken for place in again] == [place.taken for place in asked], "asking again changes nothing"
    queue = await read_queue(services.blobs)
    assert (len(queue.taken), len(queue.waiting)) == (2, 6)


async def test_who_came_first_is_let_in_first_and_nobody_overtakes(services: Services):
    await clear(services)
    for number in (1, 2, 5, 3, 4):
        await take_slot(services.blobs, asks(number))
    queue = await leave_slot(services.blobs, "run-1")
    assert queue.next(2) == ("run-3",)
    assert not (await take_slot(services.blobs, asks(9))).taken, "the free place is kept for the first in queue"
    assert (await take_slot(services.blobs, asks(4))).ahead == 1
    assert (await take_slot(services.blobs, asks(3))).taken
    assert list((await read_queue(services.blobs)).waiting) == ["run-4", "run-5", "run-9"]


async def test_a_waiting_run_that_leaves_is_no_longer_in_line(services: Services):
    await clear(services)
    for number in (1, 2, 3, 4):
        await take_slot(services.blobs, asks(number))
    await leave_slot(services.blobs, "run-3")
    assert (await take_slot(services.blobs, asks(4))).ahead == 0
    await clear(services)
