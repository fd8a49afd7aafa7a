"""Turns what Claude's API answers when it fails into our errors: passing or final, and what to do. Pure.

Knows the shape of the SDK's errors and imports nothing of it. No message of ours quotes a credential.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from shared.errors import CallInterrupted, CallRefused

if TYPE_CHECKING:
    import httpx2
    from anthropic import APIStatusError

_RETRYABLE_STATUS = {408, 409, 429}
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}
MENDS: Mapping[int, str] = {
    400: "Read the message: the request itself is at fault.",
    401: "Check the Claude API key (ANTHROPIC_API_KEY, or the Key Vault secret).",
    402: "Check the billing of the Claude account.",
    403: "The key may not use this model or feature: check its workspace and permissions.",
    404: "Check ANTHROPIC_MODEL: the model may be retired or misspelt.",
    413: "The request is too large: shorten or split the PRD.",
}
FOUNDRY_MENDS: Mapping[int, str] = {
    **MENDS,
    401: "Check that FOUNDRY_RESOURCE is in the tenant of the app's identity, and the identity's role there.",
    403: "Give the app's identity the role Cognitive Services User on the Foundry resource.",
    404: "Check FOUNDRY_RESOURCE, and that ANTHROPIC_MODEL names one of its deployments.",
}
_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "api-key")


def fault_of(error: "APIStatusError", mends: Mapping[int, str]) -> CallInterrupted | CallRefused:
    """Errors before the stream come with a status; errors inside it come as 200 with a type."""
    kind = error.type or ""
    status = _STATUS_OF_TYPE.get(kind, 500) if error.status_code == 200 else error.status_code
    said = _without_credentials(_message(error), error.request)
    detail = f"Claude answered {status} {kind}: {said[:300]} (request {error.request_id or 'unknown'})."
    if status in _RETRYABLE_STATUS or status >= 500:
        return CallInterrupted(f"http-{status}", detail, _retry_after(error.response.headers.get("retry-after")))
    return CallRefused(f"http-{status}", detail, mends.get(status, "See Claude's API documentation."))


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait from a `retry-after` header: a number or an HTTP date (RFC 9110, 10.2.3)."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _message(error: "APIStatusError") -> str:
    body: object = error.body
    inner = cast(dict[str, Any], body).get("error") if isinstance(body, dict) else None
    message = cast(dict[str, Any], inner).get("message") if isinstance(inner, dict) else None
    return str(message or "no message")


def _without_credentials(text: str, request: "httpx2.Request") -> str:
    """`text` without what the request was authorised with: gateways quote the key that they reject."""
    for header in _CREDENTIAL_HEADERS:
        credential = request.headers.get(header, "").removeprefix("Bearer ")
        if credential:
            text = text.replace(credential, "[removed]")
    return text
