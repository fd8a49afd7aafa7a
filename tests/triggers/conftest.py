"""The triggers as Azure's worker calls them, on real storage, with a Durable client that only takes notes."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

import azure.durable_functions as df
import azure.functions as func
import pytest
from durabletask.client import OrchestrationStatus

from shared import services as shared_services
from shared.services import Services
from shared.storage import live_runs
from shared.storage.blobs import PRDS
from triggers import http_runs


class RecordingClient:
    """A Durable client that notes what it starts; `loses` starts without any trace."""

    def __init__(self) -> None:
        self.started: dict[str, dict[str, Any]] = {}
        self.loses = False

    async def get_orchestration_state(self, instance_id: str, *, fetch_payloads: bool = True) -> object | None:
        return _Running(self.started[instance_id]) if instance_id in self.started else None

    async def schedule_new_orchestration(self, name: str, *, instance_id: str, **given: Any) -> str:
        assert name == "design_backend"
        if not self.loses:
            assert instance_id not in self.started, "started twice"
            self.started[instance_id] = given["input"]
        return instance_id


class _Running:
    """The state of a run that has just been started."""

    name = "design_backend"
    runtime_status = OrchestrationStatus.RUNNING
    serialized_output = serialized_custom_status = failure_details = None

    def __init__(self, run: Mapping[str, Any]) -> None:
        self.serialized_input = json.dumps(run)


async def put(services: Services, name: str, data: bytes) -> str:
    """Drop a PRD; its ETag."""
    await services.blobs.write(PRDS, name, data, "text/markdown")
    return (await services.blobs.read(PRDS, name))[1].etag


def as_client(client: RecordingClient) -> df.DurableFunctionsClient:
    return cast(df.DurableFunctionsClient, client)


class Door:
    """The app's HTTP functions behind their routes."""

    def __init__(self, client: RecordingClient) -> None:
        app = df.DFApp()
        app.register_functions(http_runs.bp)
        self.client = client
        self._functions = {each.get_function_name(): each.get_user_function() for each in app.get_functions()}

    async def ask(
        self,
        function: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        url: str = "http://localhost/api/runs",
        **route: str,
    ) -> func.HttpResponse:
        """Call a function as the worker does."""
        request = func.HttpRequest(
            method="POST" if body else "GET",
            url=url,
            headers={name.lower(): value for name, value in (headers or {}).items()},
            params=dict(parse_qsl(url.partition("?")[2], keep_blank_values=True)),
            route_params=route,
            body=body,
        )
        called: Callable[..., Any] = inspect.unwrap(self._functions[function], stop=_is_reporting)
        clients = [self.client] if function not in ("health", "make_plan") else []
        return await called(request, *clients)

    async def post(self, body: bytes | dict[str, Any], **given: Any) -> func.HttpResponse:
        """POST /api/runs with JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | given.pop("headers", {})
        return await self.ask("start_run", data, headers, **given)


def _is_reporting(function: Callable[..., Any]) -> bool:
    """The handler with its error answers, below what turns the binding into a client."""
    return function.__code__.co_name == "reporting"


@pytest.fixture
def client() -> RecordingClient:
    return RecordingClient()


@pytest.fixture
async def door(services: Services, client: RecordingClient, monkeypatch: pytest.MonkeyPatch) -> Door:
    """The HTTP functions, on storage that all tests share: what others started no longer counts."""
    async for caller, run_id, _ in live_runs.counted(services.blobs):
        await live_runs.leave(services.blobs, caller, run_id)
    monkeypatch.setattr(shared_services, "current", lambda: services)
    return Door(client)
