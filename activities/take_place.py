"""Lets a run in, or notes that it waits."""

import azure.durable_functions as df

from activities.entry import activity
from shared.contracts import Place, PlaceRequest
from shared.services import Services
from shared.storage import take_slot

bp = df.Blueprint()


@activity(bp)
async def take_place(services: Services, request: PlaceRequest) -> Place:
    """A place among the active runs, or how many wait before this one."""
    return await take_slot(services.blobs, request)
