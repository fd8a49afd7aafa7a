"""A design-backend app that only pretends: its HTTP interface on loopback, with answers as the test sets them."""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

from aiohttp import web

RUN_ID = "run-0123abcd"
PROJECT = ".claude/outputs/design/projects/order-service/20261122-081500"
AGENTS = ".claude/outputs/design/agents"
ARCHITECTURE = f"{AGENTS}/system-architect/order-service-20261122-081500/integration-architecture.md"
MANIFEST = f"{PROJECT}/MANIFEST.md"
OPENAPI = f"{PROJECT}/openapi.yaml"
PLAN_TEXT = "Execution Plan Summary:\nPhase 1: Task(orchestrator) — Setup\nTotal Task calls: 7\n[not markup]"


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """A canned answer that goes before the normal ones."""

    status: int
    body: dict[str, Any] | str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def response(self) -> web.Response:
        """Problem details for an object, plain text for a string, nothing for None."""
        if isinstance(self.body, dict):
            kind = "application/problem+json"
            return web.json_response(self.body, status=self.status, content_type=kind, headers=self.headers)
        return web.Response(text=self.body or "", status=self.status, headers=self.headers)


class FakeDesignApp:
    """Starts in a thread of its own; `url` is where it listens. Set the attributes, then run the command."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.status = "completed"
        self.created = True
        self.status_at_start = "queued"
        self.findings = 0
        self.not_judged = 0
        self.verdict: list[str] = []
        self.reused = 0
        self.money: dict[str, Any] = {}
        self.error: Any = None
        self.ahead: int | None = None
        self.polls_until_end = 1
        self.on_poll: Callable[[], None] = lambda: None
        self.files = {
            ARCHITECTURE: b"# Architecture\n",
            OPENAPI: b"openapi: 3.1.0\n",
            MANIFEST: "# Manifest — order-service\n".encode(),
        }
        self.registered: dict[str, dict[str, Any]] = {}
        self.refusals: dict[str, list[Answer]] = {}
        self._polls = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def refuse(self, route: str, *answers: Answer) -> None:
        """Answer the next requests to `route`, such as 'GET /api/runs', with these before the normal ones."""
        self.refusals.setdefault(route, []).extend(answers)

    def requests(self, method: str, path: str) -> list[Seen]:
        """The requests that arrived so far for one method and path."""
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    async def _start(self) -> web.AppRunner:
        app = web.Application(middlewares=[self._record])
        app.router.add_post("/api/runs", self._post_run)
        app.router.add_get("/api/runs", self._get_runs)
        app.router.add_get("/api/runs/{id}", self._get_run)
        app.router.add_delete("/api/runs/{id}", self._delete_run)
        app.router.add_get("/api/runs/{id}/files/{path:.*}", self._get_file)
        app.router.add_post("/api/plan", self._post_plan)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    @web.middleware
    async def _record(self, request: web.Request, handler: Any) -> web.StreamResponse:
        body = await request.read()
        query, headers = dict(request.query), {name.lower(): text for name, text in request.headers.items()}
        self.seen.append(Seen(request.method, request.path, query, headers, body))
        waiting = self.refusals.get(f"{request.method} {request.path}")
        return waiting.pop(0).response() if waiting else await handler(request)

    async def _post_run(self, _: web.Request) -> web.Response:
        links = {"self": f"/api/runs/{RUN_ID}"}
        body = {"id": RUN_ID, "status": self.status_at_start, "created": self.created, "links": links}
        return web.json_response({**body, "plan": {"text": PLAN_TEXT}}, status=202 if self.created else 200)

    async def _post_plan(self, _: web.Request) -> web.Response:
        return web.json_response({"plan": {"text": PLAN_TEXT, "calls": 7}})

    async def _get_runs(self, _: web.Request) -> web.Response:
        row = {"id": RUN_ID, "status": self.status, "project": "order-service", "prd": "order-service.md"}
        row |= {"ahead": self.ahead}
        return web.json_response({"runs": [{**row, "created_at": "2026-11-22T08:15:00Z", "updated_at": None}]})

    async def _get_run(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != RUN_ID:
            missing = {
                "title": "Not found",
                "detail": "There is no such run.",
                "mend": "List them.",
                "status": 404,
            }
            return Answer(404, missing).response()
        self._polls += 1
        self.on_poll()
        return web.json_response(self.run(ended=self._polls >= self.polls_until_end))

    async def _delete_run(self, request: web.Request) -> web.Response:
        return web.json_response(self.run(ended=False), status=202)

    async def _get_file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["path"]])

    def run(self, *, ended: bool) -> dict[str, Any]:
        """The run object, under way or at its end."""
        return {
            "id": RUN_ID,
            "status": self.status if ended else "running",
            "created_at": "2026-11-22T08:15:00Z",
            "updated_at": "2026-11-22T08:17:05Z",
            "prd": {"name": "order-service.md"},
            "options": {"stack": "python", "db": None, "output": None},
            "project": "order-service",
            "folder": PROJECT,
            "phase": None if ended else "Architecture",
            "agents": [
                _call("orchestrator", "setup", "MANIFEST.md", "done", None),
                _call(
                    "system-architect",
                    "draft",
                    "integration-architecture.md",
                    "done" if ended else "drafting",
                ),
                _call("orchestrator", "synthesis", "MANIFEST.md", "done" if ended else "waiting", None),
            ],
            "usage": {
                "calls": 7,
                "input_tokens": 1000,
                "cache_write_tokens": 200,
                "cache_read_tokens": 3000,
                "output_tokens": 20000,
                "seconds": 300.5,
                "reused": self.reused,
            },
            **self.money,
            "findings": self.findings,
            "not_judged": self.not_judged,
            "verdict": self.verdict if ended else [],
            "files": [self._file(path, content) for path, content in self.files.items()] if ended else [],
            "error": self.error if ended else None,
            "links": {"self": f"/api/runs/{RUN_ID}"},
        }

    def _file(self, path: str, content: bytes) -> dict[str, Any]:
        honest = {
            "path": path,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "url": f"/api/runs/{RUN_ID}/files/{quote(path)}",
        }
        return {**honest, **self.registered.get(path, {})}


def _call(agent: str, task: str, deliverable: str, state: str, file: str | None = ARCHITECTURE) -> dict[str, Any]:
    ended = state == "done"
    return {
        "agent": agent,
        "task": task,
        "deliverable": deliverable,
        "state": state,
        "seconds": 34.2 if ended else None,
        "input_tokens": 1200 if ended else 0,
        "output_tokens": 9000 if ended else 0,
        "file": file if ended else None,
        "error": None,
    }
