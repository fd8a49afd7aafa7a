"""Sends the calls of a phase, or of a revision, as one batch: those whose answer nobody has paid for yet."""

import azure.durable_functions as df

from activities.batching import look_after, open_record, send
from activities.typed_activity import activity
from shared.contracts import BatchRequest, BatchState
from shared.services import Services

bp = df.Blueprint()


@activity(bp)
async def submit_batch(services: Services, request: BatchRequest) -> BatchState:
    """Repeated, it sends nothing: the batch is looked after instead."""
    kept = await open_record(services, request)
    if kept is None or kept.record.ended:
        return await look_after(services, request.batch, request.run_id)
    return await send(services, kept)
