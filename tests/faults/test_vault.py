"""Key Vault behind a meddling proxy: a reading ends with the key or with an error that says what to do, never with it."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from shared.errors import SettingsError
from shared.vault import Vault
from tests.faults.proxy import Fault, FaultProxy, Kind, no_faults
from tests.faults.table import ROWS, Row, count
from tests.key_vault import Credential, KeyVault
from tests.secrecy import told_by

KEY = "sk-canary-behind-a-proxy"
KINDS: tuple[Kind, ...] = (
    "refused", "reset", "lost", "cut", "truncated", "slow", "skew", "409", "412", "429", "500", "503", "500-after",
)  # fmt: skip


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[tuple[FaultProxy, Vault]]:
    """A proxy before a vault, and the adapter that goes through it."""
    server = KeyVault(tmp_path)
    server.secrets["anthropic-api-key"] = KEY
    await server.start()
    authority = trustme.CA()
    serves, trusts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=server.certificates)
    authority.issue_cert("127.0.0.1").configure_cert(serves)  # pyright: ignore[reportUnknownMemberType] (see key_vault)
    authority.cert_pem.write_to_path(str(tmp_path / "proxy.pem"))
    proxy = FaultProxy(lambda: server.url)
    url = await proxy.start(serve_tls=serves, trust=trusts)
    options: dict[str, object] = {"connection_verify": str(tmp_path / "proxy.pem"), "verify_challenge_resource": False}
    yield proxy, Vault(url, Credential(), **options)
    await proxy.stop()
    await server.stop()


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_goes_wrong_on_the_way_the_reading_ends_and_the_next_one_works(
    way: tuple[FaultProxy, Vault], kind: Kind
):
    proxy, vault = way
    row = next((row for row in ROWS if row.fault == "Key Vault meddled with"), None)
    if row is None:
        ROWS.append(row := Row("Key Vault meddled with"))
    hit = Fault(kind, {"slow": 0.1, "refused": 0.1, "skew": 86_400.0}.get(kind, 0.0))
    for _ in range(count(2, 0.05)):
        began = time.monotonic()
        proxy.plan = lambda passing, last=proxy.count: hit if passing.number == last + 1 else None
        try:
            end = "key" if await vault.read("anthropic-api-key") == KEY else "wrong key"
        except SettingsError as error:
            assert error.mend
            assert KEY not in told_by(error)
            end = error.code
        row.tries += 1
        row.ends[end] = row.ends.get(end, 0) + 1
        proxy.plan = no_faults
        while proxy.is_closed:
            await asyncio.sleep(0.02)
        assert await vault.read("anthropic-api-key") == KEY
        row.worst_seconds = max(row.worst_seconds, time.monotonic() - began)
    assert set(row.ends) <= {"key", "key-vault-down"}, "what passes is not called final"
