"""Finds, starts and stops a local host from another process, such as the command line.

Imports nothing heavy. Touches the state folder (reading; `host.log` is written by the host it starts) and the
host's loopback port.
"""

import http.client
import json
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.errors import HostError, StateInUse
from local.processes import APART
from local.state import DEFAULT_STATE, PROJECT, STATUS_PATH, HostInfo, StateFolder

__all__ = ["DEFAULT_STATE", "HostError", "HostInfo", "HostProcess", "StateInUse", "running_host", "start_host_process"]

_START_SECONDS = 300.0
"""The first start installs Azurite."""
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class HostProcess:
    """A host that this process started, and that ends with it. `log` is the file of its output."""

    info: HostInfo
    log: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Ask it to stop, and wait; after ten seconds end it the hard way."""
        _end(self.process)


def running_host(state_dir: Path = DEFAULT_STATE) -> HostInfo | None:
    """The host of that state folder, if one is alive and answers."""
    info = StateFolder(state_dir).read()
    return info if info is not None and _answers(info) else None


def start_host_process(state_dir: Path = DEFAULT_STATE, port: int = 0, app_dir: Path | None = None) -> HostProcess:
    """Start a host and wait until it is ready. Raises HostError with the end of its output when it is not.

    The host stops when this process calls `stop` or ends, however it ends: it watches its stdin.
    """
    state = StateFolder(state_dir)
    if (other := running_host(state_dir)) is not None:
        raise StateInUse(str(state.path), other.url)
    state.path.mkdir(parents=True, exist_ok=True)
    log = state.path / "host.log"
    word = secrets.token_hex(16)
    command = [sys.executable, "-m", "local", "--until-stdin-ends", "--word", word, "--port", str(port)]
    command += ["--state", str(state.path), "--app", str((app_dir or PROJECT).resolve())]
    with log.open("wb") as output:
        process = subprocess.Popen[bytes](
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, cwd=PROJECT, **APART
        )
    try:
        return HostProcess(_wait_until_ready(process, word, state, log), log, process)
    except BaseException:
        _end(process)
        raise


def _wait_until_ready(process: subprocess.Popen[bytes], word: str, state: StateFolder, log: Path) -> HostInfo:
    """The host that was given the word, not another that was quicker to take the folder."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise HostError(_last_words(log) or f"The local host ended at once; see {log}.")
        info = running_host(state.path)
        if info is not None and info.word == word:
            return info
        time.sleep(0.05)
    raise HostError(f"The local host was not ready after {_START_SECONDS:.0f} s; see {log}.")


def _last_words(log: Path) -> str:
    """The error that a host said before it ended, or else the end of its output."""
    said = log.read_text(encoding="utf-8", errors="replace")
    _, marker, error = f"\n{said}".rpartition("\nerror: ")
    return error.strip() if marker else "\n".join(said.strip().splitlines()[-5:])


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(info: HostInfo) -> bool:
    """Whether the host listens where it said, and is the same one: ports are given to others later."""
    connection = http.client.HTTPConnection(urlsplit(info.url).netloc, timeout=2)
    try:
        connection.request("GET", STATUS_PATH)
        status: Any = json.loads(connection.getresponse().read())
        return bool(status["word"] == info.word)
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return False
    finally:
        connection.close()
