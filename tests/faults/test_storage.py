"""Blob Storage behind a meddling proxy: each operation does what it says or raises, and a claim has one holder."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.core.exceptions import ClientAuthenticationError

from shared.contracts import SlotRequest
from shared.errors import StorageFault, StorageRefused
from shared.storage import blobs, leave_slot, read_queue, take_slot
from shared.storage.blobs import WORK, BlobStore
from tests.faults.proxy import Fault, FaultProxy, Kind, Passing, no_faults
from tests.faults.table import ROWS, Row, count
from tests.faults.test_noise import noise
from tests.key_vault import Credential

_BLOBS = re.compile(r"BlobEndpoint=(http://[^/;]+)")


@pytest.fixture
async def way(storage: str) -> AsyncIterator[tuple[FaultProxy, BlobStore]]:
    """A proxy before storage, and the adapter that goes through it."""
    found = _BLOBS.search(storage)
    assert found
    proxy = FaultProxy(lambda: found[1])
    store = BlobStore.from_connection_string(storage.replace(found[1], await proxy.start()))
    yield proxy, store
    await store.close()
    await proxy.stop()


async def test_what_was_written_through_the_noise_is_read_back_whole(way: tuple[FaultProxy, BlobStore]):
    proxy, store = way
    ROWS.append(row := Row("storage meddled with"))
    seen, ends, folder = Counter[str](), Counter[str](), uuid4().hex
    proxy.plan = noise("storage", 0.1, seen)

    async def write_and_read(number: int) -> None:
        data = random.Random(number).randbytes(2_000)
        try:
            await store.write(WORK, f"{folder}/{number}", data, "text/plain")
            read, info = await store.read(WORK, f"{folder}/{number}")
        except StorageFault:
            ends["StorageFault"] += 1
        else:
            assert read == data
            assert abs(info.age.total_seconds()) < 60, "a clock that is a day off makes nothing a day old"
            ends["done"] += 1

    row.tries = count(20, 0.5)
    await asyncio.gather(*(write_and_read(number) for number in range(row.tries)))
    row.ends = ends
    assert ends["done"] >= row.tries * 0.9, ends


@pytest.mark.parametrize("kind", ["409", "412", "429", "503", "lost", "cut"])
async def test_a_listing_goes_on_after_whatever_passes(
    way: tuple[FaultProxy, BlobStore], kind: Kind, monkeypatch: pytest.MonkeyPatch
):
    proxy, store = way
    folder = uuid4().hex
    for number in range(5):
        await store.write(WORK, f"{folder}/{number}", b"x", "text/plain")
    monkeypatch.setattr(blobs, "_PAGE", 2)
    first = proxy.count + 1
    proxy.plan = lambda passing: Fault(kind) if (passing.number - first) in (0, 2) else None
    listed = [info.name async for info in store.list(WORK, folder)]
    assert listed == [f"{folder}/{number}" for number in range(5)], "each page once, in order"
    assert len(proxy.log) == 2


@pytest.fixture
def listening_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that are opened from here on soon take silence for an answer that was lost."""
    monkeypatch.setattr(blobs, "_SILENCE", 0.3)


@pytest.mark.parametrize("kind", ["cut", "truncated"])
async def test_an_answer_that_breaks_off_is_asked_for_again(way: tuple[FaultProxy, BlobStore], kind: Kind):
    proxy, store = way
    name = f"{uuid4().hex}/whole"
    await store.write(WORK, name, b"whole" * 1_000, "text/plain")
    written = proxy.count
    proxy.plan = lambda passing: Fault(kind) if passing.number <= written + 5 else None
    assert (await store.read(WORK, name))[0] == b"whole" * 1_000
    assert proxy.count == written + 6


async def test_a_request_that_nobody_answers_is_made_again(listening_briefly: None, way: tuple[FaultProxy, BlobStore]):
    proxy, store = way
    proxy.plan = lambda passing: Fault("slow", 120.0) if passing.number == 1 else None
    await store.write(WORK, f"{uuid4().hex}/heard", b"x", "text/plain")
    assert proxy.count == 2


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that are opened from here on hardly repeat a request."""
    monkeypatch.setattr(blobs, "_WAITS", (0.01,))
    monkeypatch.setattr(blobs, "_connection", lambda: {"retry_total": 0})


@pytest.mark.parametrize(("kind", "says"), [("412", "412"), ("503", "503"), ("reset", "did not answer")])
async def test_storage_that_stays_down_is_one_error_that_says_so(
    impatient: None, way: tuple[FaultProxy, BlobStore], kind: Kind, says: str
):
    proxy, store = way
    proxy.plan = lambda _: Fault(kind)
    operations = (
        store.read(WORK, "x"), store.exists(WORK, "x"), store.write(WORK, "x", b"", "text/plain"),
        store.delete(WORK, "x"), anext(store.list(WORK)),
    )  # fmt: skip
    for asked in operations:
        with pytest.raises(StorageFault, match=says) as told:
            await asked
        assert told.value.mend


async def test_what_storage_refuses_is_told_with_its_code_and_does_not_pass(way: tuple[FaultProxy, BlobStore]):
    proxy, store = way
    with pytest.raises(StorageRefused, match="404 ContainerNotFound"):
        await store.write("nowhere", "x", b"", "text/plain")
    proxy.plan = lambda _: Fault("403")
    with pytest.raises(StorageRefused, match="403 AuthorizationFailure") as told:
        await store.read(WORK, "x")
    assert "Storage Blob Data Owner" in told.value.mend


async def test_an_identity_without_a_token_is_not_taken_for_storage(impatient: None):
    credential = Credential()
    credential.error = ClientAuthenticationError("no managed identity here")
    store = BlobStore.from_identity("https://127.0.0.1:9", credential)
    with pytest.raises(StorageRefused, match="no token for Blob Storage"):
        await store.read(WORK, "x")
    await store.close()


async def test_places_are_never_taken_twice_and_never_lost_whatever_answers_get_lost(
    way: tuple[FaultProxy, BlobStore],
):
    proxy, store = way
    hit = set[str]()

    def plan(passing: Passing) -> Fault | None:
        """Each blob is written, and the first answer that says so is lost."""
        if passing.method != "PUT" or passing.path in hit:
            return None
        hit.add(passing.path)
        return Fault("lost" if len(hit) % 2 else "500-after")

    proxy.plan = plan
    requests = [SlotRequest(f"held-{number}", f"2026-11-22T00:00:{number:02}.000000", 2) for number in range(4)]
    try:
        taken = [request for request in requests if (await take_slot(store, request)).taken]
        assert len(taken) <= 2
        proxy.plan = no_faults
        again = [request for request in requests if (await take_slot(store, request)).taken]
        assert len(again) == 2
        assert set(taken) <= set(again), "who was told to have a place has it"
        line = await read_queue(store)
        assert (len(line.taken), len(line.waiting)) == (2, 2)
    finally:
        proxy.plan = no_faults
        for request in requests:
            await leave_slot(store, request.run_id)
