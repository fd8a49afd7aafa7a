"""Azure on one machine, put together: storage, durable engine, worker, HTTP, blob and timer triggers, drafts.

`LocalHost` is the whole of it as an object; `serve` runs one until it is told to stop. Touches the state folder,
loopback ports and the processes that it starts.
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from local.azurite import Azurite
from local.errors import HostError
from local.log import Log
from local.loopback import bind
from local.state import AZURITE_CACHE, DEFAULT_STATE, PROJECT, HostInfo, StateFolder
from local.wire import Json
from local.worker_process import WorkerProcess

if TYPE_CHECKING:
    from local.drafts.messages_api.server import DraftsServer

_DEFAULT_SETTINGS = {
    "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
    "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "true",
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "SWEEP_SCHEDULE": "0 */5 * * * *",
}
_MODEL_SETTINGS = (
    "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "KEY_VAULT_URL", "FOUNDRY_RESOURCE", "FOUNDRY_BASE_URL",
)  # fmt: skip


class LocalHost:
    """One app folder, running. Start it once, stop it once."""

    def __init__(
        self,
        app_dir: Path = PROJECT,
        state_dir: Path = DEFAULT_STATE,
        *,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
        drafts: Mapping[str, Any] | None = None,
        quiet: bool = False,
        word: str = "",
        way_to_storage: Callable[[str], str] = str,
    ) -> None:
        """`environment` are app settings that win over all others; `drafts` are options of the drafts server.

        `word` is what this start is known by in HostInfo; one is made up when it is empty. `way_to_storage` makes of
        the storage's connection string the one that the app is given: its way may lead over a proxy.
        """
        self._app_dir = app_dir.resolve()
        self._state = StateFolder(state_dir)
        self._port = port
        self._word = word or secrets.token_hex(16)
        self._way_to_storage = way_to_storage
        self._log = Log(quiet=quiet)
        self._drafts_options = dict(drafts or {})
        self._host_json = _read_json(self._app_dir / "host.json")
        self._settings = _settings(self._app_dir, environment or {})
        self._closing = contextlib.AsyncExitStack()
        self.worker = WorkerProcess(self._app_dir, lambda: self._settings, self._log)
        self.storage = Azurite(AZURITE_CACHE, self._state.path, self._log)
        self.drafts: DraftsServer | None = None

    async def start(self) -> HostInfo:
        """Start everything; returns where it is. Raises HostError, with nothing left running."""
        if not (self._app_dir / "function_app.py").is_file():
            raise HostError(f"{self._app_dir} is not an app folder: it has no function_app.py.")
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything, in the reverse order of its start."""
        await self._closing.aclose()

    async def _start(self) -> HostInfo:
        database = self._state.claim()
        self._closing.callback(database.close)
        self._closing.callback(self._state.withdraw)
        listener = bind(self._port)
        self._closing.callback(listener.close)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._settings["WEBSITE_HOSTNAME"] = url.removeprefix("http://")
        # Processes first: they take their second to come up while this one imports its own libraries.
        self._closing.push_async_callback(self.storage.stop)
        await self.storage.spawn()
        self._closing.push_async_callback(self.worker.stop)
        await self.worker.spawn()
        drafts_url = await self._start_drafts()
        from local.platform import Platform

        storage = await self.storage.connection_string()
        self._settings["AzureWebJobsStorage"] = self._way_to_storage(storage)
        info = HostInfo(os.getpid(), url, storage, drafts_url, _now(), self._word)
        platform = Platform(self.worker, self._settings, self._host_json, self._log)
        self._closing.push_async_callback(platform.stop)
        await platform.start(self._state, database, listener, info)
        self._state.publish(info)
        return info

    async def _start_drafts(self) -> str | None:
        """The drafts server's address; None when the user has named a model service or a key."""
        if any(self._settings.get(name) for name in _MODEL_SETTINGS):
            return None
        from local.drafts.messages_api.server import DraftsServer  # only needed without a model, and slow to import

        self.drafts = DraftsServer(**self._drafts_options)
        address = await self.drafts.start()
        self._closing.push_async_callback(self.drafts.stop)
        self._settings |= {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": "offline-drafts"}
        self._settings.setdefault("BATCH_FIRST_POLL_SECONDS", "1")  # its batches end in a moment
        return address


async def serve(
    app_dir: Path = PROJECT,
    state_dir: Path = DEFAULT_STATE,
    *,
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    drafts: Mapping[str, Any] | None = None,
    quiet: bool = False,
    until_stdin_ends: bool = False,
    word: str = "",
    way_to_storage: Callable[[str], str] = str,
) -> None:
    """Run a host until Ctrl-C, SIGTERM or, if asked, the end of stdin. Raises HostError when it cannot start."""
    told_to_stop = asyncio.Event()
    _stop_on_signals(told_to_stop)
    if until_stdin_ends:
        _stop_at_end_of_stdin(told_to_stop)
    host = LocalHost(
        app_dir, state_dir, port=port, environment=environment, drafts=drafts, quiet=quiet, word=word,
        way_to_storage=way_to_storage,
    )  # fmt: skip
    starting = asyncio.create_task(host.start())
    stopping = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        print(_ready_line(starting.result()), file=sys.stderr, flush=True)
        await stopping
        await host.stop()
        return
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting


def _ready_line(info: HostInfo) -> str:
    blobs = re.search(r"BlobEndpoint=([^;]+)", info.storage)
    model = f"drafts at {info.drafts}" if info.drafts else "the model service of your environment"
    return (
        f"Ready: {info.url}  (pages at {info.url}/api/ui, storage {blobs.group(1) if blobs else '?'}, drop PRDs"
        f" into its container 'prds' or POST them to {info.url}/api/runs; answers come from {model}; Ctrl-C stops)"
    )


def _stop_on_signals(told_to_stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(told_to_stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _stop_at_end_of_stdin(told_to_stop: asyncio.Event) -> None:
    """Whoever started this host holds the other end; the system closes it when that process ends."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 1024):  # not sys.stdin.read: it would hold a lock at exit
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(told_to_stop.set)

    threading.Thread(target=wait, name="stdin-watch", daemon=True).start()


def _settings(app_dir: Path, overrides: Mapping[str, str]) -> dict[str, str]:
    """The app's settings; the later of these win: defaults, local.settings.json, the environment, overrides."""
    local_settings = _read_json(app_dir / "local.settings.json").get("Values", {})
    return _DEFAULT_SETTINGS | local_settings | dict(os.environ) | dict(overrides)


def _read_json(path: Path) -> Json:
    """A JSON file's object; an empty one when there is no file. Raises HostError when it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise HostError(f"{path} cannot be read: {error}") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
