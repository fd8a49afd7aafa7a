"""The timer sweep: starts PRDs whose event was lost and claims whose run never appeared, releases the slots of runs
that no longer exist, and deletes old answers and histories."""

import asyncio

import azure.durable_functions as df
import azure.functions as func

from shared import logs, services, telemetry
from shared.contracts import SLOT_EVENT
from shared.errors import NotFound
from shared.services import Services
from shared.storage import PRDS, BlobInfo, leave_slot, live_runs, read_queue, view_links
from triggers.blob_drop import REFUSED_VERSION, accept_drop, error_name, is_prd
from triggers.callers import LIVE
from triggers.intake import drop_identity, has_ended, read_claim, run_id_for, take_over
from triggers.purge import index_runs, purge_histories

AT_ONCE = 8
"""PRDs that are looked at at the same time."""
MOST_FAULTS = 10
"""PRDs of one sweep that cannot be looked at before it gives up."""
log = logs.logger(__name__)
bp = df.Blueprint()


@bp.timer_trigger(schedule="%SWEEP_SCHEDULE%", arg_name="timer")
@bp.durable_client_input(client_name="client")
async def sweep(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Start what was missed, and forget what is older than the settings keep it: Claude's answers, tokens."""
    current = services.current()
    started = await sweep_prds(current, client)
    if started:
        log.warning("sweep started %d run(s) whose event was lost: %s", len(started), ", ".join(started))
    await release_stale_slots(current, client)
    forgotten = await current.calls.prune(current.settings.call_retention_days)
    if forgotten:
        log.info("sweep deleted %d kept call(s)", forgotten)
    await view_links.forget(current.blobs)
    await recount_live_runs(current, client)
    if listed := await index_runs(current, client):
        log.info("sweep listed %d run(s) of an earlier release", listed)
    if purged := await purge_histories(current, client):
        log.info("sweep purged %d histories", purged)
    left = await current.callbacks.forget_tokens(current.settings.callback_hours)
    if left:
        log.warning("sweep deleted %d token(s) that broken callbacks had left", left)


async def sweep_prds(services: Services, client: df.DurableFunctionsClient) -> list[str]:
    """Go through all dropped PRDs; returns the ids of the runs started here.

    One that cannot be looked at hides no other. Where several cannot, storage or the engine is away: the last fault is
    raised, and the next sweep begins again.
    """
    await telemetry.start(services.settings)
    listed = [info async for info in services.blobs.list(PRDS)]
    errors = {info.name: info for info in listed if not is_prd(info.name)}
    free, faults = asyncio.Semaphore(AT_ONCE), list[Exception]()

    async def look_at(info: BlobInfo) -> str | None:
        async with free:
            if len(faults) >= MOST_FAULTS:
                return None
            try:
                return await _start_missed(services, client, info)
            except Exception as fault:
                log.exception("sweep could not look at %r; it will come round again", info.name)
                faults.append(fault)
                return None

    found = await asyncio.gather(
        *(look_at(info) for info in listed if is_prd(info.name) and not _was_refused(info, errors))
    )
    if len(faults) >= MOST_FAULTS:
        raise faults[-1]
    return [run_id for run_id in found if run_id]


async def _start_missed(services: Services, client: df.DurableFunctionsClient, info: BlobInfo) -> str | None:
    """Start the run of this version of a PRD if nobody has; its id if it was started here."""
    run_id = run_id_for(drop_identity(info.name, info.etag), info.name)
    if await has_ended(services.blobs, run_id):
        return None  # as most have: one request tells
    try:
        claim, age = await read_claim(services.blobs, run_id)
    except NotFound:
        run = await accept_drop(services, client, info.name, info.etag, "sweep")
        return run.run_id if run is not None and run.created else None
    return run_id if await take_over(services, client, claim, age) else None


async def release_stale_slots(services: Services, client: df.DurableFunctionsClient) -> list[str]:
    """Release the slots of runs that no longer exist and wake the next waiting runs; returns the ids of those."""
    queue = await read_queue(services.blobs)
    for run_id in {*queue.taken.values(), *queue.waiting}:
        state = await client.get_orchestration_state(run_id, fetch_payloads=False)
        if state is None or state.runtime_status not in LIVE:
            queue = await leave_slot(services.blobs, run_id)
            log.warning("run %s ended and had left its place to be taken back", run_id)
    called = queue.next(services.settings.max_active_runs)
    for run_id in called:
        await client.raise_orchestration_event(run_id, SLOT_EVENT)
    return list(called)


async def recount_live_runs(services: Services, client: df.DurableFunctionsClient) -> None:
    """Count no run any longer that has ended, or that was never started, and was left counted by a crash."""
    grace = services.settings.claim_grace_seconds
    async for caller, run_id, info in live_runs.counted(services.blobs):
        if info.age.total_seconds() < grace:
            continue
        state = await client.get_orchestration_state(run_id, fetch_payloads=False)
        if state is None or state.runtime_status not in LIVE:
            await live_runs.leave(services.blobs, caller, run_id)


def _was_refused(info: BlobInfo, errors: dict[str, BlobInfo]) -> bool:
    """An error file answers one version of its PRD."""
    error = errors.get(error_name(info.name))
    return error is not None and error.metadata.get(REFUSED_VERSION) == info.etag
