"""Forgets the histories of runs that ended long ago. What callers may still ask for is kept in blobs before.

Touches the orchestration store and blobs. In pages and for a limited time: what is left over, the next sweep takes.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus, parse_orchestration_state
from durabletask.internal.client_helpers import (  # pyright: ignore[reportMissingTypeStubs] - has types, no stub
    build_query_instances_req,
)
from google.protobuf import wrappers_pb2

from shared import logs
from shared.errors import NotFound
from shared.runs import status_of
from shared.services import Services
from shared.storage import BlobStore, past_runs, run_index
from triggers.callers import ORCHESTRATOR
from triggers.intake import read_claim
from triggers.views import iso

PAGE = 100
"""Instances in one answer: Azure Tables gives 1,000 at most, a message holds 4 MiB."""
PURGE_SECONDS = 60.0
"""How long one sweep goes on forgetting."""
AT_ONCE = 8
_ENDED = [OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED]
log = logs.logger(__name__)


async def purge_histories(
    services: Services, client: df.DurableFunctionsClient, *, seconds: float = PURGE_SECONDS
) -> int:
    """Forget what ended before `HISTORY_DAYS`; how many instances that were."""
    until = time.monotonic() + seconds
    before = datetime.now(UTC) - timedelta(days=services.settings.history_days)
    query = OrchestrationQuery(
        created_time_to=before, runtime_status=_ENDED, max_instance_count=PAGE, fetch_inputs_and_outputs=True
    )
    purged = 0
    async for page in pages(client, query):
        old = [state for state in page if _utc(state.last_updated_at) < before]
        free = asyncio.Semaphore(AT_ONCE)
        purged += sum(await asyncio.gather(*(_purge(services.blobs, client, state, free) for state in old)))
        if time.monotonic() >= until:
            break
    return purged


async def pages(
    client: df.DurableFunctionsClient, query: OrchestrationQuery
) -> AsyncIterator[list[OrchestrationState]]:
    """The answer to a query page by page: the client's own method collects all of them before it returns."""
    stub = client._get_stub()  # pyright: ignore[reportPrivateUsage] - the only way to one page
    token: wrappers_pb2.StringValue | None = None
    while True:
        answer = await stub.QueryInstances(build_query_instances_req(query, token))
        yield [parse_orchestration_state(state) for state in answer.orchestrationState]
        if not answer.continuationToken.value:
            return
        token = answer.continuationToken


async def index_runs(services: Services, client: df.DurableFunctionsClient) -> int:
    """Have runs listed that were started before there was an index: once, and then never again; how many there were."""
    if await run_index.is_complete(services.blobs):
        return 0
    found = 0
    query = OrchestrationQuery(max_instance_count=PAGE)
    async for page in pages(client, query):
        for state in page:
            if state.name == ORCHESTRATOR:
                found += await _enter(services.blobs, state.instance_id)
    await run_index.set_complete(services.blobs)
    return found


async def _enter(blobs: BlobStore, run_id: str) -> bool:
    try:
        claim, _ = await read_claim(blobs, run_id)
    except NotFound:
        return False
    await run_index.enter(blobs, claim)
    return True


async def _purge(
    blobs: BlobStore, client: df.DurableFunctionsClient, state: OrchestrationState, free: asyncio.Semaphore
) -> int:
    """Keep what is known of a run, then have it purged. One that fails stays for the next sweep."""
    async with free:
        try:
            if state.name == ORCHESTRATOR:
                await _keep(blobs, state)
            return (await client.purge_orchestration(state.instance_id)).deleted_instance_count
        except Exception:
            log.exception("history of %s could not be purged; it will come round again", state.instance_id)
            return 0


async def _keep(blobs: BlobStore, state: OrchestrationState) -> None:
    await past_runs.keep_state(blobs, state)
    try:
        claim, _ = await read_claim(blobs, state.instance_id)
    except NotFound:
        return  # storage's own rules took the run's blobs: nobody can ask for it any more
    await run_index.close(blobs, run_index.listed(claim), status_of(state), iso(state.last_updated_at))


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
