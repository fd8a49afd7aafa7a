"""The scenarios of `pipeline_callback`: ways in which a pipeline's wait for a run can go."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.e2e.conftest import FAST, prd_text
from tests.histories.recording_host import RecordingHost

QUICK, SLOW, ENDLESS = 0.05, 1.0, 30.0
"""Seconds that an answer to the run takes."""
FAILED_LOOKS = 2
SETTINGS = {"CALLBACK_SECONDS": "1"}
"""Far enough between looks that a quick run ends within one history, on a busy machine too."""


@dataclass(frozen=True)
class CallbackStory:
    """How a wait goes, and what makes it go so.

    `refusals` answer the first tries to complete the task. Where storage has `lost` the callback's claim, telling
    fails until it is back; a token that has `expired` is never taken. The run does not end before the callback has
    begun `anew`, or, where it is `late`, before it has waited long enough.
    """

    name: str
    refusals: tuple[int, ...] = ()
    lost: bool = False
    expired: bool = False
    anew: bool = False
    late: bool = False
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)

    async def play(self, host: RecordingHost) -> str:
        """Wait for a run as a pipeline's task does; the callback's id once both have ended."""
        product = host.product
        assert product.host.drafts
        product.host.drafts.order(())
        product.host.drafts.seed(())
        product.host.drafts.pace = SLOW if self.lost else ENDLESS if self.anew or self.late else QUICK
        run_id: str = (await product.post(prd_text(f"Story {self.name}")))["id"]
        callback_id = await self._wait_for(host, run_id)
        if self.lost:
            await _lose_claim(host, callback_id)
        if self.anew:
            await host.until(lambda: len(host.engine.generations(callback_id)) > 1)
        if not self.late:
            product.host.drafts.pace = QUICK
        await host.until(lambda: host.engine.count(callback_id, "executionCompleted") == 1)
        assert len(host.engine.generations(callback_id)) == 1 + self.anew, "a busy machine: record it again"
        product.host.drafts.pace = QUICK
        await product.ended(run_id)
        return callback_id

    async def _wait_for(self, host: RecordingHost, run_id: str) -> str:
        server, token = host.azure_devops, f"token-{self.name}"
        task = server.task(len(server.tasks) + 1, token, *self.refusals)
        if self.expired:
            server.tokens.remove(token)
        headers = server.headers(task, token)
        answer = await host.product.http.post("/api/callbacks", json={"runs": [run_id]}, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]


async def _lose_claim(host: RecordingHost, callback_id: str) -> None:
    """Take the claim away until every try of some looks has failed, and put it back."""
    blob = host.product.storage.get_blob_client("runs", f"callbacks/{callback_id}/claim.json")
    claim = await (await blob.download_blob()).readall()
    await blob.delete_blob()
    failures = FAILED_LOOKS * int(FAST["CALLBACK_ATTEMPTS"])
    await host.until(lambda: host.engine.count(callback_id, "taskFailed") >= failures)
    await blob.upload_blob(claim)


SCENARIOS = (
    CallbackStory("callback-told"),
    CallbackStory("callback-interrupted", lost=True, refusals=(503,)),
    CallbackStory("callback-untold", expired=True),
    CallbackStory("callback-anew", anew=True),
    CallbackStory("callback-late", late=True, settings={**SETTINGS, "CALLBACK_HOURS": "0.0005"}),
)
