"""Finds which names of the architecture moved since the earlier pack, and who uses one."""

import asyncio

import azure.durable_functions as df

from activities.typed_activity import activity
from shared.contracts import Moves, MovesRequest
from shared.services import Services

bp = df.Blueprint()


@activity(bp)
async def find_moves(services: Services, request: MovesRequest) -> Moves:
    """Compare the two versions of the architecture, and look for what moved in the other documents."""
    from shared.pack import moved_names, using  # here: indexing reads no document

    references = [request.before, request.after, *(document.ref for document in request.documents)]
    before, after, *texts = await asyncio.gather(*map(services.blobs.fetch, references))
    names = await services.cores.run(moved_names, before, after)
    documents = {document.name: text for document, text in zip(request.documents, texts, strict=True)}
    return Moves(names, await services.cores.run(using, names, documents))
