"""Errors as RFC 9457 problem details. No stack, path or secret ever reaches a caller."""

import functools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func

from shared import logs, telemetry
from shared.errors import BadInput, Busy, Conflict, DesignBackendError, StorageFault
from triggers.callers import check_head

log = logs.logger(__name__)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer carries: none of them is a page, and nothing in them is to be run, framed or kept."""

_URL = re.compile(r"(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)")

type Handler = Callable[..., Awaitable[func.HttpResponse]]


def answer(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> func.HttpResponse:
    """A JSON answer."""
    return func.HttpResponse(
        _encoded(body),
        status_code=status,
        headers=HEADERS | (headers or {}),
        mimetype="application/json",
    )


def problem(error: DesignBackendError, instance: str) -> func.HttpResponse:
    """The problem document of an error; `mend` says what to do."""
    body = {
        "type": f"urn:design-backend:problem:{error.code}",
        "title": error.title,
        "status": error.http_status,
        "detail": error.detail,
        "instance": instance,
        "mend": error.mend,
    }
    return func.HttpResponse(
        _encoded({key: value for key, value in body.items() if value != ""}),
        status_code=error.http_status,
        headers=HEADERS | ({"Retry-After": str(error.retry_after)} if isinstance(error, (Busy, StorageFault)) else {}),
        mimetype="application/problem+json",
    )


def _encoded(body: dict[str, Any]) -> bytes:
    """JSON in UTF-8, also of text that has none, such as half a surrogate pair."""
    return json.dumps(body, ensure_ascii=False).encode(errors="replace")


def reports_problems(handler: Handler) -> Handler:
    """Wrap an HTTP function: the caller's errors become problem details, ours a plain 500 that is logged."""

    @functools.wraps(handler)
    async def reporting(req: func.HttpRequest, *bindings: Any) -> func.HttpResponse:
        instance = _path(req.url)
        with telemetry.about_run(req.route_params.get("id")):
            try:
                check_head(req)
                return await handler(req, *bindings)
            except (BadInput, Busy, Conflict) as error:
                return problem(error, instance)
            except StorageFault as error:
                log.warning("%s %s failed: %s", req.method, instance, error)
                return problem(error, instance)
            except Exception as error:
                log.exception("%s %s failed", req.method, instance)
                code = error.code if isinstance(error, DesignBackendError) else "internal"
                hidden = DesignBackendError(code, "The request could not be carried out.", "See the app's log.")
                return problem(hidden, instance)

    return reporting


def _path(url: str) -> str:
    """The path by RFC 3986, appendix B, of anything: the host is what the caller says it is, and may be none."""
    parts = _URL.match(url)
    assert parts, "every part of it may be empty"
    return parts[1]
