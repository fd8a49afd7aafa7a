"""The smoke test fails where a deployment does not work, and says why."""

import asyncio
from contextlib import suppress
from typing import cast

import azure.durable_functions as df
import pytest

from infra import smoke
from shared.services import Services
from shared.storage.blobs import PRDS
from tests.triggers.test_sweep import RecordingClient
from triggers.sweep import sweep_prds


async def test_a_prd_that_nobody_takes_fails_it(services: Services):
    with pytest.raises(smoke.SmokeFailed, match=r"No run of smoke/.* began within .*subscription `prd-dropped`"):
        await smoke.smoke(services.blobs, event_seconds=0.1, run_seconds=0.1, pause=0.05)


async def test_a_prd_that_only_the_sweep_found_fails_it(services: Services):
    client = cast(df.DurableFunctionsClient, RecordingClient())

    async def sweeping():
        while True:
            await sweep_prds(services, client)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(sweeping())
    try:
        with pytest.raises(smoke.SmokeFailed, match=r"No event came for smoke/.*: the sweep found it"):
            await smoke.smoke(services.blobs, event_seconds=20, run_seconds=0.1, pause=0.05)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_it_leaves_no_prd_behind(services: Services):
    with pytest.raises(smoke.SmokeFailed):
        await smoke.smoke(services.blobs, event_seconds=0.0, run_seconds=0.1, pause=0.05)
    assert [blob.name async for blob in services.blobs.list(PRDS, "smoke/")] == []


def test_an_app_that_does_not_answer_fails_it():
    with pytest.raises(smoke.SmokeFailed, match="does not answer"):
        smoke.wait_until_healthy("http://127.0.0.1:9", 0.0)
