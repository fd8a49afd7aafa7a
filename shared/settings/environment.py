"""The only reader of the environment. Every setting is declared once, in `Settings`, with its default and reason.

`python -m shared.settings` prints the table that docs/settings.md holds.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.agents import TIERS, ModelSettings
from shared.callbacks import read_servers
from shared.contracts import Cap, Polling, Prices
from shared.credentials import is_sendable
from shared.errors import SettingsError
from shared.runs import price_of, read_prices
from shared.settings.declaration import for_tier, read_declared, rows_of, setting

_SECRET_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_RESOURCE_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,62}[0-9A-Za-z]")
_VAULT_URL = re.compile(r"https://[0-9A-Za-z.-]+(:\d+)?/?")
_SAFE_URL = re.compile(r"(https://[0-9A-Za-z.-]+|http://(127\.0\.0\.1|localhost))(:\d+)?(/\S*)?")
"""Where a token may travel: over TLS, or without leaving the machine."""
_ANTHROPIC = "https://api.anthropic.com"
"""The SDK's own address of Claude."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of the function app. Strings are as given; numbers are checked when read."""

    storage_connection: str | None = setting(
        "AzureWebJobsStorage",
        "Connection string of the storage account (local use; Azure uses an identity).",
        None,
        secret=True,
    )
    storage_uri: str | None = setting(
        "AzureWebJobsStorage__blobServiceUri",
        "Blob endpoint of the storage account, reached with the app's managed identity.",
        None,
    )
    identity_client_id: str | None = setting(
        "AzureWebJobsStorage__clientId",
        "Client id of the user-assigned managed identity, if there is one: for storage, Key Vault and Foundry alike.",
        None,
    )
    identity_endpoint: str | None = setting(
        "IDENTITY_ENDPOINT",
        "Set by Azure in an app with a managed identity, which is then the only identity tried. "
        "Elsewhere developer credentials (`az login`) are.",
        None,
    )
    anthropic_key: str | None = setting(
        "ANTHROPIC_API_KEY",
        "Claude API key, for local use. In Azure the key comes from Key Vault, or Foundry needs none.",
        None,
        secret=True,
    )
    anthropic_url: str | None = setting(
        "ANTHROPIC_BASE_URL", "Another server that speaks the Claude Messages API.", None
    )
    key_vault_url: str | None = setting("KEY_VAULT_URL", "Key Vault that holds the Claude API key.", None)
    key_secret: str = setting("ANTHROPIC_KEY_SECRET", "Name of the secret in that vault.", "anthropic-api-key")
    key_cache_seconds: int = setting(
        "ANTHROPIC_KEY_CACHE_SECONDS",
        "How long a key read from the vault is used before it is read again. Claude rejecting it has the same effect.",
        900,
    )
    foundry_resource: str | None = setting(
        "FOUNDRY_RESOURCE",
        "Claude in Microsoft Foundry: name of the Foundry resource, reached with the app's identity and no key. "
        "`ANTHROPIC_MODEL` then names one of its deployments.",
        None,
    )
    foundry_base_url: str | None = setting(
        "FOUNDRY_BASE_URL", "Address in place of FOUNDRY_RESOURCE, such as a gateway's.", None
    )
    model: str = setting(
        "ANTHROPIC_MODEL",
        "Claude model that writes the deliverables. An agent's file names its tier (strong, balanced or fast), and "
        "each tier may have a model of its own. Agents share what Claude has cached only where model, effort and "
        "thinking are the same.",
        "claude-sonnet-5-5",
    )
    model_strong: str | None = for_tier("ANTHROPIC_MODEL", "strong")
    model_balanced: str | None = for_tier("ANTHROPIC_MODEL", "balanced")
    model_fast: str | None = for_tier("ANTHROPIC_MODEL", "fast")
    effort: str | None = setting(
        "ANTHROPIC_EFFORT",
        "How much effort the model makes: low, medium, high, xhigh or max. Default: the model's.",
        None,
    )
    effort_strong: str | None = for_tier("ANTHROPIC_EFFORT", "strong")
    effort_balanced: str | None = for_tier("ANTHROPIC_EFFORT", "balanced")
    effort_fast: str | None = for_tier("ANTHROPIC_EFFORT", "fast")
    thinking: str | None = setting(
        "ANTHROPIC_THINKING",
        "How the model thinks: adaptive, between_tools, disabled, or a number of tokens. Default: the model's.",
        None,
    )
    thinking_strong: str | None = for_tier("ANTHROPIC_THINKING", "strong")
    thinking_balanced: str | None = for_tier("ANTHROPIC_THINKING", "balanced")
    thinking_fast: str | None = for_tier("ANTHROPIC_THINKING", "fast")
    max_output_tokens: int = setting(
        "MAX_OUTPUT_TOKENS", "Most tokens one deliverable may take, those of thinking included.", 64_000
    )
    max_output_tokens_strong: int | None = for_tier("MAX_OUTPUT_TOKENS", "strong")
    max_output_tokens_balanced: int | None = for_tier("MAX_OUTPUT_TOKENS", "balanced")
    max_output_tokens_fast: int | None = for_tier("MAX_OUTPUT_TOKENS", "fast")
    run_token_cap: int = setting(
        "RUN_TOKEN_CAP",
        "Most tokens a run may use, read and written together; 0 is no cap. Checked before each call: calls that are "
        "under way end, no further one is made, and the manifest says what is left undone.",
        0,
        zero=True,
    )
    run_cost_cap_usd: float = setting(
        "RUN_COST_CAP_USD",
        "Most US dollars a run may cost, checked alike; 0 is no cap. The price of every model in use must be known.",
        0.0,
        zero=True,
    )
    prices_json: str = setting(
        "PRICES",
        "Prices that replace or extend the table in `shared/runs/prices.py`, in US dollars per million tokens: "
        '`{"as_of": "2026-11-01", "models": {"claude-x": {"input": 2, "output": 10, "cache_write": 2.5, '
        '"cache_read": 0.2}}}`. What a model without a price costs is "price unknown".',
        "",
    )
    call_retention_days: float = setting(
        "CALL_RETENTION_DAYS",
        "How long an answer of Claude's is kept, so that the same call is not paid for again (`fresh` runs do not use "
        "it).",
        30.0,
    )
    call_timeout_seconds: int = setting(
        "CALL_TIMEOUT_SECONDS", "Longest silence of Claude's stream before a call counts as interrupted.", 120
    )
    output_root: str = setting(
        "OUTPUT_ROOT", "Folder of the output container that holds all packs.", ".claude/outputs/design"
    )
    max_prd_bytes: int = setting("MAX_PRD_BYTES", "Largest PRD accepted, in bytes.", 5_000_000)
    max_input_tokens: int = setting(
        "MAX_INPUT_TOKENS", "Most tokens the models read at once, where the Models API does not say.", 1_000_000
    )
    runs_per_caller: int = setting(
        "RUNS_PER_CALLER",
        "Runs that one caller may have under way over HTTP: one function key, or one signed-in identity.",
        250,
    )
    signs_in: bool = setting(
        "WEBSITE_AUTH_ENABLED",
        "Set by Azure where Entra ID sign-in is configured: true or false. Only then are the headers believed that "
        "tell who signed in.",
        False,
    )
    revisions: int = setting(
        "REVISIONS", "How often a deliverable goes back to its agent with findings; 0 is never.", 2, zero=True
    )
    check_timeout_seconds: float = setting(
        "CHECK_TIMEOUT_SECONDS", "Longest time one check may take, loading its parser included.", 60.0
    )
    activity_attempts: int = setting("ACTIVITY_ATTEMPTS", "How often one step of a run is tried.", 4)
    first_retry_seconds: float = setting(
        "FIRST_RETRY_SECONDS",
        "Wait before the second try; doubles with each further one, up to 5 minutes.",
        5.0,
    )
    first_wait_seconds: float = setting(
        "FIRST_WAIT_SECONDS", "Wait before an interrupted call to Claude is tried again; doubles each time.", 5.0
    )
    longest_wait_seconds: float = setting(
        "LONGEST_WAIT_SECONDS", "Longest such wait, also where Claude asks for a longer one.", 600.0
    )
    patience_seconds: float = setting(
        "PATIENCE_SECONDS", "All waits of one call together; after that the call has failed.", 7_200.0
    )
    batch_first_poll_seconds: float = setting(
        "BATCH_FIRST_POLL_SECONDS", "Economy mode: when a batch is first looked at after it was sent.", 30.0
    )
    batch_poll_growth: float = setting(
        "BATCH_POLL_GROWTH", "By how much the time to the next look grows with each look.", 1.5
    )
    batch_longest_poll_seconds: float = setting(
        "BATCH_LONGEST_POLL_SECONDS", "Longest time between two looks at a batch.", 900.0
    )
    max_active_runs: int = setting(
        "MAX_ACTIVE_RUNS",
        "How many runs may be active at once, over all instances of the app; further ones are queued in the order they "
        "came. 0 is no limit.",
        10,
        zero=True,
    )
    history_days: float = setting(
        "HISTORY_DAYS",
        "How long the orchestration store keeps the history of what has ended; then the sweep purges it. A run is "
        "still listed and looked at, and its files are served, from blobs.",
        30.0,
    )
    sweep_schedule: str = setting(
        "SWEEP_SCHEDULE", "NCRONTAB schedule of the sweep that finds PRDs without a run.", "0 */5 * * * *"
    )
    claim_grace_seconds: int = setting(
        "CLAIM_GRACE_SECONDS", "Age at which a claimed run that never started is started by someone else.", 60
    )
    azure_devops_hosts: str = setting(
        "AZURE_DEVOPS_HOSTS",
        "Azure DevOps servers on premises that may be called back, as HOST or HOST:PORT with commas between. Azure "
        "DevOps Services (dev.azure.com, *.visualstudio.com) always may.",
        "",
    )
    callback_seconds: float = setting(
        "CALLBACK_SECONDS", "How often a waiting pipeline is told of its runs' progress.", 10.0
    )
    callback_hours: float = setting(
        "CALLBACK_HOURS",
        "How long a pipeline may wait for its runs; then its task fails, and its token is forgotten. Older tokens that "
        "a failure left behind are deleted by the sweep.",
        24.0,
    )
    callback_attempts: int = setting(
        "CALLBACK_ATTEMPTS",
        "How often a pipeline is tried to be told that its runs have ended, before that is given up and logged as an "
        "error.",
        8,
    )
    insights_connection: str | None = setting(
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "Application Insights that gets the app's own log lines, spans and metrics. Nothing is exported without it.",
        None,
        secret=True,
    )
    log_prompts: bool = setting(
        "LOG_PROMPTS", "Log what is sent to Claude and what it answers, at DEBUG and capped: true or false.", False
    )

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check everything; `SettingsError` names all that is missing or wrong at once."""
        values, problems = read_declared(cls, environment)
        settings = None if problems else cls(**values)
        if settings is not None:
            problems += settings._contradictions()
        if problems or settings is None:
            raise SettingsError("settings", "; ".join(problems) + ".", "docs/settings.md lists every setting.")
        return settings

    def _contradictions(self) -> list[str]:
        problems: list[str] = []
        if not (self.storage_connection or self.storage_uri):
            problems.append("AzureWebJobsStorage or AzureWebJobsStorage__blobServiceUri must be set")
        if self.batch_poll_growth < 1:
            problems.append(f"BATCH_POLL_GROWTH={self.batch_poll_growth:g} must be at least 1")
        try:
            read_servers(self.azure_devops_hosts)
        except ValueError as error:
            problems.append(f"AZURE_DEVOPS_HOSTS: {error}")
        return problems + self._access_contradictions() + self._access_errors() + self._model_contradictions()

    @property
    def claude_address(self) -> str:
        """Where calls to Claude go."""
        return self.foundry_url or self.anthropic_url or _ANTHROPIC

    def model_for(self, tier: str) -> ModelSettings:
        """How agents of a tier call Claude."""

        def own(name: str) -> Any:
            value = getattr(self, f"{name}_{tier}")
            return getattr(self, name) if value is None else value

        return ModelSettings(own("model"), own("max_output_tokens"), own("effort"), own("thinking"))

    @property
    def own_servers(self) -> frozenset[str]:
        """Azure DevOps servers on premises."""
        return read_servers(self.azure_devops_hosts)

    @property
    def prices(self) -> Prices:
        """The price table: the default one with PRICES over it."""
        return read_prices(self.prices_json)

    @property
    def cap(self) -> Cap:
        """What one run may spend."""
        return Cap(self.run_token_cap, self.run_cost_cap_usd)

    @property
    def polling(self) -> Polling:
        """When runs in economy mode look at their batches."""
        return Polling(self.batch_first_poll_seconds, self.batch_poll_growth, self.batch_longest_poll_seconds)

    def _model_contradictions(self) -> list[str]:
        problems: dict[str, None] = {}
        tiers = [self.model_for(tier) for tier in TIERS]
        for tier, chosen in zip(TIERS, tiers, strict=True):
            problems |= dict.fromkeys(f"{tier} agents: {problem}" for problem in chosen.contradictions())
        try:
            prices = self.prices
        except ValueError as error:
            return [*problems, f"PRICES: {error}"]
        unpriced = dict.fromkeys(chosen.model for chosen in tiers if price_of(chosen.model, prices) is None)
        if self.run_cost_cap_usd and unpriced:
            names = ", ".join(unpriced)
            problems |= {f"RUN_COST_CAP_USD is set, but the price of {names} is unknown: add it to PRICES": None}
        return list(problems)

    @property
    def foundry_url(self) -> str | None:
        """Base URL of Claude in Microsoft Foundry, where that is chosen."""
        if self.foundry_resource:
            return f"https://{self.foundry_resource}.services.ai.azure.com/anthropic/"
        return self.foundry_base_url

    def _access_contradictions(self) -> list[str]:
        """There is exactly one way to Claude: which one is never a matter of precedence."""
        ways = {
            "ANTHROPIC_API_KEY": self.anthropic_key,
            "KEY_VAULT_URL": self.key_vault_url,
            "FOUNDRY_RESOURCE": self.foundry_resource,
            "FOUNDRY_BASE_URL": self.foundry_base_url,
        }
        chosen = [variable for variable, value in ways.items() if value]
        problems: list[str] = []
        if not chosen:
            problems.append("KEY_VAULT_URL or FOUNDRY_RESOURCE (in Azure) or ANTHROPIC_API_KEY (locally) must be set")
        if len(chosen) > 1:
            problems.append(f"{' and '.join(chosen)} are {'both' if len(chosen) == 2 else 'all'} set: keep one")
        if self.foundry_url and self.anthropic_url:
            problems.append("ANTHROPIC_BASE_URL is not used with Foundry: remove it, or use FOUNDRY_BASE_URL alone")
        return problems

    def _access_errors(self) -> list[str]:
        problems: list[str] = []
        if self.anthropic_key and not is_sendable(self.anthropic_key):
            problems.append("ANTHROPIC_API_KEY holds characters that no key has")
        if self.key_vault_url and not _VAULT_URL.fullmatch(self.key_vault_url):
            problems.append(f"KEY_VAULT_URL={self.key_vault_url!r} is not of the form https://NAME.vault.azure.net")
        if not _SECRET_NAME.fullmatch(self.key_secret):
            problems.append(f"ANTHROPIC_KEY_SECRET={self.key_secret!r} is no secret's name (letters, digits, hyphens)")
        if self.foundry_resource and not _RESOURCE_NAME.fullmatch(self.foundry_resource):
            problems.append(f"FOUNDRY_RESOURCE={self.foundry_resource!r} is no resource's name (not a URL either)")
        if self.foundry_base_url and not _SAFE_URL.fullmatch(self.foundry_base_url):
            problems.append(f"FOUNDRY_BASE_URL={self.foundry_base_url!r} is not of the form https://HOST/PATH")
        return problems


def as_markdown() -> str:
    """The text of docs/settings.md."""
    head = [
        "# Settings\n",
        "All settings are environment variables (app settings in Azure). `make docs` writes this page from",
        "`shared/settings/environment.py`.\n",
    ]
    return "\n".join([*head, *rows_of(Settings)]) + "\n"
