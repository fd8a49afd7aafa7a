"""Fetches what agents read and lays out what they are sent. Reads the work container, calls nobody."""

import asyncio
import json
from collections.abc import Sequence

from shared.catalogue import catalogue
from shared.checks import Finding
from shared.contracts import AgentRequest, BlobRef, Document
from shared.prompts import Assignment, Prompt, Reading, Revision, Text, compose, reading_of
from shared.services import Services


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


async def _revision(services: Services, request: AgentRequest) -> Revision | None:
    if request.previous is None or request.findings is None:
        return None
    agent = catalogue()[request.agent]
    text, listed = await asyncio.gather(services.blobs.fetch(request.previous), services.blobs.fetch(request.findings))
    findings = [Finding.from_dict(item) for item in json.loads(listed)]
    own = [finding for finding in findings if finding.deliverable == agent.deliverable]
    return Revision(Text(agent.deliverable, text, agent.name), own, catalogue().revision)
