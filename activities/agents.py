"""One activity for every agent of the catalogue, each under its own name: one call to Claude, one draft.

The finished call is kept in the work container before the activity returns: a repetition (activities run at least
once) finds it there and pays nothing.
"""

import asyncio
import json
import logging

import azure.durable_functions as df

from activities.entry import activity
from shared.blobs import WORK
from shared.catalogue import catalogue
from shared.contracts import AgentRequest, AgentResult, BlobRef, Failure, Usage
from shared.errors import CallRefused, NotFound
from shared.prompts import Assignment, Prompt, Text, compose
from shared.services import Services

log = logging.getLogger(__name__)
bp = df.Blueprint()


async def call_agent(services: Services, request: AgentRequest) -> AgentResult:
    """Make one agent call and keep its draft. A final refusal is a result; a passing fault is raised."""
    kept = f"{request.run_id}/calls/{request.agent}-{request.task}.json"
    finished = await _finished(services, kept)
    if finished is not None:
        return finished
    prompt = await _prompt(services, request)
    settings = services.settings
    claude = await services.claude()
    try:
        answer = await claude.write(prompt, model=settings.model, max_tokens=settings.max_output_tokens)
    except CallRefused as refused:
        log.error("run=%s agent=%s refused: %s", request.run_id, request.agent, refused.detail)
        return AgentResult(Usage(), settings.model, failure=Failure(refused.code, refused.detail, refused.mend))
    log.info("run=%s agent=%s task=%s request=%s", request.run_id, request.agent, request.task, answer.request_id)
    draft = await services.blobs.write(
        WORK,
        f"{request.run_id}/drafts/{request.agent}-{request.task}.md",
        _as_bytes(answer.text),
        "text/markdown",
    )
    result = AgentResult(answer.usage, answer.model, draft)
    await services.blobs.write(WORK, kept, json.dumps(result.to_dict()).encode(), "application/json")
    return result


async def _finished(services: Services, name: str) -> AgentResult | None:
    try:
        data, _ = await services.blobs.read(WORK, name)
    except NotFound:
        return None
    return AgentResult.from_dict(json.loads(data))


def _as_bytes(text: str) -> bytes:
    return (text.strip() + "\n").encode()


async def _prompt(services: Services, request: AgentRequest) -> Prompt:
    agents = catalogue()
    agent = agents[request.agent]
    references: list[BlobRef] = [request.prd, *(document.ref for document in request.documents)]
    prd, *contents = await asyncio.gather(*map(services.blobs.fetch, references))
    documents = [
        Text(document.name, content, document.agent)
        for document, content in zip(request.documents, contents, strict=True)
    ]
    assignment = Assignment(agent, agent.tasks[request.task], request.project, request.stack, request.db)
    return compose(agents.system, Text(request.prd_name, prd), documents, assignment)


for _agent in catalogue().agents.values():
    activity(bp, name=_agent.activity)(call_agent)
