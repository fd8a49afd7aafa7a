"""How many runs a caller has under way, counted without the orchestration store. Touches blobs only.

A run that a caller asked for over HTTP is the blob `live/{caller}/{run id}` of the work container from before its claim
until its end. What crashes leave behind, the sweep takes away.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from shared.errors import Busy
from shared.storage.blobs import WORK, BlobInfo, BlobStore

FOLDER = "live/"
_SINCE = "since"


@asynccontextmanager
async def room_for_a_run(blobs: BlobStore, caller: str, run_id: str, most: int) -> AsyncGenerator[None]:
    """Start a caller's run inside; refused (`Busy`) where `most` runs came before it and are under way.

    What fails inside has started nothing, and counts no longer.
    """
    if not caller:
        yield
        return
    is_new = await enter(blobs, caller, run_id)
    try:
        if await _before(blobs, caller, run_id) >= most:
            detail = f"{most} runs of one caller may be under way, and as many are."
            raise Busy("too-many-runs", detail, "Ask again when one has ended.")
        yield
    except BaseException:
        if is_new:
            await leave(blobs, caller, run_id)
        raise


async def enter(blobs: BlobStore, caller: str, run_id: str) -> bool:
    """Count a run; False where it is counted already."""
    since = datetime.now(UTC).isoformat(timespec="microseconds")
    return await blobs.claim(WORK, _name(caller, run_id), b"", metadata={_SINCE: since}) is not None


async def leave(blobs: BlobStore, caller: str, run_id: str) -> None:
    """Count a run no longer."""
    if caller:
        await blobs.delete(WORK, _name(caller, run_id))


async def counted(blobs: BlobStore) -> AsyncIterator[tuple[str, str, BlobInfo]]:
    """All runs that are counted: caller, run id, blob."""
    async for info in blobs.list(WORK, FOLDER):
        caller, _, run_id = info.name.removeprefix(FOLDER).partition("/")
        yield caller, run_id, info


async def _before(blobs: BlobStore, caller: str, run_id: str) -> int:
    """How many of the caller's runs came before this one: of several at once, the first ones have the room."""
    came = {info.name: (info.metadata.get(_SINCE, ""), info.name) async for info in blobs.list(WORK, _name(caller, ""))}
    own = came.pop(_name(caller, run_id), None)
    return len(came) if own is None else sum(other < own for other in came.values())


def _name(caller: str, run_id: str) -> str:
    return f"{FOLDER}{caller}/{run_id}"
