"""Blob Storage adapter: the only importer of azure-storage-blob (async). Knows blobs, not what is in them.

Imports the SDK when a store is opened, not when this module is: indexing stays fast.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.contracts import BlobRef
from shared.errors import BadInput, DesignBackendError, NotFound, StorageFault, StorageRefused
from shared.prd import content_hash

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

_CONTENT_TYPES = {"md": "text/markdown", "json": "application/json", "csv": "text/csv", "yaml": "application/yaml"}
_WAITS = (0.5, 1.5, 4.0)
_SILENCE = 30.0
"""Seconds without a byte after which a request is made again."""
_BLOCK = 256 * 1024
"""Bytes that are read from a connection at once."""
_MOST_METADATA = 8_192
"""Bytes of metadata that a blob may have, names included."""
_PASSING = (409, 412, 429)
"""What the SDK takes for final, and is not, but for the answer to a condition. So it does an answer that breaks off."""
_TAKEN = "BlobAlreadyExists"
_PAGE = 5_000
"""Blobs in one answer of a listing: the most that storage gives."""
PRDS = "prds"
DESIGNS = "designs"
WORK = "runs"
LONGEST_NAME = 1_024
"""Characters of a blob's name, as Azure has it."""


class BlobChanged(DesignBackendError):
    """A blob no longer has the version or content that was asked for."""

    title = "The blob has changed"
    http_status = 412


type _Listed = list[BlobInfo]
type _Names = list[str]


@dataclass(frozen=True)
class BlobInfo:
    """What storage tells of a blob, and at what time by its own clock (by ours in a listing). `etag` has no quotes."""

    name: str
    etag: str
    size: int
    modified: datetime
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    told: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def age(self) -> timedelta:
        """Time since it was written. Where one clock tells both, it does not matter how wrong that is."""
        return self.told - self.modified


class BlobStore:
    """Containers of one storage account. Create it once a process, with its event loop running.

    What storage cannot do just now is `StorageFault`, what it refuses the app `StorageRefused`.
    """

    def __init__(self, service: "BlobServiceClient") -> None:
        self._service = service

    @classmethod
    def from_connection_string(cls, connection: str) -> "BlobStore":
        """A store reached with a connection string (Azurite, local work)."""
        from azure.storage.blob.aio import BlobServiceClient

        return cls(BlobServiceClient.from_connection_string(connection, **_connection()))

    @classmethod
    def from_identity(cls, uri: str, credential: "AsyncTokenCredential") -> "BlobStore":
        """A store reached with Entra ID; no key anywhere."""
        from azure.storage.blob.aio import BlobServiceClient

        return cls(BlobServiceClient(uri, credential=credential, **_connection()))

    async def close(self) -> None:
        """Close connections."""
        await self._service.close()

    def _blob(self, container: str, name: str) -> "BlobClient":
        """`BadInput` for a name that a URL would resolve to another blob, even to one of another container."""
        if not is_addressable(name):
            raise BadInput("bad-blob-name", f"{name[:200]!r} is no blob name.", "Use a name without '.', '..' or '\\'.")
        return self._service.get_blob_client(container, name)

    async def read(
        self, container: str, name: str, etag: str | None = None, *, at_most: int | None = None
    ) -> tuple[bytes, BlobInfo]:
        """Content and properties of a blob; with `etag`, of exactly that version (`BlobChanged` otherwise).

        A blob of more than `at_most` bytes is not fetched: its content comes empty, its size as it is.
        """
        return await _persist(lambda: self._read(container, name, etag, at_most))

    async def _read(self, container: str, name: str, etag: str | None, at_most: int | None) -> tuple[bytes, BlobInfo]:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        answers: list[Any] = []
        try:
            client: Any = self._blob(container, name)
            stream = await client.download_blob(raw_response_hook=answers.append, **condition)
            data: bytes = await stream.readall() if at_most is None or stream.size <= at_most else b""
        except ResourceNotFoundError:
            raise NotFound("no-blob", f"There is no blob {name!r} in container {container!r}.") from None
        except ResourceModifiedError:
            if etag is None:
                raise
            raise BlobChanged("blob-changed", f"Blob {name!r} in {container!r} was overwritten.") from None
        return data, replace(_info(stream.properties), told=_clock(answers))

    async def fetch(self, ref: BlobRef) -> str:
        """The text a reference stands for, verified by hash (`BlobChanged` where it differs)."""
        data, _ = await self.read(ref.container, ref.name)
        if content_hash(data) != ref.sha256:
            raise BlobChanged("blob-changed", f"Blob {ref.name!r} in {ref.container!r} is not the one recorded.")
        return data.decode("utf-8")

    async def write(
        self, container: str, name: str, data: bytes, content_type: str, metadata: dict[str, str] | None = None
    ) -> BlobRef:
        """Create or replace a blob."""
        from azure.storage.blob import ContentSettings

        client, settings = self._blob(container, name), ContentSettings(content_type=content_type)
        await _persist(lambda: client.upload_blob(data, overwrite=True, content_settings=settings, metadata=metadata))
        return BlobRef(container, name, content_hash(data), len(data))

    async def create(self, container: str, name: str, data: bytes, content_type: str = "application/json") -> bool:
        """Create a blob only where there is none; False when somebody was there first."""
        return await self.claim(container, name, data, content_type) is not None

    async def claim(
        self,
        container: str,
        name: str,
        data: bytes,
        content_type: str = "application/json",
        metadata: dict[str, str] | None = None,
    ) -> str | None:
        """Create a blob only where there is none; its ETag, or None when somebody was there first."""
        return await _persist(lambda: self._claim(container, name, data, content_type, metadata))

    async def _claim(
        self, container: str, name: str, data: bytes, content_type: str, metadata: dict[str, str] | None
    ) -> str | None:
        from azure.core.exceptions import ResourceExistsError
        from azure.storage.blob import ContentSettings

        client = self._blob(container, name)
        try:
            answer = await client.upload_blob(
                data,
                overwrite=False,
                content_settings=ContentSettings(content_type=content_type),
                metadata=metadata,
            )
        except ResourceExistsError as error:
            if getattr(error, "error_code", _TAKEN) != _TAKEN:
                raise  # another conflict: nobody was here first
            return None
        return _bare(answer["etag"])

    async def replace(
        self, container: str, name: str, data: bytes, etag: str, content_type: str = "application/json"
    ) -> str | None:
        """Overwrite exactly one version of a blob; its new ETag, or None where it is no longer that version."""
        return await _persist(lambda: self._replace(container, name, data, etag, content_type))

    async def _replace(self, container: str, name: str, data: bytes, etag: str, content_type: str) -> str | None:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
        from azure.storage.blob import ContentSettings

        try:
            answer = await self._blob(container, name).upload_blob(
                data,
                overwrite=True,
                etag=etag,
                match_condition=MatchConditions.IfNotModified,
                content_settings=ContentSettings(content_type=content_type),
            )
        except (ResourceModifiedError, ResourceNotFoundError):
            return None
        return _bare(answer["etag"])

    async def exists(self, container: str, name: str) -> bool:
        """Whether the blob is there."""
        return await _persist(self._blob(container, name).exists)

    async def delete(self, container: str, name: str, etag: str | None = None) -> None:
        """Delete a blob, or with `etag` exactly that version of it; no error where there is none."""
        await _persist(lambda: self._delete(container, name, etag))

    async def _delete(self, container: str, name: str, etag: str | None) -> None:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        try:
            await self._blob(container, name).delete_blob(**condition)
        except ResourceNotFoundError:
            return
        except ResourceModifiedError:
            if etag is None:
                raise

    async def list(self, container: str, prefix: str = "", *, page: int | None = None) -> AsyncIterator[BlobInfo]:
        """Blobs of a container in name order, with their metadata; asked for in pages, each when it is needed."""
        next_page: str | None = None
        while True:
            found, next_page = await _persist(partial(self._page, container, prefix, next_page, page or _PAGE))
            for info in found:
                yield info
            if not next_page:
                return

    async def folders(self, container: str, prefix: str) -> AsyncIterator[str]:
        """What stands between `prefix` and the next slash of blobs' names, in order, the slash included."""
        next_page: str | None = None
        while True:
            found, next_page = await _persist(partial(self._page_of_folders, container, prefix, next_page))
            for name in found:
                yield name
            if not next_page:
                return

    async def _page_of_folders(self, container: str, prefix: str, page: str | None) -> "tuple[_Names, str | None]":
        client: Any = self._service.get_container_client(container)
        pages = client.walk_blobs(name_starts_with=prefix, delimiter="/").by_page(page)
        found = [str(each.name) async for each in await anext(pages) if str(each.name).endswith("/")]
        return found, pages.continuation_token

    async def _page(self, container: str, prefix: str, page: str | None, size: int) -> "tuple[_Listed, str | None]":
        client: Any = self._service.get_container_client(container)
        listing = client.list_blobs(name_starts_with=prefix or None, include=["metadata"], results_per_page=size)
        pages = listing.by_page(page)
        found = [_info(properties) async for properties in await anext(pages)]
        return found, pages.continuation_token


def content_type(path: str) -> str:
    """The media type a file of a pack is stored and served with; nothing a browser would run."""
    return _CONTENT_TYPES.get(path.rsplit(".", 1)[-1].lower(), "text/plain") + "; charset=utf-8"


def is_addressable(name: str) -> bool:
    """Whether a URL with this name leads to this blob and no other."""
    return (
        0 < len(name) <= LONGEST_NAME
        and _is_encodable(name)
        and "\\" not in name
        and not {"", ".", ".."} & set(name.split("/"))
    )


def _is_encodable(name: str) -> bool:
    """Whether storage can hold the name at all: half a surrogate pair has no UTF-8, U+FFFE and U+FFFF no XML."""
    return not any("\ud800" <= character <= "\udfff" or character in "\0\ufffe\uffff" for character in name)


async def _persist[T](request: Callable[[], Awaitable[T]]) -> T:
    """Make a request, several times where that may help.

    `StorageFault` where all is in vain, `StorageRefused` where storage refuses the app.
    """
    from azure.core.exceptions import AzureError

    try:
        return await _repeat(request)
    except AzureError as error:
        raise _fault(error) from None


async def _repeat[T](request: Callable[[], Awaitable[T]]) -> T:
    """Make a request again after what passes. An answer to a condition has been dealt with by `request`."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    for wait in _WAITS:
        try:
            return await request()
        except ClientAuthenticationError:
            raise
        except HttpResponseError as error:
            if (error.status_code or 0) >= 400 and error.status_code not in _PASSING:
                raise
        await asyncio.sleep(wait)
    return await request()


def _fault(error: Exception) -> StorageFault | StorageRefused:
    """What storage said, without the request's headers and the answer's body, which the SDK's text may hold."""
    from azure.core.exceptions import ClientAuthenticationError

    status, code = getattr(error, "status_code", None), getattr(error, "error_code", None)
    if isinstance(error, ClientAuthenticationError) and code is None:
        no_token = f"The app's identity has no token for Blob Storage ({type(error).__name__})."
        return StorageRefused("identity", no_token, "Give the app an identity; a new one takes some minutes.")
    said = f"{status} {getattr(code, 'value', code) or ''}".strip()
    if status in (401, 403):
        mend = "Give the app's identity the role Storage Blob Data Owner; a new role takes some minutes."
        return StorageRefused("storage-refused", f"Blob Storage refuses the app ({said}).", mend)
    if status and 400 <= status < 500 and status not in (408, *_PASSING):
        mend = "Deploy again where a container is missing; otherwise the app asks for what storage cannot do."
        return StorageRefused("storage-refused", f"Blob Storage refuses a request ({said}).", mend)
    heard = f"answered {said}" if status else f"did not answer ({type(error).__name__})"
    return StorageFault("storage-down", f"Blob Storage {heard}.", "Ask again in a moment.")


def _connection() -> dict[str, Any]:
    """How storage is talked to.

    A request is tried three times more, after about 1, 3 and 5 seconds: the SDK's own 15, 18 and 24 outlast whoever
    waits. Each piece of a blob's metadata is a header, and a blob may have more of them than HTTP clients usually take.
    """
    import aiohttp
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.storage.blob.aio import ExponentialRetry

    session = aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # as the transport has it
        trust_env=True,
        max_headers=_MOST_METADATA // 2,
        max_field_size=2 * _MOST_METADATA,
    )
    return {
        "transport": AioHttpTransport(
            session=session, connection_timeout=10, read_timeout=_SILENCE, connection_data_block_size=_BLOCK
        ),
        "retry_policy": ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=3, random_jitter_range=1),
    }


def _clock(answers: list[Any]) -> datetime:
    """The time by the clock of whoever answered first; ours where it does not say."""
    try:
        return parsedate_to_datetime(answers[0].http_response.headers["Date"])
    except (LookupError, TypeError, ValueError):
        return datetime.now(UTC)


def _bare(etag: str) -> str:
    return etag.strip('"')


def _info(properties: Any) -> BlobInfo:
    return BlobInfo(
        name=properties.name,
        etag=_bare(properties.etag),
        size=properties.size,
        modified=properties.last_modified,
        metadata=dict(properties.metadata or {}),
    )
