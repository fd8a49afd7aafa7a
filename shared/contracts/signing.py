"""Ties a step's result to its request: durable engines match results to steps by number alone.

Where two hosts have run one orchestration at the same time, which a lease lost in the wrong moment brings about, a step
can be given the result of another. So a request carries a signature and its result repeats it. Pure.
"""

import hashlib
import json
from typing import Any, cast

from shared.contracts.payload import Payload

_SIGNED = "~signed"
"""Field of a request and of its result that no payload has."""


def signature_of(activity: str, request: dict[str, Any]) -> str:
    """The same for the same step, on each replay."""
    said = json.dumps([activity, request], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def sign(values: dict[str, Any], signature: str | None) -> dict[str, Any]:
    """A request, or a result, with the signature; without one as it is."""
    return values if signature is None else {**values, _SIGNED: signature}


def unsigned(request: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """A request as it was before it was signed, and its signature; None where it has none."""
    signature = request.get(_SIGNED)
    return {name: value for name, value in request.items() if name != _SIGNED}, signature


def answer_in[R: Payload](result: Any, kind: type[R], signature: str | None) -> R:
    """What a step returned; `ValueError` where that is not the answer to the request of this signature."""
    given, repeated = unsigned(cast(dict[str, Any], result)) if isinstance(result, dict) else (result, None)
    if repeated != signature:
        raise ValueError(f"{kind.__name__}: the result of another step")
    return kind.from_dict(given)
