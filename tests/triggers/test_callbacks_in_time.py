"""Azure DevOps gives an agentless task's request 20 seconds, and no setting changes that: `POST /api/callbacks` asks
storage few times one after the other, however many runs it is about."""

import asyncio
import inspect
import json
import re
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from shared import services as shared_services
from shared.services import Services
from shared.settings import Settings
from tests.azure_devops import PLAN_ID, PROJECT_ID, TIMELINE_ID
from tests.faults.proxy import Fault, FaultProxy
from tests.triggers.conftest import RecordingClient, as_client, put
from triggers import http_callbacks
from triggers.blob_drop import accept_drop
from triggers.http_callbacks import MOST_RUNS

SLOW = 0.5
"""Seconds that storage takes for each request: some fifty times what it usually takes."""
STEPS = 4
"""Requests one after the other: claims of the runs, the callback's claim, how it ended, the token."""


class WaitingClient(RecordingClient):
    """A Durable client that notes which callbacks it starts."""

    async def schedule_new_orchestration(self, name: str, *, instance_id: str, **given: Any) -> str:
        if name == http_callbacks.ORCHESTRATOR:
            self.started[instance_id] = given["input"]
            return instance_id
        return await super().schedule_new_orchestration(name, instance_id=instance_id, **given)


@pytest.fixture
async def slow(storage: str) -> AsyncIterator[Services]:
    """The app's services as after a cold start: no connection open, and storage slow."""
    found = re.search(r"BlobEndpoint=(http://[^/;]+)", storage)
    assert found
    proxy = FaultProxy(lambda: found[1], lambda _: Fault("slow", SLOW))
    environment = {
        "AzureWebJobsStorage": storage.replace(found[1], await proxy.start()),
        "ANTHROPIC_API_KEY": "test",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
    }
    built = Services(Settings.read(environment))
    yield built
    await built.close()
    await proxy.stop()


async def started(services: Services, client: RecordingClient, number: int) -> str:
    name = f"callback-{uuid.uuid4()}.md"
    await put(services, name, f"# Awaited {number}".encode())
    run = await accept_drop(services, as_client(client), name, None)
    assert run
    return run.run_id


def request(runs: list[str]) -> func.HttpRequest:
    headers = {
        "planurl": "https://dev.azure.com/wool-shop/", "hubname": "build", "projectid": PROJECT_ID, "planid": PLAN_ID,
        "jobid": str(uuid.uuid4()), "timelineid": TIMELINE_ID, "taskinstanceid": str(uuid.uuid4()), "authtoken": "token",
    }  # fmt: skip
    body = json.dumps({"runs": ",".join(runs)}).encode()
    return func.HttpRequest(method="POST", url="http://localhost/api/callbacks", headers=headers, body=body)


async def ask(client: WaitingClient, runs: list[str]) -> func.HttpResponse:
    app = df.DFApp()
    app.register_functions(http_callbacks.bp)
    (start,) = [
        each.get_user_function() for each in app.get_functions() if each.get_function_name() == "start_callback"
    ]
    called: Any = inspect.unwrap(start, stop=lambda function: function.__code__.co_name == "reporting")
    return await called(request(runs), client)


async def test_twenty_runs_are_waited_for_in_the_time_of_a_few_requests(
    services: Services, slow: Services, monkeypatch: pytest.MonkeyPatch
):
    client = WaitingClient()
    runs = await asyncio.gather(*(started(services, client, number) for number in range(MOST_RUNS)))
    monkeypatch.setattr(shared_services, "current", lambda: slow)
    before = time.monotonic()
    answer = await ask(client, list(runs))
    seconds = time.monotonic() - before
    assert answer.status_code == 202, answer.get_body()
    assert json.loads(answer.get_body())["runs"] == list(runs)
    assert seconds < 3 * STEPS * SLOW, f"{seconds:.1f} s"  # one after the other: (20 + 3) * SLOW


async def test_a_run_that_is_not_there_is_told_by_name_among_those_that_are(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    client = WaitingClient()
    monkeypatch.setattr(shared_services, "current", lambda: services)
    there = await started(services, client, 1)
    answer = await ask(client, [there, "no-such-run", "nor-this"])
    assert answer.status_code == 404
    assert "no-such-run" in json.loads(answer.get_body())["detail"]
