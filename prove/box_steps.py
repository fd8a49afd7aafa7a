"""One step of a proof, inside the box: limits, an eye on what it uses, and its end with all that it started.

Standard library alone; a part of the program `box.py`, which says what the box is.
"""

import contextlib
import ctypes
import os
import resource
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

TICK_SECONDS = 0.05
TAIL_BYTES = 64_000
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_PAGE = resource.getpagesize()
_prctl = getattr(ctypes.CDLL(None), "prctl", None)


def become_reaper() -> None:
    """Orphans of steps become children of this process, so that they are found and ended."""
    if _prctl:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run_step(step: dict[str, Any], order: dict[str, Any], become: int | None, alone: bool) -> dict[str, Any]:
    """Run one step to its end or its limit. `alone`: this is process 1 of a namespace, all others are the step's."""
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            step["argv"],
            cwd=Path(order["work"]) / step["folder"],
            env=step["environment"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _limit(step, order, become),
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"{step['argv'][0]} cannot be started: {error}"
        return {"exit": 127, "ended": "by itself", "seconds": 0.0, "log": reason}
    ended, log = _watch(process, step, order, alone)
    end_all(alone)
    process.wait()
    return {
        "exit": process.returncode,
        "ended": ended,
        "seconds": round(time.monotonic() - began, 2),
        "log": log.decode("utf-8", "replace"),
    }


def _limit(step: dict[str, Any], order: dict[str, Any], become: int | None) -> None:
    """In the new process, before its program: who it is, and what it may use."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: order["disk_bytes"],
        resource.RLIMIT_NOFILE: 4096,
        resource.RLIMIT_CPU: int(step["seconds"]) * (os.cpu_count() or 1) + 1,
    }
    if order["namespaces"]:
        limits[resource.RLIMIT_NPROC] = order["processes"] * 2  # threads count, too; processes alone are counted below
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    if become is not None:
        os.setgroups([])
        os.setgid(become)
        os.setuid(become)
    if _prctl:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(
    process: "subprocess.Popen[bytes]", step: dict[str, Any], order: dict[str, Any], alone: bool
) -> tuple[str, bytes]:
    """How the step ended, and the end of what it wrote."""
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    deadline = time.monotonic() + step["seconds"]
    tail, written, looked = b"", 0, time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            readable = bool(selector.select(TICK_SECONDS))
            chunk = (process.stdout.read(65_536) or b"") if readable else b""
            tail, written = (tail + chunk)[-TAIL_BYTES:], written + len(chunk)
            if process.poll() is not None and not chunk:
                return "by itself", tail
            if time.monotonic() - looked < TICK_SECONDS:
                continue
            if broken := _broken(order, alone, deadline, written):
                _kill_group(process.pid)
                process.wait()
                return broken, tail
            looked = time.monotonic()


def _broken(order: dict[str, Any], alone: bool, deadline: float, written: int) -> str | None:
    """The limit that is passed, if one is."""
    if time.monotonic() > deadline:
        return "time"
    if written > order["output_bytes"]:
        return "output"
    others = _others(alone)
    if len(others) > order["processes"]:
        return "processes"
    if sum(_resident(pid) for pid in others) > order["memory_bytes"]:
        return "memory"
    return None


def end_all(alone: bool) -> None:
    """End every process that steps started: all others of the namespace, or all that descend from this process."""
    for _ in range(500):
        _reap()
        others = _others(alone)
        if not others:
            _reap()  # who is dead and not reaped counts towards the limit of the next step
            return
        for pid in [-1] if alone else others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _others(alone: bool) -> list[int]:
    """Living processes of the steps, by /proc; none are seen where there is no /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    own = os.getpid()
    if alone:
        return [pid for pid in parents if pid != own]
    found, size = {own}, 0
    while len(found) != size:
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return [pid for pid in found if pid != own]


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    return 0


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
