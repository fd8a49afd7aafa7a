"""Looks after one batch of calls, however often and from wherever it is asked to. Touches blobs and the Batches API.

The batch's record, a blob of the run, is written before anything is sent: what it says decides what is still to do.
Between sending and noting the batch's id lies a moment in which a process can die, and the API knows no key by which
it would refuse the same batch twice. Such a batch is looked for in the account's list, and known by its results: their
`custom_id` is the call's key. Only when it is not there is it sent again.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from activities.prompt_inputs import prompt_of
from shared import logs
from shared.agents import ModelSettings, Prompt, catalogue
from shared.claude import ENDS, Batch, Claimed, MessageBatches, Part, StoredCall, call_key
from shared.contracts import AgentRequest, BatchRequest, BatchState, Begun, Failure, Payload, Usage
from shared.errors import CallInterrupted, CallRefused, NotFound, SettingsError, VaultUnreachable
from shared.services import Services
from shared.storage import WORK

CLOCKS_DIFFER = timedelta(minutes=5)
"""How much earlier than our own clock says the API may have taken a batch."""
SETTLED = timedelta(seconds=10)
"""How long after a batch was sent the account's list is not asked yet: the request may still be on its way."""
ABANDONED = timedelta(hours=1)
"""Age at which others no longer follow a batch of which nobody knows whether it was sent."""
NO_BATCHES = "no-batches"
"""Code of the refusal that means: this way to Claude has no Message Batches API."""
log = logs.logger(__name__)

type Calls = dict[str, tuple[Prompt, ModelSettings]]


@dataclass(frozen=True)
class Record(Payload):
    """What is known of a batch: the calls it is to make, and how far it is.

    `keys` name the calls that `requests` stand for, in the same order; `follows` are other runs' batches that make
    calls of this one. `sent_at` is ISO 8601 in UTC, `id` empty until it is known, `answered` counts calls.
    """

    holder: str
    keys: tuple[str, ...]
    requests: tuple[AgentRequest, ...]
    follows: tuple[str, ...] = ()
    sent_at: str = ""
    id: str = ""
    ended: bool = False
    answered: int = 0

    @property
    def fresh(self) -> bool:
        """Whether its run takes no answer from others."""
        return any(request.fresh for request in self.requests)

    @property
    def age(self) -> timedelta:
        """How long ago the batch was sent, the last time."""
        return datetime.now(UTC) - datetime.fromisoformat(self.sent_at)


@dataclass(frozen=True)
class Kept:
    """One version of a record."""

    name: str
    record: Record
    etag: str

    @property
    def claim(self) -> Claimed:
        """What the blobs of its calls hold meanwhile."""
        return Claimed(self.record.holder, batch=self.name)


async def read_record(services: Services, name: str) -> Kept | None:
    """A batch's record as it is now; None where there is none."""
    try:
        data, info = await services.blobs.read(WORK, name)
    except NotFound:
        return None
    return Kept(name, Record.from_dict(json.loads(data)), info.etag)


async def update(services: Services, kept: Kept, record: Record) -> Kept | None:
    """Replace one version of a record; None where somebody else has."""
    etag = await services.blobs.replace(WORK, kept.name, _as_bytes(record), kept.etag)
    return Kept(kept.name, record, etag) if etag else None


async def open_record(services: Services, request: BatchRequest) -> Kept | None:
    """Claim the calls that nobody has answered and write the record of their batch; None where it is there already."""
    if await read_record(services, request.batch):
        return None
    own = Claimed(request.run_id, batch=request.batch)
    calls = await _composed(services, request.requests)
    made, follows = dict[str, AgentRequest](), dict[str, None]()
    for key, asked in zip(calls, request.requests, strict=True):
        record = await services.calls.join_batch(key, own, fresh=asked.fresh)
        if record == request.batch:
            made[key] = asked
        elif record:
            follows[record] = None
    record = Record(request.run_id, tuple(made), tuple(made.values()), tuple(follows), ended=not made)
    if made:
        record = replace(record, sent_at=datetime.now(UTC).isoformat())
    etag = await services.blobs.claim(WORK, request.batch, _as_bytes(record))
    return Kept(request.batch, record, etag) if etag else None


async def send(services: Services, kept: Kept) -> BatchState:
    """Send the batch of a record that was written just now. What is interrupted is looked into later."""
    calls = await _composed(services, kept.record.requests)
    try:
        batch = await (await _batches(services)).send(calls)
    except (CallInterrupted, VaultUnreachable) as fault:
        log.warning("not known whether the batch was taken: %s", fault.detail)
        return BatchState(ended=False, detail=fault.detail)
    except (CallRefused, SettingsError) as refused:
        return await _refused(services, kept, Failure(refused.code, refused.detail, refused.mend))
    log.info("batch %s of %d call(s) was taken", batch.id, batch.size)
    if await update(services, kept, replace(kept.record, id=batch.id)) is None:
        return await _overtaken(services, kept.name, batch)
    return BatchState(ended=False, id=batch.id)


async def _overtaken(services: Services, name: str, batch: Batch) -> BatchState:
    """The run was cancelled while its batch was being sent: nobody will collect this one."""
    current = await read_record(services, name)
    if current is None or (current.record.ended and current.record.id != batch.id):
        await call_off(services, batch.id)
    return BatchState(ended=current is None or current.record.ended, id=batch.id)


async def call_off(services: Services, batch_id: str) -> None:
    """Tell the API that nobody waits for a batch any more. What it has processed by then is billed."""
    try:
        await (await _batches(services)).cancel(batch_id)
        log.info("batch %s was called off", batch_id)
    except (CallInterrupted, CallRefused, SettingsError) as fault:
        log.warning("batch %s could not be called off: %s", batch_id, fault.detail)


async def look_after(services: Services, name: str, run_id: str) -> BatchState:
    """Do what is to be done next for a batch and those it follows; tells whether anything is left."""
    kept = await read_record(services, name)
    if kept is None:
        return BatchState(ended=True)
    own = await _look(services, kept, run_id)
    others = [await _follow(services, other, run_id) for other in kept.record.follows]
    return replace(own, ended=own.ended and all(others))


async def give_up(services: Services, kept: Kept) -> None:
    """Free the calls of a batch that will not be made, and remember that it has ended."""
    record = kept.record
    await asyncio.gather(*(services.calls.leave_batch(key, kept.claim, fresh=record.fresh) for key in record.keys))
    await update(services, kept, replace(record, ended=True))


async def _follow(services: Services, name: str, run_id: str) -> bool:
    """Whether another run's batch has ended. Whoever looks collects: the run that sent it may be gone."""
    kept = await read_record(services, name)
    return kept is None or (await _look(services, kept, run_id)).ended


async def _look(services: Services, kept: Kept, run_id: str) -> BatchState:
    record = kept.record
    if record.ended:
        return BatchState(ended=True, unanswered=len(record.keys) - record.answered, id=record.id)
    try:
        if not record.id:
            return await _look_for(services, kept, run_id)
        batch = await (await _batches(services)).look(record.id)
        if not batch.ended:
            return BatchState(ended=False, id=record.id)
        return await _collect(services, kept, batch)
    except (CallInterrupted, VaultUnreachable) as fault:
        return BatchState(ended=False, id=record.id, detail=fault.detail)
    except (CallRefused, SettingsError) as refused:
        log.error("the batch cannot be looked at: %s", refused.detail)
        if refused.code in ("http-404", NO_BATCHES):
            await give_up(services, kept)
            return BatchState(ended=True, unanswered=len(record.keys), id=record.id, detail=refused.detail)
        return BatchState(ended=False, id=record.id, detail=refused.detail)


async def _look_for(services: Services, kept: Kept, run_id: str) -> BatchState:
    """Find a batch whose id was never noted, or send it again where it did not arrive."""
    record = kept.record
    if record.holder != run_id:
        return BatchState(ended=record.age > ABANDONED)
    if record.age < SETTLED:
        return BatchState(ended=False)
    batches = await _batches(services)
    sent = datetime.fromisoformat(record.sent_at)
    likely = [batch for batch in await batches.since(sent - CLOCKS_DIFFER) if batch.size == len(record.keys)]
    for batch in likely:
        if batch.ended and set(await batches.results(batch)) == set(record.keys):
            log.warning("batch %s had been taken after all", batch.id)
            return await _collect(services, kept, batch)
    if not all(batch.ended for batch in likely):
        return BatchState(ended=False, detail="The batch was sent and no answer came: looking for it.")
    again = await update(services, kept, replace(record, sent_at=datetime.now(UTC).isoformat()))
    return await send(services, again) if again else BatchState(ended=False)


async def _collect(services: Services, kept: Kept, batch: Batch) -> BatchState:
    """Keep what the batch gave under each call's key; free the calls for which it gave nothing."""
    results, record, answered = await (await _batches(services)).results(batch), kept.record, 0
    for key in record.keys:
        match results.get(key):
            case Part() as part if part.stop_reason in ENDS:
                call = StoredCall(part.text, part.model, batch.id, part.usage, record.holder)
                await services.calls.keep_batched(key, call, fresh=record.fresh)
                answered += 1
            case Part() as part:
                begun = Begun(part.text, part.stop_reason, 1, part.usage)
                await services.calls.leave_batch(key, kept.claim, begun, fresh=record.fresh)
            case CallRefused() as refused:
                call = _refusal(record, refused, refused.spent or Usage())
                await services.calls.keep_batched(key, call, fresh=record.fresh)
                answered += 1
            case None:
                await services.calls.leave_batch(key, kept.claim, fresh=record.fresh)
    log.info("batch %s has ended: %d of %d call(s) answered", batch.id, answered, len(record.keys))
    await update(services, kept, replace(record, id=batch.id, ended=True, answered=answered))
    return BatchState(ended=True, unanswered=len(record.keys) - answered, id=batch.id)


async def _refused(services: Services, kept: Kept, failure: Failure) -> BatchState:
    """A batch that is not taken, for a reason that stays: so its calls have failed, rather than cost the full price."""
    log.error("the batch was refused: %s", failure.detail)
    refused = CallRefused(failure.code, failure.detail, failure.mend)
    for key in kept.record.keys:
        await services.calls.keep_batched(key, _refusal(kept.record, refused, Usage()), fresh=kept.record.fresh)
    await update(services, kept, replace(kept.record, ended=True, answered=len(kept.record.keys)))
    return BatchState(ended=True)


def _refusal(record: Record, refused: CallRefused, spent: Usage) -> StoredCall:
    failure = Failure(refused.code, refused.detail, refused.mend)
    return StoredCall("", "", None, spent, record.holder, failure=failure)


async def _batches(services: Services) -> MessageBatches:
    if services.settings.foundry_url:  # intake refuses it; a run in flight may outlive a change of settings
        raise CallRefused(NO_BATCHES, "Claude in Microsoft Foundry has no batches.", "Start the run without economy.")
    return MessageBatches(await services.claude())


async def _composed(services: Services, requests: tuple[AgentRequest, ...]) -> Calls:
    """What each call sends and how, by its key, in the order of the requests."""
    calls: Calls = {}
    for request in requests:
        prompt = await prompt_of(services, request)
        chosen = services.settings.model_for(catalogue()[request.agent].tier)
        calls[call_key(prompt, chosen, services.settings.claude_address)] = (prompt, chosen)
    return calls


def _as_bytes(record: Record) -> bytes:
    return json.dumps(record.to_dict()).encode()
