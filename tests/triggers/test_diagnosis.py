"""What a deployment says of itself: what is missing, with its mend, and no secret."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared import services as shared_services
from shared.errors import SettingsError
from shared.services import Services
from tests.triggers.conftest import Door, RecordingClient
from tests.triggers.test_pages import ask
from triggers import http_diagnosis


async def looks(client: RecordingClient) -> dict[str, Any]:
    answer = await ask("diagnose", client, module=http_diagnosis)
    return {look["name"]: look for look in json.loads(answer.get_body())["looks"]}


async def test_what_works_is_good(app: Services, client: RecordingClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared_services, "current", lambda: app)
    found = await looks(client)
    assert {name: look["state"] for name, look in found.items() if name != "events"} == dict.fromkeys(
        ("settings", "storage", "engine", "model", "queue"), "good"
    )


async def test_missing_settings_are_named(client: RecordingClient, monkeypatch: pytest.MonkeyPatch):
    def lacks() -> Services:
        raise SettingsError("settings", "KEY_VAULT_URL must be set.", "docs/settings.md lists every setting.")

    monkeypatch.setattr(shared_services, "current", lacks)
    assert (await looks(client))["settings"]["detail"] == "KEY_VAULT_URL must be set."


async def test_a_model_without_a_price_and_storage_that_is_away_are_told(
    door: Door, services: Services, client: RecordingClient, monkeypatch: pytest.MonkeyPatch
):
    connection = (
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0LWNhbmFyeQ==;BlobEndpoint=http://127.0.0.1:9/a"
    )
    away = Services(replace(services.settings, storage_connection=connection, model="claude-unpriced-9"))
    monkeypatch.setattr(shared_services, "current", lambda: away)
    monkeypatch.setattr(http_diagnosis, "SECONDS", 1.0)
    found = await looks(client)
    await away.close()
    assert found["storage"]["state"] == "missing"
    assert "c2VjcmV0" not in json.dumps(found)
    assert found["engine"]["state"] == "good", "one that fails hides no other"
