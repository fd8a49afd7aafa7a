"""The app indexes in the real worker runtime with exactly the functions and bindings that Azure is told of."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.functions import App
from local.log import Log
from local.worker_process import WorkerProcess

PROJECT = Path(__file__).parents[1]
PAGES = ("show_runs", "show_run", "show_asset", "show_file")
"""Pages that hold no data, and files behind a link's own word."""


@pytest.fixture(scope="module")
async def app():
    worker = WorkerProcess(PROJECT, lambda: {"AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "true"}, Log(quiet=True))
    await worker.spawn()
    try:
        yield await worker.load("{}")
    finally:
        await worker.stop()


def kinds(app: App) -> dict[str, str]:
    return {function.name: function.trigger["type"] for function in app.functions}


def test_exactly_the_expected_functions_are_registered(app: App):
    http = ("health", "start_run", "make_plan", "list_runs", "get_run", "get_file", "cancel_run",
            "start_callback", "get_callback", *PAGES, "start_view", "diagnose")  # fmt: skip
    agents = (
        "orchestrator", "system_architect", "api_backend_tester", "azure_devops_pipelines_expert",
        "azure_monitor_logs_expert", "python_backend_dev", "csharp_expert",
    )  # fmt: skip
    effects = (
        "claim_folder",
        "check_deliverable",
        "check_pack",
        "find_moves",
        "leave_place",
        "publish_deliverable",
        "take_place",
        "submit_batch",
        "poll_batch",
        "cancel_batch",
        "warm_prefix",
        "write_manifest",
        "tell_pipeline",
        "complete_task",
        "close_callback",
    )
    assert kinds(app) == {
        "prd_dropped": "blobTrigger",
        "sweep": "timerTrigger",
        "warm_up": "warmupTrigger",
        **dict.fromkeys(http, "httpTrigger"),
        "design_backend": "orchestrationTrigger",
        "pipeline_callback": "orchestrationTrigger",
        **dict.fromkeys(agents + effects, "activityTrigger"),
        # Durable 2.x brings these two; only an orchestrator can reach them, and ours makes no HTTP calls.
        "BuiltIn__HttpActivity": "activityTrigger",
        "BuiltIn__HttpPollOrchestrator": "orchestrationTrigger",
    }


def trigger(app: App, name: str) -> dict[str, Any]:
    (function,) = [function for function in app.functions if function.name == name]
    return function.trigger


@pytest.mark.parametrize(
    ("name", "route", "method"),
    [
        ("health", "health", "GET"),
        ("start_run", "runs", "POST"),
        ("make_plan", "plan", "POST"),
        ("list_runs", "runs", "GET"),
        ("get_run", "runs/{id}", "GET"),
        ("get_file", "runs/{id}/files/{*path}", "GET"),
        ("cancel_run", "runs/{id}", "DELETE"),
        ("start_callback", "callbacks", "POST"),
        ("get_callback", "callbacks/{id}", "GET"),
        ("show_runs", "ui", "GET"),
        ("show_run", "ui/runs/{id}", "GET"),
        ("show_asset", "ui/assets/{file}", "GET"),
        ("start_view", "runs/{id}/views", "POST"),
        ("diagnose", "diagnosis", "GET"),
        ("show_file", "views/{word}/{*path}", "GET"),
    ],
)
def test_a_route_has_its_method_and_asks_for_a_function_key(app: App, name: str, route: str, method: str):
    http = trigger(app, name)
    assert (http["route"], http["methods"]) == (route, [method])
    assert http["authLevel"].lower() == ("anonymous" if name in ("health", *PAGES) else "function")


def test_the_drop_comes_by_event_grid(app: App):
    drop = trigger(app, "prd_dropped")
    assert (drop["path"], drop["source"], drop["connection"]) == ("prds/{name}", "EventGrid", "AzureWebJobsStorage")


def test_the_sweep_runs_on_its_setting(app: App):
    assert trigger(app, "sweep")["schedule"] == "%SWEEP_SCHEDULE%"


def test_what_starts_runs_has_a_durable_client(app: App):
    with_client = {function.name for function in app.functions if function.clients}
    assert with_client == {
        "prd_dropped", "sweep", "start_run", "list_runs", "get_run", "get_file", "cancel_run", "start_callback",
        "start_view", "show_file", "diagnose", "tell_pipeline", "complete_task", "leave_place",
    }  # fmt: skip


def test_indexing_imports_no_sdk_and_nothing_that_reads_documents():
    heavy = (
        "anthropic",
        "azure.storage.blob",
        "azure.identity",
        "azure.keyvault",
        "openapi_spec_validator",
        "ruamel",
        "azure.monitor",
        "opentelemetry.sdk",
        "shared.formats.azure_pipelines",
        "shared.pack",
        "shared.prd.requirements",
        "aiohttp",
    )
    code = f"import sys, function_app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
