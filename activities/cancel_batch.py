"""Calls a batch off whose run was cancelled."""

import azure.durable_functions as df

from activities.batching import call_off, give_up, read_record
from activities.typed_activity import activity
from shared.contracts import BatchLook, BatchState
from shared.services import Services

bp = df.Blueprint()


@activity(bp)
async def cancel_batch(services: Services, request: BatchLook) -> BatchState:
    """Free its calls for others, whether or not the API can be told."""
    kept = await read_record(services, request.batch)
    if kept is None or kept.record.ended:
        return BatchState(ended=True)
    if kept.record.id:
        await call_off(services, kept.record.id)
    await give_up(services, kept)
    return BatchState(ended=True, unanswered=len(kept.record.keys), id=kept.record.id)
