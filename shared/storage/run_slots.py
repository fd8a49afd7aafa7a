"""Who may run now: so many runs at once, the others wait in the order in which they came. Touches blobs only.

A place is the blob `places/taken/{number}`, created if absent, its metadata naming the run; there are as many numbers
as runs may be active, so that there can never be more. A run that finds none free leaves a ticket,
`places/waiting/{since}-{run id}`: names sort by time, and the first tickets are the next ones let in.
"""

from dataclasses import dataclass

from shared.contracts import Place, PlaceRequest
from shared.errors import NotFound
from shared.storage.blobs import WORK, BlobStore

_TAKEN, _WAITING = "places/taken/", "places/waiting/"
_HOLDER = "run"
_SINCE_LENGTH = len("20261122T112601.123456-")


@dataclass(frozen=True)
class Line:
    """The places that are taken: holders by blob name. Those who wait, first come first: tickets by run id."""

    taken: dict[str, str]
    waiting: dict[str, str]

    def free(self, limit: int) -> list[str]:
        """Blob names of the places that are left of `limit`."""
        return [name for number in range(1, limit + 1) if (name := f"{_TAKEN}{number:05}") not in self.taken]

    def ahead(self, run_id: str) -> int | None:
        """How many wait before this run; None where it does not wait."""
        return list(self.waiting).index(run_id) if run_id in self.waiting else None

    def next(self, limit: int) -> tuple[str, ...]:
        """The runs that can be let in now."""
        return tuple(self.waiting)[: len(self.free(limit))]


async def read_line(blobs: BlobStore) -> Line:
    """Who is in and who waits."""
    taken, waiting = dict[str, str](), dict[str, str]()
    async for info in blobs.list(WORK, "places/"):
        if info.name.startswith(_TAKEN):
            taken[info.name] = info.metadata.get(_HOLDER, "")
        else:
            waiting[info.name[len(_WAITING) + _SINCE_LENGTH :]] = info.name
    return Line(taken, waiting)


async def take_slot(blobs: BlobStore, request: PlaceRequest) -> Place:
    """A place where one is free and nobody was here before, else a ticket. Repeating it changes nothing."""
    line = await read_line(blobs)
    if request.run_id not in line.taken.values():
        ahead = line.ahead(request.run_id)
        if ahead is None:
            ahead = len(line.waiting)
        name = await _first_free(blobs, request.run_id, line.free(request.limit)[ahead:])
        if name is None:
            if request.run_id not in line.waiting:
                await blobs.create(WORK, _ticket(request), b"")
            return Place(taken=False, ahead=ahead)
    if request.run_id in line.waiting:
        await blobs.delete(WORK, line.waiting[request.run_id])
    return Place(taken=True)


async def leave_slot(blobs: BlobStore, run_id: str) -> Line:
    """Give back what a run holds, place or ticket; the line without it."""
    line = await read_line(blobs)
    for name in [name for name, holder in line.taken.items() if holder == run_id]:
        await blobs.delete(WORK, name)
        del line.taken[name]
    if ticket := line.waiting.pop(run_id, None):
        await blobs.delete(WORK, ticket)
    return line


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


def _ticket(request: PlaceRequest) -> str:
    since = request.since.replace("-", "").replace(":", "")[: _SINCE_LENGTH - 1]
    return f"{_WAITING}{since}-{request.run_id}"
