"""Runs steps of a proof in a box (`box.py`): a child process that inherits nothing of the caller. Linux and macOS.

Where the system gives namespaces, the box holds the pack's code in; where not, limits and ends are all there is, and
the result says so.
"""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prove.errors import CannotProve
from prove.verdicts import Containment, Evidence, last_lines

_BOX = Path(__file__).parent / "box.py"
_GRACE_SECONDS = 30.0
"""For standing up the box and ending it, beside what its steps may take."""
_HELD = (
    "no environment variable, home folder or file of the caller is visible; software is read-only",
    "no network but loopback, also while packages' own code runs (user and network namespaces)",
    "writes go to a folder in memory of a fixed size, which is gone at the end",
    "time, memory, output and number of processes are limited, and all processes end with the step",
)
_HELD_BY_LIMITS = (
    "no environment variable of the caller is inherited, and the home folder is an empty one",
    "time, output, memory, the size of a file and the number of processes are limited, and what a step starts is ended",
)
_NOT_HELD = (
    "this system gives no namespaces: the pack's code can reach the network",
    "this system gives no namespaces: the pack's code can read and write what this user can",
)


@dataclass(frozen=True)
class Limits:
    """What all steps of one box may use together."""

    disk_bytes: int = 512 << 20
    memory_bytes: int = 3 << 30
    output_bytes: int = 32 << 20
    processes: int = 128


@dataclass(frozen=True)
class Step:
    """One command: `{work}` in it stands for the copy of the pack. `go_on`: later steps run also when it fails."""

    argv: Sequence[str]
    seconds: float = 120.0
    folder: str = "."
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    go_on: bool = False
    shown: str = ""
    """How evidence names the command, where that is not the command itself."""


@dataclass(frozen=True)
class Ended:
    """A step that was run: its evidence, and what it wrote (the end of that, where it is long)."""

    evidence: Evidence
    output: str


@dataclass(frozen=True)
class Boxes:
    """Runs steps in boxes on this system."""

    containment: Containment

    def run(
        self,
        files: Mapping[str, bytes],
        steps: Sequence[Step],
        readable: Sequence[Path] = (),
        limits: Limits | None = None,
    ) -> list[Ended]:
        """Run `steps` over a copy of `files`; `readable` may be read. Fewer results than steps: one failed."""
        with tempfile.TemporaryDirectory(prefix="design-backend-prove-", ignore_cleanup_errors=True) as scratch:
            order = self._order(Path(scratch), files, steps, readable, limits or Limits())
            said = _talk(order, sum(step.seconds for step in steps) + _GRACE_SECONDS)
        if not said or said[0].get("box") is None:
            raise CannotProve(f"The box does not stand: {said[0].get('reason') if said else 'it ended at once'}.")
        return [_ended(step, outcome) for step, outcome in zip(steps, said[1:], strict=False)]

    def _order(
        self, scratch: Path, files: Mapping[str, bytes], steps: Sequence[Step], readable: Sequence[Path], limits: Limits
    ) -> dict[str, Any]:
        contained = self.containment.kind == "namespaces"
        work = scratch / "work"
        _lay(files, scratch / "pack" if contained else work)
        home = "/tmp" if contained else str(scratch / "home")  # noqa: S108 - the box's own, in memory
        if not contained:
            (scratch / "home").mkdir()
        return {
            "namespaces": contained,
            "scratch": str(scratch),
            "pack": str(scratch / "pack"),
            "work": str(work),
            "readable": [str(path) for path in (Path(sys.base_prefix), *readable)],
            "steps": [_step(step, work, home) for step in steps],
            **vars(limits),
        }


def boxes() -> Boxes:
    """Boxes as this system can make them, found out by making one. Raises `CannotProve` on Windows."""
    if sys.platform == "win32":
        raise CannotProve("prove needs Linux or macOS. On Windows, run it in WSL.")
    if sys.platform == "linux":
        contained = Boxes(Containment("namespaces", _HELD))
        with contextlib.suppress(CannotProve):
            if [ended.evidence.exit for ended in contained.run({}, [Step(["/bin/true"], 10)])] == [0]:
                return contained
    return Boxes(Containment("limits", _HELD_BY_LIMITS, _NOT_HELD))


def _lay(files: Mapping[str, bytes], folder: Path) -> None:
    folder.mkdir(mode=0o755)
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _step(step: Step, work: Path, home: str) -> dict[str, Any]:
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        **step.environment,
    }
    return {
        "argv": [word.replace("{work}", str(work)) for word in step.argv],
        "folder": step.folder,
        "environment": {name: value.replace("{work}", str(work)) for name, value in environment.items()},
        "seconds": step.seconds,
        "go_on": step.go_on,
    }


def _talk(order: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
    """What the box says, line by line. Whatever happens here, nothing of it is left running."""
    box = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_BOX)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        start_new_session=True,
        text=True,
    )
    try:
        said, _ = box.communicate(json.dumps(order), timeout=seconds)
    except subprocess.TimeoutExpired:
        said = ""
    finally:
        _end(box)
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def _end(box: "subprocess.Popen[str]") -> None:
    """Ask the box to end what it runs, then end all that is left of it."""
    if box.poll() is None:
        box.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            box.wait(2)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(box.pid, signal.SIGKILL)
    box.wait()


def _ended(step: Step, outcome: dict[str, Any]) -> Ended:
    words = [Path(step.argv[0]).name, *(word.replace("{work}/", "") for word in step.argv[1:])]
    command = step.shown or shlex.join(words)
    evidence = Evidence(command, outcome["exit"], outcome["ended"], outcome["seconds"], last_lines(outcome["log"]))
    return Ended(evidence, outcome["log"])


def program(name: str) -> Path | None:
    """A program of this machine, where it is on the PATH and lies where the box can see it."""
    found = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin")
    return Path(found) if found else None
