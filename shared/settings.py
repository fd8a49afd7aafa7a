"""The only reader of the environment. Every setting is declared once, in `Settings`, with its default and reason.

`python -m shared.settings` prints the table that docs/settings.md holds.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from shared.errors import SettingsError


def _setting(variable: str, why: str, default: Any, *, secret: bool = False) -> Any:
    """Declare a setting: its environment variable, what it is for, its default; secrets stay out of `repr`."""
    return field(default=default, repr=not secret, metadata={"variable": variable, "why": why})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of the function app. Strings are as given; numbers are checked when read."""

    storage_connection: str | None = _setting(
        "AzureWebJobsStorage",
        "Connection string of the storage account (local use; Azure uses an identity).",
        None,
        secret=True,
    )
    storage_uri: str | None = _setting(
        "AzureWebJobsStorage__blobServiceUri",
        "Blob endpoint of the storage account, reached with the app's managed identity.",
        None,
    )
    identity_client_id: str | None = _setting(
        "AzureWebJobsStorage__clientId",
        "Client id of the user-assigned managed identity, if there is one.",
        None,
    )
    anthropic_key: str | None = _setting(
        "ANTHROPIC_API_KEY",
        "Claude API key, for local use. In Azure the key comes from Key Vault.",
        None,
        secret=True,
    )
    anthropic_url: str | None = _setting(
        "ANTHROPIC_BASE_URL", "Another server that speaks the Claude Messages API.", None
    )
    key_vault_url: str | None = _setting("KEY_VAULT_URL", "Key Vault that holds the Claude API key.", None)
    key_secret: str = _setting("ANTHROPIC_KEY_SECRET", "Name of the secret in that vault.", "anthropic-api-key")
    model: str = _setting("ANTHROPIC_MODEL", "Claude model that writes the deliverables.", "claude-sonnet-5-5")
    max_output_tokens: int = _setting("MAX_OUTPUT_TOKENS", "Most tokens one deliverable may take.", 64_000)
    call_timeout_seconds: int = _setting(
        "CALL_TIMEOUT_SECONDS", "Longest silence of Claude's stream before a call counts as interrupted.", 120
    )
    output_root: str = _setting(
        "OUTPUT_ROOT", "Folder of the output container that holds all packs.", ".claude/outputs/design"
    )
    max_prd_bytes: int = _setting("MAX_PRD_BYTES", "Largest PRD accepted, in bytes.", 5_000_000)
    activity_attempts: int = _setting("ACTIVITY_ATTEMPTS", "How often one step of a run is tried.", 4)
    first_retry_seconds: float = _setting(
        "FIRST_RETRY_SECONDS",
        "Wait before the second try; doubles with each further one, up to 5 minutes.",
        5.0,
    )
    sweep_schedule: str = _setting(
        "SWEEP_SCHEDULE", "NCRONTAB schedule of the sweep that finds PRDs without a run.", "0 */5 * * * *"
    )
    claim_grace_seconds: int = _setting(
        "CLAIM_GRACE_SECONDS", "Age at which a claimed run that never started is started by someone else.", 60
    )

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check everything; `SettingsError` names all that is missing or wrong at once."""
        problems: list[str] = []
        values: dict[str, Any] = {}
        for declared in fields(cls):
            raw = environment.get(_variable(declared), "").strip()
            if raw:
                values[declared.name] = _parse(declared, raw, problems)
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
        if not (self.anthropic_key or self.key_vault_url):
            problems.append("KEY_VAULT_URL (in Azure) or ANTHROPIC_API_KEY (locally) must be set")
        if self.anthropic_key and self.key_vault_url:
            problems.append("ANTHROPIC_API_KEY and KEY_VAULT_URL are both set: remove one")
        return problems


def _variable(declared: "Field[Any]") -> str:
    return declared.metadata["variable"]


def _parse(declared: "Field[Any]", raw: str, problems: list[str]) -> Any:
    kind = declared.type
    if kind not in (int, float):
        return raw
    try:
        value = int(raw) if kind is int else float(raw)
    except ValueError:
        problems.append(f"{_variable(declared)}={raw!r} is not a number")
        return None
    if value <= 0:
        problems.append(f"{_variable(declared)}={raw!r} must be greater than zero")
    return value


def as_markdown() -> str:
    """The text of docs/settings.md."""
    rows = [
        "# Settings\n",
        "All settings are environment variables (app settings in Azure). `make docs` writes this page from",
        "`shared/settings.py`.\n",
        "| setting | default | what it is for |",
        "|---|---|---|",
    ]
    for declared in fields(Settings):
        default = "" if declared.default is None else f"`{declared.default}`"
        rows.append(f"| `{_variable(declared)}` | {default} | {declared.metadata['why']} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
