"""What Azure's platform does around a worker: durable engine, HTTP, blob triggers, timers, in one object.

Imported after the slow processes have been started: its libraries take a second to load, and so do those.
"""

import asyncio
import contextlib
import socket
import sqlite3
from collections.abc import Coroutine, Mapping
from typing import Any

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob.aio import BlobServiceClient

from local.blob_trigger import DEFAULT_TRIES, BlobTrigger
from local.durable import DurableDispatcher, client_config
from local.engine import DurableEngine
from local.engine_store import EngineStore
from local.functions import App
from local.http_front import HttpFront
from local.log import Log
from local.receipts import Receipts
from local.state import HostInfo, StateFolder
from local.timer_trigger import TimerTrigger, call_once, resolve
from local.wire import Json
from local.worker_process import WorkerProcess

CONTAINERS = ("prds", "designs", "runs")
_GRPC_GRACE_SECONDS = 0.2
_DRAIN_SECONDS = 5.0
"""What activities get to end when the host stops; what takes longer is done again by the next one."""


class Platform:
    """Runs one worker's app. `settings` are the app settings, `host_json` is the app's host.json."""

    def __init__(self, worker: WorkerProcess, settings: Mapping[str, str], host_json: Json, log: Log) -> None:
        self._worker = worker
        self._settings = settings
        self._extensions: Json = host_json.get("extensions", {})
        self._log = log
        self._dispatcher: DurableDispatcher | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = contextlib.AsyncExitStack()

    async def start(
        self, state: StateFolder, database: sqlite3.Connection, listener: socket.socket, info: HostInfo
    ) -> None:
        """Load the app into the worker and serve it. Raises AppError."""
        storage = BlobServiceClient.from_connection_string(info.storage, retry_total=0)  # the triggers try again
        self._closing.push_async_callback(storage.close)
        durable: Json = self._extensions.get("durableTask", {})
        dispatcher = self._dispatcher = DurableDispatcher(self._worker, durable, self._log)
        engine = DurableEngine(EngineStore(database), dispatcher.wake)
        config = client_config(engine.start(), info.url, durable.get("hubName", "LocalHub"))
        self._closing.callback(engine.stop, _GRPC_GRACE_SECONDS)
        await _create_containers(storage)
        app = await self._worker.load(config)
        self._run(dispatcher.run(engine, app))
        self._warm_up(app)
        self._watch_clock(app)
        self._watch_blobs(app, storage, state)
        await self._serve_http(app, listener, info)

    async def stop(self) -> None:
        """Let what is under way end, stop what runs, then close what it used."""
        if self._dispatcher:
            await self._dispatcher.drain(_DRAIN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._closing.aclose()

    async def _serve_http(self, app: App, listener: socket.socket, info: HostInfo) -> None:
        prefix = self._extensions.get("http", {}).get("routePrefix", "api")
        status = {"state": "Running", "pid": info.pid, "started": info.started, "word": info.word}
        front = HttpFront(listener, self._worker, status, self._log)
        self._closing.push_async_callback(front.stop)
        await front.start(app, prefix)

    def _warm_up(self, app: App) -> None:
        """As Azure does when it adds an instance: beside the first requests, not before them."""
        for function in app.triggered_by("warmupTrigger"):
            self._run(call_once(function, "{}", self._worker, self._log))

    def _watch_clock(self, app: App) -> None:
        for function in app.triggered_by("timerTrigger"):
            self._run(TimerTrigger(function, self._settings, self._worker, self._log).run())

    def _watch_blobs(self, app: App, storage: BlobServiceClient, state: StateFolder) -> None:
        receipts = Receipts(state.receipts)
        self._closing.callback(receipts.close)
        tries = self._extensions.get("blobs", {}).get("poisonBlobThreshold", DEFAULT_TRIES)
        for function in app.triggered_by("blobTrigger"):
            path = resolve(function.trigger["path"], self._settings)
            self._run(BlobTrigger(function, path, storage, receipts, self._worker, tries, self._log).run())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep a task running; if it fails, which is a defect here, say so."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._report)

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._log.error(f"{task.get_coro()} ended: {error!r}")


async def _create_containers(storage: BlobServiceClient) -> None:
    for name in CONTAINERS:
        with contextlib.suppress(ResourceExistsError):
            await storage.get_container_client(name).create_container()
