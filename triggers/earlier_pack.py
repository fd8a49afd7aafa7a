"""Finds the pack that a run goes on from: the last complete one of its project, for the same stack and database.

Reads blobs only. Where nothing can be gone on from, the run designs everything.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared import logs
from shared.agents import catalogue
from shared.contracts import Base, BlobRef, Call, FileEntry, Options
from shared.errors import NotFound
from shared.prd import Prd
from shared.services import Services
from shared.storage import DESIGNS, WORK, BlobStore, last_packs, run_index

if TYPE_CHECKING:  # what reads packs is imported at first use: indexing the app reads none
    from shared.pack import EarlierPack, Weighed

MOST_LOOKED_AT = 200
"""Runs of all projects that are looked through, newest first, where no last pack of this project was noted."""
log = logs.logger(__name__)


@dataclass(frozen=True)
class Found:
    """A pack to go on from: what its manifest says, its texts by call as they are now, and what the PRD changes."""

    pack: "EarlierPack"
    texts: Mapping[str, str]
    weighed: "Weighed"

    def base(self, run_id: str, calls: Sequence[Call]) -> Base:
        """The run's input, which refers to the copies that `keep` writes."""
        from shared.pack import base_text

        comparison = self.weighed.comparison
        texts = [
            base_text(call, self.texts[call.key], _reference(run_id, call.key, self.texts[call.key]), self.pack,
                      self.weighed.staleness)
            for call in calls if call.key in self.texts
        ]  # fmt: skip
        ids = {kind: tuple(one.id for one in comparison.of(kind)) for kind in ("added", "removed", "changed", "moved")}
        return Base(
            run_id=self.pack.run_id,
            stamp=self.pack.stamp,
            folder=self.pack.folder,
            changes=_reference(run_id, "changes", self._told()),
            texts=tuple(texts),
            context=len(comparison.context),
            **ids,
        )

    async def keep(self, blobs: BlobStore, run_id: str) -> None:
        """Copy the texts into the work container: what the run goes on from changes no more."""
        kept = {**self.texts, "changes": self._told()}
        await asyncio.gather(
            *(
                blobs.write(WORK, _name(run_id, key), text.encode(), "text/plain; charset=utf-8")
                for key, text in kept.items()
            )
        )

    def _told(self) -> str:
        return json.dumps(self.weighed.to_dict(), ensure_ascii=False)


async def find_earlier(services: Services, prd: Prd, options: Options, calls: Sequence[Call]) -> Found | None:
    """The pack to go on from, with what the PRD changes since; None where everything is to be designed."""
    from shared.pack import weigh

    if options.full:
        return None
    async for run_id, manifest in _packs_of(services.blobs, prd.project):
        pack = await _pack_of(services.blobs, manifest)
        if pack is None or any(pack.options.get(name) != getattr(options, name) for name in ("stack", "db")):
            continue
        try:
            before = await _prd_of(services.blobs, run_id, pack)
            texts = await _texts(services.blobs, pack, calls)
        except (NotFound, UnicodeDecodeError) as gone:
            log.info("run %s cannot be gone on from: %s", run_id, gone)
            continue
        documents = {call.deliverable: texts[call.key] for call in calls if call.task == "draft" and call.key in texts}
        weighed = await services.cores.run(weigh, before, prd.text, documents)
        if weighed is not None:
            return Found(pack, texts, weighed)
    return None


async def _packs_of(blobs: BlobStore, project: str) -> AsyncIterator[tuple[str, str]]:
    """The run that made the project's last pack, and its manifest.json; where none was noted, those of newer runs."""
    if last := await last_packs.read(blobs, project):
        yield last
        return
    looked = 0
    async for run in run_index.runs(blobs):
        looked += 1
        if looked > MOST_LOOKED_AT:
            return
        if run.project == project and (manifest := await _manifest_of(blobs, run.run_id)):
            yield run.run_id, manifest


async def _manifest_of(blobs: BlobStore, run_id: str) -> str | None:
    """Where the manifest.json of a run lies that has ended."""
    try:
        listing, _ = await blobs.read(WORK, f"{run_id}/files.json")
    except NotFound:
        return None
    paths = [FileEntry.from_dict(entry).path for entry in json.loads(listing)]
    return next((path for path in paths if path.endswith("/manifest.json")), None)


async def _pack_of(blobs: BlobStore, manifest: str) -> "EarlierPack | None":
    """The pack that a manifest.json tells of, where it is complete."""
    from shared.pack import EarlierPack

    try:
        return EarlierPack.read(json.loads((await blobs.read(DESIGNS, manifest))[0]))
    except (NotFound, ValueError):
        return None


async def _prd_of(blobs: BlobStore, run_id: str, pack: "EarlierPack") -> str:
    """The PRD of an earlier run with its ids; the run's own copy, else that of its pack."""
    try:
        data, _ = await blobs.read(WORK, f"{run_id}/prd.md")
    except NotFound:
        data, _ = await blobs.read(DESIGNS, f"{pack.folder}/prd.md")
    return data.decode()


async def _texts(blobs: BlobStore, pack: "EarlierPack", calls: Sequence[Call]) -> dict[str, str]:
    """The earlier text of each call that has one, as it lies there now. `NotFound` where a deliverable is gone."""
    drafts = [call for call in calls if call.task == "draft" and call.deliverable in pack.paths]
    read = await asyncio.gather(*(blobs.read(DESIGNS, pack.paths[call.deliverable]) for call in drafts))
    texts = {call.key: data.decode() for call, (data, _) in zip(drafts, read, strict=True)}
    for call in calls:
        if call.task != "draft":
            text = pack.orchestrators_text(catalogue()[call.agent].tasks[call.task].sections)
            texts |= {call.key: text} if text else {}
    return texts


def _reference(run_id: str, key: str, text: str) -> BlobRef:
    data = text.encode()
    return BlobRef(WORK, _name(run_id, key), hashlib.sha256(data).hexdigest(), len(data))


def _name(run_id: str, key: str) -> str:
    return f"{run_id}/base/{key.replace(':', '-')}"
