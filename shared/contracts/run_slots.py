"""Places among the runs that may be active at once."""

from dataclasses import dataclass

from shared.contracts.payload import Payload

PLACE_EVENT = "place"
"""Name of the external event that tells a waiting run to look for a place again."""


@dataclass(frozen=True)
class PlaceRequest(Payload):
    """Ask for a place among `limit` active runs. `since` is when the run began to wait, ISO 8601 UTC."""

    run_id: str
    since: str
    limit: int


@dataclass(frozen=True)
class Place(Payload):
    """Whether a run may begin; if not, how many wait before it."""

    taken: bool
    ahead: int = 0


@dataclass(frozen=True)
class NextRuns(Payload):
    """The waiting runs that can be let in."""

    run_ids: tuple[str, ...] = ()
