"""A key is nowhere but in memory and on its way to Claude: not in logs, history, storage, answers or errors of a run."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.drafts.messages_api.faults import Fault
from local.drafts.messages_api.server import DraftsServer
from local.state import PROJECT
from tests.e2e.conftest import Product, prd_text, running_product
from tests.key_vault import VAULTED_APP, KeyVault

OLD, NEW, SECRET = "sk-canary-0123456789-old", "sk-canary-0123456789-new", "anthropic-api-key"


class Door:
    """Lets the old key in three times. Then the key is rotated: the vault has a new one, and only that one opens."""

    def __init__(self, vault: KeyVault) -> None:
        self._vault = vault
        self.shown: list[str] = []

    def __contains__(self, key: object) -> bool:
        self.shown.append(str(key))
        if len(self.shown) > 3:
            self._vault.secrets[SECRET] = NEW
        return key == self._vault.secrets[SECRET]


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[KeyVault]:
    server = KeyVault(tmp_path)
    server.secrets[SECRET] = OLD
    await server.start()
    yield server
    await server.stop()


async def everything_told(product: Product, run_id: str) -> str:
    """All that the product's HTTP interface and storage show."""
    answers = [await product.http.get(path) for path in (f"/api/runs/{run_id}", "/api/runs", "/api/runs/none")]
    told = [answer.text + str(answer.headers) for answer in answers]
    for file in answers[0].json()["files"]:
        told.append((await product.http.get(f"/api/runs/{run_id}/files/{file['path']}")).text)
    async for container in product.storage.list_containers():
        client = product.storage.get_container_client(container.name)
        async for blob in client.list_blobs(include=["metadata"]):
            told += [str(blob), (await product.blob(container.name, blob.name)).decode("utf-8", "replace")]
    return "\n".join(told)


def everything_written(folder: Path) -> bytes:
    """The engine's histories, storage's own files, and whatever else the host has left behind."""
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("source", ["vault", "environment"])
async def test_a_key_is_nowhere_in_a_run_and_what_it_leaves(
    source: str, vault: KeyVault, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    door = Door(vault)
    drafts = DraftsServer(seconds_per_answer=0.02, keys=door if source == "vault" else {OLD})
    # A refusal for good, a fault that passes, and one inside the stream: what an error might drag along.
    drafts.order(
        [Fault("api-backend-tester", "401"), Fault("python-backend-dev", "500", times=1), Fault("*", "cut", times=1)]
    )
    keyed = {"KEY_VAULT_URL": vault.url} if source == "vault" else {"ANTHROPIC_API_KEY": OLD}
    own = {"ANTHROPIC_BASE_URL": await drafts.start(), "VAULT_CERTIFICATES": str(vault.certificates)}
    settings = {"LOG_PROMPTS": "true"} | own | keyed
    try:
        app = VAULTED_APP if source == "vault" else PROJECT
        async with running_product(tmp_path / "state", settings, app) as product:
            run = await product.ended((await product.post(prd_text("Canary")))["id"])
            told = await everything_told(product, run["id"])
    finally:
        await drafts.stop()
    assert [row["agent"] for row in run["agents"] if row["state"] == "failed"] == ["api-backend-tester"]
    assert "401" in run["error"]
    if source == "vault":
        assert door.shown[:4] == [OLD] * 4, "the fourth is rejected"
        assert set(door.shown[4:]) == {NEW}, "and the key is read again, and no call is lost"
    logged = capfd.readouterr()
    written = everything_written(tmp_path / "state")
    assert "answered by claude" in logged.err
    assert run["id"].encode() in written
    assert "# Canary" in told
    for key in (OLD, NEW):
        assert key not in told + logged.out + logged.err + json.dumps(run)
        assert key.encode() not in written
        assert key.encode("utf-16-le") not in written
