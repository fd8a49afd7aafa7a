"""Holds one draft against its agent's checks."""

import asyncio
import json

import azure.durable_functions as df

from activities.typed_activity import activity
from shared.agents import catalogue
from shared.checks import Context
from shared.contracts import CheckRequest, CheckResult
from shared.services import Services
from shared.storage import WORK

bp = df.Blueprint()


@activity(bp)
async def check_deliverable(services: Services, request: CheckRequest) -> CheckResult:
    """Run the agent's checks on the draft that `request` refers to; the findings go into a work blob."""
    from shared.pack import facts_of, gist_of  # here: indexing reads no document

    agent = catalogue()[request.agent]
    text, prd = await asyncio.gather(services.blobs.fetch(request.draft), services.blobs.fetch(request.prd))
    context = Context(
        deliverable=agent.deliverable,
        text=text,
        sections=agent.tasks[request.task].sections,
        whole=request.task == "draft",
        stack=request.stack,
        db=request.db,
        prd=prd,
    )
    findings = await services.checker.check(agent.checks, context)
    facts, gist = await asyncio.to_thread(lambda: (facts_of(text), gist_of(text)))
    if not findings:
        return CheckResult(0, 0, facts=facts, gist=gist)
    severities = [finding.severity for finding in findings]
    name = f"{request.run_id}/findings/{request.agent}-{request.task}-{request.revision}.json"
    body = json.dumps([finding.to_dict() for finding in findings], indent=1).encode()
    kept = await services.blobs.write(WORK, name, body, "application/json")
    return CheckResult(severities.count("error"), severities.count("warning"), kept, facts, gist)
