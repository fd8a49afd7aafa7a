"""Releases the run slot of a run that has ended, and wakes the next waiting run. Its name stands in histories."""

import azure.durable_functions as df

from activities.typed_activity import looking_activity
from shared.contracts import SLOT_EVENT, NextRuns, SlotRequest
from shared.services import Services
from shared.storage import leave_slot

bp = df.Blueprint()


@looking_activity(bp)
async def leave_place(services: Services, request: SlotRequest, client: df.DurableFunctionsClient) -> NextRuns:
    """Leave, and have the waiting runs that can be let in now look for a place. Returns which those are."""
    queue = await leave_slot(services.blobs, request.run_id)
    called = queue.next(request.limit)
    for run_id in called:
        await client.raise_orchestration_event(run_id, SLOT_EVENT)
    return NextRuns(called)
