"""Which app settings the templates may set: `python -m infra.app_settings` prints infra/modules/settings.bicep.

The type is generated from shared/settings/, so that a parameter file with a misspelt setting is refused when it is
compiled. Touches nothing but the declared settings.
"""

from dataclasses import fields

from shared.settings import Settings

FIXED = frozenset(
    {
        "AzureWebJobsStorage__blobServiceUri",
        "AzureWebJobsStorage__clientId",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "KEY_VAULT_URL",
        "FOUNDRY_RESOURCE",
    }
)
"""Set by infra/modules/app.bicep itself, from the resources it is given."""
LOCAL = frozenset({"AzureWebJobsStorage", "ANTHROPIC_API_KEY", "IDENTITY_ENDPOINT"})
"""Never set by us in Azure: two hold secrets, the third is the platform's."""
PLATFORM = frozenset(
    {
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING",
        "AzureWebJobsStorage__credential",
        "AzureWebJobsStorage__queueServiceUri",
        "AzureWebJobsStorage__tableServiceUri",
        "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
        "PYTHON_ENABLE_OPENTELEMETRY",
    }
)
"""Read by the Functions host, its extensions or the telemetry exporter, not by the app's own code."""


def choosable() -> dict[str, str]:
    """Settings that a parameter file may give, with what they are for."""
    declared = {field.metadata["variable"]: field.metadata["why"] for field in fields(Settings)}
    return {name: why for name, why in declared.items() if name not in FIXED | LOCAL}


def as_bicep() -> str:
    """The text of infra/modules/settings.bicep."""
    lines = [
        "// Written by `make docs` from shared/settings/: the app settings that a parameter file may give.",
        "@export()",
        "@sealed()",
        "type Options = {",
    ]
    for name, why in choosable().items():
        said = why.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
        lines += [f"  @description('{said}')", f"  {name}: string?", ""]
    return "\n".join([*lines[:-1], "}"]) + "\n"


if __name__ == "__main__":
    print(as_bicep(), end="")
