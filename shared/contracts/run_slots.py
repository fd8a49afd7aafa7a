"""Payloads of the concurrency limit: requests for a run slot and their results."""

from dataclasses import dataclass

from shared.contracts.payload import Payload

SLOT_EVENT = "place"
"""Name of the external event that tells a waiting run to ask for a slot again."""


@dataclass(frozen=True)
class SlotRequest(Payload):
    """Ask for one of `limit` run slots. `since` is when the run began to wait, ISO 8601 UTC."""

    run_id: str
    since: str
    limit: int


@dataclass(frozen=True)
class Slot(Payload):
    """Whether the run holds a slot; if not, how many runs wait before it."""

    taken: bool
    ahead: int = 0


@dataclass(frozen=True)
class NextRuns(Payload):
    """The waiting runs for which a slot is free."""

    run_ids: tuple[str, ...] = ()
