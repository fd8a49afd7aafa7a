"""The templates say the same as the app: settings, function name, containers, prices, telemetry."""

import json
import re
from dataclasses import fields
from typing import Any

import azure.functions as func
import pytest

from infra import app_settings, backends
from infra.compile import HERE as INFRA
from infra.lint import Compiled, declared, value_at
from shared.runs.prices import DEFAULT
from shared.settings.environment import Settings
from shared.storage.blobs import DESIGNS, PRDS, WORK

PROJECT = INFRA.parent
READ = {field.metadata["variable"]: field for field in fields(Settings)}
"""What shared/settings/environment.py reads."""


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return Compiled.read()


@pytest.fixture(scope="module")
def set_by_app(compiled: Compiled) -> dict[str, str]:
    """The app settings that some environment sets of itself, with their values; options are left out."""
    found: dict[str, str] = {}
    for environment, one in compiled.of("Microsoft.Web/sites/config"):
        if one["name"].endswith("/appsettings"):
            options = compiled.parameters[_file(compiled, environment)].get("options", {"value": {}})["value"]
            found |= {name: value for name, value in one["properties"].items() if name not in options}
    return found


def _file(compiled: Compiled, environment: str) -> str:
    return next(name for name in compiled.parameters if name.endswith(f"/{environment}.json"))


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    """The indexed functions by name, each with its bindings."""
    from function_app import app

    return {str(each.get_function_name()): each for each in app.get_functions()}


def option_names() -> set[str]:
    return set(re.findall(r"(?m)^  (\w+): string\?$", (INFRA / "modules/settings.bicep").read_text(encoding="utf-8")))


def test_every_setting_that_the_app_reads_can_be_set_and_every_one_that_is_set_is_read(set_by_app: dict[str, str]):
    assert set(set_by_app) | option_names() | app_settings.LOCAL == set(READ) | app_settings.PLATFORM
    assert set(set_by_app) == app_settings.FIXED | app_settings.PLATFORM | {"SWEEP_SCHEDULE"}


def test_what_parameter_files_may_set_is_generated_from_the_settings():
    written = (INFRA / "modules/settings.bicep").read_text(encoding="utf-8")
    assert written == app_settings.as_bicep(), "run `make docs`"


def test_no_secret_is_an_app_setting(set_by_app: dict[str, str]):
    secret = {name for name, field in READ.items() if not field.repr} - {"APPLICATIONINSIGHTS_CONNECTION_STRING"}
    assert secret == {"AzureWebJobsStorage", "ANTHROPIC_API_KEY"}
    assert not secret & (set(set_by_app) | option_names())


def test_the_options_of_a_parameter_file_are_settings_that_the_app_accepts(compiled: Compiled):
    base = {"AzureWebJobsStorage__blobServiceUri": "https://x", "KEY_VAULT_URL": "https://x.vault.azure.net"}
    for file, parameters in compiled.parameters.items():
        given = parameters.get("options", {"value": {}})["value"]
        assert set(given) <= option_names(), file
        Settings.read(base | given)


def subscription(compiled: Compiled) -> dict[str, Any]:
    (found,) = [one for _, one in declared(compiled.templates["events"]) if one["type"].endswith("/eventSubscriptions")]
    return found


def test_blob_events_go_to_the_function_that_takes_them(functions: dict[str, Any], compiled: Compiled):
    (trigger,) = [name for name, each in functions.items() if "blobTrigger" in _binding_types(each)]
    assert compiled.templates["events"]["variables"] == {"functionName": f"Host.Functions.{trigger}"}
    url = str(value_at(subscription(compiled), "destination.properties.endpointUrl"))
    assert "functionName={1}" in url
    assert "variables('functionName')" in url


def _binding_types(function: Any) -> list[str]:
    return [binding["type"] for binding in json.loads(function.get_function_json())["bindings"]]


def test_the_subscription_listens_to_the_container_that_the_trigger_names(compiled: Compiled):
    heard = value_at(subscription(compiled), "filter.subjectBeginsWith")
    assert heard == f"/blobServices/default/containers/{PRDS}/"


def test_every_setting_that_a_trigger_names_is_set(functions: dict[str, Any], set_by_app: dict[str, str]):
    named = {name for each in functions.values() for name in re.findall(r"%(\w+)%", each.get_function_json())}
    assert named == {"SWEEP_SCHEDULE"}
    assert named <= set(set_by_app)
    assert set_by_app["SWEEP_SCHEDULE"] == READ["SWEEP_SCHEDULE"].default


def test_the_containers_of_the_app_are_made(compiled: Compiled):
    made = {
        one["name"].split("/")[-1]
        for _, one in compiled.of("Microsoft.Storage/storageAccounts/blobServices/containers")
    }
    assert {PRDS, DESIGNS, WORK} <= made


def test_one_setting_chooses_the_identity_for_everything(set_by_app: dict[str, str]):
    assert set_by_app["AzureWebJobsStorage__clientId"].endswith(").clientId]")
    assert not {"AZURE_CLIENT_ID", "AZURE_TENANT_ID"} & set(set_by_app)


def test_telemetry_of_host_and_worker_go_together(set_by_app: dict[str, str]):
    host = json.loads((PROJECT / "host.json").read_text(encoding="utf-8"))
    assert set_by_app["PYTHON_ENABLE_OPENTELEMETRY"] == "true"
    assert host["telemetryMode"] == "OpenTelemetry"


def test_no_app_setting_says_what_azure_reads_in_host_json(set_by_app: dict[str, str]):
    """The scale controller reads the deployed file alone: infra/backends.py writes it."""
    assert not [name for name in set_by_app if name.startswith("AzureFunctionsJobHost__")]
    assert not [name for name in app_settings.PLATFORM if name.startswith("AzureFunctionsJobHost__")]


def test_the_extensions_are_released_ones_that_speak_to_this_durable_library():
    """Durable 2.x for Python needs the extension's gRPC server (3.10), which bundles have from 4.34.0 on."""
    bundle = json.loads((PROJECT / "host.json").read_text(encoding="utf-8"))["extensionBundle"]
    assert bundle == {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.34.0, 5.0.0)"}


def test_storage_queues_are_looked_at_as_often_as_flex_consumption_needs_it():
    """At most 10 s, with one durable instance that is always ready beyond trials (Microsoft's advice for Flex)."""
    host = json.loads((PROJECT / "host.json").read_text(encoding="utf-8"))
    provider = host["extensions"]["durableTask"]["storageProvider"]
    assert "00:00:00" < provider["maxQueuePollingInterval"] <= "00:00:10"


def test_environments_beyond_trials_have_a_durable_instance_that_is_always_ready(compiled: Compiled):
    ready: dict[str, object] = {}
    for environment, one in compiled.of("Microsoft.Web/sites"):
        ready[environment] = value_at(one, "functionAppConfig.scaleAndConcurrency.alwaysReady")
    assert ready["dev"] == []
    assert ready["stage"] == ready["prod"] == [{"name": "durable", "instanceCount": 1}]


def test_each_backend_has_the_connection_that_its_host_json_names(compiled: Compiled):
    """Packages are chosen by the output AZURE_DURABLE_BACKEND (infra/release.py) or DURABLE_BACKEND (azd's)."""
    for environment, one in compiled.of("Microsoft.Web/sites/config"):
        if one["name"].endswith("/appsettings"):
            parameter = compiled.parameters[_file(compiled, environment)].get(
                "durableBackend", {"value": "azureStorage"}
            )
            host = json.loads(
                backends.host_json((PROJECT / "host.json").read_text(encoding="utf-8"), parameter["value"])
            )
            provider = host["extensions"]["durableTask"]["storageProvider"]
            named = provider.get("connectionStringName")
            assert (backends.CONNECTION in one["properties"]) == (named is not None)
            assert named in (None, backends.CONNECTION)
    assert compiled.templates["main"]["parameters"]["durableBackend"]["allowedValues"] == list(backends.BACKENDS)


def test_python_is_the_one_the_project_is_written_for(compiled: Compiled):
    version = (PROJECT / ".python-version").read_text(encoding="utf-8").strip()
    for _, one in compiled.of("Microsoft.Web/sites"):
        assert value_at(one, "functionAppConfig.runtime") == {"name": "python", "version": version}


@pytest.mark.parametrize("query", ["cost.kql", "cost-by-run.kql"])
def test_queries_reckon_with_the_prices_of_the_app(query: str):
    text = (INFRA / "queries" / query).read_text(encoding="utf-8")
    table = re.findall(r'"(claude-[\w-]+)", ([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+),', text)
    told = {model: tuple(float(price) for price in prices) for model, *prices in table}
    assert told == {row.model: (row.input, row.output, row.cache_write, row.cache_read) for row in DEFAULT.models}
    assert DEFAULT.as_of in text


def test_functions_ask_for_a_key_unless_they_tell_nothing(functions: dict[str, Any]):
    levels: dict[str, str] = {}
    for name, each in functions.items():
        for binding in json.loads(each.get_function_json())["bindings"]:
            if binding["type"] == "httpTrigger":
                levels[name] = binding["authLevel"].lower()
    open_ones = {name for name, level in levels.items() if level == func.AuthLevel.ANONYMOUS.value.lower()}
    assert open_ones == {"health", "show_runs", "show_run", "show_asset", "show_file"}
