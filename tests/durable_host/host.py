"""`LocalHost` with Microsoft's durable engine and blob trigger in the place of ours; storage, worker and model stay."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, override

import httpx2
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob.aio import BlobServiceClient

from local.azurite import Azurite
from local.errors import HostError
from local.host import LocalHost
from local.loopback import bind
from local.platform import CONTAINERS
from local.state import AZURITE_CACHE, PROJECT, STATUS_PATH, HostInfo
from tests.durable_host.build import built, dotnet, environment

LOG = "durable-host.log"
_START_SECONDS = 120.0
_STOP_SECONDS = 15.0
_MADE_BY_AZURE = ("CONTAINER_NAME", "WEBSITE_INSTANCE_ID")
"""Where one of these is set, the extension takes the machine for Azure's and writes all it does to its output."""
_EVENT = {"aeg-event-type": "Notification"}


class AzureHost(LocalHost):
    """One app folder on the real extensions. With several `instances` the first one answers at HostInfo.url."""

    def __init__(
        self,
        app_dir: Path,
        state_dir: Path,
        *,
        environment: Mapping[str, str] | None = None,
        drafts: Mapping[str, Any] | None = None,
        quiet: bool = False,
        instances: int = 1,
    ) -> None:
        """As of LocalHost."""
        super().__init__(app_dir, state_dir, environment=environment, drafts=drafts, quiet=quiet)
        self.storage = Azurite(AZURITE_CACHE, self._state.path, self._log, ("blob", "queue", "table"))
        self.processes: list[subprocess.Popen[bytes]] = []
        self.urls: list[str] = []
        self._instances = instances

    @override
    async def _start(self) -> HostInfo:
        program = await asyncio.to_thread(built)
        database = self._state.claim()
        self._closing.callback(database.close)
        self._closing.callback(self._state.withdraw)
        self._closing.push_async_callback(self.storage.stop)
        await self.storage.spawn()
        drafts_url = await self._start_drafts()
        storage = self._settings["AzureWebJobsStorage"] = await self.storage.connection_string()
        await _create_containers(storage)
        self._closing.push_async_callback(self._end)
        for number in range(self._instances):
            await self._start_instance(program, number)
        info = HostInfo(
            os.getpid(), self.urls[0], storage, drafts_url, time.strftime("%FT%TZ", time.gmtime()), self._word
        )
        self._state.publish(info)
        return info

    async def _start_instance(self, program: Path, number: int) -> None:
        """Start a host and wait until it serves. The extension tells instances apart by the machine's name."""
        port = _free_port()
        status = {"state": "Running", "pid": os.getpid(), "word": self._word}
        name = f'hostname instance-{number} && exec "$@"'
        apart = ["unshare", "--uts", "sh", "-c", name, "sh"] if self._instances > 1 else []
        command = [*apart, dotnet() or "dotnet", str(program), "--app", str(self._app_dir), "--python", sys.executable]
        command += ["--port", str(port), "--status", json.dumps(status), "--until-stdin-ends"]
        command += ["--no-events"] if number else []
        own = environment() | self._settings | {"PYTHONPATH": str(PROJECT)}
        for name in _MADE_BY_AZURE:
            own.pop(name, None)
        with (self._state.path / LOG).open("ab") as log:
            process = subprocess.Popen[bytes](command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=own)
        self.processes.append(process)
        self.urls.append(f"http://127.0.0.1:{port}")
        await self._serves(process, self.urls[-1])

    async def _serves(self, process: subprocess.Popen[bytes], url: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        async with httpx2.AsyncClient(base_url=url) as http:
            while time.monotonic() < deadline:
                if process.poll() is not None:
                    break
                with suppress(httpx2.HTTPError):
                    if (await http.get(STATUS_PATH)).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        said = (self._state.path / LOG).read_text(errors="replace")[-4_000:]
        raise HostError(f"The durable host did not start:\n{said}")

    async def _end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                await asyncio.to_thread(process.wait, _STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin:
                process.stdin.close()

    async def tell_of_blob(self, name: str, etag: str) -> None:
        """Deliver the event of one version of a dropped PRD once more, as Event Grid may."""
        subject = f"/blobServices/default/containers/prds/blobs/{name}"
        data = {"api": "PutBlob", "eTag": etag, "contentLength": 1, "blobType": "BlockBlob"}
        blobs = next(
            part for part in self._settings["AzureWebJobsStorage"].split(";") if part.startswith("BlobEndpoint=")
        )
        data["url"] = f"{blobs.removeprefix('BlobEndpoint=')}/prds/{name}"
        event = {"id": f"{name}-{etag}", "eventType": "Microsoft.Storage.BlobCreated", "subject": subject, "data": data}
        event |= {
            "eventTime": time.strftime("%FT%TZ", time.gmtime()),
            "dataVersion": "",
            "metadataVersion": "1",
            "topic": "/x",
        }
        async with httpx2.AsyncClient(base_url=self.urls[0], timeout=60) as http:
            where = "/runtime/webhooks/blobs?functionName=Host.Functions.prd_dropped&code=none"
            (await http.post(where, json=[event], headers=_EVENT)).raise_for_status()


async def _create_containers(storage: str) -> None:
    async with BlobServiceClient.from_connection_string(storage) as client:
        for name in CONTAINERS:
            with suppress(ResourceExistsError):
                await client.get_container_client(name).create_container()


def _free_port() -> int:
    with closing(bind(0)) as listener:
        taken: socket.socket = listener
        return taken.getsockname()[1]
