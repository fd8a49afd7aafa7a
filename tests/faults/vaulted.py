"""A Key Vault behind a fault proxy, and what an app or an adapter must be told to go that way."""

import ssl
from pathlib import Path

from tests.faults.proxy import FaultProxy
from tests.key_vault import KeyVault
from tests.loopback_tls import tls_below

SECRET = "anthropic-api-key"


class VaultBehindProxy:
    """Both speak TLS; who trusts `certificates` trusts the proxy."""

    def __init__(self, folder: Path) -> None:
        self.server = KeyVault(folder)
        self.proxy = FaultProxy(lambda: self.server.url)
        self.certificates = folder / "proxy-ca.pem"

    async def start(self, key: str) -> str:
        """Serve `key` as the secret; the URL of the vault as the product should know it."""
        self.server.secrets[SECRET] = key
        await self.server.start()
        trusts = ssl.create_default_context(cafile=self.server.certificates)
        return await self.proxy.start(serve_tls=tls_below(self.certificates), trust=trusts)

    async def stop(self) -> None:
        """Close both."""
        await self.proxy.stop()
        await self.server.stop()
