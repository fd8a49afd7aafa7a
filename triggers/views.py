"""What callers see of a run: Durable state and work blobs as the JSON of SPEC.md section 6. Our own URLs only."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from durabletask.client import OrchestrationState

from shared.contracts import Claim, FileEntry, RunResult, Usage, WarmResult
from shared.runs import as_number, cost, plan_of, progress_of, status_of, total
from shared.storage import WORK, BlobStore, RunQueue, read_queue


async def run_view(blobs: BlobStore, claim: Claim, state: OrchestrationState | None) -> dict[str, Any]:
    """One run in full. `files` is complete once the run has ended."""
    run = claim.run
    progress = progress_of(state)
    result = _result(state)
    agents = [_agent_view(claim, row) for row in progress.get("agents", [])] or _waiting(claim)
    files = await _files(blobs, result)
    return {
        **_head(claim, state, await _queue_of(blobs, state)),
        "prd": {"name": run.prd_name, "etag": run.prd_etag, "sha256": run.prd.sha256, "size": run.prd.size}
        | {"converted": run.converted.to_dict() if run.converted else None},
        "options": {"stack": run.options.stack, "db": run.options.db, "output": run.options.output}
        | {"economy": run.options.economy, "full": run.options.full},
        "base": {"run": run.base.run_id, "folder": run.base.folder} if run.base else None,
        "phase": progress.get("phase", 0),
        "folder": progress.get("folder"),
        "agents": agents,
        **_spent(claim, progress),
        "estimated_seconds": plan_of(run).estimated_seconds,
        "findings": result.findings if result else 0,
        "not_judged": result.not_judged if result else 0,
        "verdict": list(result.verdict) if result else [],
        "files": [asdict(entry) | {"url": file_url(run.run_id, entry.path)} for entry in files],
        "error": _error(state, agents),
        "links": links(run.run_id),
    }


def links(run_id: str) -> dict[str, str]:
    """Absolute-path references, so that they hold behind any gateway."""
    return {"self": f"/api/runs/{run_id}", "files": f"/api/runs/{run_id}/files", "cancel": f"/api/runs/{run_id}"}


def file_url(run_id: str, path: str) -> str:
    """Where a file of the run is served."""
    return f"/api/runs/{run_id}/files/{quote(path)}"


def verdict_of(state: OrchestrationState | None) -> tuple[str, ...]:
    """The lines that open the manifest of a run that has ended; none before."""
    result = _result(state)
    return result.verdict if result else ()


def cost_so_far(claim: Claim, state: OrchestrationState | None) -> float | None:
    """What a run took so far, in US dollars; None where a price is unknown."""
    return _spent(claim, progress_of(state))["cost_usd"]


async def pack_files(blobs: BlobStore, state: OrchestrationState | None) -> list[FileEntry]:
    """The files of a run that has ended; empty before."""
    return await _files(blobs, _result(state))


async def _queue_of(blobs: BlobStore, state: OrchestrationState | None) -> RunQueue | None:
    """Who waits for whom; looked up only where this run waits."""
    return await read_queue(blobs) if "ahead" in progress_of(state) else None


def _head(claim: Claim, state: OrchestrationState | None, queue: RunQueue | None) -> dict[str, Any]:
    updated = iso(state.last_updated_at) if state else claim.created_at
    return {
        "id": claim.run.run_id,
        "status": status_of(state),
        "ahead": queue.ahead(claim.run.run_id) if queue else None,
        "project": claim.run.project,
        "title": claim.run.title,
        "created_at": claim.created_at,
        "updated_at": updated,
    }


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


def _agent_view(claim: Claim, row: dict[str, Any]) -> dict[str, Any]:
    usage, model = _usage_of(row)
    shown = {key: row[key] for key in ("agent", "task", "deliverable", "state")}
    shown |= {"input_tokens": usage.all_input_tokens, "output_tokens": usage.output_tokens, "seconds": _seconds(row)}
    shown |= {key: row[key] for key in ("file", "error", "retry_at")} | {"batch": row.get("batch")}
    money = as_number(cost(usage, model, claim.run.prices))
    return shown | {"model": model or None, "usage": asdict(usage), "cost_usd": money}


def _usage_of(row: dict[str, Any]) -> tuple[Usage, str]:
    """What a row's calls took so far, and of which model."""
    return Usage.from_dict(row.get("usage", {})), row.get("model", "")


def _waiting(claim: Claim) -> list[dict[str, Any]]:
    blank: dict[str, Any] = {"state": "waiting", "started": None, "file": None, "error": None, "retry_at": None}
    rows = [
        {"agent": call.agent, "task": call.task, "deliverable": call.deliverable, "model": call.model}
        for call in claim.run.calls
    ]
    return [_agent_view(claim, row | blank) for row in rows]


def _seconds(row: dict[str, Any]) -> float:
    if not row["started"]:
        return 0.0
    end = datetime.fromisoformat(row["ended"]) if row["ended"] else datetime.now(UTC)
    return round(max(0.0, (end - datetime.fromisoformat(row["started"])).total_seconds()), 1)


def _spent(claim: Claim, progress: dict[str, Any]) -> dict[str, Any]:
    """What the run took so far, in tokens and money, and what it may take."""
    spent = [_usage_of(row) for row in progress.get("agents", [])]
    if "warming" in progress:
        warming = WarmResult.from_dict(progress["warming"])
        spent.append((warming.usage, warming.model))
    run = claim.run
    return {
        "usage": asdict(sum((usage for usage, _ in spent), Usage())),
        "cost_usd": as_number(total(spent, run.prices)),
        "prices_as_of": run.prices.as_of or None,
        "cap": {"tokens": run.cap.tokens or None, "usd": run.cap.usd or None},
    }


def _error(state: OrchestrationState | None, agents: list[dict[str, Any]]) -> str | None:
    told = [agent for agent in agents if agent["state"] == "failed" and agent["error"]]
    failed = [f"{agent['deliverable']} ({agent['agent']}): {agent['error']}" for agent in told]
    if failed:
        return "; ".join(failed)[:2_000]
    if status_of(state) != "failed" or state is None or state.failure_details is None:
        return None
    return "The run itself failed: " + state.failure_details.message.split("\n")[0][:500]


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC; the engine gives moments without a zone."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat(timespec="milliseconds")
