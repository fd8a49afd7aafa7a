"""Blob Storage adapter: the only importer of azure-storage-blob (async). Knows blobs, not what is in them.

Imports the SDK when a store is opened, not when this module is: indexing stays fast.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.contracts import BlobRef
from shared.errors import BadInput, DesignBackendError, NotFound
from shared.prd import content_hash

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

_CONTENT_TYPES = {"md": "text/markdown", "json": "application/json", "csv": "text/csv", "yaml": "application/yaml"}
PRDS = "prds"
DESIGNS = "designs"
WORK = "runs"
LONGEST_NAME = 1_024
"""Characters of a blob's name, as Azure has it."""


class BlobChanged(DesignBackendError):
    """A blob no longer has the version or content that was asked for."""

    title = "The blob has changed"
    http_status = 412


@dataclass(frozen=True)
class BlobInfo:
    """What a listing tells of a blob. `etag` is bare, without quotes."""

    name: str
    etag: str
    size: int
    modified: datetime
    metadata: dict[str, str] = field(default_factory=dict[str, str])


class BlobStore:
    """Containers of one storage account. Create it once a process and event loop."""

    def __init__(self, service: "BlobServiceClient") -> None:
        self._service = service

    @classmethod
    def from_connection_string(cls, connection: str) -> "BlobStore":
        """A store reached with a connection string (Azurite, local work)."""
        from azure.storage.blob.aio import BlobServiceClient

        return cls(BlobServiceClient.from_connection_string(connection))

    @classmethod
    def from_identity(cls, uri: str, credential: "AsyncTokenCredential") -> "BlobStore":
        """A store reached with Entra ID; no key anywhere."""
        from azure.storage.blob.aio import BlobServiceClient

        return cls(BlobServiceClient(uri, credential=credential))

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
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        try:
            client: Any = self._blob(container, name)
            stream = await client.download_blob(**condition)
            data: bytes = await stream.readall() if at_most is None or stream.size <= at_most else b""
        except ResourceNotFoundError:
            raise NotFound("no-blob", f"There is no blob {name!r} in container {container!r}.") from None
        except ResourceModifiedError:
            raise BlobChanged("blob-changed", f"Blob {name!r} in {container!r} was overwritten.") from None
        return data, _info(stream.properties)

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

        client = self._blob(container, name)
        await client.upload_blob(
            data, overwrite=True, content_settings=ContentSettings(content_type=content_type), metadata=metadata
        )
        return BlobRef(container, name, content_hash(data), len(data))

    async def create(self, container: str, name: str, data: bytes, content_type: str = "application/json") -> bool:
        """Create a blob only where there is none; False when somebody was there first."""
        return await self.claim(container, name, data, content_type) is not None

    async def claim(self, container: str, name: str, data: bytes, content_type: str = "application/json") -> str | None:
        """Create a blob only where there is none; its ETag, or None when somebody was there first."""
        from azure.core.exceptions import ResourceExistsError
        from azure.storage.blob import ContentSettings

        client = self._blob(container, name)
        try:
            answer = await client.upload_blob(
                data, overwrite=False, content_settings=ContentSettings(content_type=content_type)
            )
        except ResourceExistsError:
            return None
        return _bare(answer["etag"])

    async def replace(
        self, container: str, name: str, data: bytes, etag: str, content_type: str = "application/json"
    ) -> str | None:
        """Overwrite exactly one version of a blob; its new ETag, or None where it is no longer that version."""
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
        return await self._blob(container, name).exists()

    async def delete(self, container: str, name: str, etag: str | None = None) -> None:
        """Delete a blob, or with `etag` exactly that version of it; no error where there is none."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        try:
            await self._blob(container, name).delete_blob(**condition)
        except (ResourceModifiedError, ResourceNotFoundError):
            return

    async def list(self, container: str, prefix: str = "") -> AsyncIterator[BlobInfo]:
        """Blobs of a container in name order, with their metadata."""
        client = self._service.get_container_client(container)
        async for properties in client.list_blobs(name_starts_with=prefix or None, include=["metadata"]):
            yield _info(properties)


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
