"""Keys and tokens on their way to Claude: rotation with Key Vault, Foundry without a key, and nothing told on the way."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from local.drafts.messages_api.server import DraftsServer
from shared.agents.agent_files import catalogue
from shared.agents.models import ModelSettings
from shared.agents.prompts import Assignment, Reading, Text, compose
from shared.claude.adapter import AnthropicApi, Claude
from shared.claude.responses import Answer
from shared.credentials import FixedKey
from shared.errors import CallInterrupted, CallRefused, SettingsError
from shared.services import FOUNDRY_SCOPE, Services
from shared.settings.environment import Settings
from shared.storage.vault import Vault
from tests.key_vault import Credential, KeyVault
from tests.secrecy import told_by

OLD, NEW, TOKEN = "sk-canary-old", "sk-canary-new", "entra-canary-token"
SECRET = "anthropic-api-key"
PRD_LINE = "A customer must be able to place an order."


class Door:
    """The keys that the API lets in, and all that were shown to it, in order."""

    def __init__(self, *valid: str) -> None:
        self.valid = set(valid)
        self.shown: list[str] = []

    def __contains__(self, key: object) -> bool:
        self.shown.append(str(key))
        return key in self.valid


@pytest.fixture
def door() -> Door:
    return Door(OLD)


@pytest.fixture
async def drafts(door: Door) -> AsyncIterator[DraftsServer]:
    server = DraftsServer(seconds_per_answer=0, keys=door)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def key_vault(tmp_path: Path) -> AsyncIterator[KeyVault]:
    server = KeyVault(tmp_path)
    server.secrets[SECRET] = OLD
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def claude(key_vault: KeyVault, drafts: DraftsServer) -> AsyncIterator[Claude]:
    """Claude as the app builds it from settings that name a vault."""
    environment = {"AzureWebJobsStorage": "x", "KEY_VAULT_URL": key_vault.url, "ANTHROPIC_BASE_URL": drafts.url}
    vault = Vault(key_vault.url, Credential(), **key_vault.options)
    services = Services(Settings.read(environment), vault=vault)
    yield await services.claude()
    await services.close()


@pytest.fixture
def credential() -> Credential:
    return Credential(TOKEN)


@pytest.fixture
async def foundry(credential: Credential, drafts: DraftsServer) -> AsyncIterator[Claude]:
    """Claude as the app builds it from settings that name Foundry."""
    environment = {"AzureWebJobsStorage": "x", "FOUNDRY_BASE_URL": drafts.url}
    services = Services(Settings.read(environment), credential=credential)
    yield await services.claude()
    await services.close()


async def write(claude: Claude) -> Answer:
    agent = catalogue()["system-architect"]
    reading = Reading(catalogue().system, Text("orders.md", f"# Orders\n\n- {PRD_LINE}\n"), "", [])
    prompt = compose(reading, Assignment(agent, agent.tasks["draft"], "orders", "python", None))
    return await claude.write(prompt, ModelSettings("claude-sonnet-5-5", 64_000))


async def test_the_vault_is_read_once_for_many_calls_and_not_before_the_first(
    claude: Claude, key_vault: KeyVault, door: Door
):
    assert key_vault.reads == 0
    await asyncio.gather(*(write(claude) for _ in range(5)))
    await write(claude)
    assert key_vault.reads == 1
    assert door.shown == [OLD] * 7, "six calls, and the question what the model is"


async def test_twenty_calls_outlive_a_rotation_with_one_more_reading(
    claude: Claude, key_vault: KeyVault, door: Door, drafts: DraftsServer
):
    await write(claude)
    key_vault.secrets[SECRET], door.valid = NEW, {NEW}
    answers = await asyncio.gather(*(write(claude) for _ in range(20)))
    assert all(answer.text.startswith("# ") for answer in answers)
    assert key_vault.reads == 2
    assert door.shown.count(NEW) == 20
    assert len(drafts.seen) == 21, "no call was made twice"
    await write(claude)
    assert door.shown[-1] == NEW, "the next call starts with the new key"
    assert key_vault.reads == 2


async def test_a_key_that_was_withdrawn_and_not_replaced_is_refused_after_one_more_reading(
    claude: Claude, key_vault: KeyVault, door: Door
):
    await write(claude)
    door.valid.clear()
    refused = await asyncio.gather(*(write(claude) for _ in range(20)), return_exceptions=True)
    assert {each.code for each in refused if isinstance(each, CallRefused)} == {"http-401"}
    assert len([each for each in refused if isinstance(each, CallRefused)]) == 20
    assert key_vault.reads == 2
    assert len(door.shown) == 22, "the same key is not tried again"


async def test_a_new_key_that_is_rejected_too_is_the_end(claude: Claude, key_vault: KeyVault, door: Door):
    await write(claude)
    key_vault.secrets[SECRET], door.valid = NEW, set()
    with pytest.raises(CallRefused) as refused:
        await write(claude)
    assert door.shown == [OLD, OLD, OLD, NEW]
    assert key_vault.reads == 2
    assert OLD not in told_by(refused.value)
    assert NEW not in told_by(refused.value)


async def test_a_vault_that_fails_during_a_rotation_is_what_the_error_is_about(
    claude: Claude, key_vault: KeyVault, door: Door
):
    await write(claude)
    door.valid, key_vault.status = {NEW}, 403
    with pytest.raises(SettingsError) as refused:
        await write(claude)
    assert refused.value.code == "key-vault-forbidden"
    assert OLD not in told_by(refused.value)
    key_vault.secrets[SECRET], key_vault.status = NEW, 200
    await write(claude)
    assert door.shown == [OLD, OLD, OLD, NEW], "the rejected key is not shown again"


async def test_a_call_without_a_readable_key_never_reaches_claude(claude: Claude, key_vault: KeyVault, door: Door):
    del key_vault.secrets[SECRET]
    with pytest.raises(SettingsError) as refused:
        await write(claude)
    assert refused.value.mend
    assert door.shown == []


async def test_a_key_given_by_hand_is_refused_at_once(drafts: DraftsServer, door: Door):
    claude = Claude(AnthropicApi(FixedKey(NEW), drafts.url), timeout_seconds=2)
    with pytest.raises(CallRefused) as refused:
        await write(claude)
    assert "ANTHROPIC_API_KEY" in refused.value.mend
    assert door.shown == [NEW]
    await claude.close()


async def test_a_gateway_that_quotes_the_key_it_rejects_is_not_quoted():
    async def reject(request: web.Request) -> web.Response:
        error = {"type": "authentication_error", "message": f"Invalid: {request.headers['authorization']}"}
        return web.json_response({"type": "error", "error": error}, status=401)

    app = web.Application()
    app.router.add_post("/v1/messages", reject)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    claude = Claude(AnthropicApi(FixedKey(OLD), address), timeout_seconds=2)
    with pytest.raises(CallRefused) as refused:
        await write(claude)
    assert "Invalid: Bearer [removed]" in refused.value.detail
    assert OLD not in told_by(refused.value)
    await claude.close()
    await runner.cleanup()


async def test_foundry_is_called_with_an_entra_token_and_no_key(
    foundry: Claude, credential: Credential, door: Door, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_FOUNDRY_API_KEY"):
        monkeypatch.setenv(name, OLD)  # the SDK looks there by itself
    door.valid = {TOKEN}
    await asyncio.gather(*(write(foundry) for _ in range(3)))
    assert door.shown == [TOKEN] * 3
    assert credential.scopes == [FOUNDRY_SCOPE], "one token serves until it expires"


async def test_a_token_that_is_about_to_expire_is_renewed(foundry: Claude, credential: Credential, door: Door):
    door.valid = {TOKEN, "entra-canary-second"}
    credential.lifetime_seconds = 60
    await write(foundry)
    credential.token = "entra-canary-second"
    await write(foundry)
    assert door.shown == [TOKEN, "entra-canary-second"]


async def test_a_token_that_is_rejected_is_asked_for_anew_from_the_credential(
    foundry: Claude, credential: Credential, door: Door
):
    door.valid = {TOKEN}
    await write(foundry)
    door.valid, credential.token = {"entra-canary-second"}, "entra-canary-second"
    answers = await asyncio.gather(*(write(foundry) for _ in range(5)))
    assert all(answer.text for answer in answers)
    assert door.shown.count("entra-canary-second") == 5
    await write(foundry)
    assert door.shown[-1] == "entra-canary-second", "the next call starts with the new token"


async def test_foundry_refusing_the_identity_says_which_role_it_needs(foundry: Claude, door: Door):
    with pytest.raises(CallRefused) as refused:
        await write(foundry)
    assert refused.value.code == "http-401"
    assert "FOUNDRY_RESOURCE" in refused.value.mend
    assert door.shown == [TOKEN]
    assert TOKEN not in told_by(refused.value)


async def test_an_identity_that_cannot_sign_in_is_the_operators_to_mend(foundry: Claude, credential: Credential):
    credential.error = ClientAuthenticationError("AADSTS700016: not found in the directory")
    with pytest.raises(SettingsError) as refused:
        await write(foundry)
    assert "az login" in refused.value.mend
    assert "AADSTS" not in told_by(refused.value)


async def test_entra_out_of_reach_is_worth_another_try(foundry: Claude, credential: Credential):
    credential.error = ServiceRequestError("no route")
    with pytest.raises(CallInterrupted):
        await write(foundry)


async def test_no_log_shows_a_key_a_token_or_the_prompt(
    claude: Claude, foundry: Claude, key_vault: KeyVault, door: Door, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    door.valid = {OLD, TOKEN}
    await write(claude)
    await write(foundry)
    key_vault.secrets[SECRET], door.valid = NEW, {NEW}
    await write(claude)
    with pytest.raises(CallRefused):
        await write(foundry)
    assert "HTTP Response" in caplog.text, "the SDKs log their requests"
    for canary in (OLD, NEW, TOKEN, PRD_LINE):
        assert canary not in caplog.text


async def test_no_repr_shows_a_key(claude: Claude, foundry: Claude):
    await write(claude)
    for client in (claude, foundry):
        assert "canary" not in repr(client) + repr(vars(client))
