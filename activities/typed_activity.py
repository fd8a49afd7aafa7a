"""Registers a typed function as an activity: history holds plain dicts, the function takes and returns contracts."""

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import azure.durable_functions as df

from shared import services, telemetry
from shared.concurrency import bytes_for
from shared.contracts import Claim, Payload, claim_name, in_full, run_of, sign, unsigned
from shared.services import Services
from shared.storage import WORK

type Perform[Q: Payload, R: Payload] = Callable[[Services, Q], Awaitable[R]]
type Look[Q: Payload, R: Payload] = Callable[[Services, Q, df.DurableFunctionsClient], Awaitable[R]]


def activity[Q: Payload, R: Payload](
    bp: df.Blueprint, name: str | None = None
) -> Callable[[Perform[Q, R]], Perform[Q, R]]:
    """Register `async def perform(services, request) -> result` on `bp`, under its own name or `name`.

    The decorated function itself stays as it is, so that tests call it with services and request of their own.
    """

    def register(perform: Perform[Q, R]) -> Perform[Q, R]:
        request_type: type[Q] = inspect.get_annotations(perform, eval_str=True)["request"]

        # The runtime indexes bare `dict` only; `dict[str, Any]` fails.
        async def entry(request: dict) -> dict:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]
            current, (said, signature) = services.current(), unsigned(cast(dict[str, Any], request))
            asked = await _read(current, request_type, said)
            await telemetry.start(current.settings)
            async with current.memory.hold(bytes_for(asked)):
                with telemetry.about_request(asked):
                    return sign((await perform(current, asked)).to_dict(), signature)

        entry.__name__ = entry.__qualname__ = name or perform.__name__
        entry.__doc__ = perform.__doc__
        bp.activity_trigger(input_name="request")(cast(Callable[..., object], entry))
        return perform

    return register


def looking_activity[Q: Payload, R: Payload](bp: df.Blueprint) -> Callable[[Look[Q, R]], Look[Q, R]]:
    """`activity` for `async def perform(services, request, client) -> result`, which looks at other orchestrations."""

    def register(perform: Look[Q, R]) -> Look[Q, R]:
        request_type: type[Q] = inspect.get_annotations(perform, eval_str=True)["request"]

        async def entry(request: dict, client: df.DurableFunctionsClient) -> dict:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]
            current, (said, signature) = services.current(), unsigned(cast(dict[str, Any], request))
            asked = request_type.from_dict(said)
            await telemetry.start(current.settings)
            return sign((await perform(current, asked, client)).to_dict(), signature)

        entry.__name__ = entry.__qualname__ = perform.__name__
        entry.__doc__ = perform.__doc__
        with_client = bp.durable_client_input(client_name="client")(cast(Callable[..., object], entry))
        bp.activity_trigger(input_name="request")(with_client)
        return perform

    return register


async def _read[Q: Payload](current: Services, kind: type[Q], request: dict[str, Any]) -> Q:
    """The request as the orchestrator meant it."""
    run_id = run_of(kind, request)
    if run_id is not None:
        data, _ = await current.blobs.read(WORK, claim_name(run_id))
        request = in_full(kind, request, Claim.from_dict(json.loads(data)).run)
    return kind.from_dict(request)
