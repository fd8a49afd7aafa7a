"""Takes a run slot, or queues the run where none is free. The function's name stands in recorded histories."""

import azure.durable_functions as df

from activities.typed_activity import activity
from shared.contracts import Slot, SlotRequest
from shared.services import Services
from shared.storage import take_slot

bp = df.Blueprint()


@activity(bp)
async def take_place(services: Services, request: SlotRequest) -> Slot:
    """A place among the active runs, or how many wait before this one."""
    return await take_slot(services.blobs, request)
