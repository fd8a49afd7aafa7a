"""Builds each client once per process, on first use, from settings. Triggers and activities ask here.

`current()` belongs to the running event loop's process: the Functions worker runs all async functions on one loop.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from shared.callbacks import AzureDevOps, CallbackStore
from shared.checks.checker import Checker
from shared.claude import AnthropicApi, CallStore, Claude, Foundry
from shared.concurrency import MemoryLimit, ProcessorLimit
from shared.credentials import CachedKey, FixedKey, Key
from shared.errors import CallInterrupted, SettingsError
from shared.prd.intake import Converter
from shared.settings import Settings
from shared.storage import SIGN_IN, BlobStore, Vault

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

FOUNDRY_SCOPE = "https://ai.azure.com/.default"
"""What Entra ID tokens for Claude in Microsoft Foundry are for (`anthropic/lib/foundry.md`)."""


class Services:
    """Settings and the clients built from them.

    A `credential` that is given is the app's identity, a `vault` that is given holds the key.
    """

    def __init__(
        self, settings: Settings, *, credential: "AsyncTokenCredential | None" = None, vault: Vault | None = None
    ) -> None:
        self.settings = settings
        self._vault = vault
        self._blobs: BlobStore | None = None
        self._calls: CallStore | None = None
        self.cores = ProcessorLimit()
        self.memory = MemoryLimit()
        self.checker = Checker(settings.check_timeout_seconds)
        self.converter = Converter()
        self._claude: Claude | None = None
        self.azure_devops = AzureDevOps()
        self._claude_lock = asyncio.Lock()
        self._credential = credential

    @property
    def blobs(self) -> BlobStore:
        """The storage account."""
        if self._blobs is None:
            connection, uri = self.settings.storage_connection, self.settings.storage_uri
            if connection:
                self._blobs = BlobStore.from_connection_string(connection)
            else:
                self._blobs = BlobStore.from_identity(uri or "", self.identity)
        return self._blobs

    @property
    def calls(self) -> CallStore:
        """The answers that were paid for."""
        if self._calls is None:
            self._calls = CallStore(self.blobs)
        return self._calls

    @property
    def callbacks(self) -> CallbackStore:
        """The pipelines that wait."""
        return CallbackStore(self.blobs)

    async def claude(self) -> Claude:
        """The Claude client. Key or token are asked for by its first call, not here."""
        async with self._claude_lock:
            if self._claude is None:
                # In a thread, and whole: a part of it that is imported while another thread imports the rest fails.
                await asyncio.to_thread(importlib.import_module, "anthropic")
                if self.settings.key_vault_url or self.settings.foundry_url:
                    # Importing takes a moment: in a thread, so that the worker goes on answering meanwhile.
                    await asyncio.to_thread(importlib.import_module, "azure.identity.aio")
                self._claude = Claude(
                    self._access(), self.settings.call_timeout_seconds, self.settings.longest_wait_seconds
                )
            return self._claude

    def _access(self) -> AnthropicApi | Foundry:
        settings = self.settings
        if settings.foundry_url:
            return Foundry(settings.foundry_url, EntraTokens(self.identity, FOUNDRY_SCOPE))
        if settings.key_vault_url:
            vault = self._vault or Vault(settings.key_vault_url, self.identity)
            keys = CachedKey(partial(vault.read, settings.key_secret), settings.key_cache_seconds)
            return AnthropicApi(keys, settings.anthropic_url)
        return AnthropicApi(FixedKey(settings.anthropic_key or ""), settings.anthropic_url)

    @property
    def identity(self) -> "AsyncTokenCredential":
        """Who the app is: its managed identity in Azure and no other, developer credentials elsewhere."""
        if self._credential is None:
            from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

            client_id = self.settings.identity_client_id
            if self.settings.identity_endpoint:
                self._credential = ManagedIdentityCredential(client_id=client_id)
            else:
                named = {"managed_identity_client_id": client_id} if client_id else {}
                self._credential = DefaultAzureCredential(**named)
        return self._credential

    async def close(self) -> None:
        """Close every client that was opened."""
        await self.checker.close()
        await self.azure_devops.close()
        if self._blobs is not None:
            await self._blobs.close()
        if self._claude is not None:
            await self._claude.close()
        if self._credential is not None:
            await self._credential.close()


class EntraTokens:
    """Entra ID tokens for `scope` as a source of keys: renewed by the credential before they expire, and once rejected.

    It raises `SettingsError` where the identity is refused, `CallInterrupted` where Entra ID cannot be reached.
    """

    def __init__(self, credential: "AsyncTokenCredential", scope: str) -> None:
        self._credential = credential
        self._scope = scope
        self._provide = self._new_provider()

    def _new_provider(self) -> Callable[[], Awaitable[str]]:
        from azure.identity.aio import get_bearer_token_provider

        return get_bearer_token_provider(self._credential, self._scope)

    async def current(self) -> Key:
        """The token for a call that is made now."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        try:
            return Key(await self._provide())
        except ClientAuthenticationError as error:
            no_token = f"No Entra ID token for {self._scope} ({type(error).__name__})."
            fault = SettingsError("identity", no_token, SIGN_IN)
        except AzureError as error:
            fault = CallInterrupted("identity", f"Entra ID gave no token for {self._scope} ({type(error).__name__}).")
        raise fault  # out here, so that the SDK's error and what it holds are not its context

    async def instead_of(self, rejected: Key) -> Key | None:
        """The token that has taken the place of `rejected`, asking the credential anew; None where it is the same."""
        key = await self.current()
        if key == rejected:
            self._provide = self._new_provider()  # the last one would go on giving what it has
            key = await self.current()
        return key if key != rejected else None


@cache
def current() -> Services:
    """The process's services; `SettingsError` at the first use where settings are incomplete."""
    return Services(Settings.read())
