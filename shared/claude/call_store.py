"""Keeps Claude's answers by what was asked, so that the same call is paid for once. Touches blobs and memory only.

A call is the blob `calls/{key}.json` of the work container; its key is the hash of all that is sent, to which server
and with which settings. The blob is first written empty, create-if-absent: whoever wrote it makes the call and says
every while that it is still at it. Whoever comes second waits, in this process for a moment, else outside (the
orchestrator's timer), and goes on itself if the first falls silent. The same run does not wait for itself: when its
activity comes again, the process that made the claim is gone. Of an answer in several parts, those that have come are
kept when a later one fails: whoever asks next goes on behind them.

A claim may also name the batch that the call is part of. Other batches leave the call to that one and follow it;
whoever asks live does not wait for it, and takes the claim over.
"""

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from shared import logs
from shared.agents import ModelSettings, Prompt
from shared.claude.responses import Answer
from shared.contracts import NOTHING, Begun, Failure, Payload, Usage
from shared.errors import CallInterrupted, CallRefused, NotFound
from shared.storage import WORK, BlobStore

FOLDER = "calls/"
UNDER_WAY = "under-way"
"""Code of the interruption that means: somebody is making this very call."""
LEASE_SECONDS = 120.0
"""How long a claim holds without a sign of life. Signs come four times as often."""
JOIN_SECONDS = 10.0
"""How long the same call in this process is waited for before the worker is given back."""
RETRY_SECONDS = 5.0
"""When to look again for an answer that is under way."""
MOST_DELETED = 200
"""Calls that one sweep deletes at most."""
log = logs.logger(__name__)


type Ask = Callable[[Begun], Awaitable[Answer]]
"""Makes a call, or the rest of one of which some has come."""


@dataclass(frozen=True)
class StoredCall(Payload):
    """A finished call: the answer, what it took when it was made, and which run paid for it.

    A refusal (`failure`), which only a batch leaves behind, is for nobody but the run that paid.
    """

    text: str
    model: str
    request_id: str | None
    usage: Usage
    holder: str = ""
    failure: Failure | None = None

    def is_for(self, holder: str) -> bool:
        """Whether this answers the question for a run."""
        return self.failure is None or (bool(holder) and self.holder == holder)

    def answer_for(self, holder: str) -> Answer:
        """The answer: whoever paid for it has it with what it took, all others reuse it. Raises a kept refusal."""
        if self.failure:
            refused = CallRefused(self.failure.code, self.failure.detail, self.failure.mend)
            refused.spent = self.usage
            raise refused
        usage = self.usage if holder and holder == self.holder else Usage(reused=1)
        return Answer(self.text, self.model, self.request_id, usage)


@dataclass(frozen=True)
class Claimed(Payload):
    """A call without an answer: which run makes it, and what of the answer has come. `released` is free to be made.

    `batch` is the record of the batch that makes it.
    """

    holder: str = ""
    begun: Begun = NOTHING
    released: bool = False
    batch: str = ""


def call_key(prompt: Prompt, chosen: ModelSettings, server: str) -> str:
    """The hash of everything that decides an answer and can be known before it."""
    sent = {"server": server, "settings": asdict(chosen), "prompt": asdict(prompt)}
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


class CallStore:
    """The finished calls in one storage account, and those that this process is making."""

    def __init__(
        self, blobs: BlobStore, *, lease_seconds: float = LEASE_SECONDS, join_seconds: float = JOIN_SECONDS
    ) -> None:
        self._blobs = blobs
        self._lease_seconds = lease_seconds
        self._join_seconds = join_seconds
        self._under_way: dict[str, asyncio.Future[Answer]] = {}

    async def answer(self, key: str, ask: Ask, *, holder: str = "", fresh: bool = False) -> Answer:
        """The kept answer for `key`, else that of `ask`, which is kept. `fresh` asks whatever others have kept.

        `holder` names the run that asks; what it left behind, a claim or an answer, is its own.

        Raises what `ask` raises, and `CallInterrupted` (UNDER_WAY) where somebody else is asking just now.
        """
        if fresh:
            answer = await self._found_or_asked(_own(key, holder), ask, holder)
            await self._keep(key, answer, holder)
            return answer
        if key in self._under_way:
            return await self._join(self._under_way[key])
        under_way = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._found_or_asked(key, ask, holder)
            under_way.set_result(answer)
            return answer
        finally:
            under_way.cancel()  # no effect on one that has its result
            del self._under_way[key]

    async def has(self, key: str) -> bool:
        """Whether the answer is there, or under way."""
        return await self._blobs.exists(WORK, _name(key))

    async def join_batch(self, key: str, batch: Claimed, *, fresh: bool) -> str | None:
        """Claim a call for a batch: the record of the batch that is to make it, this one or another's.

        None where the call is for nobody's batch: its answer is there or has begun, or somebody is asking just now.
        """
        name = _name(_own(key, batch.holder) if fresh else key)
        if await self._blobs.claim(WORK, name, _as_bytes(batch)) is not None:
            return batch.batch
        try:
            data, info = await self._blobs.read(WORK, name)
        except NotFound:
            return await self.join_batch(key, batch, fresh=fresh)
        kept, other = _call_in(data), _claim_in(data)
        if kept and kept.is_for(batch.holder):
            return None
        if not kept and other.batch:
            return other.batch
        is_alive = not other.released and info.age.total_seconds() < self._lease_seconds
        if not kept and (other.begun.parts or is_alive):
            return None
        if await self._blobs.replace(WORK, name, _as_bytes(batch), info.etag):
            return batch.batch
        return await self.join_batch(key, batch, fresh=fresh)

    async def keep_batched(self, key: str, call: StoredCall, *, fresh: bool) -> None:
        """Keep what a batch gave for a call; an answer for everybody, a refusal for the run that paid."""
        if fresh:
            await self._write(_own(key, call.holder), call)
        if not fresh or call.failure is None:
            await self._write(key, call)

    async def leave_batch(self, key: str, batch: Claimed, begun: Begun = NOTHING, *, fresh: bool) -> None:
        """Free a call that a batch has claimed and not made, or not to its end."""
        name = _name(_own(key, batch.holder) if fresh else key)
        try:
            data, info = await self._blobs.read(WORK, name)
        except NotFound:
            return
        if data == _as_bytes(batch):
            await _Claim(self._blobs, name, data, info.etag).release(begun)

    async def _join(self, under_way: "asyncio.Future[Answer]") -> Answer:
        await asyncio.wait({under_way}, timeout=self._join_seconds)
        if under_way.done() and not under_way.cancelled():
            return _reused(under_way.result())
        raise _is_under_way()  # or it has failed, and the next look makes the call

    async def _found_or_asked(self, key: str, ask: Ask, holder: str) -> Answer:
        begun = NOTHING
        version = await self._blobs.claim(WORK, _name(key), _claim(holder))
        if version is None:
            found = await self._found(key, holder)
            if isinstance(found, Answer):
                return found
            version, begun = found
        claim = _Claim(self._blobs, _name(key), _claim(holder, begun), version)
        answer = await self._asked(claim, ask, begun)
        await self._keep(key, answer, holder)
        return answer

    async def _found(self, key: str, holder: str) -> Answer | tuple[str, Begun]:
        """What is there already: the answer, or a claim that was taken over here, and what of the answer has come."""
        try:
            data, info = await self._blobs.read(WORK, _name(key))
        except NotFound:
            raise _is_under_way() from None  # it has just failed: look again
        kept = _call_in(data)
        if kept is not None and kept.is_for(holder):
            return kept.answer_for(holder)
        left, silence = _claim_in(data), info.age.total_seconds()
        is_own = bool(holder) and left.holder == holder
        is_free = kept is not None or is_own or left.released or bool(left.batch)
        if silence < self._lease_seconds and not is_free:
            raise _is_under_way()
        version = await self._blobs.replace(WORK, _name(key), _claim(holder, left.begun), info.etag)
        if version is None:
            raise _is_under_way()
        log.info("making a call that somebody else began %.0f s ago", silence)
        return version, left.begun

    async def _asked(self, claim: "_Claim", ask: Ask, begun: Begun) -> Answer:
        alive = asyncio.create_task(claim.renewed_every(self._lease_seconds / 4))
        try:
            answer = await ask(begun)
        except BaseException as fault:
            await _ended(alive)
            if isinstance(fault, CallInterrupted):
                begun = fault.begun or begun
            await claim.release(NOTHING if isinstance(fault, CallRefused) else begun)
            raise
        await _ended(alive)
        return answer

    async def _keep(self, key: str, answer: Answer, holder: str) -> None:
        await self._write(key, StoredCall(answer.text, answer.model, answer.request_id, answer.usage, holder))

    async def _write(self, key: str, call: StoredCall) -> None:
        await self._blobs.write(WORK, _name(key), _as_bytes(call), "application/json")

    async def prune(self, days: float, shard: str | None = None) -> int:
        """Delete calls that are older than `days`, as many as one sweep may; returns how many.

        Each time one sixteenth of the calls is looked at, any one or that whose keys begin with `shard`.
        """
        prefix = FOLDER + (random.choice("0123456789abcdef") if shard is None else shard)  # noqa: S311 (no secret)
        deleted = 0
        async for info in self._blobs.list(WORK, prefix):
            if deleted == MOST_DELETED:
                break
            if info.age > timedelta(days=days):
                await self._blobs.delete(WORK, info.name, info.etag)
                deleted += 1
        return deleted


class _Claim:
    """One version of a call blob without an answer, renewed while the call is being made."""

    def __init__(self, blobs: BlobStore, name: str, claimed: bytes, version: str) -> None:
        self._blobs = blobs
        self._claimed = claimed
        self.name = name
        self.version = version

    async def renewed_every(self, seconds: float) -> None:
        """Renew until cancelled, or until somebody else has taken the call over."""
        while True:
            await asyncio.sleep(seconds)
            renewed = await self._blobs.replace(WORK, self.name, self._claimed, self.version)
            if renewed is None:
                return
            self.version = renewed

    async def release(self, begun: Begun) -> None:
        """The call has failed: let anybody make it, behind what of its answer has come."""
        if begun.parts:
            await self._blobs.replace(WORK, self.name, _as_bytes(Claimed(begun=begun, released=True)), self.version)
        else:
            await self._blobs.delete(WORK, self.name, self.version)


async def _ended(renewing: asyncio.Task[None]) -> None:
    """Stop renewing. A renewal that failed is logged: the call went on without it."""
    renewing.cancel()
    await asyncio.wait({renewing}, timeout=RETRY_SECONDS)  # an answer that is there waits for no storage
    if renewing.done() and not renewing.cancelled() and (fault := renewing.exception()):
        log.warning("a claim was not renewed (%s)", type(fault).__name__)


def _name(key: str) -> str:
    return f"{FOLDER}{key}.json"


def _own(key: str, holder: str) -> str:
    """The key under which a `fresh` run keeps its own call."""
    return f"{key}-{holder}"


def _claim(holder: str, begun: Begun = NOTHING) -> bytes:
    return _as_bytes(Claimed(holder, begun))


def _claim_in(data: bytes) -> Claimed:
    """The claim that a blob holds; an empty one for what another release wrote."""
    try:
        return Claimed.from_dict(json.loads(data))
    except ValueError:
        return Claimed()


def _as_bytes(content: Payload) -> bytes:
    return json.dumps(content.to_dict()).encode()


def _call_in(data: bytes) -> StoredCall | None:
    """The call that a blob holds; None for a claim, and for what another release wrote."""
    try:
        return StoredCall.from_dict(json.loads(data))
    except ValueError:
        return None


def _reused(answer: Answer) -> Answer:
    return replace(answer, usage=Usage(reused=1))


def _is_under_way() -> CallInterrupted:
    return CallInterrupted(UNDER_WAY, "The same call is being made for another run.", RETRY_SECONDS)
