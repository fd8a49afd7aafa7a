"""What Durable Functions knows of a run, in the words of our interface. Pure."""

import json
from typing import Any

from durabletask.client import OrchestrationState, OrchestrationStatus

from shared.contracts import RunResult

ENDED = frozenset({"completed", "completed_with_findings", "partial", "failed", "cancelled"})


def status_of(state: OrchestrationState | None) -> str:
    """SPEC's status of a run from its Durable state; None is a claimed run that has not appeared yet."""
    if state is None or state.runtime_status == OrchestrationStatus.PENDING:
        return "queued"
    if state.runtime_status == OrchestrationStatus.RUNNING and "ahead" in progress_of(state):
        return "queued"
    if state.runtime_status == OrchestrationStatus.COMPLETED:
        return RunResult.from_dict(json.loads(state.serialized_output or "null")).status
    if state.runtime_status == OrchestrationStatus.TERMINATED:
        return "cancelled"
    return "failed" if state.runtime_status == OrchestrationStatus.FAILED else "running"


def progress_of(state: OrchestrationState | None) -> dict[str, Any]:
    """The run's custom status (`orchestrators/custom_status.py`); empty where the engine says `null`."""
    return json.loads((state and state.serialized_custom_status) or "null") or {}
