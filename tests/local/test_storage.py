"""Storage that ends in order has all that it said it has."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobServiceClient

from local.azurite import Azurite
from local.log import Log
from local.state import AZURITE_CACHE

WRITERS = 20
RESTARTS = 3


def ask_again_and_again(pid: int) -> None:
    """Whoever asks a process more than once to end is not in more of a hurry."""
    with contextlib.suppress(ProcessLookupError):
        for _ in range(50):
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.002)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX's; on Windows the end of stdin stops storage")
async def test_what_storage_has_answered_for_is_there_after_a_restart(tmp_path: Path) -> None:
    azurite = Azurite(AZURITE_CACHE, tmp_path, Log(quiet=True))
    await azurite.spawn()
    connection = await azurite.connection_string()
    written: set[str] = set()
    is_over = False

    async def never_finish(storage: BlobServiceClient) -> None:
        """A request that storage waits for in vain must not keep it from writing the rest."""

        async def stall() -> AsyncIterator[bytes]:
            yield b"x"
            await asyncio.sleep(3_600)

        await storage.get_blob_client("kept", "never").upload_blob(stall(), length=1_000)

    async def write(writer: int, storage: BlobServiceClient) -> None:
        number = 0
        while not is_over:
            number += 1
            name = f"{writer}-{number}"
            try:
                await storage.get_blob_client("kept", name).upload_blob(b"x" * 5_000)
                written.add(name)
            except AzureError:
                await asyncio.sleep(0.05)

    try:
        async with BlobServiceClient.from_connection_string(connection, retry_total=0) as storage:
            await storage.get_container_client("kept").create_container()
            writers = asyncio.gather(*(write(number, storage) for number in range(WRITERS)))
            for _ in range(RESTARTS):
                await asyncio.sleep(0.5)
                pid = azurite.pid
                assert pid is not None
                stalled = asyncio.create_task(never_finish(storage))
                await asyncio.sleep(0.2)
                await asyncio.to_thread(ask_again_and_again, pid)
                so_far = len(written)
                while azurite.pid == pid or len(written) < so_far + 2 * WRITERS:
                    await asyncio.sleep(0.05)
                stalled.cancel()
                await asyncio.gather(stalled, return_exceptions=True)
            is_over = True
            await writers
            kept = {blob.name async for blob in storage.get_container_client("kept").list_blobs()}
    finally:
        is_over = True
        await azurite.stop()
    assert not written - kept
