"""Key Vault adapter: the only importer of azure-keyvault-secrets. Secrets stay in memory and out of messages.

One request a reading and no retries: what is read is kept by `shared.credentials`, and the orchestrator
alone tries again.
"""

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from shared.credentials import is_sendable
from shared.errors import SettingsError, VaultUnreachable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

LONGEST_READING_SECONDS = 60
"""Signing in included: developer credentials start a process, a managed identity asks a local service."""

SIGN_IN = (
    "In Azure, give the app a managed identity (AzureWebJobsStorage__clientId names a user-assigned one); "
    "locally, sign in with `az login`."
)
_NO_SECRET = (ValueError, AttributeError, TypeError, LookupError)
"""What the SDK raises for a challenge or an answer that is not a Key Vault's."""
_BOUNDED: dict[str, Any] = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 10}


class Vault:
    """One Key Vault. `options` are `SecretClient`'s own: transport, trusted certificates, timeouts."""

    def __init__(self, url: str, credential: "AsyncTokenCredential", **options: Any) -> None:
        self._url = url
        self._credential = credential
        self._options = _BOUNDED | options

    async def read(self, name: str) -> str:
        """The current value of a secret. Raises `SettingsError` that names vault and secret, never a value."""
        # Importing takes a moment: in a thread, so that the worker goes on answering meanwhile.
        await asyncio.to_thread(importlib.import_module, "azure.keyvault.secrets.aio")
        from azure.core.exceptions import AzureError

        value = ""
        fault = None
        try:
            async with asyncio.timeout(LONGEST_READING_SECONDS):
                value = await self._get(name)
        except (AzureError, TimeoutError, *_NO_SECRET) as error:
            fault = self._fault(name, error)
        if fault is None and not value:
            fault = SettingsError(
                "key-vault-value",
                f"Secret {name!r} in {self._url} is empty or holds characters that no API key has.",
                "Store the Claude API key in it: the bare key, one line.",
            )
        if fault is not None:
            raise fault  # out here, so that it drags no SDK error along, nor what that holds of the answer
        return value

    async def _get(self, name: str) -> str:
        """The value; empty where it is no key, so that the frames of an error do not hold it."""
        from azure.keyvault.secrets.aio import SecretClient

        async with SecretClient(self._url, self._credential, **self._options) as client:
            value = ((await client.get_secret(name)).value or "").strip()
        return value if is_sendable(value) else ""

    def _fault(self, name: str, error: Exception) -> SettingsError:
        status = getattr(error, "status_code", None)
        answer = f"HTTP {status}" if status else type(error).__name__
        code, mend = _diagnosis(error, status)
        kind = VaultUnreachable if code == "key-vault-down" else SettingsError
        return kind(code, f"Secret {name!r} could not be read from {self._url} ({answer}).", mend)


def _diagnosis(error: Exception, status: int | None) -> tuple[str, str]:
    """A code and what to do. A vault answers 403 for a missing role, its firewall, and a disabled secret alike."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        DecodeError,
        IncompleteReadError,
        ResourceNotFoundError,
    )

    if isinstance(error, ResourceNotFoundError):
        return "key-vault-secret", "Check ANTHROPIC_KEY_SECRET, or store the Claude API key under that name."
    if isinstance(error, ClientAuthenticationError):
        return "key-vault-identity", SIGN_IN
    if status == 403:
        return "key-vault-forbidden", (
            "Give the app's identity the role Key Vault Secrets User, let the app through the vault's firewall, "
            "and check that the secret is enabled."
        )
    if isinstance(error, (DecodeError, *_NO_SECRET)) and not isinstance(error, IncompleteReadError):
        return "key-vault-url", "Check KEY_VAULT_URL: what answers there is not the Key Vault of that name."
    return "key-vault-down", "Check KEY_VAULT_URL and the way there (DNS, private endpoint), then start the run again."
