"""Says in JSON what MANIFEST.md says in Markdown, for automation. Pure: outcomes and facts in, plain JSON values out.

Its shape is docs/manifest.schema.json. Within `manifest/1` fields are only ever added; a consumer ignores those it does
not know.
"""

import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from shared.agents import Catalogue
from shared.contracts import Call, Finding, ManifestRequest, Outcome, errors_and_warnings, not_judged
from shared.formats import markdown
from shared.formats.located_yaml import UnreadableYamlError
from shared.formats.openapi import Contract, Operation, read_contract
from shared.formats.openapi_objects import mapping, text_of
from shared.pack.changes_file import PackChanges
from shared.pack.extraction import CONTRACT_FILE, ExtractedFile
from shared.pack.ledger import Ledger
from shared.pack.report.verdict import verdict_json
from shared.pack.verdict import NOTHING, Checked, Verdict
from shared.prd import Suspicion
from shared.runs import accounting_json, base_json, plan_of

SCHEMA = "manifest/1"

type Json = dict[str, Any]


@dataclass(frozen=True)
class PackFile:
    """A file beside the manifest: its path relative to the project folder, size in bytes, SHA-256 in hex.

    `deliverable` and `line` name the block it was taken from; they are None for files computed from the whole pack.
    """

    path: str
    size: int
    sha256: str
    deliverable: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, path: str, content: bytes) -> "PackFile":
        """The entry for a file made from the whole pack, such as ledger.csv."""
        return cls(path, len(content), hashlib.sha256(content).hexdigest())

    @classmethod
    def of_extracted(cls, file: ExtractedFile) -> "PackFile":
        """The entry for a block that became a file."""
        content = file.content.encode()
        return cls(file.path, len(content), hashlib.sha256(content).hexdigest(), file.deliverable, file.line)


@dataclass(frozen=True)
class ManifestFacts:
    """What the run made besides its outcomes.

    `sections` are the orchestrator agent's answers by task, `findings` all of them (of deliverables, across documents,
    of extraction), `files` all files beside the manifest but the two manifests, `contract` the text of openapi.yaml,
    `suspicions` the PRD's passages that speak to the pipeline, `checked` which checks were made, `changes` what became
    of the earlier pack that the run went on from.
    """

    sections: Mapping[str, str] = field(default_factory=dict[str, str])
    findings: tuple[Finding, ...] = ()
    files: tuple[PackFile, ...] = ()
    contract: str | None = None
    ledger: Ledger | None = None
    suspicions: tuple[Suspicion, ...] = ()
    checked: Checked = NOTHING
    changes: PackChanges | None = None


def manifest_json(request: ManifestRequest, facts: ManifestFacts, catalogue: Catalogue) -> Json:
    """The manifest as JSON values; `json.dumps` gives the file."""
    run, folders = request.run, request.folders
    manifest: Json = {
        "schema": SCHEMA,
        "status": request.status,
        "verdict": Verdict(request, facts.findings, facts.ledger, facts.checked).to_json(),
        "run": {
            "id": run.run_id,
            "project": folders.project,
            "title": run.title,
            "stamp": folders.stamp,
            "started": request.started,
            "written": request.written,
        },
        "prd": {"name": run.prd_name, "etag": run.prd_etag, "size": run.prd.size, "sha256": run.prd.sha256}
        | ({"converted": asdict(run.converted)} if run.converted else {}),
        "options": asdict(run.options),
        "folders": {"project": folders.project_folder, "agents": folders.agents_root},
        "plan": plan_of(run).to_dict(),
        "base": base_json(run.base) if run.base else None,
        "changes": facts.changes.to_json() if facts.changes else None,
        "deliverables": list(_deliverables(request, facts, catalogue)),
        "missing": list(_missing(request)),
        "files": [_file(request, file) for file in facts.files],
        "api": _api(facts.contract),
        "sections": _sections(request, facts, catalogue),
        "ledger": _ledger(facts.ledger),
        "findings": [asdict(finding) for finding in errors_and_warnings(facts.findings)],
        "not_judged": [_unjudged(finding) for finding in not_judged(facts.findings)],
        "suspicions": [asdict(each) for each in facts.suspicions],
        "unchecked": _unchecked(request),
        "accounting": accounting_json(request),
    }
    manifest["verdict"] |= verdict_json(manifest)
    return manifest


def _with_outcomes(request: ManifestRequest) -> Iterator[tuple[Call, Outcome]]:
    """Every planned call with how it ended, in planned order."""
    outcomes = {outcome.key: outcome for outcome in request.outcomes}
    return ((call, outcomes[call.key]) for call in request.run.calls)


def _deliverables(request: ManifestRequest, facts: ManifestFacts, catalogue: Catalogue) -> Iterator[Json]:
    for call, outcome in _with_outcomes(request):
        if call.task != "draft":
            continue
        file = outcome.file
        findings = _tally(facts.findings, call.deliverable)
        yield {
            "agent": call.agent,
            "title": catalogue[call.agent].title,
            "name": call.deliverable,
            "state": _state(request, outcome),
            "passed": not findings["errors"] and not request.across.failure if file else None,
            "path": file.path if file else None,
            "link": _link(request, file.path) if file else None,
            "size": file.size if file else None,
            "sha256": file.sha256 if file else None,
            "revisions": outcome.revisions,
            "carried_from": carried_from(request, outcome),
            "findings": findings,
        }


def carried_from(request: ManifestRequest, outcome: Outcome) -> str | None:
    """The earlier run whose text this still is, to the byte; None where the run wrote it."""
    base = request.run.base
    earlier = base.text_of(outcome.key) if base else None
    is_same = earlier and outcome.draft and earlier.text.sha256 == outcome.draft.sha256
    return base.run_id if base and is_same else None


def _tally(findings: tuple[Finding, ...], deliverable: str) -> Json:
    own = [finding.severity for finding in findings if finding.deliverable == deliverable]
    return {"errors": own.count("error"), "warnings": own.count("warning"), "not_judged": own.count("unjudged")}


def _unjudged(finding: Finding) -> Json:
    return {name: value for name, value in asdict(finding).items() if name != "mend"}


def _state(request: ManifestRequest, outcome: Outcome) -> str:
    """`waiting` holds only while the run goes on."""
    return "not_reached" if outcome.state == "waiting" and request.status != "running" else outcome.state


def _link(request: ManifestRequest, path: str) -> str:
    """`path` as seen from the manifest's folder."""
    return posixpath.relpath(path, request.folders.project_folder)


def _missing(request: ManifestRequest) -> Iterator[Json]:
    """What a run that has ended did not bring about; nothing while it goes on."""
    if request.status == "running":
        return
    for call, outcome in _with_outcomes(request):
        if outcome.state != "done" or outcome.failure:  # a text that is there may lack its revision
            yield {
                "deliverable": call.deliverable,
                "agent": call.agent,
                "task": call.task,
                "state": _state(request, outcome),
                "failure": asdict(outcome.failure) if outcome.failure else None,
            }


def _file(request: ManifestRequest, file: PackFile) -> Json:
    return {
        "path": posixpath.join(request.folders.project_folder, file.path),
        "link": file.path,
        "size": file.size,
        "sha256": file.sha256,
        "deliverable": file.deliverable,
        "line": file.line,
    }


def _api(source: str | None) -> Json:
    """The contract's operations in its order; None where there is no contract that can be read."""
    contract = _read(source) if source is not None else None
    if contract is None:
        return {
            "contract": CONTRACT_FILE if source is not None else None,
            "version": None,
            "operations": None,
        }
    version = text_of(mapping(contract.document.get("info")).get("version"))
    operations = [_operation(operation) for operation in contract.operations]
    return {"contract": CONTRACT_FILE, "version": version or None, "operations": operations}


def _read(source: str) -> Contract | None:
    try:
        return read_contract(markdown.Fence("yaml", 0, source, closed=True))
    except UnreadableYamlError:
        return None


def _operation(operation: Operation) -> Json:
    return {
        "method": operation.method,
        "path": operation.path,
        "operation_id": operation.operation_id or None,
        "summary": text_of(operation.node.get("summary")) or None,
        "open": operation.is_open,
    }


def _sections(request: ManifestRequest, facts: ManifestFacts, catalogue: Catalogue) -> Json:
    """The orchestrator agent's sections by title, as Markdown; None for one that is not written."""
    found: Json = {}
    for call in request.run.calls:
        if call.task == "draft":
            continue
        written = {one.title: one.body for one in markdown.sections(facts.sections.get(call.task, ""))}
        found |= {title: written.get(title) or None for title in catalogue[call.agent].tasks[call.task].sections}
    return found


def _ledger(ledger: Ledger | None) -> Json | None:
    if ledger is None:
        return None
    return {
        "coverage": asdict(ledger.coverage),
        "rows": [{key: _plain(value) for key, value in row.items()} for row in ledger.to_rows()],
        "unknown_ids": [asdict(one) for one in ledger.unknown],
    }


def _plain(value: Any) -> Any:
    """Evidence comes in tuples, which JSON does not have."""
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value


def _unchecked(request: ManifestRequest) -> Json | None:
    """Why the documents were not held against each other, where that could not be done."""
    return asdict(request.across.failure) if request.across.failure else None
