"""Holds all documents of a run against each other and against the PRD."""

import asyncio
import json
from collections.abc import Sequence

import azure.durable_functions as df

from activities.typed_activity import activity
from shared.checks import PACK_CHECKS, Pack, PackDocument
from shared.contracts import Finding, PackCheckRequest, PackCheckResult, Tally, errors_and_warnings
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
    judgement = await services.checker.judge(PACK_CHECKS, pack)
    findings, references = judgement.findings, judgement.references
    if not findings:
        return PackCheckResult(references=references)
    name = f"{request.run_id}/findings/pack-{request.round}.json"
    body = json.dumps([finding.to_dict() for finding in findings], indent=1).encode()
    kept = await services.blobs.write(WORK, name, body, "application/json")
    return PackCheckResult(_tallies(findings), kept, references=references)


def _tallies(findings: Sequence[Finding]) -> tuple[Tally, ...]:
    """Of deliverables that have errors or warnings; what was not judged asks nobody for anything."""
    names = sorted({finding.deliverable for finding in errors_and_warnings(findings)})
    severities = {name: [finding.severity for finding in findings if finding.deliverable == name] for name in names}
    return tuple(Tally(name, found.count("error"), found.count("warning")) for name, found in severities.items())
