"""Writes MANIFEST.md: begun in phase 1 with placeholders, final when the run ends."""

import asyncio
import json
from typing import Any, cast

import azure.durable_functions as df

from activities.entry import activity
from shared.blobs import DESIGNS, WORK, BlobStore
from shared.catalogue import catalogue
from shared.checks import Finding
from shared.contracts import FileEntry, ManifestRequest, Outcome, RunResult, Usage
from shared.manifest import Written, render_manifest
from shared.services import Services

bp = df.Blueprint()


@activity(bp)
async def write_manifest(services: Services, request: ManifestRequest) -> RunResult:
    """Render the manifest, write it, and list the whole pack in the work blob `{run_id}/files.json`."""
    written = Written(
        sections=await _orchestrator_texts(services.blobs, request),
        findings=await _findings(services.blobs, request.outcomes),
    )
    text = render_manifest(request, written, catalogue())
    path = f"{request.folders.project_folder}/MANIFEST.md"
    manifest = await services.blobs.write(DESIGNS, path, text.encode(), "text/markdown; charset=utf-8")
    files = [FileEntry(path, manifest.size, manifest.sha256)]
    files += [outcome.file for outcome in request.outcomes if outcome.file]
    listing = json.dumps([entry.to_dict() for entry in files]).encode()
    return RunResult(
        status=request.status,
        project=request.run.project,
        folder=request.folders.project_folder,
        files=await services.blobs.write(WORK, f"{request.run.run_id}/files.json", listing, "application/json"),
        usage=sum((outcome.usage for outcome in request.outcomes), Usage()),
        findings=sum(outcome.errors + outcome.warnings for outcome in request.outcomes),
    )


async def _orchestrator_texts(blobs: BlobStore, request: ManifestRequest) -> dict[str, str]:
    """What the orchestrator agent wrote, by task."""
    own = [call for call in request.run.calls if call.agent == "orchestrator"]
    drafts = {outcome.key: outcome.draft for outcome in request.outcomes if outcome.draft}
    found = [(call.task, drafts[call.key]) for call in own if call.key in drafts]
    texts = await asyncio.gather(*(blobs.fetch(ref) for _, ref in found))
    return {task: text for (task, _), text in zip(found, texts, strict=True)}


async def _findings(blobs: BlobStore, outcomes: tuple[Outcome, ...]) -> list[Finding]:
    references = [outcome.findings for outcome in outcomes if outcome.findings]
    texts = await asyncio.gather(*map(blobs.fetch, references))
    return [Finding.from_dict(item) for text in texts for item in cast(list[Any], json.loads(text))]
