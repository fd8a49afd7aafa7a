"""The storage adapter against Azurite."""

import asyncio
import uuid

import pytest

from shared.contracts import BlobRef
from shared.errors import BadInput, NotFound
from shared.services import Services
from shared.storage.blobs import DESIGNS, WORK, BlobChanged, is_addressable


def new_name() -> str:
    return f"tests/{uuid.uuid4()}.md"


async def test_what_is_written_is_read(services: Services):
    name = new_name()
    ref = await services.blobs.write(WORK, name, "Größe".encode(), "text/markdown")
    data, info = await services.blobs.read(WORK, name)
    assert (data.decode(), info.size) == ("Größe", ref.size)
    assert await services.blobs.fetch(ref) == "Größe"


async def test_a_version_that_was_overwritten_cannot_be_read_by_its_etag(services: Services):
    name = new_name()
    old = await services.blobs.write(WORK, name, b"old", "text/plain")
    _, info = await services.blobs.read(WORK, name)
    await services.blobs.write(WORK, name, b"new", "text/plain")
    with pytest.raises(BlobChanged):
        await services.blobs.read(WORK, name, info.etag)
    with pytest.raises(BlobChanged):
        await services.blobs.fetch(old)


async def test_of_fifty_creators_exactly_one_wins(services: Services):
    name = new_name()
    won = await asyncio.gather(*(services.blobs.create(WORK, name, str(n).encode()) for n in range(50)))
    assert won.count(True) == 1
    assert (await services.blobs.read(WORK, name))[0] == str(won.index(True)).encode()


async def test_only_the_version_that_was_read_is_replaced_or_deleted(services: Services):
    name = f"versions/{uuid.uuid4()}"
    first = await services.blobs.claim(WORK, name, b"1")
    assert first
    assert await services.blobs.claim(WORK, name, b"other") is None
    second = await services.blobs.replace(WORK, name, b"2", first)
    assert second
    assert await services.blobs.replace(WORK, name, b"3", first) is None
    await services.blobs.delete(WORK, name, first)
    assert (await services.blobs.read(WORK, name))[0] == b"2"
    await services.blobs.delete(WORK, name, second)
    assert await services.blobs.replace(WORK, name, b"4", second) is None
    assert not await services.blobs.exists(WORK, name)


async def test_a_missing_blob_is_named_with_its_container(services: Services):
    with pytest.raises(NotFound, match="no blob 'nowhere' in container 'designs'"):
        await services.blobs.read(DESIGNS, "nowhere")
    await services.blobs.delete(DESIGNS, "nowhere")
    assert not await services.blobs.exists(DESIGNS, "nowhere")


@pytest.mark.parametrize("name", ["../prds/x", "a/../../x", "a/./b", "a//b", "/a", "a\\b", ""])
async def test_a_name_that_a_url_would_resolve_elsewhere_is_refused(services: Services, name: str):
    assert not is_addressable(name)
    with pytest.raises(BadInput):
        await services.blobs.read(DESIGNS, name)
    with pytest.raises(BadInput):
        await services.blobs.write(DESIGNS, name, b"", "text/plain")
    with pytest.raises(BadInput):
        await services.blobs.fetch(BlobRef(DESIGNS, name, "", 0))


async def test_a_listing_is_by_prefix_and_tells_metadata(services: Services):
    name = f"listing/{uuid.uuid4()}"
    await services.blobs.write(WORK, f"{name}/b", b"22", "text/plain")
    await services.blobs.write(WORK, f"{name}/a", b"1", "text/plain")
    listed = [info async for info in services.blobs.list(WORK, name)]
    assert [(info.name, info.size, info.metadata) for info in listed] == [(f"{name}/a", 1, {}), (f"{name}/b", 2, {})]
