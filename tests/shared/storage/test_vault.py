"""The Key Vault adapter through the real SecretClient, against a loopback vault with TLS and challenges."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from azure.core.exceptions import ClientAuthenticationError

from shared.errors import SettingsError
from shared.services import Services
from shared.settings.environment import Settings
from shared.storage.vault import Vault
from tests.key_vault import RESOURCE, Credential, KeyVault
from tests.secrecy import told_by

CANARY = "sk-canary-in-the-vault"
SECRET = "anthropic-api-key"


@pytest.fixture
async def key_vault(tmp_path: Path) -> AsyncIterator[KeyVault]:
    server = KeyVault(tmp_path)
    server.secrets[SECRET] = CANARY
    await server.start()
    yield server
    await server.stop()


def vault(server: KeyVault, credential: Credential | None = None, **options: object) -> Vault:
    return Vault(server.url, credential or Credential(), **(server.options | options))


async def refusal(vault: Vault, name: str = SECRET) -> SettingsError:
    with pytest.raises(SettingsError) as refused:
        await vault.read(name)
    assert refused.value.mend
    assert name in refused.value.detail
    assert CANARY not in told_by(refused.value)
    assert refused.value.__cause__ is refused.value.__context__ is None
    return refused.value


async def test_a_secret_is_read_after_the_vaults_challenge(key_vault: KeyVault):
    credential = Credential()
    assert await vault(key_vault, credential).read(SECRET) == CANARY
    assert key_vault.challenges == 1, "the first request carries no token"
    assert credential.scopes == [f"{RESOURCE}/.default"], "the challenge said what the token is for"


async def test_each_reading_is_one_request_and_sees_the_newest_version(key_vault: KeyVault):
    reader = vault(key_vault)
    await reader.read(SECRET)
    key_vault.secrets[SECRET] = "sk-rotated"
    assert await reader.read(SECRET) == "sk-rotated"
    assert key_vault.reads == 2


async def test_a_line_break_around_the_key_is_not_part_of_it(key_vault: KeyVault):
    key_vault.secrets[SECRET] = f" {CANARY}\r\n"
    assert await vault(key_vault).read(SECRET) == CANARY


@pytest.mark.parametrize("value", ["", " \n", f"{CANARY}\nsecond line", f'{{"key": "{CANARY}"}}', f"{CANARY}é"])
async def test_a_secret_that_is_no_key_is_refused_without_showing_it(key_vault: KeyVault, value: str):
    key_vault.secrets[SECRET] = value
    assert (await refusal(vault(key_vault))).code == "key-vault-value"


async def test_a_missing_secret_is_named_and_asked_for_once(key_vault: KeyVault):
    refused = await refusal(vault(key_vault), "anthropic-key")
    assert refused.code == "key-vault-secret"
    assert "ANTHROPIC_KEY_SECRET" in refused.mend
    assert key_vault.reads == 1


async def test_a_missing_role_is_named_and_asked_for_once(key_vault: KeyVault):
    key_vault.status = 403
    refused = await refusal(vault(key_vault))
    assert refused.code == "key-vault-forbidden"
    assert "Key Vault Secrets User" in refused.mend
    assert key_vault.reads == 1


@pytest.mark.parametrize("status", [429, 500])
async def test_a_vault_in_trouble_is_not_asked_again_here(key_vault: KeyVault, status: int):
    key_vault.status = status
    refused = await refusal(vault(key_vault))
    assert refused.code == "key-vault-down"
    assert f"HTTP {status}" in refused.detail
    assert key_vault.reads == 1


async def test_a_vault_that_is_down_is_named_with_its_address(key_vault: KeyVault):
    await key_vault.stop()
    refused = await refusal(vault(key_vault))
    assert refused.code == "key-vault-down"
    assert key_vault.url in refused.detail


async def test_a_vault_that_never_answers_is_given_up(key_vault: KeyVault):
    key_vault.silent = True
    assert (await refusal(vault(key_vault, read_timeout=0.2))).code == "key-vault-down"


@pytest.mark.parametrize("body", [f'{{"value": "{CANARY}"', f'"{CANARY}"', f"<html>{CANARY}</html>"])
async def test_an_answer_that_is_no_secret_is_not_quoted(key_vault: KeyVault, body: str):
    key_vault.body = body
    assert (await refusal(vault(key_vault))).code == "key-vault-url"


async def test_a_token_of_another_tenant_is_an_identity_problem(key_vault: KeyVault):
    key_vault.tokens = {"another"}
    assert (await refusal(vault(key_vault))).code == "key-vault-identity"
    assert key_vault.reads == 0


async def test_an_identity_that_cannot_sign_in_is_told_how(key_vault: KeyVault):
    credential = Credential()
    credential.error = ClientAuthenticationError("AADSTS70021: no such identity")
    refused = await refusal(vault(key_vault, credential))
    assert refused.code == "key-vault-identity"
    assert "az login" in refused.mend


async def test_a_vault_with_a_foreign_certificate_gets_no_request(key_vault: KeyVault):
    assert (await refusal(Vault(key_vault.url, Credential()))).code == "key-vault-down"
    assert key_vault.challenges == 0


async def test_a_host_that_asks_for_another_vaults_token_gets_none(key_vault: KeyVault):
    credential = Credential()
    trusting = Vault(key_vault.url, credential, connection_verify=str(key_vault.certificates))
    assert (await refusal(trusting)).code == "key-vault-url"
    assert credential.scopes == []


async def test_no_log_shows_secret_or_token(key_vault: KeyVault, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    await vault(key_vault).read(SECRET)
    key_vault.status = 403
    await refusal(vault(key_vault))
    assert "secrets" in caplog.text, "the SDK logs its requests"
    assert CANARY not in caplog.text
    assert "entra-token" not in caplog.text


async def test_in_azure_the_managed_identity_with_the_given_client_id_reads_the_secret(
    key_vault: KeyVault, monkeypatch: pytest.MonkeyPatch
):
    asked: list[web.Request] = []

    async def give_token(request: web.Request) -> web.Response:
        asked.append(request)
        token = {
            "access_token": "entra-token",
            "expires_on": "4102444800",
            "resource": RESOURCE,
            "token_type": "Bearer",
        }
        return web.json_response(token)

    app = web.Application()
    app.router.add_get("/msi/token", give_token)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    environment = {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "AzureWebJobsStorage__clientId": "11111111-2222-3333-4444-555555555555",
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{runner.addresses[0][1]}/msi/token",
        "IDENTITY_HEADER": "platform-secret",
        "KEY_VAULT_URL": key_vault.url,
    }
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, environment[name])  # the SDK reads both itself
    services = Services(Settings.read(environment))
    assert await Vault(key_vault.url, services.identity, **key_vault.options).read(SECRET) == CANARY
    assert [dict(request.query) | {"api-version": ""} for request in asked] == [
        {"api-version": "", "resource": RESOURCE, "client_id": "11111111-2222-3333-4444-555555555555"}
    ]
    await services.close()
    await runner.cleanup()
