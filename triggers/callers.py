"""Who calls over HTTP, and how much one request may hold."""

import hashlib
from collections.abc import Mapping
from typing import cast

import azure.functions as func
from durabletask.client import OrchestrationStatus

from shared.errors import BadInput
from shared.settings import Settings

ORCHESTRATOR = "design_backend"
MAX_HEADERS = 16_384
"""Characters of all headers together."""
MAX_URL = 8_192
BODY_PER_PRD_BYTE, BODY_BESIDES = 3, 100_000
"""JSON may write a PRD's byte as up to three; what else a body holds is small."""
LIVE = (OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING, OrchestrationStatus.SUSPENDED)
_PRINCIPAL = "x-ms-client-principal-id"
_KEY = "x-functions-key"


def check_head(req: func.HttpRequest) -> None:
    """Refuse a request whose address or headers are far longer than any that this interface needs."""
    if len(req.url) > MAX_URL:
        raise BadInput("url-too-long", f"The address has more than {MAX_URL:,} characters.", "", http_status=414)
    if sum(len(name) + len(value) for name, value in _headers(req).items()) > MAX_HEADERS:
        raise BadInput("headers-too-large", f"The headers hold more than {MAX_HEADERS:,} characters.", http_status=431)


def body_of(req: func.HttpRequest, settings: Settings) -> bytes:
    """The request's body, if it is not larger than a PRD of the largest size makes it."""
    body, most = req.get_body(), settings.max_prd_bytes * BODY_PER_PRD_BYTE + BODY_BESIDES
    if len(body) > most:
        detail = f"The body has {len(body):,} bytes; at most {most:,} are read."
        raise BadInput("body-too-large", detail, "Send one PRD, of the size that is allowed.", http_status=413)
    return body


def caller_of(req: func.HttpRequest, settings: Settings) -> str:
    """Tells callers apart: by the identity that signed in, else by function key. Neither can be read from it.

    Who signed in is believed only where Azure checks it, and removes what callers claim themselves.
    """
    headers = _headers(req)
    identity = headers.get(_PRINCIPAL, "") if settings.signs_in else ""
    key = headers.get(_KEY) or req.params.get("code") or ""
    told, kind = (identity, "user") if identity else (key, "key")
    return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:12]}" if told else "anonymous"


def _headers(req: func.HttpRequest) -> Mapping[str, str]:
    return cast(Mapping[str, str], req.headers)
