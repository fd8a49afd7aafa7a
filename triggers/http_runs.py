"""The HTTP interface: start, plan, list, look at, fetch from and cancel runs."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationState

from orchestrators.design_backend import CANCEL_EVENT
from shared import VERSION, services
from shared.contracts import Claim
from shared.errors import BadInput, Conflict, NotFound
from shared.prd import check_size
from shared.runs import NAMES, status_of
from shared.services import Services
from shared.storage import DESIGNS, LONGEST_NAME, PRDS, content_type, past_runs
from triggers.callers import LIVE, body_of, caller_of
from triggers.estimate import estimate_run
from triggers.intake import Request, read_claim, read_document, read_request, start_run
from triggers.problems import HEADERS, answer, reports_problems
from triggers.run_list import Query, list_page
from triggers.views import links, pack_files, run_view

_RUN_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_RUN_ID = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

bp = df.Blueprint()


@bp.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the app answers, and its version. Tells nothing else; needs no key."""
    return answer({"status": "ok", "version": VERSION})


@bp.function_name("start_run")
@bp.route(route="runs", methods=["POST"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start a run, or point to the run that already answers this PRD with these options."""
    request, fresh = await request_of(req, services.current())
    started = await start_run(services.current(), client, request, fresh=fresh)
    state = await past_runs.state_of(services.current().blobs, client, started.run_id)
    body = {
        "id": started.run_id,
        "status": status_of(state),
        "created": started.created,
        "plan": started.plan.to_dict(),
        "links": links(started.run_id),
    }
    return answer(body, 202 if started.created else 200, {"Location": links(started.run_id)["self"]})


@bp.function_name("make_plan")
@bp.route(route="plan", methods=["POST"])
@reports_problems
async def plan(req: func.HttpRequest) -> func.HttpResponse:
    """The Execution Plan Summary of a request, without starting anything."""
    request, fresh = await request_of(req, services.current())
    estimate = await estimate_run(services.current(), request.prd, request.options, fresh=fresh)
    return answer({"plan": estimate.to_json(request.options, request.converted)})


@bp.route(route="runs", methods=["GET"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def list_runs(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """A page of runs, newest first, also of those whose history was purged."""
    query = Query.of(cast(Mapping[str, str], req.params))
    return answer(await list_page(services.current(), client, query))


@bp.route(route="runs/{id}", methods=["GET"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def get_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """One run: status, agents, usage, files."""
    claim, state = await _run_of(req, client)
    return answer(await run_view(services.current().blobs, claim, state))


@bp.route(route="runs/{id}/files/{*path}", methods=["GET"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def get_file(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """One file of the run's pack. Only paths the run itself lists are served, so none can lead outside."""
    claim, state = await _run_of(req, client)
    path = req.route_params.get("path", "")
    blobs = services.current().blobs
    if path not in {entry.path for entry in await pack_files(blobs, state)}:
        raise NotFound("no-file", f"Run {claim.run.run_id!r} has no file {path[:200]!r}.", "See `files` of the run.")
    data, _ = await blobs.read(DESIGNS, path)
    name = quote(path.rsplit("/", 1)[-1], safe="")
    headers = HEADERS | {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return func.HttpResponse(data, headers=headers, mimetype=content_type(path).partition(";")[0], charset="utf-8")


@bp.route(route="runs/{id}", methods=["DELETE"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def cancel_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Ask a run to stop in order; it ends `cancelled` with a manifest."""
    claim, state = await _run_of(req, client)
    if state is None or state.runtime_status not in LIVE:
        raise Conflict("run-ended", f"Run {claim.run.run_id!r} is {status_of(state)}; it cannot be cancelled.")
    await client.raise_orchestration_event(claim.run.run_id, CANCEL_EVENT)
    return answer(await run_view(services.current().blobs, claim, state), 202)


async def _run_of(req: func.HttpRequest, client: df.DurableFunctionsClient) -> tuple[Claim, OrchestrationState | None]:
    run_id = req.route_params.get("id", "")
    current = services.current()
    return await claim_of(current, run_id), await past_runs.state_of(current.blobs, client, run_id)


async def claim_of(services: Services, run_id: str) -> Claim:
    """The claim of a run that a caller named; `NotFound` where there is none, also for what no run is ever called."""
    if not _RUN_ID.fullmatch(run_id) or len(run_id) > LONGEST_RUN_ID:
        raise NotFound("no-run", f"There is no run {run_id[:LONGEST_RUN_ID]!r}.", "GET /api/runs lists the runs.")
    claim, _ = await read_claim(services.blobs, run_id)
    return claim


async def request_of(req: func.HttpRequest, services: Services) -> tuple[Request, bool]:
    """The PRD, options and `fresh` of a request: JSON with a `prd` field, or the PRD itself as the body."""
    headers, caller = cast(Mapping[str, str], req.headers), caller_of(req, services.settings)
    content = body_of(req, services.settings)
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        values = dict(req.params)
        name, fresh = values.pop("name", "prd.md"), values.pop("fresh", "")
        values.pop("code", None)  # the function key, where it comes as a parameter
        request = await _checked(services, name, content, values, "the query")
        return replace(request, caller=caller), _flag(fresh)
    body = _json_body(content)
    prd, name, fresh = body.pop("prd", None), body.pop("name", None), body.pop("fresh", False)
    name, data = await _prd_of(services, prd, name)
    return replace(await _checked(services, name, data, body, "the request body"), caller=caller), _flag(fresh)


async def _checked(services: Services, name: object, data: bytes, values: Mapping[str, Any], where: str) -> Request:
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not _is_text(name) or _CONTROL.search(name):
        raise BadInput("bad-name", "`name` is not a file name.", "Give the PRD's file name, such as orders.md.")
    text = await read_document(services, name, data)
    return read_request(name, data, values, where, services.settings, text)


def _is_text(text: str) -> bool:
    """Whether it can be written down at all: JSON can escape half a surrogate pair, which no encoding has."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _json_body(content: bytes) -> dict[str, Any]:
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        raise BadInput("bad-json", "The request body is not valid JSON.", "Send JSON, or the PRD as text.") from None
    if not isinstance(body, dict) or "prd" not in body:
        allowed = ", ".join(("prd", "name", *NAMES, "fresh"))
        raise BadInput("no-prd", "The request body has no `prd`.", f"Fields: {allowed}.")
    return cast(dict[str, Any], body)


async def _prd_of(services: Services, prd: object, name: object) -> tuple[object, bytes]:
    if isinstance(prd, str) and not _is_text(prd):
        raise BadInput("prd-not-text", "`prd` holds half a surrogate pair.", "Send the PRD as Unicode text.")
    if isinstance(prd, str):
        return name or "prd.md", prd.encode()
    if isinstance(prd, dict):
        blob = cast(dict[str, object], prd).get("blob")
        if isinstance(blob, str) and blob:
            data, info = await services.blobs.read(PRDS, blob, at_most=services.settings.max_prd_bytes)
            check_size(blob, info.size, services.settings.max_prd_bytes)
            return name or blob, data
    raise BadInput("bad-prd", "`prd` is neither text nor a blob.", 'Send {"prd": "text"} or {"prd": {"blob": "name"}}.')


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1"):
        return True
    if str(value).lower() in ("", "false", "0"):
        return False
    raise BadInput("bad-fresh", f"`fresh` is {str(value)[:40]!r}.", "Use true or false.")
