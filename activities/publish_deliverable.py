"""Puts a checked draft at its place in the output container."""

import azure.durable_functions as df

from activities.typed_activity import activity
from shared.contracts import FileEntry, PublishRequest
from shared.services import Services
from shared.storage import DESIGNS

bp = df.Blueprint()


@activity(bp)
async def publish_deliverable(services: Services, request: PublishRequest) -> FileEntry:
    """Copy the draft, byte for byte; a repetition writes the same bytes again."""
    text = await services.blobs.fetch(request.draft)
    written = await services.blobs.write(DESIGNS, request.path, text.encode(), "text/markdown; charset=utf-8")
    return FileEntry(request.path, written.size, written.sha256)
