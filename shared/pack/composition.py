"""Composes a run's project folder: extracted files, ledger, both manifests. Pure: texts and outcomes in, bytes out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.agents import Catalogue
from shared.contracts import Finding, ManifestRequest, Registry
from shared.pack.extraction import CONTRACT_FILE, extract_files
from shared.pack.ledger import build_ledger
from shared.pack.manifest import Written, render_manifest
from shared.pack.manifest_json import ManifestFacts, PackFile, manifest_json
from shared.pack.registration import registry
from shared.pack.verdict import NOTHING, Checked, Verdict
from shared.prd import suspicions
from shared.prd.requirements import extract_requirements, traced

MANIFEST, MANIFEST_JSON, LEDGER, PRD = "MANIFEST.md", "manifest.json", "ledger.csv", "prd.md"


@dataclass(frozen=True)
class Material:
    """What a run has gathered by its end.

    `documents` are the published deliverables by name, `prd` is its text, `sections` are the orchestrator agent's
    answers by task, `findings` and `first_findings` those at the end and before any revision, `checked` says which
    checks were made.
    """

    documents: Mapping[str, str]
    prd: str
    sections: dict[str, str]
    findings: list[Finding]
    first_findings: list[Finding]
    checked: Checked = NOTHING


@dataclass(frozen=True)
class ComposedPack:
    """The project folder: content by path relative to it, MANIFEST.md included, all findings of the pack, and what the
    manifest says of it: how the run ended, and the lines of the verdict."""

    files: dict[str, bytes]
    findings: list[Finding]
    status: str
    verdict: tuple[str, ...]


def begin_pack(request: ManifestRequest, sections: dict[str, str], catalogue: Catalogue) -> ComposedPack:
    """What lies in the project folder while the run goes on: the manifest alone."""
    manifest = render_manifest(request, Written(sections), catalogue).encode()
    return ComposedPack({MANIFEST: manifest}, [], request.status, Verdict(request).lines())


def compose_pack(request: ManifestRequest, material: Material, catalogue: Catalogue) -> ComposedPack:
    """Everything that lies in the project folder when the run has ended."""
    extraction = extract_files(material.documents)
    ledger = build_ledger(traced(extract_requirements(material.prd)), material.documents)
    files = {file.path: file.content.encode() for file in extraction.files}
    files |= {LEDGER: ledger.to_csv().encode("utf-8-sig"), PRD: material.prd.encode()}
    entries = [PackFile.of_extracted(file) for file in extraction.files]
    entries += [PackFile.of(name, files[name]) for name in (LEDGER, PRD)]
    findings = [*material.findings, *extraction.findings]
    request, checked = _judged(request, findings), material.checked
    suspicious = suspicions(material.prd)
    contract = next((file.content for file in extraction.files if file.path == CONTRACT_FILE), None)

    facts = ManifestFacts(material.sections, tuple(findings), tuple(entries), contract, ledger, suspicious, checked)
    machine = json.dumps(manifest_json(request, facts, catalogue), ensure_ascii=False, indent=1).encode() + b"\n"
    listed = (PackFile.of(MANIFEST_JSON, machine), *entries)
    written = Written(material.sections, findings, material.first_findings, listed, ledger, suspicious, checked)
    both = {MANIFEST_JSON: machine, MANIFEST: render_manifest(request, written, catalogue).encode()}
    verdict = Verdict(request, tuple(findings), ledger, checked).lines()
    return ComposedPack(files | both, findings, request.status, verdict)


def _judged(request: ManifestRequest, findings: list[Finding]) -> ManifestRequest:
    """What only the whole pack shows can still turn a completed run into one with findings."""
    failing = any(finding.severity == "error" for finding in findings)
    return replace(request, status="completed_with_findings") if request.status == "completed" and failing else request


def registry_of(request: ManifestRequest, material: Material, composed: ComposedPack) -> Registry:
    """The composed manifest and everything that it must register, for the checks."""
    folder = request.folders.project_folder
    everything = {f"{folder}/{path}": content for path, content in composed.files.items() if path != MANIFEST}
    for call, outcome in zip(request.run.calls, request.outcomes, strict=True):
        if outcome.file and call.deliverable in material.documents:
            everything[outcome.file.path] = material.documents[call.deliverable].encode()
    return registry(composed.files[MANIFEST].decode(), f"{folder}/{MANIFEST}", everything)
