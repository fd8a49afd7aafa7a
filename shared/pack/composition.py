"""Composes a run's project folder: extracted files, ledger, report, both manifests. Pure: texts and outcomes in.

The report is rendered by `shared/pack/report/` from what was composed, elsewhere and in its own time, and then
registered like any other file: `compose_pack`, `report_input`, `with_report`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.agents import Catalogue
from shared.contracts import Finding, ManifestRequest, Registry
from shared.pack.changes_file import PackChanges, pack_changes, render_changes
from shared.pack.extraction import CONTRACT_FILE, ExtractedFile, extract_files
from shared.pack.incremental import Weighed
from shared.pack.ledger import build_ledger
from shared.pack.manifest import Written, render_manifest
from shared.pack.manifest_json import ManifestFacts, PackFile, manifest_json
from shared.pack.registration import registry
from shared.pack.report import ReportInput
from shared.pack.verdict import NOTHING, Checked, Verdict
from shared.prd import suspicions
from shared.prd.requirements import extract_requirements, traced

MANIFEST, MANIFEST_JSON, LEDGER, PRD = "MANIFEST.md", "manifest.json", "ledger.csv", "prd.md"
REPORT, CHANGES = "report.html", "CHANGES.md"


@dataclass(frozen=True)
class EarlierMaterial:
    """The pack that a run went on from: its documents by name, and what the PRD changed since."""

    documents: Mapping[str, str]
    weighed: Weighed


@dataclass(frozen=True)
class Material:
    """What a run has gathered by its end.

    `documents` are the published deliverables by name, `prd` is its text, `sections` are the orchestrator agent's
    answers by task, `findings` and `first_findings` those at the end and before any revision, `checked` says which
    checks were made, `earlier` is what the run went on from.
    """

    documents: Mapping[str, str]
    prd: str
    sections: dict[str, str]
    findings: list[Finding]
    first_findings: list[Finding]
    checked: Checked = NOTHING
    earlier: EarlierMaterial | None = None


@dataclass(frozen=True)
class ComposedPack:
    """The project folder: content by path relative to it, MANIFEST.md included, all findings of the pack, and what the
    manifest says of it: how the run ended, and the lines of the verdict. `facts` are what both manifests are written
    from; None while the run goes on."""

    files: dict[str, bytes]
    findings: list[Finding]
    status: str
    verdict: tuple[str, ...]
    facts: ManifestFacts | None = None


def begin_pack(request: ManifestRequest, sections: dict[str, str], catalogue: Catalogue) -> ComposedPack:
    """What lies in the project folder while the run goes on: the manifest alone."""
    manifest = render_manifest(request, Written(sections), catalogue).encode()
    return ComposedPack({MANIFEST: manifest}, [], request.status, Verdict(request).lines())


def compose_pack(request: ManifestRequest, material: Material, catalogue: Catalogue) -> ComposedPack:
    """Everything that lies in the project folder when the run has ended, but for the report."""
    extraction = extract_files(material.documents)
    ledger = build_ledger(traced(extract_requirements(material.prd)), material.documents)
    files = {file.path: file.content.encode() for file in extraction.files}
    files |= {LEDGER: ledger.to_csv().encode("utf-8-sig"), PRD: material.prd.encode()}
    entries = [PackFile.of_extracted(file) for file in extraction.files]
    entries += [PackFile.of(name, files[name]) for name in (LEDGER, PRD)]
    contract = next((file.content for file in extraction.files if file.path == CONTRACT_FILE), None)
    changes = _changes(material, contract)
    if changes and request.run.base:
        files[CHANGES] = render_changes(changes, request.run.base).encode()
        entries.append(PackFile.of(CHANGES, files[CHANGES]))
    findings = [*material.findings, *extraction.findings]
    request = _judged(request, findings)
    told = suspicions(material.prd)
    facts = ManifestFacts(
        material.sections, tuple(findings), tuple(entries), contract, ledger, told, material.checked, changes
    )
    manifests = _manifests(request, material, facts, catalogue)
    verdict = Verdict(request, tuple(findings), ledger, material.checked).lines()
    return ComposedPack(files | manifests, findings, request.status, verdict, facts)


def _changes(material: Material, contract: str | None) -> PackChanges | None:
    """What became of the earlier pack; None where there was none."""
    if material.earlier is None:
        return None
    earlier: tuple[ExtractedFile, ...] = tuple(extract_files(material.earlier.documents).files)
    before = next((file.content for file in earlier if file.path == CONTRACT_FILE), None)
    documents = (material.earlier.documents, material.documents)
    return pack_changes(material.earlier.weighed.comparison, documents, (before, contract))


def _judged(request: ManifestRequest, findings: list[Finding]) -> ManifestRequest:
    """What only the whole pack shows can still turn a completed run into one with findings."""
    failing = any(finding.severity == "error" for finding in findings)
    return replace(request, status="completed_with_findings") if request.status == "completed" and failing else request


def report_input(material: Material, composed: ComposedPack) -> ReportInput:
    """What the report of a composed pack shows."""
    texts = {path: content.decode() for path, content in composed.files.items() if path != MANIFEST}
    manifest = json.loads(texts.pop(MANIFEST_JSON))
    return ReportInput(manifest, {**material.documents, PRD: texts.pop(PRD)}, texts)


def with_report(
    request: ManifestRequest, material: Material, composed: ComposedPack, page: str, catalogue: Catalogue
) -> ComposedPack:
    """The pack with its report, which both manifests register."""
    assert composed.facts is not None, "a pack that is composed has facts"
    content = page.encode()
    facts = replace(composed.facts, files=(*composed.facts.files, PackFile.of(REPORT, content)))
    judged = _judged(request, composed.findings)
    files = composed.files | {REPORT: content} | _manifests(judged, material, facts, catalogue)
    return replace(composed, files=files, facts=facts)


def _manifests(
    request: ManifestRequest, material: Material, facts: ManifestFacts, catalogue: Catalogue
) -> dict[str, bytes]:
    machine = json.dumps(manifest_json(request, facts, catalogue), ensure_ascii=False, indent=1).encode() + b"\n"
    listed = (PackFile.of(MANIFEST_JSON, machine), *facts.files)
    written = Written(
        material.sections,
        list(facts.findings),
        material.first_findings,
        listed,
        facts.ledger,
        facts.suspicions,
        facts.checked,
    )
    return {MANIFEST_JSON: machine, MANIFEST: render_manifest(request, written, catalogue).encode()}


def registry_of(request: ManifestRequest, material: Material, composed: ComposedPack) -> Registry:
    """The composed manifest and everything that it must register, for the checks."""
    folder = request.folders.project_folder
    everything = {f"{folder}/{path}": content for path, content in composed.files.items() if path != MANIFEST}
    for call, outcome in zip(request.run.calls, request.outcomes, strict=True):
        if outcome.file and call.deliverable in material.documents:
            everything[outcome.file.path] = material.documents[call.deliverable].encode()
    return registry(composed.files[MANIFEST].decode(), f"{folder}/{MANIFEST}", everything)
