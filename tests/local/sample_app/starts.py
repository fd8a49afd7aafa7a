"""What starts or asks: HTTP, a blob, a timer."""

import json
import logging
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func
from steps import mark

starts = df.Blueprint()


def answer(value: object, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), status_code=status, mimetype="application/json")


@starts.route(route="echo/{word}", methods=["POST", "PUT"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Everything that the function was given."""
    about: dict[str, Any] = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
    }
    headers = {"X-Word": req.route_params["word"], "Set-Cookie": "seen=1; Path=/; HttpOnly"}
    return func.HttpResponse(json.dumps(about), status_code=201, headers=headers, mimetype="application/json")


@starts.route(route="echo/files", methods=["POST"])
def echo_files(req: func.HttpRequest) -> str:
    """A literal route beside a parameter."""
    return "the literal route"


@starts.route(route="files/{id}/{*path}", methods=["GET"])
def files(req: func.HttpRequest) -> func.HttpResponse:
    return answer(dict(req.route_params))


@starts.route(route="broken", methods=["GET"])
def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("this function always fails")


@starts.route(route="start/{name}/{id}", methods=["POST"])
@starts.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    given = req.get_json() if req.get_body() else None
    instance = await client.schedule_new_orchestration(
        req.route_params["name"], instance_id=req.route_params["id"], input=given
    )
    return answer({"id": instance}, 202)


@starts.route(route="status/{id}", methods=["GET"])
@starts.durable_client_input(client_name="client")
async def status(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    found = await client.get_orchestration_state(req.route_params["id"])
    if found is None:
        return answer(None, 404)
    about = {
        "runtimeStatus": found.runtime_status.name.title(),
        "output": json.loads(found.serialized_output or "null") if not found.failure_details else None,
        "customStatus": json.loads(found.serialized_custom_status or "null"),
        "error": found.failure_details.message if found.failure_details else None,
    }
    return answer(about)


@starts.route(route="history/{id}", methods=["GET"])
@starts.durable_client_input(client_name="client")
async def history(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    events = await client.get_orchestration_history(req.route_params["id"])
    return answer([type(event).__name__ for event in events])


@starts.route(route="event/{id}/{name}", methods=["POST"])
@starts.durable_client_input(client_name="client")
async def event(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    await client.raise_orchestration_event(req.route_params["id"], req.route_params["name"], data=req.get_json())
    return func.HttpResponse(status_code=202)


@starts.route(route="terminate/{id}", methods=["POST"])
@starts.durable_client_input(client_name="client")
async def terminate(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    await client.terminate_orchestration(req.route_params["id"], output="asked to")
    return func.HttpResponse(status_code=202)


@starts.blob_trigger(  # pyright: ignore[reportUnknownMemberType] - untyped keyword arguments
    arg_name="blob", path="prds/{name}", connection="AzureWebJobsStorage", source=func.BlobSource.EVENT_GRID
)
@starts.durable_client_input(client_name="client")
async def dropped(blob: func.InputStream, client: df.DurableFunctionsClient) -> None:
    """Note what the blob is; start an orchestration for it; fail for one that asks for it."""
    told = cast("Any", blob)  # the declared type lacks what the library gives
    name = str(blob.name)
    about = {
        "name": name,
        "length": blob.length,
        "uri": blob.uri,
        "metadata": told.metadata,
        "etag": told.blob_properties["ETag"],
        "content": len(blob.read()),
    }
    mark("dropped", json.dumps(about))
    logging.info("dropped %s", name)
    if "poison" in name:
        raise ValueError("a poisonous blob")
    key = name.rpartition("/")[2]
    await client.schedule_new_orchestration("fan", instance_id=f"drop-{key}", input={"key": key, "seconds": 0})


@starts.timer_trigger(arg_name="timer", schedule="%TICK_SCHEDULE%", run_on_startup=False)
def tick(timer: func.TimerRequest) -> None:
    mark("tick", str(timer.past_due))
