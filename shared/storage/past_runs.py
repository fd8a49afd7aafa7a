"""What is known of a run after its history was purged: its last state, kept as the blob `{run id}/ended.json`.

Whoever asks for a run's state asks here. Touches blobs and the durable client it is given.
"""

import json
from datetime import datetime
from typing import Any, Protocol

from durabletask.client import OrchestrationState, OrchestrationStatus
from durabletask.task import FailureDetails

from shared.errors import NotFound
from shared.storage.blobs import WORK, BlobStore


class Instances(Protocol):
    """The durable client, as far as states need it."""

    async def get_orchestration_state(
        self, instance_id: str, *, fetch_payloads: bool = True
    ) -> OrchestrationState | None: ...


async def state_of(
    blobs: BlobStore, client: Instances, run_id: str, *, fetch_payloads: bool = True
) -> OrchestrationState | None:
    """A run's state: what the store says, else what was kept of it; None for one that never appeared."""
    state = await client.get_orchestration_state(run_id, fetch_payloads=fetch_payloads)
    return state if state is not None else await kept_state(blobs, run_id)


async def keep_state(blobs: BlobStore, state: OrchestrationState) -> None:
    """Keep the state of a run that has ended, without its input, which is in its claim."""
    failure = state.failure_details
    kept = {
        "name": state.name,
        "status": state.runtime_status.name,
        "created_at": state.created_at.isoformat(),
        "updated_at": state.last_updated_at.isoformat(),
        "output": state.serialized_output,
        "custom_status": state.serialized_custom_status,
        "failure": {"message": failure.message, "type": failure.error_type} if failure else None,
    }
    await blobs.write(WORK, _name(state.instance_id), json.dumps(kept).encode(), "application/json")


async def kept_state(blobs: BlobStore, run_id: str) -> OrchestrationState | None:
    """The state of a run whose history was purged; None where there is none."""
    try:
        data, _ = await blobs.read(WORK, _name(run_id))
    except NotFound:
        return None
    kept: dict[str, Any] = json.loads(data)
    failure = kept["failure"]
    return OrchestrationState(
        instance_id=run_id,
        name=kept["name"],
        runtime_status=OrchestrationStatus[kept["status"]],
        created_at=datetime.fromisoformat(kept["created_at"]),
        last_updated_at=datetime.fromisoformat(kept["updated_at"]),
        serialized_input=None,
        serialized_output=kept["output"],
        serialized_custom_status=kept["custom_status"],
        failure_details=FailureDetails(failure["message"], failure["type"], None) if failure else None,
    )


async def was_kept(blobs: BlobStore, run_id: str) -> bool:
    """Whether the run's history was purged, or is about to be."""
    return await blobs.exists(WORK, _name(run_id))


def _name(run_id: str) -> str:
    return f"{run_id}/ended.json"
