"""Gives back the place of a run that has ended, and calls the next in line."""

import azure.durable_functions as df

from activities.entry import looking_activity
from shared.contracts import PLACE_EVENT, NextRuns, PlaceRequest
from shared.services import Services
from shared.storage import leave_slot

bp = df.Blueprint()


@looking_activity(bp)
async def leave_place(services: Services, request: PlaceRequest, client: df.DurableFunctionsClient) -> NextRuns:
    """Leave, and have the waiting runs that can be let in now look for a place. Returns which those are."""
    line = await leave_slot(services.blobs, request.run_id)
    called = line.next(request.limit)
    for run_id in called:
        await client.raise_orchestration_event(run_id, PLACE_EVENT)
    return NextRuns(called)
