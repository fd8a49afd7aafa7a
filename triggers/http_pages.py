"""The run pages, which hold no data and ask the JSON interface for it, and a run's files as a browser shows them.

Pages and their parts are the files of `pages/`, served as they are. Files of a run are untrusted: each is shown as
text, and the report under a policy of its own, in a sandbox without an origin.
"""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote

import azure.durable_functions as df
import azure.functions as func

import shared
from shared import services
from shared.errors import Conflict, NotFound
from shared.runs import status_of
from shared.storage import DESIGNS, past_runs, view_links
from triggers.http_runs import claim_of
from triggers.problems import HEADERS, answer, reports_problems
from triggers.views import pack_files

PAGE = HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What the page may do: run its own scripts, and ask this app. It can make no markup of what it is told."""
ASSET = HEADERS | {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-origin"}
REPORT = "report.html"
_PAGES = Path(__file__).parent / "pages"
_SHARED = {"report.css": Path(shared.__file__).parent / "pack" / "report" / "report.css"}
"""The report's style sheet gives the pages its colours and type."""
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

bp = df.Blueprint()


@bp.function_name("show_runs")
@bp.route(route="ui", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@reports_problems
async def show_runs(req: func.HttpRequest) -> func.HttpResponse:
    """The page of all runs. It tells nothing by itself and needs no key; what it asks does."""
    return _page()


@bp.function_name("show_run")
@bp.route(route="ui/runs/{id}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@reports_problems
async def show_run(req: func.HttpRequest) -> func.HttpResponse:
    """The page of one run: the same file, which reads its address."""
    return _page()


@bp.function_name("show_asset")
@bp.route(route="ui/assets/{file}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@reports_problems
async def show_asset(req: func.HttpRequest) -> func.HttpResponse:
    """A script, style sheet or picture of the pages."""
    name = req.route_params.get("file", "")
    path = _assets().get(name)
    if path is None:
        raise NotFound("no-asset", f"The pages have no file {name[:100]!r}.")
    return func.HttpResponse(_read(path), headers=ASSET, mimetype=_TYPES[path.suffix], charset="utf-8")


@bp.function_name("start_view")
@bp.route(route="runs/{id}/views", methods=["POST"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def start_view(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Links into the files of a run that has ended, which a browser can follow without a key for an hour."""
    current = services.current()
    claim = await claim_of(current, req.route_params.get("id", ""))
    state = await past_runs.state_of(current.blobs, client, claim.run.run_id)
    files = [entry.path for entry in await pack_files(current.blobs, state)]
    if not files:
        raise Conflict("no-files", f"Run {claim.run.run_id!r} is {status_of(state)} and has no files.", "Wait for it.")
    base = f"/api/views/{await view_links.create(current.blobs, claim.run.run_id)}/"
    report = report_path(files)
    body = {
        "base": base,
        "manifest": base + quote(files[0]),
        "report": base + quote(report) if report in files else None,
        "expires_at": (datetime.now(UTC) + view_links.LIFETIME).isoformat(timespec="seconds"),
    }
    return answer(body, 201)


@bp.function_name("show_file")
@bp.route(route="views/{word}/{*path}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input(client_name="client")
@reports_problems
async def show_file(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """A file of the run that the link's word opens: the report as a page in a sandbox, all else as plain text."""
    blobs, path = services.current().blobs, req.route_params.get("path", "")
    run_id = await view_links.run_of(blobs, req.route_params.get("word", ""))
    state = await past_runs.state_of(blobs, client, run_id)
    files = [entry.path for entry in await pack_files(blobs, state)]
    if path not in files:
        raise NotFound("no-file", f"This run has no file {path[:200]!r}.", "Open it anew from the run's page.")
    data, _ = await blobs.read(DESIGNS, path)
    if path != report_path(files):
        return func.HttpResponse(data, headers=HEADERS, mimetype="text/plain", charset="utf-8")
    from shared.pack.report import policy_of  # here: indexing the app composes no pack

    headers = HEADERS | {"Content-Security-Policy": policy_of(data.decode(errors="replace"))}
    return func.HttpResponse(data, headers=headers, mimetype="text/html", charset="utf-8")


def report_path(files: list[str]) -> str:
    """Where the report lies: beside the manifest, which is listed first. No file of the design can be there."""
    return f"{files[0].rpartition('/')[0]}/{REPORT}"


def _page() -> func.HttpResponse:
    return func.HttpResponse(_read(_PAGES / "page.html"), headers=PAGE, mimetype="text/html", charset="utf-8")


@cache
def _assets() -> dict[str, Path]:
    """The files that are served, by name: no name of a caller's becomes a path."""
    return {path.name: path for path in _PAGES.iterdir() if path.suffix in _TYPES} | _SHARED


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()
