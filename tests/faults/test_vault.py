"""Key Vault behind a meddling proxy: a reading ends with the key or with an error that says what to do, never with it."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.storage.vault import Vault
from tests.faults.proxy import Fault, FaultProxy, Kind, no_faults
from tests.faults.table import ROWS, Row, count
from tests.faults.vaulted import SECRET, VaultBehindProxy
from tests.key_vault import Credential
from tests.secrecy import told_by

KEY = "sk-canary-behind-a-proxy"
KINDS: tuple[Kind, ...] = (
    "refused", "reset", "lost", "cut", "truncated", "slow", "skew", "409", "412", "429", "500", "503", "500-after",
)  # fmt: skip


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[tuple[FaultProxy, Vault]]:
    """A proxy before a vault, and the adapter that goes through it."""
    vaulted = VaultBehindProxy(tmp_path)
    url = await vaulted.start(KEY)
    trusted = {"connection_verify": str(vaulted.certificates), "verify_challenge_resource": False}
    yield vaulted.proxy, Vault(url, Credential(), **trusted)
    await vaulted.stop()


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
            end = "key" if await vault.read(SECRET) == KEY else "wrong key"
        except SettingsError as error:
            assert error.mend
            assert KEY not in told_by(error)
            end = error.code
        row.tries += 1
        row.ends[end] += 1
        proxy.plan = no_faults
        while proxy.is_closed:
            await asyncio.sleep(0.02)
        assert await vault.read(SECRET) == KEY
        row.worst_seconds = max(row.worst_seconds, time.monotonic() - began)
    assert set(row.ends) <= {"key", "key-vault-down"}, "what passes is not called final"
