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
from datetime import UTC, datetime, timedelta

from shared import logs
from shared.answers import ENDS, Answer, Part
from shared.blobs import WORK, BlobInfo, BlobStore
from shared.contracts import Failure, Payload, Usage
from shared.errors import CallInterrupted, CallRefused, NotFound
from shared.models import ModelSettings
from shared.prompts import Prompt

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


@dataclass(frozen=True)
class StoredCall(Payload):
    """A finished call: the answer, what it took when it was made, and which run paid for it.

    From a batch it may also be an answer's beginning (`stop_reason`), or a refusal (`failure`): these are for nobody
    but the run that paid.
    """

    text: str
    model: str
    request_id: str | None
    usage: Usage
    holder: str = ""
    stop_reason: str = "end_turn"
    failure: Failure | None = None

    @property
    def whole(self) -> bool:
        """Whether this answers the question, for whoever asks it."""
        return self.failure is None and self.stop_reason in ENDS

    def answer_for(self, holder: str) -> Answer:
        """The answer: whoever paid for it has it with what it took, all others reuse it. Raises a kept refusal."""
        if self.failure:
            refused = CallRefused(self.failure.code, self.failure.detail, self.failure.mend)
            refused.spent = self.usage
            raise refused
        usage = self.usage if holder and holder == self.holder else Usage(reused=1)
        return Answer(self.text, self.model, self.request_id, usage)

    def beginning(self) -> Part | None:
        """What there is of an answer that was cut off."""
        if self.failure or self.whole:
            return None
        return Part(self.text, self.stop_reason, self.model, "", self.request_id, self.usage)


@dataclass(frozen=True)
class Claimed(Payload):
    """What a call's blob holds while there is no answer: who makes it, and in which batch (its record's blob).

    `begun` is what of the answer has come. A `released` call is nobody's: its maker has failed.
    """

    holder: str = ""
    batch: str = ""
    begun: Part | None = None
    released: bool = False

    def to_bytes(self) -> bytes:
        """The blob's content."""
        return json.dumps(self.to_dict()).encode()


type Ask = Callable[[Part | None], Awaitable[Answer]]
"""Makes a call, or goes on with what there is of its answer."""


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
            return await self._asked_afresh(key, ask, holder)
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

        None where the answer is there already, or somebody is asking just now. A `fresh` run claims nothing and makes
        every call that it has not paid for itself.
        """
        kept = _call_in(await self._content(key))
        if kept and (kept.holder == batch.holder or (kept.whole and not fresh)):
            return None
        if fresh or await self._blobs.claim(WORK, _name(key), batch.to_bytes()) is not None:
            return batch.batch
        try:
            data, info = await self._blobs.read(WORK, _name(key))
        except NotFound:
            return await self.join_batch(key, batch, fresh=fresh)
        claimed = _claim_in(data)
        if claimed and claimed.batch:
            return claimed.batch
        if claimed and _age(info).total_seconds() < self._lease_seconds:
            return None
        await self._blobs.replace(WORK, _name(key), batch.to_bytes(), info.etag)
        return await self.join_batch(key, batch, fresh=fresh)

    async def keep(self, key: str, call: StoredCall) -> None:
        """Keep what a call gave."""
        await self._blobs.write(WORK, _name(key), json.dumps(call.to_dict()).encode(), "application/json")

    async def leave_batch(self, key: str, batch: Claimed) -> None:
        """Give up a call that a batch has claimed and not made."""
        try:
            data, info = await self._blobs.read(WORK, _name(key))
        except NotFound:
            return
        if data == batch.to_bytes():
            await self._blobs.delete(WORK, _name(key), info.etag)

    async def _content(self, key: str) -> bytes:
        try:
            data, _ = await self._blobs.read(WORK, _name(key))
        except NotFound:
            return b""
        return data

    async def _asked_afresh(self, key: str, ask: Ask, holder: str) -> Answer:
        kept = _call_in(await self._content(key))
        own = kept if kept and holder and kept.holder == holder else None
        begun = own.beginning() if own else None
        if own and begun is None:
            return own.answer_for(holder)
        if begun:
            await self._blobs.delete(WORK, _name(key))  # what is raised by going on with it tells what it took
        answer = await self._found_or_asked(f"{key}-{holder}", ask, holder, begun)
        await self._keep(key, answer, holder)
        return answer

    async def _join(self, under_way: "asyncio.Future[Answer]") -> Answer:
        await asyncio.wait({under_way}, timeout=self._join_seconds)
        if under_way.done() and not under_way.cancelled():
            return _reused(under_way.result())
        raise _is_under_way()  # or it has failed, and the next look makes the call

    async def _found_or_asked(self, key: str, ask: Ask, holder: str, begun: Part | None = None) -> Answer:
        claimed = Claimed(holder, begun=begun)
        version = await self._blobs.claim(WORK, _name(key), claimed.to_bytes())
        if version is None:
            found = await self._found(key, holder)
            if isinstance(found, Answer):
                return found
            version, claimed = found
        claim = _Claim(self._blobs, _name(key), claimed.to_bytes(), version)
        answer = await self._asked(claim, ask, claimed.begun)
        await self._keep(key, answer, holder)
        return answer

    async def _found(self, key: str, holder: str) -> Answer | tuple[str, Claimed]:
        """What is there already: the answer, or a claim that was taken over here, and its version."""
        try:
            data, info = await self._blobs.read(WORK, _name(key))
        except NotFound:
            raise _is_under_way() from None  # it has just failed: look again
        kept, left = _call_in(data), _claim_in(data) or Claimed()
        begun = left.begun
        if kept and (kept.whole or (holder and kept.holder == holder)):
            begun = kept.beginning()
            if begun is None:
                return kept.answer_for(holder)
        if not kept and not (holder and left.holder == holder):
            self._refuse_to_wait(left, info)
        claimed = Claimed(holder, begun=begun)
        version = await self._blobs.replace(WORK, _name(key), claimed.to_bytes(), info.etag)
        if version is None:
            raise _is_under_way()
        return version, claimed

    def _refuse_to_wait(self, other: Claimed, info: BlobInfo) -> None:
        """Raise `CallInterrupted` while whoever has claimed a call is making it, unless it is left to a batch."""
        silence = _age(info).total_seconds()
        if other.batch:
            log.info("a batch is to make this call as well: making it here at once")
        elif other.released:
            log.info("making a call that somebody else began %.0f s ago", silence)
        elif silence < self._lease_seconds:
            raise _is_under_way()
        else:
            log.warning("whoever made this call has been silent for %.0f s: making it here", silence)

    async def _asked(self, claim: "_Claim", ask: Ask, begun: Part | None) -> Answer:
        alive = asyncio.create_task(claim.renewed_every(self._lease_seconds / 4))
        try:
            answer = await ask(begun)
        except BaseException as fault:
            await _ended(alive)
            if isinstance(fault, CallInterrupted):
                begun = fault.begun or begun
            await claim.release(None if isinstance(fault, CallRefused) else begun)
            raise
        await _ended(alive)
        return answer

    async def _keep(self, key: str, answer: Answer, holder: str) -> None:
        await self.keep(key, StoredCall(answer.text, answer.model, answer.request_id, answer.usage, holder))

    async def prune(self, days: float, shard: str | None = None) -> int:
        """Delete calls that are older than `days`, as many as one sweep may; returns how many.

        Each time one sixteenth of the calls is looked at, any one or that whose keys begin with `shard`.
        """
        prefix = FOLDER + (random.choice("0123456789abcdef") if shard is None else shard)  # noqa: S311 (no secret)
        deleted = 0
        async for info in self._blobs.list(WORK, prefix):
            if deleted == MOST_DELETED:
                break
            if _age(info) > timedelta(days=days):
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

    async def release(self, begun: Part | None) -> None:
        """The call has failed: let anybody make it, behind what of its answer has come."""
        if begun is None:
            await self._blobs.delete(WORK, self.name, self.version)
            return
        await self._blobs.replace(WORK, self.name, Claimed(begun=begun, released=True).to_bytes(), self.version)


async def _ended(renewing: asyncio.Task[None]) -> None:
    """Stop renewing. A renewal that failed is logged: the call went on without it."""
    renewing.cancel()
    await asyncio.wait({renewing}, timeout=RETRY_SECONDS)  # an answer that is there waits for no storage
    if renewing.done() and not renewing.cancelled() and (fault := renewing.exception()):
        log.warning("a claim was not renewed (%s)", type(fault).__name__)


def _name(key: str) -> str:
    return f"{FOLDER}{key}.json"


def _age(info: BlobInfo) -> timedelta:
    return datetime.now(UTC) - info.modified


def _call_in(data: bytes) -> StoredCall | None:
    """The call that a blob holds; None for a claim, and for what another release wrote."""
    try:
        return StoredCall.from_dict(json.loads(data))
    except ValueError:
        return None


def _claim_in(data: bytes) -> Claimed | None:
    """The claim that a blob holds; None for a call."""
    try:
        return Claimed.from_dict(json.loads(data))
    except ValueError:
        return None


def _reused(answer: Answer) -> Answer:
    return replace(answer, usage=Usage(reused=1))


def _is_under_way() -> CallInterrupted:
    return CallInterrupted(UNDER_WAY, "The same call is being made for another run.", RETRY_SECONDS)
