"""The host's side of the worker: starts the process, calls functions in it, starts it again when it ends.

Touches one child process and one loopback connection to it.
"""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import AppError, HostError, WorkerLost
from local.functions import App, Function, read_functions
from local.log import Log
from local.processes import APART
from local.wire import Frame, Json, read_frame, write_frame

_PROJECT = Path(__file__).resolve().parent.parent
_HELLO_SECONDS = 60.0
_RESTART_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)


class FunctionFailed(Exception):
    """The function raised. `error_type`, `message` and `stack` are the app's."""

    def __init__(self, text: str, stack: str) -> None:
        super().__init__(text)
        self.error_type, _, message = text.partition(": ")
        self.message = message or text
        self.stack = stack


@dataclass(frozen=True)
class Call:
    """One invocation. `inputs` and `metadata` are values of the wire; a bytes or http input has its bytes in `body`."""

    function: Function
    inputs: dict[str, Json]
    metadata: dict[str, Json] = field(default_factory=dict[str, Json])
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What a function returned: a value of the wire (None for nothing) and its bytes."""

    value: Json
    body: bytes


class WorkerProcess:
    """A worker that is kept alive. `environment` is read at each start."""

    def __init__(self, app_dir: Path, environment: Callable[[], Mapping[str, str]], log: Log) -> None:
        self._app_dir = app_dir
        self._environment = environment
        self._log = log
        self._client_config = ""
        self._secret = ""
        self._server: asyncio.Server | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._ready = asyncio.Event()
        self._loaded: asyncio.Future[App] | None = None
        self._pending: dict[str, asyncio.Future[Answer]] = {}
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, for diagnosis and for tests that kill it."""
        return self._process.pid if self._process else None

    @property
    def busy(self) -> int:
        """How many functions it is running, for figures."""
        return len(self._pending)

    @property
    def app(self) -> App | None:
        """The functions that the worker has loaded; None before."""
        return self._loaded.result() if self._loaded and self._loaded.done() else None

    async def spawn(self) -> None:
        """Start the process; it imports the library meanwhile. `load` completes the start."""
        self._server = self._server or await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._secret = secrets.token_hex(32)
        self._connected.clear()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "local.worker",
            stdin=asyncio.subprocess.PIPE, cwd=self._app_dir, env=_process_environment(), **APART,
        )  # fmt: skip
        start = {"port": self._server.sockets[0].getsockname()[1], "secret": self._secret}
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(start).encode() + b"\n")

    async def load(self, client_config: str) -> App:
        """Have the app loaded; from now on the worker is restarted whenever it ends. Raises AppError."""
        self._client_config = client_config
        app = await self._load()
        self._supervisor = asyncio.create_task(self._supervise())
        return app

    async def available(self) -> None:
        """Wait until there is a worker that has loaded the app."""
        await self._ready.wait()

    async def invoke(self, call: Call) -> Answer:
        """Call a function, waiting for a worker first. Raises FunctionFailed or WorkerLost."""
        await self.available()
        invocation = str(uuid.uuid4())
        clients: dict[str, Json] = {
            name: {"kind": "string", "value": self._client_config} for name in call.function.clients
        }
        fields = {
            "id": invocation,
            "function": call.function.id,
            "inputs": call.inputs | clients,
            "metadata": call.metadata,
        }
        answer = self._pending[invocation] = asyncio.get_running_loop().create_future()
        try:
            await self._send(Frame("invoke", fields, call.body))
            return await answer
        finally:
            del self._pending[invocation]

    async def stop(self) -> None:
        """End the process and everything about it."""
        if self._supervisor:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._lose()
        if self._server:
            self._server.close()

    async def _load(self) -> App:
        """Wait for the connection, send the app folder and its environment, read the functions."""
        assert self._process is not None
        self._loaded = asyncio.get_running_loop().create_future()
        hello = asyncio.create_task(self._connected.wait())
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({hello, ended}, timeout=_HELLO_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not self._connected.is_set():
                raise HostError("The worker process ended before it could load the app; see its output above.")
            fields = {"app_dir": str(self._app_dir), "environment": dict(self._environment())}
            await self._send(Frame("load", fields))
            await asyncio.wait({self._loaded, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not self._loaded.done():
                raise HostError("The worker process ended while it loaded the app; see its output above.")
            app = self._loaded.result()
        finally:
            hello.cancel()
            ended.cancel()
        self._ready.set()
        return app

    async def _supervise(self) -> None:
        """Start the worker again whenever it ends, waiting longer while it keeps failing."""
        assert self._process is not None
        while True:
            code = await self._process.wait()
            self._lose()
            self._log.warning(f"worker ended (exit {code}); starting it again")
            for delay in itertools.chain(_RESTART_SECONDS, itertools.repeat(_RESTART_SECONDS[-1])):
                await asyncio.sleep(delay)
                if await self._restarted():
                    break

    async def _restarted(self) -> bool:
        try:
            await self.spawn()
            await self._load()
        except HostError as error:
            self._log.error(str(error))
            if self._process and self._process.returncode is None:
                self._process.kill()
            return False
        self._log.info("worker is back")
        return True

    def _lose(self) -> None:
        """The worker is gone: whoever waits for an answer learns that none will come."""
        self._ready.clear()
        if self._writer:
            self._writer.close()
            self._writer = None
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(WorkerLost())

    async def _send(self, frame: Frame) -> None:
        writer = self._writer
        if writer is None:
            raise WorkerLost
        write_frame(writer, frame)
        try:
            await writer.drain()
        except ConnectionError as error:
            raise WorkerLost from error

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the connection that knows this start's secret, and read answers until it ends."""
        try:
            hello = await asyncio.wait_for(read_frame(reader), _HELLO_SECONDS)
        except (TimeoutError, ValueError):
            hello = None
        if hello is None or not secrets.compare_digest(str(hello.fields.get("secret")), self._secret):
            writer.close()
            return
        self._writer = writer
        self._connected.set()
        while (frame := await read_frame(reader)) is not None:
            self._receive(frame)
        if self._writer is writer:
            self._lose()

    def _receive(self, frame: Frame) -> None:
        if frame.kind == "result":
            answer = self._pending.get(frame.fields["id"])
            if answer is None or answer.done():
                return
            if error := frame.fields.get("error"):
                answer.set_exception(FunctionFailed(error["message"], error["stack"]))
            else:
                answer.set_result(Answer(frame.fields["value"], frame.body))
        elif self._loaded is not None and not self._loaded.done():
            try:
                self._loaded.set_result(_functions_of(frame))
            except AppError as error:
                self._loaded.set_exception(error)


def _functions_of(frame: Frame) -> App:
    if frame.kind == "unloadable":
        raise AppError(f"The app cannot be loaded. {frame.fields['message']}\n{frame.fields['stack']}".rstrip())
    return read_functions(frame.fields["functions"])


def _process_environment() -> dict[str, str]:
    """The host's environment, with this package importable although the app's folder is the working folder."""
    paths = [str(_PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
