"""A loopback proxy that meddles: refuses, cuts, delays and forges what passes between the app and a service.

What happens to a request is decided by a function of the request, so that a seed decides it all. Opens one loopback
socket and connections to the service it stands before.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Literal

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

type Kind = Literal[
    "refused", "reset", "lost", "cut", "truncated", "slow", "skew",
    "403", "409", "412", "429", "500", "503", "500-after",
]  # fmt: skip
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "host", "expect"}
_AUTO = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers a client would add, and with them break the request's signature."""
_STORAGE_CODES = {
    403: "AuthorizationFailure", 409: "ContainerBeingDeleted", 412: "ConditionNotMet", 429: "TooManyRequests",
    500: "InternalError", 503: "ServerBusy",
}  # fmt: skip
_DATES = ("date", "last-modified")


@dataclass(frozen=True)
class Passing:
    """One request on its way. `number` counts from 1."""

    number: int
    method: str
    path: str
    body: bytes = b""

    @property
    def writes(self) -> bool:
        """Whether it is meant to change something."""
        return self.method in ("PUT", "POST", "DELETE", "PATCH")


@dataclass(frozen=True)
class Fault:
    """What is done to a request.

    `refused` closes the door for `seconds`; `reset` drops the connection before anything is done, `lost` when all is
    done; `cut` resets amid the answer, `truncated` ends it early in good order; `slow` waits `seconds` first; `skew`
    moves the answer's dates by `seconds`; a number answers in place of the service, `500-after` when it has done its
    work. `then` happens at that moment.
    """

    kind: Kind
    seconds: float = 0.0
    then: Callable[[], Awaitable[None]] | None = None


type Plan = Callable[[Passing], Fault | None]


def no_faults(_: Passing) -> None:
    """Let all pass."""


class FaultProxy:
    """Stands before the service at `upstream`. `plan` may be changed at any time; `log` holds what was done.

    `answered` is told of each request that went through unharmed.
    """

    def __init__(self, upstream: Callable[[], str], plan: Plan = no_faults) -> None:
        self._upstream = upstream
        self.plan: Plan = plan
        self.answered: Callable[[Passing], None] = no_faults
        self.count = 0
        self.log: list[tuple[Passing, Fault]] = []
        self.url = ""
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._doors: set[asyncio.Task[None]] = set()
        self._tls: ssl.SSLContext | None = None

    async def start(self, *, serve_tls: ssl.SSLContext | None = None, trust: ssl.SSLContext | None = None) -> str:
        """Listen on 127.0.0.1; returns the URL that stands for the service's."""
        connector = aiohttp.TCPConnector(limit=0, ssl=trust or True)
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        self._tls = serve_tls
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._open(0)
        port = self._runner.addresses[0][1]
        self.url = f"{'https' if serve_tls else 'http'}://127.0.0.1:{port}"
        return self.url

    async def stop(self) -> None:
        """Close the door and every connection."""
        for door in self._doors:
            door.cancel()
        if self._runner:
            await self._runner.cleanup()
        if self._session:
            await self._session.close()

    @property
    def is_closed(self) -> bool:
        """Whether connections are refused just now."""
        return bool(self._doors)

    async def _open(self, port: int) -> None:
        assert self._runner
        self._site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=self._tls, reuse_address=True)
        await self._site.start()

    async def _refuse_for(self, seconds: float) -> None:
        """Connections are refused for a while, then taken again at the same port."""
        if self._doors or self._site is None:
            return
        site, self._site = self._site, None
        await site.stop()

        async def reopen() -> None:
            await asyncio.sleep(seconds)
            await self._open(URL(self.url).port or 0)

        door = asyncio.create_task(reopen())
        self._doors.add(door)
        door.add_done_callback(self._doors.discard)

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.count += 1
        passing = Passing(self.count, request.method, request.raw_path, body)
        fault = self.plan(passing)
        if fault is not None:
            self.log.append((passing, fault))
        try:
            if fault:
                return await self._meddle(request, body, fault)
            answer = _answer(await self._ask(request, body))
            self.answered(passing)
            return answer
        except aiohttp.ClientConnectionError:  # the service itself is not there
            return _drop(request)

    async def _meddle(self, request: web.Request, body: bytes, fault: Fault) -> web.StreamResponse:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault.kind in ("reset", "refused"):
            await _happen(fault)
            if fault.kind == "refused":
                await self._refuse_for(fault.seconds)
            return _drop(request)
        if fault.kind.isdigit():
            await _happen(fault)
            return _error(request, int(fault.kind))
        answer = await self._ask(request, body)
        await _happen(fault)
        if fault.kind == "lost":
            return _drop(request)
        if fault.kind == "500-after":
            return _error(request, 500)
        if fault.kind in ("cut", "truncated"):
            return await _half(request, answer, fault.kind)
        return _answer(answer, timedelta(seconds=fault.seconds) if fault.kind == "skew" else None)

    async def _ask(self, request: web.Request, body: bytes) -> "_Answer":
        assert self._session
        headers = CIMultiDict((k, v) for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP)
        url = URL(self._upstream() + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False, skip_auto_headers=_AUTO
        ) as answer:
            return _Answer(answer.status, CIMultiDict(answer.headers), await answer.read())


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: "CIMultiDict[str]"
    body: bytes


async def _happen(fault: Fault) -> None:
    if fault.then is not None:
        await fault.then()


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _answer(answer: _Answer, skew: timedelta | None = None) -> web.StreamResponse:
    headers = _kept(answer)
    for name in _DATES:
        if skew and name in headers:
            headers[name] = format_datetime(parsedate_to_datetime(headers[name]) + skew, usegmt=True)
    response = web.Response(status=answer.status, body=answer.body)
    length = answer.headers.get("content-length")
    response.headers.clear()
    response.headers.extend(headers)
    if not answer.body and length:  # the answer to HEAD
        response.headers["content-length"] = length
    return response


def _kept(answer: _Answer) -> "CIMultiDict[str]":
    dropped = _HOP_BY_HOP - {"content-encoding"} | {"content-length"}
    return CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in dropped)


async def _half(request: web.Request, answer: _Answer, kind: Kind) -> web.StreamResponse:
    """The first half of an answer that announced all of it."""
    response = web.StreamResponse(status=answer.status, headers=_kept(answer))
    response.content_length = max(len(answer.body), 2)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        with contextlib.suppress(ConnectionError):
            if kind == "cut":
                request.transport.abort()
            else:
                request.transport.close()
    return response


def _error(request: web.Request, status: int) -> web.StreamResponse:
    """An error as the service would tell it: Blob Storage in XML, the others in JSON."""
    if "x-ms-version" in request.headers:
        code = _STORAGE_CODES[status]
        body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>As planned</Message></Error>'
        headers = {"x-ms-error-code": code, "x-ms-request-id": "planned", "date": _now()}
        return web.Response(status=status, text=body, content_type="application/xml", headers=headers)
    kind = {429: "rate_limit_error", 409: "conflict_error"}.get(status, "api_error")
    return web.json_response({"type": "error", "error": {"type": kind, "message": "As planned"}}, status=status)


def _now() -> str:
    return format_datetime(datetime.now(UTC), usegmt=True)
