"""The run pages as files, and the links into a run, on real storage."""

import inspect
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from shared.errors import NotFound
from shared.pack.report import policy_of
from shared.services import Services
from shared.storage import WORK, view_links
from tests.triggers.conftest import Door
from triggers import http_pages


async def ask(
    name: str, *clients: Any, method: str = "GET", module: Any = http_pages, **route: str
) -> func.HttpResponse:
    """Call a function of the pages as the worker does, below what turns its binding into a client."""
    app = df.DFApp()
    app.register_functions(module.bp)
    (function,) = [each for each in app.get_functions() if each.get_function_name() == name]
    handler: Callable[..., Any] = inspect.unwrap(
        function.get_user_function(), stop=lambda each: each.__code__.co_name == "reporting"
    )
    request = func.HttpRequest(
        method, f"http://localhost/api/{name}", headers={}, params={}, route_params=route, body=b""
    )
    return await handler(request, *clients)


@pytest.mark.parametrize(("name", "route"), [("show_runs", {}), ("show_run", {"id": "any"})])
async def test_a_page_may_run_its_own_scripts_and_nothing_else(name: str, route: dict[str, str]):
    page = await ask(name, **route)
    policy = page.headers["Content-Security-Policy"]
    assert page.mimetype == "text/html"
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


async def test_every_part_that_a_page_names_is_served():
    page = (await ask("show_runs")).get_body().decode()
    scripts = {path.name for path in http_pages._PAGES.glob("*.js")}  # pyright: ignore[reportPrivateUsage] (the folder)
    named = set(re.findall(r"/api/ui/assets/([\w.]+)", page)) | scripts
    for name in named:
        part = await ask("show_asset", file=name)
        assert part.status_code == 200, name
        for imported in re.findall(rb'from "\./([\w.]+)"', part.get_body()):
            assert imported.decode() in scripts


@pytest.mark.parametrize("name", ["../http_pages.py", "page.html", "", "report.html", "no.js", "%2e%2e", "a" * 5_000])
async def test_no_other_file_is_a_part_of_the_pages(name: str):
    answer = await ask("show_asset", file=name)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


async def test_a_run_without_files_has_no_links(door: Door):
    started = json.loads((await door.post({"prd": "# Orders\n\n- An order must be taken."})).get_body())
    answer = await ask("start_view", door.client, method="POST", id=started["id"])
    assert answer.status_code == 409


async def test_a_link_ends_after_an_hour_and_is_forgotten(services: Services, monkeypatch: pytest.MonkeyPatch):
    word = await view_links.create(services.blobs, "orders-1")
    assert await view_links.run_of(services.blobs, word) == "orders-1"
    names = [info.name async for info in services.blobs.list(WORK, view_links.FOLDER)]
    assert word not in "".join(names), "who reads storage finds no word that opens anything"
    assert await view_links.forget(services.blobs) == 0
    monkeypatch.setattr(view_links, "LIFETIME", timedelta(seconds=-1))
    with pytest.raises(NotFound, match="no longer"):
        await view_links.run_of(services.blobs, word)
    assert await view_links.forget(services.blobs) == len(names)
    assert [info async for info in services.blobs.list(WORK, view_links.FOLDER)] == []


def test_a_report_of_an_older_release_keeps_its_style_and_runs_no_script():
    older = "sha256-" + "A" * 43 + "="
    policy = policy_of(f"<meta content=\"default-src 'none'; style-src '{older}'; script-src '{older}'\">")
    assert f"style-src '{older}'" in policy
    assert f"script-src '{older}'" not in policy
    assert policy.endswith("sandbox allow-scripts")


@pytest.mark.parametrize("forged", ["style-src 'unsafe-inline'", "style-src *; sandbox allow-same-origin", ""])
def test_no_report_loosens_the_policy_under_which_it_is_shown(forged: str):
    policy = policy_of(f'<meta content="{forged}">')
    assert "unsafe-inline" not in policy
    assert "allow-same-origin" not in policy
    assert re.findall(r"sha256-[\w+/]{43}=", policy)
