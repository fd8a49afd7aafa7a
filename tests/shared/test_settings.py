"""Settings: read once, complete, secret."""

from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.settings import Settings, as_markdown

ENOUGH = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "ANTHROPIC_API_KEY": "sk-canary"}
DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_defaults_fill_what_is_not_set():
    settings = Settings.read(ENOUGH)
    assert settings.output_root == ".claude/outputs/design"
    assert settings.max_prd_bytes == 5_000_000


def test_everything_missing_is_named_at_once():
    with pytest.raises(SettingsError) as refused:
        Settings.read({})
    assert "AzureWebJobsStorage" in refused.value.detail
    assert "KEY_VAULT_URL" in refused.value.detail


def test_a_key_and_a_vault_together_are_refused():
    with pytest.raises(SettingsError, match="both set"):
        Settings.read(ENOUGH | {"KEY_VAULT_URL": "https://vault.example"})


@pytest.mark.parametrize("value", ["many", "-1", "0"])
def test_a_bad_number_is_named_with_its_value(value: str):
    with pytest.raises(SettingsError, match=f"MAX_PRD_BYTES='{value}'"):
        Settings.read(ENOUGH | {"MAX_PRD_BYTES": value})


def test_secrets_are_not_in_the_repr():
    text = repr(Settings.read(ENOUGH))
    assert "sk-canary" not in text
    assert "UseDevelopmentStorage" not in text


def test_the_docs_list_every_setting_with_its_default():
    assert DOCS.read_text(encoding="utf-8") == as_markdown()
