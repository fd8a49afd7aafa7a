"""Which run made a project's last complete pack and where its manifest.json lies: the work blob `packs/{project}.json`.

Touches blobs only.
"""

import json
from typing import Any

from shared.errors import NotFound
from shared.storage.blobs import WORK, BlobStore


async def note(blobs: BlobStore, project: str, run_id: str, manifest: str) -> None:
    """Note the run; a repetition notes it again."""
    told = json.dumps({"run_id": run_id, "manifest": manifest}).encode()
    await blobs.write(WORK, _name(project), told, "application/json")


async def read(blobs: BlobStore, project: str) -> tuple[str, str] | None:
    """The run's id and the path of its manifest.json; None where none was noted."""
    try:
        data, _ = await blobs.read(WORK, _name(project))
    except NotFound:
        return None
    kept: dict[str, Any] = json.loads(data)
    return kept["run_id"], kept["manifest"]


def _name(project: str) -> str:
    return f"packs/{project}.json"
