"""Blob-triggered functions: looks at the container twice a second and calls the function for each new ETag.

As in Azure a call is repeated when it fails (five tries unless host.json says otherwise, then the blob is given
up and reported), and after a crash: at least once. Touches storage (reading), the receipts and the worker.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from local.errors import WorkerLost
from local.functions import Function
from local.log import Log
from local.receipts import Receipts
from local.wire import Json
from local.worker_process import Call, FunctionFailed, WorkerProcess

_POLL_SECONDS = 0.5
_RETRY_SECONDS = 0.5
"""Azure waits for nothing between tries: five of them take some three seconds."""
_AT_ONCE = 8
DEFAULT_TRIES = 5
CONTENT_LIMIT = 16 * 1024 * 1024
"""Bytes; a larger blob is announced without its content."""


@dataclass(frozen=True)
class Found:
    """A blob that a function is to be told about. `etag` is quoted, as headers have it."""

    path: str
    name: str
    etag: str
    groups: dict[str, str]
    properties: BlobProperties


class BlobTrigger:
    """One function's watch over its container."""

    def __init__(
        self,
        function: Function,
        path: str,
        storage: BlobServiceClient,
        receipts: Receipts,
        worker: WorkerProcess,
        tries: int,
        log: Log,
    ) -> None:
        container, _, pattern = path.partition("/")
        self._function = function
        self._container: ContainerClient = storage.get_container_client(container)
        self._pattern = blob_pattern(pattern)
        self._receipts = receipts
        self._seen = receipts.of(function.name)
        self._worker = worker
        self._tries = tries
        self._log = log
        self._running: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Watch until cancelled. Trouble with storage is reported once until it is over."""
        trouble = ""
        try:
            while True:
                try:
                    await self._look()
                    trouble = ""
                except AzureError as error:
                    if str(error) != trouble:
                        trouble = str(error)
                        self._log.warning(f"cannot list {self._container.container_name}: {trouble.splitlines()[0]}")
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            for task in self._running.values():
                task.cancel()

    async def _look(self) -> None:
        """Start a call for each blob whose ETag is new; a blob under way is looked at again afterwards."""
        present: set[str] = set()
        async for properties in self._container.list_blobs(include=["metadata"]):
            found = self._matched(properties)
            if found is None:
                continue
            present.add(found.path)
            if found.path not in self._running and self._seen.get(found.path) != found.etag:
                task = self._running[found.path] = asyncio.create_task(self._deal_with(found))
                task.add_done_callback(lambda _, path=found.path: self._running.pop(path, None))
        for path in self._seen.keys() - present - self._running.keys():
            del self._seen[path]
            self._receipts.forget(self._function.name, path)

    def _matched(self, properties: BlobProperties) -> Found | None:
        name = str(properties.name)
        match = self._pattern.fullmatch(name)
        if match is None:
            return None
        etag = '"' + str(properties.etag).strip('"') + '"'
        return Found(f"{self._container.container_name}/{name}", name, etag, match.groupdict(), properties)

    async def _deal_with(self, found: Found) -> None:
        """Call until it succeeds or the tries are used up, then write the receipt."""
        async with self._room:
            for attempt in range(self._tries):
                if attempt:
                    await asyncio.sleep(_RETRY_SECONDS)
                started = time.perf_counter()
                failure = await self._tell(found)
                self._log.called(f"{self._function.name} {found.path}", started, failure)
                if failure is None:
                    break
            else:
                self._log.error(f"{found.path} is given up after {self._tries} tries of {self._function.name}")
        self._seen[found.path] = found.etag
        self._receipts.write(self._function.name, found.path, found.etag)

    async def _tell(self, found: Found) -> str | None:
        """One call; returns what went wrong, None when nothing did. A blob that is gone needs no call."""
        blob = self._container.get_blob_client(found.name)
        content = b""
        try:
            if (found.properties.size or 0) <= CONTENT_LIMIT:
                content = await (await blob.download_blob()).readall()
            inputs: dict[str, Json] = {self._function.argument: {"kind": "bytes"}}
            await self._worker.invoke(
                Call(self._function, inputs, trigger_metadata(self._function.name, found, blob.url), content)
            )
        except ResourceNotFoundError:
            return None
        except (FunctionFailed, WorkerLost, AzureError) as error:
            return str(error)
        return None


def trigger_metadata(function: str, found: Found, url: str) -> dict[str, Json]:
    """What Azure's host tells about the blob: its path, address, properties, metadata and the path's groups."""
    about = found.properties
    properties: dict[str, Json] = {
        "ETag": {},  # Azure.ETag has no JSON form: no function learns of the version from its trigger
        "ContentLength": about.size,
        "ContentType": about.content_settings.content_type,
        "LastModified": _moment(about.last_modified),
        "CreatedOn": _moment(about.creation_time),
    }
    groups: dict[str, Json] = {name: {"kind": "string", "value": value} for name, value in found.groups.items()}
    return groups | {
        "sys": {"kind": "json", "value": json.dumps({"MethodName": function, "UtcNow": _moment(datetime.now(UTC))})},
        "BlobTrigger": {"kind": "string", "value": found.path},
        "Uri": {"kind": "json", "value": json.dumps(url)},
        "Properties": {"kind": "json", "value": json.dumps(properties)},
        "Metadata": {"kind": "json", "value": json.dumps(about.metadata or {})},
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def blob_pattern(pattern: str) -> re.Pattern[str]:
    """A binding's blob pattern, such as `{name}.{ext}`, as an expression with named groups."""
    parts = re.split(r"\{(\w+)\}", pattern or "{name}")
    groups = [f"(?P<{part}>.+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)]
    return re.compile("".join(groups), re.DOTALL)
