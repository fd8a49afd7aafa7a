"""Key Vault adapter: the only importer of azure-keyvault-secrets. Secrets stay in memory and out of messages."""

from typing import TYPE_CHECKING

from shared.errors import SettingsError

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


async def read_secret(vault_url: str, name: str, credential: "AsyncTokenCredential") -> str:
    """The current value of a secret. Raises `SettingsError` that names vault and secret, never a value."""
    from azure.core.exceptions import AzureError
    from azure.keyvault.secrets.aio import SecretClient

    async with SecretClient(vault_url, credential) as client:
        try:
            value = (await client.get_secret(name)).value
        except AzureError as error:
            raise SettingsError(
                "key-vault",
                f"Secret {name!r} could not be read from {vault_url} ({type(error).__name__}).",
                "Check KEY_VAULT_URL, the secret's name and the app identity's role Key Vault Secrets User.",
            ) from None
    if not value:
        raise SettingsError("key-vault", f"Secret {name!r} in {vault_url} is empty.", "Store the Claude API key in it.")
    return value
