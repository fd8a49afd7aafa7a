"""Claims the folders a run writes to, so that two runs never share one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df

from activities.typed_activity import activity
from shared.contracts import FolderRequest, Folders
from shared.errors import Conflict
from shared.services import Services
from shared.storage import WORK, BlobStore

SECONDS_TRIED = 3_600
"""How far past its own second a run looks for a free one."""

bp = df.Blueprint()


@activity(bp)
async def claim_folder(services: Services, request: FolderRequest) -> Folders:
    """Take the first free second from `started` on. A repeated call gives the run its own claim again."""
    moment = datetime.fromisoformat(request.started).astimezone(UTC)
    for late in range(SECONDS_TRIED):
        folders = _folders(request, (moment + timedelta(seconds=late)).strftime("%Y%m%d-%H%M%S"))
        if await _take_all(services.blobs, request.run_id, folders):
            return folders
    raise Conflict("folder-taken", f"Every folder of {request.project!r} for the next hour is taken.", "Try later.")


def _folders(request: FolderRequest, stamp: str) -> Folders:
    project_root = request.output or f"{request.output_root}/projects/{request.project}"
    return Folders(
        stamp=stamp,
        project_folder=f"{project_root}/{stamp}",
        agents_root=f"{request.output_root}/agents",
        project=request.project,
    )


async def _take_all(blobs: BlobStore, run_id: str, folders: Folders) -> bool:
    """A run needs two places: its project folder and its name in the agents' folders."""
    for place in (f"{folders.agents_root}/{folders.project}-{folders.stamp}", folders.project_folder):
        if not await _take(blobs, run_id, f"folders/{place}.json"):
            return False
    return True


async def _take(blobs: BlobStore, run_id: str, name: str) -> bool:
    if await blobs.create(WORK, name, json.dumps({"run_id": run_id}).encode()):
        return True
    data, _ = await blobs.read(WORK, name)
    owner: Any = json.loads(data)
    return owner["run_id"] == run_id
