"""A killed host loses nothing: after a restart the run completes, and no finished call is paid again."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from local.client import running_host
from local.drafts.messages_api.faults import Fault
from local.drafts.messages_api.server import DraftsServer
from tests.e2e.conftest import ENDED, FAST, host_command, prd_text
from tests.e2e.test_pack import deliverables

PROJECT = Path(__file__).parents[2]


def start_host(state: Path, model_url: str) -> subprocess.Popen[bytes]:
    environment = os.environ | FAST | {"ANTHROPIC_BASE_URL": model_url, "ANTHROPIC_API_KEY": "test"}
    with (state / "host.log").open("ab") as log:
        return subprocess.Popen(host_command(state), cwd=PROJECT, env=environment, stdout=log, stderr=log)


async def url_of(state: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(600):
        assert process.poll() is None, (state / "host.log").read_text()
        if info := await asyncio.to_thread(running_host, state):
            return info.url
        await asyncio.sleep(0.1)
    raise AssertionError((state / "host.log").read_text())


async def run_until(
    url: str, run_id: str, reached: Callable[[dict[str, Any]], bool], within: float = 180
) -> dict[str, Any]:
    deadline = time.monotonic() + within
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
        while True:
            run = (await http.get(f"/api/runs/{run_id}")).json()
            if reached(run):
                return run
            assert time.monotonic() < deadline, run
            await asyncio.sleep(0.05)


def agent_calls(drafts: DraftsServer) -> int:
    """Requests made for agents; cache warm-ups are none."""
    return sum(bool(seen.agent) for seen in drafts.seen)


@pytest.mark.engine
async def test_a_host_killed_in_phase_3_finishes_the_run_and_repeats_no_finished_call(tmp_path: Path):
    drafts = DraftsServer(seconds_per_answer=0.1, faults=[Fault("api-backend-tester", "stall", times=1)])
    model_url = await drafts.start()
    host = start_host(tmp_path, model_url)
    try:
        url = await url_of(tmp_path, host)
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            answer = await http.post("/api/runs", json={"prd": prd_text("Survivor")})
        run_id = answer.json()["id"]
        await run_until(
            url, run_id, lambda run: sum(a["state"] == "done" for a in run["agents"] if a["task"] == "draft") == 4
        )
        host.send_signal(signal.SIGKILL)
        host.wait()
        assert agent_calls(drafts) == 6

        host = start_host(tmp_path, model_url)
        run = await run_until(await url_of(tmp_path, host), run_id, lambda run: run["status"] in ENDED)
        assert run["status"] == "completed", run["error"]
        assert deliverables(run) == 5
        assert {key: count for key, count in drafts.calls.items() if count > 1 and key[0]} == {
            ("api-backend-tester", "draft"): 2
        }
        assert agent_calls(drafts) == 8
    finally:
        host.terminate()
        assert host.wait(20) == 0
        await drafts.stop()


async def test_a_host_killed_while_nothing_is_finished_repeats_only_what_was_in_flight(tmp_path: Path):
    drafts = DraftsServer(seconds_per_answer=0.1, faults=[Fault("orchestrator", "stall", times=1, task="setup")])
    model_url = await drafts.start()
    host = start_host(tmp_path, model_url)
    try:
        url = await url_of(tmp_path, host)
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            run_id = (await http.post("/api/runs", json={"prd": prd_text("Early Bird")})).json()["id"]
        while not drafts.seen:
            await asyncio.sleep(0.05)
        host.send_signal(signal.SIGKILL)
        host.wait()
        host = start_host(tmp_path, model_url)
        run = await run_until(await url_of(tmp_path, host), run_id, lambda run: run["status"] in ENDED)
        assert run["status"] == "completed", run["error"]
        assert agent_calls(drafts) == 8
    finally:
        host.terminate()
        host.wait(20)
        await drafts.stop()
