"""The HTTP side of the host: requests to the app's HTTP-triggered functions, and their answers.

Listens on loopback, asks for no keys, and answers only requests that name a loopback host and come from no other
site's page. Touches its socket and the worker.
"""

import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from aiohttp import web

from local.errors import WorkerLost
from local.functions import DEFAULT_METHODS, App, Function, route_of
from local.log import Log
from local.state import STATUS_PATH
from local.wire import Json
from local.worker_process import Answer, Call, FunctionFailed, WorkerProcess

BODY_LIMIT = 100 * 1024 * 1024
"""Bytes of a request's body, as in Azure Functions."""
_WORKER_PATIENCE = 60.0
_CLIMBS = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_SAFE_METHODS = ("GET", "HEAD")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

type _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpFront:
    """Serves the app's routes on a socket that is already bound. `status` is what STATUS_PATH answers."""

    def __init__(self, listener: socket.socket, worker: WorkerProcess, status: Json, log: Log) -> None:
        self._listener = listener
        self._worker = worker
        self._status = status
        self._log = log
        self._runner: web.AppRunner | None = None

    async def start(self, app: App, prefix: str) -> None:
        """Serve the HTTP-triggered functions below the prefix."""
        site = web.Application(client_max_size=BODY_LIMIT, middlewares=[self._observe, _loopback_only])
        site.router.add_get(STATUS_PATH, self._tell_status)
        routes = [(route_of(f, prefix), f) for f in app.triggered_by("httpTrigger")]
        for route, function in sorted(routes, key=lambda item: _precedence(item[0])):
            for method in function.trigger.get("methods") or DEFAULT_METHODS:
                for path in _paths(route):
                    site.router.add_route(method.upper(), path, self._handler(function))
        self._runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
        self._listener.close()

    async def _tell_status(self, _request: web.Request) -> web.Response:
        return web.json_response(self._status)

    @web.middleware
    async def _observe(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """One line for each request. As in Azure, a method that a route does not take is not found."""
        started = time.perf_counter()
        try:
            response = _refused_by_the_server(request.raw_path) or await handler(request)
        except web.HTTPMethodNotAllowed:
            response = web.Response(status=404)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=error.text)
        if request.path != STATUS_PATH:
            took = (time.perf_counter() - started) * 1000
            self._log.info(f"{request.method} {request.raw_path.partition('?')[0]} {response.status} {took:.0f} ms")
        return response

    def _handler(self, function: Function) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            content = await request.read()
            argument: Json = {"kind": "http", "value": _described(request)}
            call = Call(function, {function.argument: argument}, body=content)
            try:
                return _response(await self._call(call, repeatable=request.method in _SAFE_METHODS))
            except FunctionFailed as error:
                self._log.error(f"{function.name} failed: {error}\n{error.stack}".rstrip())
                return web.Response(status=500)
            except WorkerLost:
                self._log.error(f"{function.name}: the worker ended before it answered")
                return web.Response(status=502)
            except TimeoutError:
                return web.Response(status=503, headers={"Retry-After": "5"})

        return handle

    async def _call(self, call: Call, *, repeatable: bool) -> Answer:
        """Call when there is a worker; a worker lost on the way costs a repeatable call nothing but time."""
        await asyncio.wait_for(self._worker.available(), _WORKER_PATIENCE)
        try:
            return await self._worker.invoke(call)
        except WorkerLost:
            if not repeatable:
                raise
        await asyncio.wait_for(self._worker.available(), _WORKER_PATIENCE)
        return await self._worker.invoke(call)


def _refused_by_the_server(raw_path: str) -> web.Response | None:
    """What Azure's web server answers itself, before any function: a NUL, and a path that climbs out of its route."""
    path = raw_path.partition("?")[0]
    if "%00" in path:
        return web.Response(status=400)
    return web.Response(status=404) if _CLIMBS.search(path) else None


def _described(request: web.Request) -> Json:
    """The request as the worker gets it from Azure's host: repeated names joined by commas."""
    return {
        "method": request.method,
        "url": f"{request.scheme}://{request.host}{request.raw_path}",
        "headers": _joined((name.lower(), value) for name, value in request.headers.items()),
        "query": _joined(request.query.items()),
        "params": dict(request.match_info),
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _response(answer: Answer) -> web.Response:
    """What the function returned, as HTTP: an HttpResponse, a text, or nothing."""
    value = answer.value
    if value is None:
        return web.Response(status=204)
    if value["kind"] != "http":
        return web.Response(text=str(value["value"]))
    http = value["value"]
    response = web.Response(status=http["status"], body=answer.body, headers=http["headers"])
    for cookie in http["cookies"]:
        response.headers.add("Set-Cookie", cookie)
    return response


@web.middleware
async def _loopback_only(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuse what a page of another site could send here: a name rebound to loopback, or a foreign origin."""
    host = urlsplit(f"//{request.host}").hostname
    origin = request.headers.get("Origin")
    if host not in _LOOPBACK or (origin and urlsplit(origin).netloc != request.host):
        return web.Response(status=403, text="The local host serves this machine only.")
    return await handler(request)


def _precedence(route: str) -> list[int]:
    """Literal segments before parameters before catch-alls, as in ASP.NET's routing."""
    return [2 if part.startswith("{*") else 1 if "{" in part else 0 for part in route.split("/")]


def _paths(route: str) -> list[str]:
    """A route template as aiohttp's; an optional last parameter gives two. Constraints are not checked."""
    plain = re.sub(r"\{(\w+):[^}]*?(\??)\}", r"{\1\2}", route)
    plain = re.sub(r"\{\*{1,2}(\w+)\}", r"{\1:.*}", plain)
    optional = re.search(r"/\{\w+\?\}$", plain)
    if not optional:
        return [plain]
    return [plain.replace("?}", "}"), plain[: optional.start()] or "/"]
