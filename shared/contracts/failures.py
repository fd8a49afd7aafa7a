"""Why something was not done, for good or for now."""

from dataclasses import dataclass

from shared.contracts.payload import Payload


@dataclass(frozen=True)
class Failure(Payload):
    """Why something was not done: `errors.DesignBackendError.to_dict()` without the title."""

    code: str
    detail: str
    mend: str = ""


@dataclass(frozen=True)
class Interruption(Payload):
    """A call that is worth trying again later. `retry_after` is the seconds that the API asked to wait, if it did.

    Waits that are `steady` do not grow: what is waited for is under way, nothing is overloaded.
    """

    detail: str
    retry_after: float | None = None
    steady: bool = False
