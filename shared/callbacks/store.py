"""Callbacks in the work container: who waits, the token while it is needed, and how it ended. Touches storage alone.

`callbacks/{id}/claim.json` and `outcome.json` hold no secret and stay. `callbacks/{id}/token` is the only place where
the token is written: private, read by the two activities that send it, deleted when the callback ends.
"""

import json
from datetime import UTC, datetime, timedelta

from shared.contracts import Callback, CallbackOutcome, PipelineTask
from shared.credentials import Key
from shared.errors import CallbackFailed, NotFound
from shared.storage import WORK, BlobStore

FOLDER = "callbacks/"


class CallbackStore:
    """What is kept of callbacks."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def claim(self, callback: Callback, task: PipelineTask) -> bool:
        """Take a callback up; False where that was done before."""
        body = {"callback": callback.to_dict(), "task": task.to_dict()}
        return await self._blobs.create(WORK, _name(callback.callback_id, "claim.json"), json.dumps(body).encode())

    async def callback(self, callback_id: str) -> Callback:
        """A callback that was taken up; `NotFound` otherwise."""
        return Callback.from_dict((await self._claim_of(callback_id))["callback"])

    async def keep_token(self, callback_id: str, token: Key) -> None:
        """Keep the token until the callback ends."""
        await self._blobs.write(WORK, _name(callback_id, "token"), token.value.encode(), "text/plain")

    async def task_and_token(self, callback_id: str) -> tuple[PipelineTask, Key]:
        """Whom to tell, and with which token; `CallbackFailed` once the token is gone."""
        task = PipelineTask.from_dict((await self._claim_of(callback_id))["task"])
        try:
            token, _ = await self._blobs.read(WORK, _name(callback_id, "token"))
        except NotFound:
            raise CallbackFailed("callback-over", "The task's token is no longer kept.") from None
        return task, Key(token.decode())

    async def close(self, outcome: CallbackOutcome) -> None:
        """Forget the token, note how it ended."""
        await self._blobs.delete(WORK, _name(outcome.callback_id, "token"))
        body = json.dumps(outcome.to_dict()).encode()
        await self._blobs.write(WORK, _name(outcome.callback_id, "outcome.json"), body, "application/json")

    async def outcome(self, callback_id: str) -> CallbackOutcome | None:
        """How a callback ended; None while it has not."""
        try:
            data, _ = await self._blobs.read(WORK, _name(callback_id, "outcome.json"))
        except NotFound:
            return None
        return CallbackOutcome.from_dict(json.loads(data))

    async def forget_tokens(self, older_than_hours: float) -> int:
        """Delete tokens that a callback which broke off has left behind; how many there were."""
        limit = datetime.now(UTC) - timedelta(hours=older_than_hours)
        left = [
            info.name
            async for info in self._blobs.list(WORK, FOLDER)
            if info.name.endswith("/token") and info.modified < limit
        ]
        for name in left:
            await self._blobs.delete(WORK, name)
        return len(left)

    async def _claim_of(self, callback_id: str) -> dict[str, object]:
        try:
            data, _ = await self._blobs.read(WORK, _name(callback_id, "claim.json"))
        except NotFound:
            raise NotFound("no-callback", f"There is no callback {callback_id!r}.") from None
        return json.loads(data)


def _name(callback_id: str, what: str) -> str:
    return f"{FOLDER}{callback_id}/{what}"
