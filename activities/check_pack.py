"""Holds all documents of a run against each other and against the PRD."""

import asyncio
import json

import azure.durable_functions as df

from activities.entry import activity
from shared.checks import PACK_CHECKS, Pack, PackDocument
from shared.contracts import Finding, PackCheckRequest, PackCheckResult, Tally
from shared.services import Services
from shared.storage import WORK

bp = df.Blueprint()


@activity(bp)
async def check_pack(services: Services, request: PackCheckRequest) -> PackCheckResult:
    """Run every check across documents; findings name the deliverable that must change."""
    references = [request.prd, *(document.ref for document in request.documents)]
    prd, *texts = await asyncio.gather(*map(services.blobs.fetch, references))
    documents = [PackDocument(document.name, text) for document, text in zip(request.documents, texts, strict=True)]
    pack = Pack(tuple(documents), prd, request.stack, request.db)
    findings = await services.checker.check(PACK_CHECKS, pack)
    if not findings:
        return PackCheckResult()
    name = f"{request.run_id}/findings/pack-{request.round}.json"
    body = json.dumps([finding.to_dict() for finding in findings], indent=1).encode()
    return PackCheckResult(_tallies(findings), await services.blobs.write(WORK, name, body, "application/json"))


def _tallies(findings: list[Finding]) -> tuple[Tally, ...]:
    names = sorted({finding.deliverable for finding in findings})
    severities = {name: [finding.severity for finding in findings if finding.deliverable == name] for name in names}
    return tuple(Tally(name, found.count("error"), found.count("warning")) for name, found in severities.items())
