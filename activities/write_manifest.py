"""Writes a run's project folder: MANIFEST.md begun in phase 1, and everything else when the run ends."""

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import azure.durable_functions as df

from activities.typed_activity import activity
from shared import telemetry
from shared.agents import catalogue
from shared.checks import PACK_CHECKS, REGISTRY_CHECKS
from shared.contracts import BlobRef, FileEntry, Finding, ManifestRequest, RunResult, errors_and_warnings
from shared.services import Services
from shared.storage import DESIGNS, WORK, BlobStore, content_type, last_packs, live_runs

if TYPE_CHECKING:  # what composes packs is imported at first use: indexing the app composes none
    from shared.pack import Checked, ComposedPack, EarlierMaterial, Material

MANIFEST, MANIFEST_JSON, REPORT = "MANIFEST.md", "manifest.json", "report.html"
COMPLETE = ("completed", "completed_with_findings")
"""Ends of a run whose pack a later run of the project may go on from."""
PAGE = "text/html; charset=utf-8"
"""How storage gives out the report, the one file that a browser shows as a page: nothing in it can act."""
WRITTEN_AT_ONCE = 16

bp = df.Blueprint()


@activity(bp)
async def write_manifest(services: Services, request: ManifestRequest) -> RunResult:
    """Write the project folder and list the whole pack in the work blob `{run_id}/files.json`.

    While the run goes on that is MANIFEST.md alone; at its end also the extracted files, the ledger, manifest.json and
    report.html.
    """
    from shared.pack import begin_pack

    if request.status == "running":
        texts = await _orchestrator_texts(services.blobs, request)
        composed, first = begin_pack(request, texts, catalogue()), list[Finding]()
    else:
        material = replace(await _gather(services.blobs, request), checked=await _checked(services, request))
        composed, first = await _compose(services, request, material), material.first_findings
        composed = await _report(services, request, material, composed)
    files = await _write_files(services.blobs, request, composed)
    listing = json.dumps([entry.to_dict() for entry in files]).encode()
    listed = await services.blobs.write(WORK, f"{request.run.run_id}/files.json", listing, "application/json")
    standing = errors_and_warnings(composed.findings)
    telemetry.run_ended(request, composed.status, errors_and_warnings(first), standing)
    if composed.status in COMPLETE:
        manifest = f"{request.folders.project_folder}/{MANIFEST_JSON}"
        await last_packs.note(services.blobs, request.run.project, request.run.run_id, manifest)
    if request.status != "running":
        await live_runs.leave(services.blobs, request.run.caller, request.run.run_id)
    return RunResult(
        status=composed.status,
        project=request.run.project,
        folder=request.folders.project_folder,
        files=listed,
        usage=sum((outcome.usage for outcome in request.outcomes), request.warming),
        findings=len(standing),
        not_judged=len(composed.findings) - len(standing),
        verdict=composed.verdict,
    )


async def _compose(services: Services, request: ManifestRequest, material: "Material") -> "ComposedPack":
    """The project folder; what its manifest gets wrong about the pack is a finding like any other."""
    from shared.pack import compose_pack, registry_of

    composed = await services.cores.run(compose_pack, request, material, catalogue())
    registry = await services.cores.run(registry_of, request, material, composed)
    wrong = await services.checker.check(REGISTRY_CHECKS, registry)
    if not wrong:
        return composed
    with_own = replace(material, findings=material.findings + wrong)
    return await services.cores.run(compose_pack, request, with_own, catalogue())


async def _report(
    services: Services, request: ManifestRequest, material: "Material", composed: "ComposedPack"
) -> "ComposedPack":
    """The pack with its report, which is rendered outside of this process: it reads every document through."""
    from shared.pack import report_input, with_report

    given = await services.cores.run(report_input, material, composed)
    page = await services.checker.report(given)
    return await services.cores.run(with_report, request, material, composed, page, catalogue())


async def _write_files(blobs: BlobStore, request: ManifestRequest, composed: "ComposedPack") -> list[FileEntry]:
    """Write the project folder, the manifest last; the listing has it first, then the deliverables."""
    places = asyncio.Semaphore(WRITTEN_AT_ONCE)

    async def write(path: str, content: bytes) -> FileEntry:
        async with places:
            target = f"{request.folders.project_folder}/{path}"
            kind = PAGE if path == REPORT else content_type(path)
            written = await blobs.write(DESIGNS, target, content, kind)
            return FileEntry(target, written.size, written.sha256)

    others = sorted(path for path in composed.files if path != MANIFEST)
    extracted = await asyncio.gather(*(write(path, composed.files[path]) for path in others))
    manifest = await write(MANIFEST, composed.files[MANIFEST])
    return [manifest, *(outcome.file for outcome in request.outcomes if outcome.file), *extracted]


async def _checked(services: Services, request: ManifestRequest) -> "Checked":
    """The checks of the documents that were written, across them, and of the manifest itself."""
    from shared.pack import Checked

    written = {outcome.key for outcome in request.outcomes if outcome.draft}
    agents = [catalogue()[call.agent] for call in request.run.calls if call.key in written]
    own = dict.fromkeys(name for agent in agents for name in agent.checks)
    across = () if request.across.failure or not agents else PACK_CHECKS
    names = (*own, *across, *REGISTRY_CHECKS)
    return Checked(names, await services.checker.count_rules(names))


async def _gather(blobs: BlobStore, request: ManifestRequest) -> "Material":
    from shared.pack import Material

    published = {
        call.deliverable: outcome.draft
        for call, outcome in zip(request.run.calls, request.outcomes, strict=True)
        if outcome.file and outcome.draft
    }
    prd, *texts = await asyncio.gather(*map(blobs.fetch, (request.run.prd, *published.values())))
    return Material(
        earlier=await _earlier(blobs, request),
        documents=dict(zip(published, texts, strict=True)),
        prd=prd,
        sections=await _orchestrator_texts(blobs, request),
        findings=await _findings(blobs, _last_findings(request)),
        first_findings=await _findings(blobs, _first_findings(request)),
    )


async def _earlier(blobs: BlobStore, request: ManifestRequest) -> "EarlierMaterial | None":
    """The pack that the run went on from, and what the PRD changed since."""
    from shared.pack import EarlierMaterial, Weighed

    base = request.run.base
    if base is None:
        return None
    drafts = {call.key: call.deliverable for call in request.run.calls if call.task == "draft"}
    kept = [text for text in base.texts if text.key in drafts]
    told, *texts = await asyncio.gather(*map(blobs.fetch, (base.changes, *(text.text for text in kept))))
    documents = {drafts[text.key]: content for text, content in zip(kept, texts, strict=True)}
    return EarlierMaterial(documents, Weighed.from_dict(json.loads(told)))


async def _orchestrator_texts(blobs: BlobStore, request: ManifestRequest) -> dict[str, str]:
    """What the orchestrator agent wrote, by task."""
    own = [call for call in request.run.calls if call.agent == "orchestrator"]
    drafts = {outcome.key: outcome.draft for outcome in request.outcomes if outcome.draft}
    found = [(call.task, drafts[call.key]) for call in own if call.key in drafts]
    texts = await asyncio.gather(*(blobs.fetch(ref) for _, ref in found))
    return {task: text for (task, _), text in zip(found, texts, strict=True)}


def _last_findings(request: ManifestRequest) -> list[BlobRef | None]:
    return [*(outcome.findings for outcome in request.outcomes), request.across.findings]


def _first_findings(request: ManifestRequest) -> list[BlobRef | None]:
    return [*(outcome.first_findings for outcome in request.outcomes), request.first_across.findings]


async def _findings(blobs: BlobStore, references: list[BlobRef | None]) -> list[Finding]:
    texts = await asyncio.gather(*(blobs.fetch(ref) for ref in references if ref))
    return [Finding.from_dict(item) for text in texts for item in cast(list[Any], json.loads(text))]
