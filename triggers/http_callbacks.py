"""A pipeline's task asks to be called back when runs have ended, so that no agent waits for them."""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func
import grpc

from shared import logs, services, telemetry
from shared.callbacks import callback_id, read_task
from shared.contracts import AwaitedRun, Callback, CallbackOutcome
from shared.errors import BadInput, NotFound
from shared.services import Services
from triggers.http_runs import claim_of
from triggers.problems import answer, reports_problems

ORCHESTRATOR = "pipeline_callback"
MOST_RUNS = 20
LONGEST_NAME = 200
LOOKS, FEWEST_LOOKS = 40, 4
_CALLBACK_ID = re.compile(r"callback-[0-9a-f]{24}")
log = logs.logger(__name__)
bp = df.Blueprint()


@bp.function_name("start_callback")
@bp.route(route="callbacks", methods=["POST"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Call back the task in the headers when the body's `runs` have ended. The same task is one callback."""
    current = services.current()
    headers = cast(Mapping[str, str], req.headers)
    task, token = read_task(headers, current.settings.own_servers)
    callback = await _callback(current, callback_id(task), runs_of(req))
    await telemetry.start(current.settings)
    created = await current.callbacks.claim(callback, task)
    if not created:
        callback = await current.callbacks.callback(callback.callback_id)
    outcome = await current.callbacks.outcome(callback.callback_id)
    if outcome is None and (created or not await _is_under_way(client, callback)):
        await current.callbacks.keep_token(callback.callback_id, token)
        await _schedule(client, callback)
    location = f"/api/callbacks/{callback.callback_id}"
    return answer(_view(callback, outcome), 202 if created else 200, {"Location": location})


@bp.route(route="callbacks/{id}", methods=["GET"])
@reports_problems
async def get_callback(req: func.HttpRequest) -> func.HttpResponse:
    """Who waits for which runs, and how that ended."""
    store, wanted = services.current().callbacks, req.route_params.get("id", "")
    if not _CALLBACK_ID.fullmatch(wanted):
        raise NotFound("no-callback", f"There is no callback {wanted[:100]!r}.")
    return answer(_view(await store.callback(wanted), await store.outcome(wanted)))


async def _callback(current: Services, name: str, run_ids: list[str]) -> Callback:
    settings = current.settings
    # All at once: an agentless task gives the whole request 20 seconds.
    read = await asyncio.gather(*(claim_of(current, run_id) for run_id in run_ids), return_exceptions=True)
    claims = [_or_raised(claim) for claim in read]
    return Callback(
        callback_id=name,
        runs=tuple(AwaitedRun(claim.run.run_id, claim.run.prd_name[:LONGEST_NAME]) for claim in claims),
        until=(datetime.now(UTC) + timedelta(hours=settings.callback_hours)).isoformat(timespec="seconds"),
        seconds=settings.callback_seconds,
        attempts=settings.callback_attempts,
        first_retry_seconds=settings.first_retry_seconds,
        looks=looks_at(len(claims)),
        signed=True,
    )


def _or_raised[T](outcome: T | BaseException) -> T:
    """The first run that cannot be waited for is told, when all were looked at."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def looks_at(runs: int) -> int:
    """How often one history looks at so many runs: the more they are, the more each look adds to it."""
    return max(FEWEST_LOOKS, LOOKS // runs)


def runs_of(req: func.HttpRequest) -> list[str]:
    """The run ids of the body: `{"runs": ["a", "b"]}`, or `"a,b"`, which a pipeline's variable can hold."""
    try:
        body: Any = json.loads(req.get_body())
    except (ValueError, RecursionError):
        body = None
    given = cast(dict[str, Any], body).get("runs") if isinstance(body, dict) else None
    if isinstance(given, str):
        given = [part for part in re.split(r"[\s,]+", given) if part]
    ids = cast(list[Any], given) if isinstance(given, list) else []
    if not 0 < len(ids) <= MOST_RUNS or not all(isinstance(each, str) for each in ids):
        raise BadInput("bad-runs", "`runs` names no runs, or too many.", f"Send 1 to {MOST_RUNS} run ids.")
    return list(dict.fromkeys(ids))


async def _is_under_way(client: df.DurableFunctionsClient, callback: Callback) -> bool:
    return await client.get_orchestration_state(callback.callback_id, fetch_payloads=False) is not None


async def _schedule(client: df.DurableFunctionsClient, callback: Callback) -> None:
    try:
        await client.schedule_new_orchestration(
            ORCHESTRATOR, input=callback.to_dict(), instance_id=callback.callback_id
        )
    except grpc.RpcError as error:
        if getattr(error, "code", lambda: None)() != grpc.StatusCode.ALREADY_EXISTS:
            raise
    for run in callback.runs:
        with telemetry.about_run(run.run_id):
            log.info("a pipeline waits for it (%s)", callback.callback_id)


def _view(callback: Callback, outcome: CallbackOutcome | None) -> dict[str, Any]:
    """`status` is waiting, told or untold."""
    ended = outcome or CallbackOutcome(callback.callback_id, callback.runs)
    failure = ended.failure.to_dict() if ended.failure else None
    return {
        "id": callback.callback_id,
        "status": "waiting" if outcome is None else "untold" if failure else "told",
        "runs": [run.run_id for run in callback.runs],
        "result": ended.result,
        "error": failure,
        "links": {"self": f"/api/callbacks/{callback.callback_id}"},
    }
