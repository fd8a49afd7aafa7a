"""A concurrency limiter for runs: at most `limit` runs hold a slot, the others wait in a first-in-first-out queue.

A slot is the blob `places/taken/{number}`, created if absent; its metadata names the run that holds it. There are as
many numbers as runs may be active, so more runs can never hold a slot. A run that finds no free slot writes a ticket,
`places/waiting/{since}-{run id}`: names sort by time, so the first tickets are the next runs to start. Touches blobs
only.
"""

from dataclasses import dataclass

from shared.contracts import Slot, SlotRequest
from shared.errors import NotFound
from shared.storage.blobs import WORK, BlobStore

_TAKEN, _WAITING = "places/taken/", "places/waiting/"
_HOLDER = "run"
_SINCE_LENGTH = len("20261122T112601.123456-")


@dataclass(frozen=True)
class RunQueue:
    """`taken`: the run that holds each slot, by blob name. `waiting`: tickets by run id, the oldest first."""

    taken: dict[str, str]
    waiting: dict[str, str]

    def free(self, limit: int) -> list[str]:
        """Blob names of the slots that are free, of `limit`."""
        return [name for number in range(1, limit + 1) if (name := f"{_TAKEN}{number:05}") not in self.taken]

    def ahead(self, run_id: str) -> int | None:
        """How many wait before this run; None where it does not wait."""
        return list(self.waiting).index(run_id) if run_id in self.waiting else None

    def next(self, limit: int) -> tuple[str, ...]:
        """The waiting runs for which a slot is free."""
        return tuple(self.waiting)[: len(self.free(limit))]


async def read_queue(blobs: BlobStore) -> RunQueue:
    """List the slots and the tickets."""
    taken, waiting = dict[str, str](), dict[str, str]()
    async for info in blobs.list(WORK, "places/"):
        if info.name.startswith(_TAKEN):
            taken[info.name] = info.metadata.get(_HOLDER, "")
        else:
            waiting[info.name[len(_WAITING) + _SINCE_LENGTH :]] = info.name
    return RunQueue(taken, waiting)


async def take_slot(blobs: BlobStore, request: SlotRequest) -> Slot:
    """A place where one is free and nobody was here before, else a ticket. Repeating it changes nothing."""
    queue = await read_queue(blobs)
    if request.run_id not in queue.taken.values():
        ahead = queue.ahead(request.run_id)
        if ahead is None:
            ahead = len(queue.waiting)
        name = await _first_free(blobs, request.run_id, queue.free(request.limit)[ahead:])
        if name is None:
            if request.run_id not in queue.waiting:
                await blobs.create(WORK, _ticket(request), b"")
            return Slot(taken=False, ahead=ahead)
    if request.run_id in queue.waiting:
        await blobs.delete(WORK, queue.waiting[request.run_id])
    return Slot(taken=True)


async def leave_slot(blobs: BlobStore, run_id: str) -> RunQueue:
    """Release what a run holds, a slot or a ticket; returns the queue without it."""
    queue = await read_queue(blobs)
    for name in [name for name, holder in queue.taken.items() if holder == run_id]:
        await blobs.delete(WORK, name)
        del queue.taken[name]
    if ticket := queue.waiting.pop(run_id, None):
        await blobs.delete(WORK, ticket)
    return queue


async def _first_free(blobs: BlobStore, run_id: str, names: list[str]) -> str | None:
    for name in names:
        if await blobs.claim(WORK, name, b"", metadata={_HOLDER: run_id}) is not None:
            return name
        if await _holder(blobs, name) == run_id:
            return name  # storage had given it to us, and its answer was lost
    return None


async def _holder(blobs: BlobStore, name: str) -> str | None:
    try:
        _, info = await blobs.read(WORK, name)
    except NotFound:
        return None
    return info.metadata.get(_HOLDER)


def _ticket(request: SlotRequest) -> str:
    since = request.since.replace("-", "").replace(":", "")[: _SINCE_LENGTH - 1]
    return f"{_WAITING}{since}-{request.run_id}"
