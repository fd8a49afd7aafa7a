"""Fetches the documents that an agent reads and composes its prompt. Reads the work container only."""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.agents import Assignment, Prompt, Reading, Revision, Text, catalogue, compose, reading_of
from shared.contracts import BY_EDITS, WHOLE, AgentRequest, BlobRef, Document, Finding
from shared.services import Services

if TYPE_CHECKING:
    from shared.pack import Revised


async def read(services: Services, prd: BlobRef, documents: Sequence[Document]) -> Reading:
    """The same bytes for every call with the same PRD and documents."""
    text, *contents = await asyncio.gather(
        *(services.blobs.fetch(ref) for ref in (prd, *(document.ref for document in documents)))
    )
    named = zip(documents, contents, strict=True)
    texts = [Text(document.name, content, document.agent) for document, content in named]
    return await services.cores.run(reading_of, text, texts)  # a long PRD takes seconds to read


async def prompt_of(services: Services, request: AgentRequest) -> Prompt:
    """What an agent is sent. Nothing in it tells one run from another that asks the same."""
    reading = await read(services, request.prd, request.documents)
    return compose(reading, assignment_of(request), await _revision(services, request))


def assignment_of(request: AgentRequest) -> Assignment:
    """What the agent is asked for."""
    agent = catalogue()[request.agent]
    return Assignment(agent, agent.tasks[request.task], request.project, request.stack, request.db)


async def revised(services: Services, request: AgentRequest, answer: str) -> "Revised | None":
    """What an answer makes of the text that it revises; None where a document was asked for and came."""
    from shared.pack import has_edits, revise  # here: indexing reads no document

    if request.previous is None or not request.form:
        return None
    previous = await services.blobs.fetch(request.previous)
    if request.form == WHOLE and not has_edits(previous, answer):
        return None
    earlier = [await services.blobs.fetch(request.answer)] if request.answer else []
    return await asyncio.to_thread(revise, previous, [*earlier, answer])


async def _revision(services: Services, request: AgentRequest) -> Revision | None:
    lists = [reference for reference in (request.findings, request.across) if reference]
    if request.previous is not None and request.changes is not None:
        return await _update(services, request, request.previous, request.changes)
    if request.previous is None or not lists:
        return None
    agent = catalogue()[request.agent]
    text, *listed = await asyncio.gather(*map(services.blobs.fetch, (request.previous, *lists)))
    findings = [Finding.from_dict(item) for items in listed for item in json.loads(items)]
    own = [finding for finding in findings if finding.deliverable == agent.deliverable]
    return Revision(
        Text(agent.deliverable, text, agent.name),
        own,
        catalogue().revision,
        by_edits=request.form in BY_EDITS,
        refused=await _refused(services, text, request),
    )


async def _update(services: Services, request: AgentRequest, previous: BlobRef, changes: BlobRef) -> Revision:
    """What an agent is told when an earlier run's text is to follow its PRD."""
    from shared.pack import Weighed, in_words_for  # here: indexing reads no document

    agent = catalogue()[request.agent]
    text, told = await asyncio.gather(*map(services.blobs.fetch, (previous, changes)))
    weighed = Weighed.from_dict(json.loads(told))
    return Revision(
        Text(agent.deliverable, text, agent.name),
        [],
        catalogue().revision,
        by_edits=request.form in BY_EDITS,
        refused=await _refused(services, text, request),
        changes=in_words_for(agent.deliverable, weighed, request.moved) or "(nothing but the form of the PRD)",
    )


async def _refused(services: Services, previous: str, request: AgentRequest) -> str:
    """The edits of an earlier answer that do not apply, as its agent is told of them."""
    from shared.pack import in_list, revise  # here: indexing reads no document

    if request.answer is None:
        return ""
    earlier = await asyncio.to_thread(revise, previous, [await services.blobs.fetch(request.answer)])
    return in_list(earlier.refused)
