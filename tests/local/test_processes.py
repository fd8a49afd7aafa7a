"""The host as a process: started, interrupted, killed, started again."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local.client import HostError, HostInfo, HostProcess, StateInUse, running_host, start_host_process
from local.host import LocalHost
from local.state import StateFolder
from tests.local.conftest import SAMPLE_APP, Site

PATIENCE = 20.0


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a host process; returns where the sample app leaves its marks."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv("MARKS", str(folder))
    monkeypatch.setenv("TICK_SCHEDULE", "0 0 0 1 1 *")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "unused")
    return folder


@pytest.fixture
def begin(tmp_path: Path, marks: Path) -> Iterator[Callable[[], HostProcess]]:
    """Starts host processes on one state folder, with the sample app; ends what is left of them."""
    started: list[HostProcess] = []

    def start() -> HostProcess:
        started.append(start_host_process(tmp_path / "state", app_dir=SAMPLE_APP))
        return started[-1]

    yield start
    for process in started:
        process.stop()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def until(holds: Callable[[], Any]) -> Any:
    """Wait for something; returns it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE:.0f} s")


def call(info: HostInfo, method: str, path: str, given: Any = None) -> Any:
    request = urllib.request.Request(info.url + path, json.dumps(given).encode(), method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def ended(info: HostInfo, instance: str) -> Any:
    def look() -> Any:
        status = call(info, "GET", f"/api/status/{instance}")
        return status if status["runtimeStatus"] == "Completed" else None

    return until(look)


def children(pid: int) -> list[int]:
    """The processes below one. Linux only, as are the tests that need it."""
    listing = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    return [int(row.split()[0]) for row in listing.splitlines()[1:] if int(row.split()[1]) == pid]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/status").read_text().split("State:")[1].split()[0]


posix = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes the Linux way")


def start_work(first: HostProcess, marks: Path) -> None:
    """A blob that is dealt with, and four orchestrations caught in the middle of four different things."""
    with BlobServiceClient.from_connection_string(first.info.storage) as storage:
        storage.get_blob_client("prds", "kept.md").upload_blob(b"# Kept")
    until(lambda: lines(marks / "wait-kept.md-2"))
    ended(first.info, "drop-kept.md")
    call(first.info, "POST", "/api/start/fan/asleep", {"key": "asleep", "seconds": 2.5})
    call(first.info, "POST", "/api/start/parent/above", {"key": "above", "seconds": 2.5})
    call(first.info, "POST", "/api/start/retrying/again", {"key": "again", "pause": 2500})
    call(first.info, "POST", "/api/start/approval/timed", 4)
    until(lambda: lines(marks / "wait-asleep-2") and lines(marks / "wait-above-2") and lines(marks / "flaky-again"))


@posix
def test_a_killed_host_leaves_no_process_and_the_next_one_finishes_its_work(
    begin: Callable[[], HostProcess], marks: Path
) -> None:
    first = begin()
    start_work(first, marks)
    below = children(first.process.pid)
    assert len(below) == 2
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()

    second = begin()
    assert not any(map(alive, below))
    assert [result["times"] for result in ended(second.info, "asleep")["output"]] == [1, 2, 2, 2]
    assert [result["times"] for result in ended(second.info, "above")["output"]["child"]] == [1, 2, 2, 2]
    assert ended(second.info, "again")["output"] == 3
    assert ended(second.info, "timed")["output"] == {"approved": None}
    assert ended(second.info, "drop-kept.md")["output"][0]["times"] == 1
    assert len(lines(marks / "dropped")) == 1
    with BlobServiceClient.from_connection_string(second.info.storage) as storage:
        assert storage.get_blob_client("prds", "kept.md").download_blob().readall() == b"# Kept"


@posix
def test_ctrl_c_ends_every_process_and_withdraws_the_address(
    begin: Callable[[], HostProcess], tmp_path: Path, marks: Path
) -> None:
    started = begin()
    call(started.info, "POST", "/api/start/fan/asleep", {"key": "asleep", "seconds": 60})
    until(lambda: lines(marks / "wait-asleep-2"))
    below = children(started.process.pid)
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(10) == 0
    assert not any(map(alive, below))
    assert not (tmp_path / "state" / "host.json").exists()
    assert running_host(tmp_path / "state") is None
    said = started.log.read_text(encoding="utf-8")
    assert f"Ready: {started.info.url}" in said
    assert "Traceback" not in said


def test_a_host_ends_with_the_process_that_started_it(begin: Callable[[], HostProcess], tmp_path: Path) -> None:
    started = begin()
    assert running_host(tmp_path / "state") == started.info
    assert started.process.stdin is not None
    started.process.stdin.close()
    assert started.process.wait(10) == 0


def test_an_app_that_cannot_be_loaded_is_reported_with_its_own_error(tmp_path: Path, marks: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "function_app.py").write_text("import a_module_that_is_not_there\n")
    (tmp_path / "app" / "host.json").write_text("{}")
    with pytest.raises(HostError, match=r"(?s)The app cannot be loaded.*a_module_that_is_not_there"):
        start_host_process(tmp_path / "state", app_dir=tmp_path / "app")


def test_a_folder_that_is_no_app_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"no function_app\.py"):
        start_host_process(tmp_path / "state", app_dir=tmp_path)


async def test_a_second_host_on_one_state_folder_is_refused_and_told_where_the_first_is(site: Site) -> None:
    with pytest.raises(HostError, match=f"already runs on .* at {site.info.url}"):
        await asyncio.to_thread(start_host_process, site.state, app_dir=SAMPLE_APP)
    assert await asyncio.to_thread(running_host, site.state) == site.info


async def test_the_lock_and_not_the_record_keeps_a_second_host_out(site: Site) -> None:
    second = LocalHost(SAMPLE_APP, site.state, environment={"ANTHROPIC_API_KEY": "unused"})
    with pytest.raises(StateInUse) as refusal:
        await second.start()
    assert refusal.value.url == site.info.url
    assert await asyncio.to_thread(running_host, site.state) == site.info


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HostError, match=rf"Port {port} .* --port"):
            start_host_process(tmp_path / "state", port=port, app_dir=SAMPLE_APP)


def test_the_record_of_a_dead_host_is_no_host(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    info = HostInfo(pid=1, url=url, storage="", drafts=None, started="", word="w")
    StateFolder(tmp_path).publish(info)
    assert running_host(tmp_path) is None


async def test_another_program_on_the_port_of_a_dead_host_is_no_host(site: Site, tmp_path: Path) -> None:
    StateFolder(tmp_path).publish(replace(site.info, word="of another start"))
    assert await asyncio.to_thread(running_host, tmp_path) is None
