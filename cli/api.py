"""The app's HTTP interface as typed calls with typed errors."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, cast
from urllib.parse import quote

import httpx2

from cli.errors import BadAnswer, BadUsage, Refused, Unreachable
from cli.prd import Options, Prd
from cli.records import Json, Plan, Run, RunFile, RunList, Started, words

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TIMEOUT = httpx2.Timeout(60.0, connect=10.0)
LONGEST_ERROR_BODY = 64 * 1024


class DesignApi:
    """A design-backend app at `url`, with the function key it asks for, if any. A context manager."""

    def __init__(self, url: str, key: str | None = None, timeout: httpx2.Timeout = TIMEOUT) -> None:
        self.url = app_url(url)
        self._client = httpx2.Client(
            base_url=self.url,
            headers={"x-functions-key": key} if key else {},
            timeout=timeout,
            # A proxy named in the environment is for the world outside, not for a host on this machine.
            trust_env=httpx2.URL(self.url).host not in LOOPBACK,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def start(self, prd: Prd, options: Options) -> Started:
        """POST /api/runs. Not retried: with `fresh`, a second request would be a second run."""
        return Started.from_dict(self._send_prd("/api/runs", prd, options))

    def plan(self, prd: Prd, options: Options) -> Plan:
        """POST /api/plan."""
        return Plan.from_dict(self._send_prd("/api/plan", prd, options))

    def run(self, run_id: str) -> Run:
        """GET /api/runs/{id}."""
        return Run.from_dict(self._json("GET", _run_path(run_id)))

    def runs(self) -> RunList:
        """GET /api/runs."""
        return RunList.from_dict(self._json("GET", "/api/runs"))

    def diagnosis(self) -> Json:
        """GET /api/diagnosis."""
        return self._json("GET", "/api/diagnosis")

    def cancel(self, run_id: str) -> Run:
        """DELETE /api/runs/{id}: asks for cancellation; Refused with status 409 if the run has ended."""
        return Run.from_dict(self._json("DELETE", _run_path(run_id)))

    def chunks(self, file: RunFile) -> Iterator[bytes]:
        """The bytes of one file of a run, piece by piece."""
        # The link must stay within the app: the function key travels with the request.
        if not file.url.startswith("/api/"):
            raise BadAnswer(f"the link of {file.path} does not lead into the app: {file.url}")
        with self._reached(), self._client.stream("GET", file.url) as response:
            if response.status_code != 200:
                raise self._refusal(response)
            yield from response.iter_bytes()

    def _send_prd(self, path: str, prd: Prd, options: Options) -> Json:
        return self._json("POST", path, prd.content, options.to_query(prd.name))

    def _json(self, method: str, path: str, content: bytes | None = None, query: dict[str, str] | None = None) -> Json:
        headers = {"Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = "text/markdown"
        with self._reached():
            response = self._client.request(method, path, content=content, params=query, headers=headers)
        if not response.is_success:
            raise self._refusal(response)
        body = _object(response.content)
        if body is None:
            raise BadAnswer(f"{self.url}{path} answered without JSON; is it a design-backend app?")
        return body

    @contextmanager
    def _reached(self) -> Generator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            raise Unreachable(f"could not reach {self.url} ({error}): is it running?") from error
        except httpx2.TimeoutException as error:
            raise Unreachable(f"{self.url} did not answer in time ({type(error).__name__})") from error
        except httpx2.TransportError as error:
            raise Unreachable(f"the connection to {self.url} broke: {error or type(error).__name__}") from error
        except httpx2.HTTPError as error:
            raise BadAnswer(f"{self.url} answered what cannot be read: {error}") from error

    def _refusal(self, response: httpx2.Response) -> Refused:
        """The error an answer stands for: its problem details, or what its status code says."""
        problem = _object(_start_of(response)) or {}
        status, reason = response.status_code, response.reason_phrase
        title = words(problem.get("title")) or f"{status} {reason}".strip()
        detail = words(problem.get("detail")) or ""
        mend = words(problem.get("mend")) or ""
        if not problem:
            title, detail, mend = f"{self.url} answered {title}", "", _advice(response)
        return Refused(status, title, detail, mend, _retry_after(response))


def app_url(given: str) -> str:
    """The app's base address, without a trailing slash or /api; BadUsage where it is no web address."""
    try:
        url = httpx2.URL(given.strip())
    except httpx2.InvalidURL as error:
        raise BadUsage(f"{given} is no web address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise BadUsage(f"{given} is no address of an app; it looks like https://NAME.azurewebsites.net")
    return str(url).rstrip("/").removesuffix("/api")


def _run_path(run_id: str) -> str:
    return f"/api/runs/{quote(run_id, safe='')}"


def _object(body: bytes) -> Json | None:
    """The JSON object in `body`, None where there is none."""
    try:
        value: object = json.loads(body)
    except ValueError:
        return None
    return cast(Json, value) if isinstance(value, dict) else None


def _start_of(response: httpx2.Response) -> bytes:
    """The beginning of an error's body, whether or not it was read yet."""
    if response.is_closed:
        return response.content[:LONGEST_ERROR_BODY]
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) >= LONGEST_ERROR_BODY:
            break
    return body


def _advice(response: httpx2.Response) -> str:
    if response.status_code in (401, 403):
        return "Give the function key with --key or DESIGN_BACKEND_KEY."
    if response.has_redirect_location:
        return f"It points to {response.headers['location']}; name that address with --url."
    return "Is it a design-backend app?" if response.status_code < 500 else ""


def _retry_after(response: httpx2.Response) -> float:
    """Seconds the app asks to wait (RFC 9110, 10.2.3); dates are not read, they mean 'later'."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0
