"""The sweep finds what events lost: PRDs without a run, and claims whose run never appeared."""

import asyncio
import json
import uuid

import pytest

from shared.errors import StorageFault
from shared.services import Services
from shared.storage.blobs import PRDS, WORK
from tests.triggers.conftest import RecordingClient, as_client, put
from triggers.blob_drop import accept_drop
from triggers.intake import drop_identity, read_claim, run_id_for
from triggers.sweep import AT_ONCE, MOST_FAULTS, sweep_prds


async def drop(services: Services, text: str) -> tuple[str, str]:
    name = f"sweep-{uuid.uuid4()}.md"
    return name, run_id_for(drop_identity(name, await put(services, name, text.encode())), name)


async def test_a_prd_without_a_run_is_started_once(services: Services):
    client = RecordingClient()
    _, run_id = await drop(services, "# Swept")
    assert run_id in await sweep_prds(services, as_client(client))
    assert client.started[run_id]["title"] == "Swept"
    assert (await read_claim(services.blobs, run_id))[0].source == "sweep"
    assert run_id not in await sweep_prds(services, as_client(client))


async def test_a_prd_whose_event_came_is_left_alone(services: Services):
    client = RecordingClient()
    name, run_id = await drop(services, "# Came")
    started = await accept_drop(services, as_client(client), name, None)
    assert started
    assert started.created
    assert run_id not in await sweep_prds(services, as_client(client))


async def test_a_claim_whose_run_never_appeared_is_taken_over_after_its_grace(services: Services):
    client = RecordingClient()
    name, run_id = await drop(services, "# Lost")
    client.loses = True
    await accept_drop(services, as_client(client), name, None)
    client.loses = False
    assert run_id not in await sweep_prds(services, as_client(client)), "the starter may still be at it"
    await asyncio.sleep(3.1)
    assert run_id in await sweep_prds(services, as_client(client))
    assert run_id in client.started


async def test_a_refused_prd_is_not_tried_again_until_it_changes(services: Services):
    client = RecordingClient()
    name, _ = await drop(services, "   ")
    await sweep_prds(services, as_client(client))
    error, info = await services.blobs.read(PRDS, f"{name}.error.json")
    assert json.loads(error)["code"] == "prd-empty"
    await sweep_prds(services, as_client(client))
    assert (await services.blobs.read(PRDS, f"{name}.error.json"))[1].etag == info.etag
    etag = await put(services, name, b"# Now it is one")
    assert run_id_for(drop_identity(name, etag), name) in await sweep_prds(services, as_client(client))


async def test_a_hundred_equal_events_start_one_run(services: Services):
    client = RecordingClient()
    name, run_id = await drop(services, "# Hundred")
    started = await asyncio.gather(*(accept_drop(services, as_client(client), name, None) for _ in range(100)))
    assert {run.run_id for run in started if run} == {run_id}
    assert sum(run.created for run in started if run) == 1
    assert await services.blobs.exists(WORK, f"{run_id}/claim.json")


async def test_storage_that_contradicts_itself_refuses_no_prd(services: Services, monkeypatch: pytest.MonkeyPatch):
    client = RecordingClient()
    name, run_id = await drop(services, "# Contradicted")

    async def taken(*_: object) -> bool:
        return False

    with monkeypatch.context() as while_it_does:
        while_it_does.setattr(services.blobs, "create", taken)
        with pytest.raises(StorageFault):
            await accept_drop(services, as_client(client), name, None)
    assert not await services.blobs.exists(PRDS, f"{name}.error.json")
    assert run_id in await sweep_prds(services, as_client(client))


async def test_a_sweep_gives_up_where_storage_is_away(services: Services, monkeypatch: pytest.MonkeyPatch):
    asked = 0

    async def away(*_: object) -> bool:
        nonlocal asked
        asked += 1
        raise StorageFault("storage-down", "Blob Storage answered 503.")

    for number in range(3 * MOST_FAULTS):
        await drop(services, f"# Many {number}")
    with monkeypatch.context() as while_it_is:
        while_it_is.setattr(services.blobs, "exists", away)
        with pytest.raises(StorageFault):
            await sweep_prds(services, as_client(RecordingClient()))
    assert MOST_FAULTS <= asked <= MOST_FAULTS + AT_ONCE


async def test_a_prd_that_cannot_be_looked_at_hides_no_other(services: Services, caplog: pytest.LogCaptureFixture):
    client = RecordingClient()
    broken, broken_id = await drop(services, "# Broken")
    await services.blobs.write(WORK, f"{broken_id}/claim.json", b"not JSON", "application/json")
    _, run_id = await drop(services, "# Whole")
    assert run_id in await sweep_prds(services, as_client(client))
    assert repr(broken) in caplog.text
    assert not await services.blobs.exists(PRDS, f"{broken}.error.json")
