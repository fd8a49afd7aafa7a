"""Settings: read once, complete, secret."""

from pathlib import Path

import pytest

from shared.agents.models import TIERS, ModelSettings
from shared.errors import SettingsError
from shared.settings.environment import Settings, as_markdown

ENOUGH = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "ANTHROPIC_API_KEY": "sk-canary"}
DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


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


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "free"])
def test_a_cap_that_is_no_amount_is_refused(value: str):
    with pytest.raises(SettingsError, match=f"RUN_COST_CAP_USD='{value}'"):
        Settings.read(ENOUGH | {"RUN_COST_CAP_USD": value})


def test_no_cap_is_the_default_and_zero_is_none():
    assert Settings.read(ENOUGH).cap == Settings.read(ENOUGH | {"RUN_TOKEN_CAP": "0", "RUN_COST_CAP_USD": "0"}).cap
    assert Settings.read(ENOUGH | {"RUN_TOKEN_CAP": "9"}).cap.tokens == 9


def test_money_cannot_be_capped_where_a_price_is_unknown():
    capped = ENOUGH | {"RUN_COST_CAP_USD": "2.50", "ANTHROPIC_MODEL_FAST": "claude-next"}
    with pytest.raises(SettingsError, match="the price of claude-next is unknown: add it to PRICES"):
        Settings.read(capped)
    prices = '{"as_of": "2026-12-01", "models": {"claude-next": {"input": 1, "output": 2}}}'
    assert Settings.read(capped | {"PRICES": prices}).cap.usd == 2.5


def test_prices_that_cannot_be_read_are_named():
    with pytest.raises(SettingsError, match="PRICES: it is not JSON"):
        Settings.read(ENOUGH | {"PRICES": "2 dollars"})


def test_every_tier_is_the_same_model_until_it_is_given_one():
    same = Settings.read(ENOUGH | {"ANTHROPIC_MODEL": "claude-opus-5-5", "ANTHROPIC_EFFORT": "high"})
    assert {same.model_for(tier) for tier in TIERS} == {ModelSettings("claude-opus-5-5", 64_000, "high")}
    strong = {"ANTHROPIC_MODEL_STRONG": "claude-opus-5-5", "MAX_OUTPUT_TOKENS_STRONG": "9000"}
    strong |= {"ANTHROPIC_EFFORT_STRONG": "max", "ANTHROPIC_THINKING_STRONG": "adaptive"}
    own = Settings.read(ENOUGH | strong)
    assert own.model_for("strong") == ModelSettings("claude-opus-5-5", 9_000, "max", "adaptive")
    assert own.model_for("balanced") == own.model_for("fast") == ModelSettings("claude-sonnet-5-5", 64_000)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ANTHROPIC_EFFORT_FAST", "huge", "fast agents: effort 'huge' is not one of"),
        ("ANTHROPIC_THINKING", "deeply", "balanced agents: thinking 'deeply' is not one of"),
        ("MAX_OUTPUT_TOKENS_STRONG", "lots", "MAX_OUTPUT_TOKENS_STRONG='lots' is not a number"),
    ],
)
def test_model_settings_that_cannot_be_are_named_with_their_tier(variable: str, value: str, said: str):
    with pytest.raises(SettingsError, match=said):
        Settings.read(ENOUGH | {variable: value})


def test_secrets_are_not_in_the_repr():
    text = repr(Settings.read(ENOUGH))
    assert "sk-canary" not in text
    assert "UseDevelopmentStorage" not in text


def test_the_docs_list_every_setting_with_its_default():
    assert DOCS.read_text(encoding="utf-8") == as_markdown()


VAULT = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "KEY_VAULT_URL": "https://design.vault.azure.net"}
FOUNDRY = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "FOUNDRY_RESOURCE": "design"}


def test_a_foundry_resource_has_an_address_and_needs_no_key():
    settings = Settings.read(FOUNDRY)
    assert settings.foundry_url == "https://design.services.ai.azure.com/anthropic/"
    assert settings.anthropic_key is None


def test_a_gateway_takes_the_place_of_a_foundry_resource():
    environment = {"AzureWebJobsStorage": "x", "FOUNDRY_BASE_URL": "https://gateway.example/claude"}
    assert Settings.read(environment).foundry_url == "https://gateway.example/claude"
    assert Settings.read(VAULT).foundry_url is None


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"ANTHROPIC_API_KEY": "sk-canary"}, "ANTHROPIC_API_KEY and FOUNDRY_RESOURCE are both set"),
        ({"KEY_VAULT_URL": "https://design.vault.azure.net"}, "KEY_VAULT_URL and FOUNDRY_RESOURCE are both set"),
        ({"FOUNDRY_BASE_URL": "https://gateway.example"}, "FOUNDRY_RESOURCE and FOUNDRY_BASE_URL are both set"),
        ({"ANTHROPIC_BASE_URL": "https://claude.example"}, "ANTHROPIC_BASE_URL is not used with Foundry"),
        (
            {"ANTHROPIC_API_KEY": "sk-canary", "KEY_VAULT_URL": "https://design.vault.azure.net"},
            "ANTHROPIC_API_KEY and KEY_VAULT_URL and FOUNDRY_RESOURCE are all set",
        ),
    ],
)
def test_two_ways_to_claude_are_refused(other: dict[str, str], named: str):
    with pytest.raises(SettingsError) as refused:
        Settings.read(FOUNDRY | other)
    assert named in refused.value.detail
    assert "sk-canary" not in refused.value.detail


@pytest.mark.parametrize(
    "wrong",
    [
        {"KEY_VAULT_URL": "http://design.vault.azure.net"},
        {"KEY_VAULT_URL": "design.vault.azure.net"},
        {"KEY_VAULT_URL": "https://design.vault.azure.net/secrets/anthropic-api-key"},
        {"KEY_VAULT_URL": "https://["},
        {"ANTHROPIC_KEY_SECRET": "anthropic_api_key"},
    ],
)
def test_a_vault_or_secret_that_cannot_exist_is_named(wrong: dict[str, str]):
    (variable,) = wrong
    with pytest.raises(SettingsError, match=variable):
        Settings.read(VAULT | wrong)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FOUNDRY_RESOURCE", "https://design.services.ai.azure.com"),
        ("FOUNDRY_RESOURCE", "design.example/#"),
        ("FOUNDRY_BASE_URL", "http://gateway.example"),
        ("FOUNDRY_BASE_URL", "https://user:password@gateway.example"),
    ],
)
def test_a_token_is_sent_to_no_other_place_than_foundry_or_a_tls_gateway(variable: str, value: str):
    with pytest.raises(SettingsError, match=variable):
        Settings.read({"AzureWebJobsStorage": "x", variable: value})


def test_a_key_that_cannot_be_sent_is_refused_without_showing_it():
    with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY") as refused:
        Settings.read(ENOUGH | {"ANTHROPIC_API_KEY": "sk-canary\nsk-second"})
    assert "sk-" not in refused.value.detail


def test_looks_at_a_batch_do_not_become_more_frequent():
    with pytest.raises(SettingsError, match=r"BATCH_POLL_GROWTH=0\.5 must be at least 1"):
        Settings.read(ENOUGH | {"BATCH_POLL_GROWTH": "0.5"})
