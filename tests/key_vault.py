"""A loopback server that speaks Key Vault's REST protocol over TLS, challenge authentication included.

Reading a secret as https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret describes it. It counts what it
was asked, and can be told to refuse, to fail or to fall silent.
"""

import asyncio
import time
from pathlib import Path
from types import TracebackType

from aiohttp import web
from azure.core.credentials import AccessToken

from tests.loopback_tls import serve

VAULTED_APP = Path(__file__).parent / "vaulted_app"
"""The product, told to trust a vault with the certificate in VAULT_CERTIFICATES."""
RESOURCE = "https://vault.azure.net"
_CODES = {403: "Forbidden", 404: "SecretNotFound", 429: "Throttled", 500: "InternalServerError"}


class Credential:
    """An identity whose tokens the test gives out. `error` is raised in place of a token."""

    def __init__(self, token: str = "entra-token", lifetime_seconds: int = 3_600) -> None:
        self.token = token
        self.lifetime_seconds = lifetime_seconds
        self.error: Exception | None = None
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        """A token, as `AsyncTokenCredential` gives it."""
        self.scopes += scopes
        if self.error is not None:
            raise self.error
        return AccessToken(self.token, int(time.time()) + self.lifetime_seconds)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> "Credential":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class KeyVault:
    """One vault. It lets in whoever carries one of `tokens`; the newest version of a secret is in `secrets`."""

    def __init__(self, folder: Path) -> None:
        self.secrets: dict[str, str] = {}
        self.tokens = {"entra-token"}
        self.status = 200
        self.body: str | None = None
        self.silent = False
        self.reads = 0
        self.challenges = 0
        self.url = ""
        self.certificates = folder / "key-vault-ca.pem"
        self._runner: web.AppRunner | None = None

    @property
    def options(self) -> dict[str, object]:
        """What a `SecretClient` must be told about a vault that is not at vault.azure.net."""
        return {"connection_verify": str(self.certificates), "verify_challenge_resource": False}

    async def start(self) -> None:
        """Listen on 127.0.0.1, with a certificate of an authority of its own."""
        app = web.Application()
        app.router.add_get("/secrets/{name}/{version:.*}", self._get_secret)
        self._runner, address = await serve(app, self.certificates)
        self.url = f"https://{address}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _get_secret(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self._challenge()
        self.reads += 1
        if self.silent:
            await asyncio.sleep(3_600)
        if self.body is not None:
            return web.Response(text=self.body, content_type="application/json")
        if self.status != 200:
            return _error(self.status)
        name = request.match_info["name"]
        if name not in self.secrets:
            return _error(404)
        now = int(time.time())
        attributes = {"enabled": True, "created": now, "updated": now, "recoveryLevel": "Recoverable+Purgeable"}
        identifier = f"{self.url}/secrets/{name}/0123456789abcdef0123456789abcdef"
        return web.json_response({"value": self.secrets[name], "id": identifier, "attributes": attributes})

    def _challenge(self) -> web.Response:
        self.challenges += 1
        challenge = f'Bearer authorization="https://login.microsoftonline.com/tenant", resource="{RESOURCE}"'
        body = {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token."}}
        return web.json_response(body, status=401, headers={"WWW-Authenticate": challenge})


def _error(status: int) -> web.Response:
    return web.json_response({"error": {"code": _CODES[status], "message": "As scripted."}}, status=status)
