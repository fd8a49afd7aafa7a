"""From a PRD to a started run: reads and checks the PRD, settles the options, claims the run id, starts it once.

A claim blob written create-if-absent decides who starts a run; the Durable instance id only carries its name. A claim
whose run never appeared (its starter died in between) is taken over once it is older than `CLAIM_GRACE_SECONDS`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
import grpc

from shared import logs, telemetry
from shared.contracts import BlobRef, Claim, Converted, Options, Patience, RunInput, claim_name
from shared.errors import BadInput, Conflict, NotFound, StorageFault
from shared.prd import Prd, check_size, content_hash, read_prd, slug
from shared.prd.intake import Text
from shared.runs import Plan, Source, from_front_matter, from_metadata, plan_of, resolve, status_of
from shared.services import Services
from shared.settings import Settings
from shared.storage import PRDS, WORK, BlobInfo, BlobStore, live_runs, past_runs, run_index
from triggers.callers import LIVE, ORCHESTRATOR
from triggers.estimate import Estimate, estimate_run

MOST_ATTEMPTS = 1_000
"""How many runs of one PRD with the same options HTTP callers may start with `fresh`."""
log = logs.logger(__name__)


@dataclass(frozen=True)
class Request:
    """A PRD with its options, ready to be planned or run. `caller` is empty where nobody asked over HTTP."""

    prd: Prd
    options: Options
    source: str
    identity: str
    etag: str | None = None
    caller: str = ""
    converted: Converted | None = None


@dataclass(frozen=True)
class Started:
    """The run that answers a request, and whether this request created it."""

    run_id: str
    plan: Plan
    created: bool


async def read_document(services: Services, name: str, data: bytes) -> Text:
    """A PRD as text: Word, PDF and HTML are converted. `BadInput` where it is too large or cannot be read."""
    check_size(name, len(data), services.settings.max_prd_bytes)
    return await services.converter.text_of(name, data)


def read_request(
    name: str, data: bytes, values: Mapping[str, Any], where: str, settings: Settings, text: Text | None = None
) -> Request:
    """An HTTP request's PRD with the options given in `where`. Same content and options: same identity.

    `text` is what `data` was converted to.
    """
    text = text or Text(data)
    prd = read_prd(name, text.data, max_bytes=settings.max_prd_bytes)
    options = resolve(prd, Source(where, values), from_front_matter(prd))
    _refuse_impossible(options, settings)
    flags = [name for name in ("economy", "full") if getattr(options, name)]
    asked = [options.stack, options.db, options.output, *flags]
    identity = json.dumps(["http", content_hash(data), *asked])
    return Request(prd, options, "http", identity, converted=text.converted)


def read_drop(text: Text, info: BlobInfo, settings: Settings, source: str = "drop") -> Request:
    """A dropped blob's PRD with options from its metadata and front matter. One version of a blob: one identity.

    `source` is drop where an event told of it, sweep where it was found.
    """
    prd = read_prd(info.name, text.data, max_bytes=settings.max_prd_bytes)
    options = resolve(prd, from_metadata(info.metadata), from_front_matter(prd))
    _refuse_impossible(options, settings)
    identity = drop_identity(info.name, info.etag)
    return Request(prd, options, source, identity, info.etag, converted=text.converted)


def _refuse_impossible(options: Options, settings: Settings) -> None:
    """`BadInput` for an option that the deployment cannot honour."""
    if options.economy and settings.foundry_url:
        raise BadInput(
            "no-economy",
            "Economy mode needs the Message Batches API, which Claude in Microsoft Foundry does not have.",
            "Leave `economy` out, or have the app use a Claude API key.",
        )


def drop_identity(name: str, etag: str) -> str:
    """What the run id of a dropped version derives from."""
    return json.dumps(["drop", PRDS, name, etag])


def run_id_for(identity: str, name: str, attempt: int = 1) -> str:
    """A readable id: a hint of the PRD's name, then a hash of the identity, then the attempt if not the first."""
    hint = slug(name.rsplit("/", 1)[-1].rsplit(".", 1)[0], limit=32) or "prd"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return f"{hint}-{digest}" + (f"-{attempt}" if attempt > 1 else "")


async def start_run(
    services: Services, client: df.DurableFunctionsClient, request: Request, *, fresh: bool = False
) -> Started:
    """Start the one run of `request`, or point to the one that is there.

    A drop names one version of one blob and has one run, ever. Over HTTP, a run that ended without a complete pack
    is followed by a new attempt, and `fresh` asks for one whatever the last one gave.
    """
    await telemetry.start(services.settings)
    for attempt in range(1, MOST_ATTEMPTS):
        run_id = run_id_for(request.identity, request.prd.name, attempt)
        if not await services.blobs.exists(WORK, claim_name(run_id)):
            most = services.settings.runs_per_caller
            async with live_runs.room_for_a_run(services.blobs, request.caller, run_id, most):
                claim = await _claim(services, request, run_id, fresh=fresh)
                if claim is not None:
                    await _schedule(services.blobs, client, claim)
                    return Started(run_id, plan_of(claim.run), created=True)
            await _leave_to_other(services.blobs, request.caller, run_id)
        if request.source != "http" or not await _wants_another(services, client, run_id, fresh=fresh):
            claim, age = await _claimed(services.blobs, run_id)
            await take_over(services, client, claim, age)
            return Started(run_id, plan_of(claim.run), created=False)
    raise Conflict("attempts", "No further attempt of this PRD can be started.", "Change the PRD or its options.")


async def _wants_another(services: Services, client: df.DurableFunctionsClient, run_id: str, *, fresh: bool) -> bool:
    state = await past_runs.state_of(services.blobs, client, run_id)
    if state is None or state.runtime_status in LIVE:
        return False
    return fresh or status_of(state) not in ("completed", "completed_with_findings")


async def _claim(services: Services, request: Request, run_id: str, *, fresh: bool) -> Claim | None:
    """Write the PRD's copy, then the claim; None when somebody else was there first."""
    estimate = await estimate_run(services, request.prd, request.options, fresh=fresh)
    text = estimate.earlier.weighed.comparison.text if estimate.earlier else request.prd.text
    prd = await services.blobs.write(WORK, f"{run_id}/prd.md", text.encode(), "text/markdown; charset=utf-8")
    if estimate.earlier:
        await estimate.earlier.keep(services.blobs, run_id)
    claim = Claim(
        run=replace(_run_input(services.settings, request, run_id, prd, estimate), fresh=fresh),
        source=request.source,
        identity=request.identity,
        created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    written = json.dumps(claim.to_dict()).encode()
    if await services.blobs.create(WORK, claim_name(run_id), written):
        return claim
    found, _ = await _claimed(services.blobs, run_id)
    return claim if found == claim else None  # ours: the answer to it was lost


async def _leave_to_other(blobs: BlobStore, caller: str, run_id: str) -> None:
    """A run that another caller claimed in the same moment counts as that one's."""
    claim, _ = await _claimed(blobs, run_id)
    if claim.run.caller != caller:
        await live_runs.leave(blobs, caller, run_id)


async def _claimed(blobs: BlobStore, run_id: str) -> tuple[Claim, timedelta]:
    """The claim that storage says is there, and its age; `StorageFault` where it then says that it is not."""
    try:
        return await read_claim(blobs, run_id)
    except NotFound:
        detail = f"Blob Storage has a claim of run {run_id!r} and does not have it."
        raise StorageFault("storage-contradicts", detail, "Ask again in a moment.") from None


def _run_input(settings: Settings, request: Request, run_id: str, prd: BlobRef, estimate: Estimate) -> RunInput:
    return RunInput(
        run_id=run_id,
        project=request.prd.project,
        title=request.prd.title,
        prd=prd,
        prd_name=request.prd.name,
        prd_etag=request.etag,
        options=request.options,
        output_root=settings.output_root.strip("/"),
        calls=estimate.calls,
        attempts=settings.activity_attempts,
        first_retry_seconds=settings.first_retry_seconds,
        revisions=settings.revisions,
        patience=Patience(settings.first_wait_seconds, settings.longest_wait_seconds, settings.patience_seconds),
        polling=settings.polling,
        cap=settings.cap,
        prices=estimate.prices,
        prefix_tokens=estimate.prefix_tokens,
        prefix_counted=estimate.counted,
        requirements=estimate.requirements,
        untraced_from=estimate.untraced_from,
        caller=request.caller,
        max_active=0 if request.options.economy else settings.max_active_runs,
        by_edits=True,
        signed=True,
        converted=request.converted,
        base=estimate.earlier.base(run_id, estimate.calls) if estimate.earlier else None,
    )


async def read_claim(blobs: BlobStore, run_id: str) -> tuple[Claim, timedelta]:
    """A run's claim and how old it is; `NotFound` where no such run exists."""
    try:
        data, info = await blobs.read(WORK, claim_name(run_id))
    except NotFound:
        raise NotFound("no-run", f"There is no run {run_id!r}.", "GET /api/runs lists the runs.") from None
    return Claim.from_dict(json.loads(data)), info.age


async def take_over(services: Services, client: df.DurableFunctionsClient, claim: Claim, age: timedelta) -> bool:
    """Start a claimed run that never appeared, once its claim is old enough; True when it was started here."""
    run_id, waited = claim.run.run_id, age.total_seconds()
    if waited < services.settings.claim_grace_seconds or await has_ended(services.blobs, run_id):
        return False
    if await client.get_orchestration_state(run_id, fetch_payloads=False) is not None:
        return False
    with telemetry.about_run(run_id):
        log.warning("claimed %.0f s ago and never started: starting it", waited)
    if claim.run.caller:
        await live_runs.enter(services.blobs, claim.run.caller, run_id)
    await _schedule(services.blobs, client, claim)
    return True


async def has_ended(blobs: BlobStore, run_id: str) -> bool:
    """Whether the run has left what outlives its history: its list of files, or its last state."""
    return await blobs.exists(WORK, f"{run_id}/files.json") or await past_runs.was_kept(blobs, run_id)


async def _schedule(blobs: BlobStore, client: df.DurableFunctionsClient, claim: Claim) -> None:
    """Have the run listed, then start it: a run that is listed and never appears is queued until it is taken over."""
    await run_index.enter(blobs, claim)
    try:
        await client.schedule_new_orchestration(ORCHESTRATOR, input=claim.run.to_dict(), instance_id=claim.run.run_id)
    except grpc.RpcError as error:
        if getattr(error, "code", lambda: None)() != grpc.StatusCode.ALREADY_EXISTS:
            raise
    with telemetry.about_run(claim.run.run_id):
        log.info("started for %s (%s)", claim.run.prd_name, claim.source)
