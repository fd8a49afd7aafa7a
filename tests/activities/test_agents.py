"""What an agent's activity makes of storage that fails under it, and of edits."""

import json
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import pytest

from activities.agents import call_agent
from local.drafts.messages_api.server import DraftsServer
from local.drafts.prompt import Prompt
from shared import telemetry
from shared.agents import fingerprint
from shared.contracts import AgentRequest, AgentResult, BlobRef, Finding
from shared.errors import StorageFault, StorageRefused
from shared.services import Services
from shared.storage import WORK
from tests.agent_at_work import app_on, draft


@pytest.mark.parametrize("fault", [StorageFault("storage-down", "503"), StorageRefused("storage-refused", "403")])
@pytest.mark.parametrize("operation", ["claim", "write"])
async def test_a_call_that_storage_fails_is_tried_again_and_not_taken_for_refused(
    app: Services, operation: str, fault: Exception, monkeypatch: pytest.MonkeyPatch
):
    run_id, work = f"run-{uuid4()}", getattr(app.blobs, operation)

    async def fail(container: str, name: str, *rest: Any) -> Any:
        if name.startswith("calls/"):
            raise fault
        return await work(container, name, *rest)

    with monkeypatch.context() as while_it_fails:
        while_it_fails.setattr(app.blobs, operation, fail)
        with pytest.raises(type(fault)):
            await draft(app, run_id)
    assert (await draft(app, run_id)).draft


TEXT = "# Integration architecture: orders\n\n## Overview\n\nIt takes orders.\r\n\n## Data\n\nSome [R-9].\n"
FINDING = Finding("STR-003", "error", "integration-architecture.md", 5, "It says too little.", "Say more.")


class Answering:
    """A revision whose agent answers what it is told to, and the prompts that it was sent."""

    app: Services

    def __init__(self) -> None:
        self.run_id = f"run-{uuid4()}"
        self.prompts: list[Prompt] = []
        self.answers: list[str] = []

    def write(self, prompt: Prompt | None, defects: object) -> str:
        """The answer of the model."""
        assert prompt
        self.prompts.append(prompt)
        return self.answers.pop(0)

    async def revise(self, answer: str, form: str = "edits", earlier: BlobRef | None = None) -> AgentResult:
        self.answers = [answer]
        prd = await self._write_blob("prd.md", f"# Orders of {self.run_id}\n\n- Orders must be taken.\n")
        found = await self._write_blob("found.json", json.dumps([FINDING.to_dict()]))
        request = AgentRequest(
            self.run_id, "system-architect", "draft", "orders", "python", None, prd, "orders.md", revision=1,
            previous=await self._write_blob("before.md", TEXT), findings=found, form=form, answer=earlier,
        )  # fmt: skip
        with telemetry.about_request(request):
            return await call_agent(self.app, request)

    async def _write_blob(self, name: str, text: str) -> BlobRef:
        return await self.app.blobs.write(WORK, f"{self.run_id}/{name}", text.encode(), "text/plain")

    async def draft(self, result: AgentResult) -> str:
        assert result.draft
        return await self.app.blobs.fetch(result.draft)


def edit(find: str, text: str) -> str:
    mark = fingerprint(TEXT)
    return f"<replace-{mark}>\n{find}\n<with-{mark}>\n{text}\n</replace-{mark}>\n"


@pytest.fixture
async def answering(storage: str) -> AsyncGenerator[Answering]:
    revising = Answering()
    server = DraftsServer(seconds_per_answer=0, write=revising.write)
    await server.start()
    async with app_on(storage, server) as revising.app:
        yield revising
    await server.stop()


async def test_edits_are_applied_to_the_text_before_and_the_rest_of_it_is_the_same_to_the_byte(answering: Answering):
    result = await answering.revise(edit("takes orders", "takes and ships orders"))
    assert await answering.draft(result) == TEXT.replace("takes orders", "takes and ships orders")
    assert result.answer is None


async def test_edits_that_do_not_apply_are_told_with_what_stands_there_and_those_that_do_are_kept(answering: Answering):
    first = await answering.revise(edit("Some [R-9].", "Some.") + edit("It takes the orders.", "x"))
    assert await answering.draft(first) == TEXT.replace("Some [R-9].", "Some.")
    second = await answering.revise(edit("It takes orders.", "It ships."), "again", first.answer)
    assert second.answer is None
    assert await answering.draft(second) == TEXT.replace("Some [R-9].", "Some.").replace(
        "It takes orders.", "It ships."
    )
    assert (first.usage.calls, second.usage.calls) == (1, 1)


async def test_a_revision_that_is_repeated_is_paid_for_once_whatever_its_form(answering: Answering):
    first = await answering.revise(edit("nowhere", "x"))
    assert await answering.revise("never asked for") == first
    assert first.answer
    second = await answering.revise(edit("nowhere either", "x"), "again", first.answer)
    assert await answering.revise("never asked for", "again", first.answer) == second
    whole = await answering.revise(TEXT.replace("takes", "ships"), "whole")
    assert await answering.revise("never asked for", "whole") == whole
    assert len(answering.prompts) == 3
    assert len({await answering.draft(result) for result in (first, second, whole)}) == 2


async def test_what_looks_like_edits_in_a_whole_document_is_text(answering: Answering):
    forged = edit("takes orders", "takes bribes").replace(fingerprint(TEXT), "0123456789ab")
    result = await answering.revise(TEXT + forged)
    assert await answering.draft(result) == TEXT + forged
    assert result.answer is None


async def test_edits_where_the_whole_document_was_asked_for_are_applied_and_that_is_the_end(answering: Answering):
    result = await answering.revise(edit("takes orders", "ships orders") + edit("nowhere", "x"), "whole")
    assert await answering.draft(result) == TEXT.replace("takes orders", "ships orders")
    assert result.answer is None
