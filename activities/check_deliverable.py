"""Holds one draft against its agent's checks."""

import asyncio
import json

import azure.durable_functions as df

from activities.entry import activity
from shared import checks
from shared.blobs import WORK
from shared.catalogue import catalogue
from shared.contracts import CheckRequest, CheckResult
from shared.services import Services

bp = df.Blueprint()


@activity(bp)
async def check_deliverable(services: Services, request: CheckRequest) -> CheckResult:
    """Run the agent's checks on the draft that `request` refers to."""
    agent = catalogue()[request.agent]
    task = agent.tasks[request.task]
    context = checks.Context(
        deliverable=agent.deliverable,
        text=await services.blobs.fetch(request.draft),
        sections=task.sections,
        whole=request.task == "draft",
    )
    findings = await asyncio.to_thread(checks.run, agent.checks, context)  # parsing must not hold the event loop
    errors = sum(finding.severity == "error" for finding in findings)
    if not findings:
        return CheckResult(0, 0)
    name = f"{request.run_id}/findings/{request.agent}-{request.task}.json"
    body = json.dumps([finding.to_dict() for finding in findings], indent=1).encode()
    return CheckResult(errors, len(findings) - errors, await services.blobs.write(WORK, name, body, "application/json"))
