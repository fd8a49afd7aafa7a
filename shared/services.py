"""Builds each client once per process, on first use, from settings. Triggers and activities ask here.

`current()` belongs to the running event loop's process: the Functions worker runs all async functions on one loop.
"""

import asyncio
from functools import cache
from typing import TYPE_CHECKING

from shared.blobs import BlobStore
from shared.claude import Claude
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


class Services:
    """Settings and the clients built from them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._blobs: BlobStore | None = None
        self._claude: Claude | None = None
        self._claude_lock = asyncio.Lock()
        self._credential: AsyncTokenCredential | None = None

    @property
    def blobs(self) -> BlobStore:
        """The storage account."""
        if self._blobs is None:
            connection, uri = self.settings.storage_connection, self.settings.storage_uri
            if connection:
                self._blobs = BlobStore.from_connection_string(connection)
            else:
                self._blobs = BlobStore.from_identity(uri or "", self._identity())
        return self._blobs

    async def claude(self) -> Claude:
        """The Claude client; the first call reads the key from Key Vault where one is configured."""
        async with self._claude_lock:
            if self._claude is None:
                key = await self._read_key()
                settings = self.settings
                self._claude = Claude(key, settings.anthropic_url, settings.call_timeout_seconds)
            return self._claude

    async def _read_key(self) -> str:
        if self.settings.key_vault_url:
            from shared.vault import read_secret

            return await read_secret(self.settings.key_vault_url, self.settings.key_secret, self._identity())
        return self.settings.anthropic_key or ""

    def _identity(self) -> "AsyncTokenCredential":
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential

            client_id = self.settings.identity_client_id
            self._credential = (
                DefaultAzureCredential(managed_identity_client_id=client_id) if client_id else DefaultAzureCredential()
            )
        return self._credential

    async def close(self) -> None:
        """Close every client that was opened."""
        if self._blobs is not None:
            await self._blobs.close()
        if self._claude is not None:
            await self._claude.close()
        if self._credential is not None:
            await self._credential.close()


@cache
def current() -> Services:
    """The process's services; `SettingsError` at the first use where settings are incomplete."""
    return Services(Settings.read())
