"""Python environments for a pack's code, made by uv: the only step of Python's proofs that uses the network.

Nothing of a package or of the pack runs while the network is open: wheels alone are installed, sources are not built,
and what names an address of its own is refused. Environments are kept by what is in them and are read-only in a box.
"""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from prove.errors import CannotProve
from prove.verdicts import Evidence, last_lines

INSTALL_SECONDS = 300.0
_REGISTRY = (
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
"""What uv, and nothing else, is told of the caller's settings: where the registry is and how to reach it."""
_UNREACHABLE = re.compile(
    r"error sending request|failed to fetch|dns error|timed out|connection (?:refused|reset)|could not connect", re.I
)
_ABSENT = re.compile(r"not found in the package registry|no solution found|404 Not Found", re.I)
_ADDRESS = re.compile(r"^\s*-|\s@\s|://|^\s*\.{0,2}/")


@dataclass(frozen=True)
class Environment:
    """An environment that was made, by its interpreter; or None, with the reason.

    `decided` is False where the pack is not to blame: no network, or a place that is not a registry.
    """

    python: Path | None
    evidence: tuple[Evidence, ...]
    reason: str = ""
    decided: bool = True

    @property
    def folder(self) -> Path:
        """What a box must be let read."""
        assert self.python is not None
        return self.python.parent.parent


@dataclass
class Environments:
    """Makes environments, each once. `cache` is kept between proofs."""

    cache: Path
    made: dict[str, Environment] = field(default_factory=dict[str, Environment])

    def of_requirements(self, text: str, name: str = "requirements.txt") -> Environment:
        """An environment with what a requirements file asks for."""
        own = [line for line in (line.split("#")[0] for line in text.splitlines()) if _ADDRESS.search(line)]
        if own:
            return _elsewhere(name, own[0])
        return self._remembered("requirements.txt", text, [])

    def of_project(self, text: str) -> Environment:
        """An environment with what a pyproject.toml declares, with all its groups and extras."""
        try:
            project = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            return Environment(None, (), f"pyproject.toml is no TOML: {error}")
        for each in _strings([project.get("project"), project.get("dependency-groups")]):
            if re.search(r"\s@\s", each):
                return _elsewhere("pyproject.toml", each)
        groups = cast(Mapping[str, object], project.get("dependency-groups", {}))
        words = [word for name in groups for word in ("--group", str(name))]
        return self._remembered("pyproject.toml", text, ["--all-extras", *words])

    def _remembered(self, name: str, text: str, options: Sequence[str]) -> Environment:
        key = hashlib.sha256(f"{name}\0{text}".encode()).hexdigest()
        if key not in self.made:
            self.made[key] = self._make(name, text, options)
        return self.made[key]

    def _make(self, name: str, text: str, options: Sequence[str]) -> Environment:
        with tempfile.TemporaryDirectory(prefix="design-backend-prove-") as scratch:
            folder = Path(scratch)
            (folder / name).write_text(text, encoding="utf-8")
            compile_it = [
                "pip",
                "compile",
                name,
                *options,
                "--no-build",
                "--no-sources",
                "--no-header",
                "--no-annotate",
            ]
            resolved, pins = self._uv([*compile_it, "--quiet", "--python", sys.executable], folder)
            if not resolved.good:
                return _refused(resolved)
            key = hashlib.sha256(f"{sys.version}\0{pins}".encode()).hexdigest()[:24]
            place = self.cache / "environments" / key
            if (place / "bin" / "python").exists():
                return Environment(place / "bin" / "python", (resolved,))
            return self._install(folder, pins, place, resolved)

    def _install(self, folder: Path, pins: str, place: Path, resolved: Evidence) -> Environment:
        """Made beside its place and moved there whole, so that two at once do not meet."""
        (folder / "pins.txt").write_text(pins, encoding="utf-8")
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
        fresh.chmod(0o755)
        try:
            made, _ = self._uv(["venv", "--quiet", "--allow-existing", "--python", sys.executable, str(fresh)], folder)
            python = str(fresh / "bin" / "python")
            install = ["pip", "install", "--quiet", "--no-build", "--no-deps", "--compile-bytecode", "--python", python]
            installed, _ = self._uv([*install, "-r", "pins.txt"], folder) if made.good else (made, "")
            if not installed.good:
                return _refused(installed, resolved)
            with contextlib.suppress(OSError):  # another one was first: its environment is the same
                fresh.rename(place)
            return Environment(place / "bin" / "python", (resolved, installed))
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _uv(self, words: Sequence[str], folder: Path) -> tuple[Evidence, str]:
        """Run uv in an environment of its own; what it was asked, and what it wrote to standard output."""
        kept = {name: os.environ[name] for name in _REGISTRY if name in os.environ}
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "UV_CACHE_DIR": str(self.cache / "uv"),
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "NO_COLOR": "1",
            **kept,
        }
        return run_tool([str(uv()), *words], folder, environment, f"uv {' '.join(_short(words))}")


def run_tool(
    argv: Sequence[str], folder: Path, environment: Mapping[str, str], shown: str, seconds: float = INSTALL_SECONDS
) -> tuple[Evidence, str]:
    """Run a tool of ours, outside a box: it may use the network, and runs nothing of the pack."""
    began = time.monotonic()
    process = subprocess.Popen(
        argv,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        umask=0o022,
        text=True,
        errors="replace",
    )
    out, err, ended = "", "", "by itself"
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        ended = "time"
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    took = round(time.monotonic() - began, 2)
    return Evidence(shown, process.returncode, ended, took, last_lines(err or out)), out


def uv() -> Path:
    """The uv that came with this project, else the one on the PATH. Raises `CannotProve` where there is none."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if not found:
        raise CannotProve("prove needs uv to make environments with: pip install uv.")
    return Path(found)


def cache_folder() -> Path:
    """Where what was downloaded is kept between proofs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "design-backend" / "prove"


def _elsewhere(name: str, what: str) -> Environment:
    reason = f"{name} names a place of its own, and only packages of the registry are installed here: {what!r}"
    return Environment(None, (), reason, decided=False)


def _refused(failed: Evidence, *before: Evidence) -> Environment:
    text = " ".join(failed.log)
    decided = failed.ended == "by itself" and not (_UNREACHABLE.search(text) and not _ABSENT.search(text))
    if not decided:
        reason = "the package registry cannot be reached"
    else:
        because = re.search(r"Because .*", text)
        reason = because[0] if because else text
    return Environment(None, (*before, failed), reason, decided)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return _strings(list(cast(dict[str, Any], value).values()))
    if isinstance(value, list):
        return [text for each in cast(list[Any], value) for text in _strings(each)]
    return []


def _short(words: Sequence[str]) -> list[str]:
    return [
        Path(word).name if word.startswith("/") else word for word in words if word not in ("--quiet", "--no-header")
    ]
