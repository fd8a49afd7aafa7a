"""Builds the host of this folder with the .NET SDK, once for each state of its sources."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.state import PROJECT

SOURCES = Path(__file__).parent
CACHE = PROJECT / ".local" / "durable-host"
NO_SDK = "there is no `dotnet` on the PATH"
_PROGRAM = "durable-host.dll"


def dotnet() -> str | None:
    """The .NET SDK's command; None where there is none."""
    return shutil.which("dotnet")


def built() -> Path:
    """The built program, built first where it is not there. Raises RuntimeError with what the compiler said."""
    home = CACHE / _digest()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests in several processes build it once
        if not home.exists():
            _build(home)
    return home / _PROGRAM


def _build(home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        for source in _sources():
            shutil.copy(source, work)
        command = [dotnet() or "dotnet", "publish", work, "-c", "Release", "-o", f"{work}/out", "--tl:off"]
        said = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
        if said.returncode:
            raise RuntimeError(f"The durable host cannot be built:\n{said.stdout[-4_000:]}{said.stderr[-2_000:]}")
        Path(work, "out").rename(home)


def environment() -> dict[str, str]:
    """The environment, in which the SDK reports nothing and asks nothing."""
    return os.environ | {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"}


def _sources() -> list[Path]:
    return sorted([*SOURCES.glob("*.cs"), *SOURCES.glob("*.csproj")])


def _digest() -> str:
    return hashlib.sha256(b"".join(source.read_bytes() for source in _sources())).hexdigest()[:16]
