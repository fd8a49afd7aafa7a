"""Blob Storage behind a meddling proxy: each operation does what it says or raises, and a claim has one holder."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared import places
from shared.blobs import WORK, BlobStore
from shared.contracts import PlaceRequest
from tests.faults.proxy import Fault, FaultProxy, Passing, no_faults
from tests.faults.table import ROWS, Row, count
from tests.faults.test_noise import noise

_BLOBS = re.compile(r"BlobEndpoint=(http://[^/;]+)")


@pytest.fixture
async def way(storage: str) -> AsyncIterator[tuple[FaultProxy, BlobStore]]:
    """A proxy before storage, and the adapter that goes through it."""
    found = _BLOBS.search(storage)
    assert found
    proxy = FaultProxy(lambda: found[1])
    blobs = BlobStore.from_connection_string(storage.replace(found[1], await proxy.start()))
    yield proxy, blobs
    await blobs.close()
    await proxy.stop()


async def test_what_was_written_through_the_noise_is_read_back_whole(way: tuple[FaultProxy, BlobStore]):
    proxy, blobs = way
    ROWS.append(row := Row("storage meddled with"))
    seen, ends, folder = Counter[str](), Counter[str](), uuid4().hex
    proxy.plan = noise("storage", 0.1, seen)

    async def write_and_read(number: int) -> None:
        data = random.Random(number).randbytes(2_000)
        try:
            await blobs.write(WORK, f"{folder}/{number}", data, "text/plain")
            read, info = await blobs.read(WORK, f"{folder}/{number}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
            ends[type(error).__name__] += 1
        else:
            assert read == data
            assert abs(info.age.total_seconds()) < 60, "a clock that is a day off makes nothing a day old"
            ends["done"] += 1

    row.tries = count(20, 0.5)
    await asyncio.gather(*(write_and_read(number) for number in range(row.tries)))
    row.ends = dict(ends)
    assert ends["done"] >= row.tries * 0.9, ends


async def test_places_are_never_taken_twice_and_never_lost_whatever_answers_get_lost(
    way: tuple[FaultProxy, BlobStore],
):
    proxy, blobs = way
    hit = set[str]()

    def plan(passing: Passing) -> Fault | None:
        """Each blob is written, and the first answer that says so is lost."""
        if passing.method != "PUT" or passing.path in hit:
            return None
        hit.add(passing.path)
        return Fault("lost" if len(hit) % 2 else "500-after")

    proxy.plan = plan
    requests = [PlaceRequest(f"held-{number}", f"2026-11-22T00:00:{number:02}.000000", 2) for number in range(4)]
    try:
        taken = [request for request in requests if (await places.take(blobs, request)).taken]
        assert len(taken) <= 2
        proxy.plan = no_faults
        again = [request for request in requests if (await places.take(blobs, request)).taken]
        assert len(again) == 2
        assert set(taken) <= set(again), "who was told to have a place has it"
        line = await places.read_line(blobs)
        assert (len(line.taken), len(line.waiting)) == (2, 2)
    finally:
        proxy.plan = no_faults
        for request in requests:
            await places.leave(blobs, request.run_id)
