"""Looks at a batch, and puts what it gave into the call store once it has ended."""

import azure.durable_functions as df

from activities.batching import look_after
from activities.typed_activity import activity
from shared.contracts import BatchLook, BatchState
from shared.services import Services

bp = df.Blueprint()


@activity(bp)
async def poll_batch(services: Services, request: BatchLook) -> BatchState:
    """How far the batch is. An API that does not answer is no error: it is asked again later."""
    return await look_after(services, request.batch, request.run_id)
