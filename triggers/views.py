"""What callers see of a run: Durable state and work blobs as the JSON of SPEC.md section 6. Our own URLs only."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from durabletask.client import OrchestrationState

from shared.blobs import WORK, BlobStore
from shared.contracts import Claim, FileEntry, RunResult, Usage
from triggers.intake import status_of


async def run_view(blobs: BlobStore, claim: Claim, state: OrchestrationState | None) -> dict[str, Any]:
    """One run in full. `files` is complete once the run has ended."""
    run = claim.run
    progress = _progress(state)
    result = _result(state)
    agents = [_agent_view(row) for row in progress.get("agents", [])] or _waiting(claim)
    files = await _files(blobs, result)
    return {
        **_head(claim, state),
        "prd": {"name": run.prd_name, "etag": run.prd_etag, "sha256": run.prd.sha256, "size": run.prd.size},
        "options": {"stack": run.options.stack, "db": run.options.db, "output": run.options.output},
        "phase": progress.get("phase", 0),
        "folder": progress.get("folder"),
        "agents": agents,
        "usage": _usage(result, agents),
        "findings": result.findings if result else 0,
        "files": [asdict(entry) | {"url": file_url(run.run_id, entry.path)} for entry in files],
        "error": _error(state, agents),
        "links": links(run.run_id),
    }


def run_summary(claim: Claim, state: OrchestrationState | None) -> dict[str, Any]:
    """One run in a list."""
    return _head(claim, state) | {"prd": claim.run.prd_name, "links": links(claim.run.run_id)}


def links(run_id: str) -> dict[str, str]:
    """Absolute-path references, so that they hold behind any gateway."""
    return {"self": f"/api/runs/{run_id}", "files": f"/api/runs/{run_id}/files", "cancel": f"/api/runs/{run_id}"}


def file_url(run_id: str, path: str) -> str:
    """Where a file of the run is served."""
    return f"/api/runs/{run_id}/files/{quote(path)}"


async def pack_files(blobs: BlobStore, state: OrchestrationState | None) -> list[FileEntry]:
    """The files of a run that has ended; empty before."""
    return await _files(blobs, _result(state))


def _head(claim: Claim, state: OrchestrationState | None) -> dict[str, Any]:
    updated = iso(state.last_updated_at) if state else claim.created_at
    return {
        "id": claim.run.run_id,
        "status": status_of(state),
        "project": claim.run.project,
        "title": claim.run.title,
        "created_at": claim.created_at,
        "updated_at": updated,
    }


def _progress(state: OrchestrationState | None) -> dict[str, Any]:
    return json.loads(state.serialized_custom_status) if state and state.serialized_custom_status else {}


def _result(state: OrchestrationState | None) -> RunResult | None:
    if state is None or not state.serialized_output:
        return None
    output: object = json.loads(state.serialized_output)
    return RunResult.from_dict(cast(Any, output)) if isinstance(output, dict) else None


async def _files(blobs: BlobStore, result: RunResult | None) -> list[FileEntry]:
    if result is None or result.files is None:
        return []
    data, _ = await blobs.read(WORK, result.files.name)
    return [FileEntry.from_dict(entry) for entry in json.loads(data)]


def _agent_view(row: dict[str, Any]) -> dict[str, Any]:
    shown = {key: row[key] for key in ("agent", "task", "deliverable", "state", "input_tokens", "output_tokens")}
    return shown | {"seconds": _seconds(row), "file": row["file"], "error": row["error"]}


def _waiting(claim: Claim) -> list[dict[str, Any]]:
    blank = {"state": "waiting", "input_tokens": 0, "output_tokens": 0, "seconds": 0.0, "file": None, "error": None}
    return [
        {"agent": call.agent, "task": call.task, "deliverable": call.deliverable, **blank} for call in claim.run.calls
    ]


def _seconds(row: dict[str, Any]) -> float:
    if not row["started"]:
        return 0.0
    end = datetime.fromisoformat(row["ended"]) if row["ended"] else datetime.now(UTC)
    return round(max(0.0, (end - datetime.fromisoformat(row["started"])).total_seconds()), 1)


def _usage(result: RunResult | None, agents: list[dict[str, Any]]) -> dict[str, Any]:
    if result is not None:
        return result.usage.to_dict()
    so_far = Usage(
        calls=sum(agent["output_tokens"] > 0 for agent in agents),
        input_tokens=sum(agent["input_tokens"] for agent in agents),
        output_tokens=sum(agent["output_tokens"] for agent in agents),
    )
    return so_far.to_dict()


def _error(state: OrchestrationState | None, agents: list[dict[str, Any]]) -> str | None:
    failed = [f"{agent['deliverable']} ({agent['agent']}): {agent['error']}" for agent in agents if agent["error"]]
    if failed:
        return "; ".join(failed)[:2_000]
    if status_of(state) != "failed" or state is None or state.failure_details is None:
        return None
    return "The run itself failed: " + state.failure_details.message.split("\n")[0][:500]


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC; the engine gives moments without a zone."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat(timespec="milliseconds")
