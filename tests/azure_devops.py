"""A loopback server that speaks the parts of Azure DevOps a pipeline and its callbacks use, over TLS.

Task callbacks as https://learn.microsoft.com/rest/api/azure/devops/distributedtask/events/post-event and Microsoft's
own sample (azure-pipelines-extensions, ServerTaskHelper) have them; builds, build artifacts and pull-request threads
as the REST reference, version 7.1. It can be told to refuse, to redirect or to let its token expire.
"""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.loopback_tls import serve

PROJECT_ID = "b5bd1a45-72ea-4bd5-9d2a-4f8e7c1a9b10"
PLAN_ID = "1b7f5d3c-9a7e-4f55-8f62-0d6f5c4b3a21"
TIMELINE_ID = "7c1f2a3b-4d5e-4f60-9a7b-8c9d0e1f2a3b"
REPOSITORY_ID = "0f0e0d0c-1111-4222-8333-444455556666"


@dataclass
class Task:
    """A task that waits, as Azure DevOps sees it. `refusals` are the answers to its next completion events."""

    id: str
    job_id: str
    feed: list[str] = field(default_factory=list[str])
    log: list[str] = field(default_factory=list[str])
    log_id: int = 0
    attached_log: int = 0
    result: str | None = None
    refusals: list[int] = field(default_factory=list[int])
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class AzureDevOpsServer:
    """One collection with one project. Whoever carries one of `tokens` is let in."""

    def __init__(self, folder: Path) -> None:
        self.tokens: set[str] = set()
        self.tasks: dict[str, Task] = {}
        self.threads: dict[int, list[dict[str, Any]]] = {}
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.builds: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.certificates = folder / "azure-devops-ca.pem"
        self.address = ""
        self._runner: web.AppRunner | None = None

    @property
    def collection(self) -> str:
        """`System.CollectionUri`."""
        return f"https://{self.address}/DefaultCollection/"

    @property
    def app_settings(self) -> dict[str, str]:
        """What an app must be told so that it calls this server back."""
        return {"AZURE_DEVOPS_HOSTS": self.address, "SSL_CERT_FILE": str(self.certificates)}

    def task(self, number: int, token: str, *refusals: int) -> Task:
        """A new task that waits; its job's token is `token`."""
        self.tokens.add(token)
        task = Task(f"61153303-347e-5f06-a6a1-{number:012x}", f"3a7e60dc-c5b0-5009-86eb-{number:012x}")
        task.refusals = list(refusals)
        self.tasks[task.id] = task
        return task

    def headers(self, task: Task, token: str) -> dict[str, str]:
        """What `AzureFunction@1` sends by default for this task."""
        return {
            "Content-Type": "application/json",
            "PlanUrl": self.collection,
            "ProjectId": PROJECT_ID,
            "HubName": "build",
            "PlanId": PLAN_ID,
            "JobId": task.job_id,
            "TimelineId": TIMELINE_ID,
            "TaskInstanceId": task.id,
            "AuthToken": token,
        }

    async def start(self) -> None:
        """Listen on 127.0.0.1, with a certificate of an authority of its own."""
        app = web.Application(middlewares=[self._signed_in])
        hub = f"/DefaultCollection/{PROJECT_ID}/_apis/distributedtask/hubs/build/plans/{PLAN_ID}"
        pulls = f"/DefaultCollection/{{project}}/_apis/git/repositories/{REPOSITORY_ID}/pullRequests/{{pull}}/threads"
        app.router.add_post(f"{hub}/events", self._event)
        app.router.add_post(f"{hub}/logs", self._begin_log)
        app.router.add_post(f"{hub}/logs/{{log}}", self._append)
        app.router.add_patch(f"{hub}/timelines/{TIMELINE_ID}/records", self._update_records)
        app.router.add_post(f"{hub}/timelines/{TIMELINE_ID}/records/{{job}}/feed", self._feed)
        app.router.add_get(pulls, self._list_threads)
        app.router.add_post(pulls, self._create_thread)
        app.router.add_patch(pulls + "/{thread}", self._update_thread)
        app.router.add_patch(pulls + "/{thread}/comments/{comment}", self._update_comment)
        app.router.add_get("/DefaultCollection/{project}/_apis/build/builds", self._list_builds)
        app.router.add_post("/DefaultCollection/{project}/_apis/build/builds/{build}/artifacts", self._artifact)
        self._runner, self.address = await serve(app, self.certificates)

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _signed_in(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """A token that is not (or no longer) taken leads to the sign-in page, as Azure DevOps does it."""
        self.requests.append(f"{request.method} {request.path}")
        if _token(request.headers) not in self.tokens:
            raise web.HTTPFound("/_signin")
        return await handler(request)

    def _task_of(self, name: str, value: str | int) -> Task:
        found = [task for task in self.tasks.values() if getattr(task, name) == value]
        if not found:
            raise web.HTTPNotFound
        return found[0]

    async def _event(self, request: web.Request) -> web.Response:
        event = await request.json()
        task = self._task_of("id", event["taskId"])
        if task.refusals:
            return web.Response(status=task.refusals.pop(0))
        if event["name"] != "TaskCompleted" or event["jobId"] != task.job_id or task.result:
            return web.json_response({"message": "The event is not expected."}, status=400)
        task.result = event["result"]
        task.ended.set()
        return web.Response(status=204)

    async def _begin_log(self, request: web.Request) -> web.Response:
        task = self._task_of("id", (await request.json())["path"].removeprefix("logs\\"))
        task.log_id = 100 + list(self.tasks).index(task.id)
        return web.json_response({"id": task.log_id})

    async def _append(self, request: web.Request) -> web.Response:
        task = self._task_of("log_id", int(request.match_info["log"]))
        task.log += (await request.text()).splitlines()
        return web.json_response({})

    async def _update_records(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["count"] == len(body["value"])
        for record in body["value"]:
            self._task_of("id", record["id"]).attached_log = record["log"]["id"]
        return web.json_response(body)

    async def _feed(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["count"] == len(body["value"])
        self._task_of("job_id", request.match_info["job"]).feed += body["value"]
        return web.Response(status=204)

    async def _list_threads(self, request: web.Request) -> web.Response:
        threads = self.threads.get(int(request.match_info["pull"]), [])
        return web.json_response({"value": threads, "count": len(threads)})

    async def _create_thread(self, request: web.Request) -> web.Response:
        threads = self.threads.setdefault(int(request.match_info["pull"]), [])
        body: dict[str, Any] = await request.json()
        comments = [{"id": n, "isDeleted": False, **each} for n, each in enumerate(body["comments"], 1)]
        thread = {"id": len(threads) + 1, "isDeleted": False, **body, "comments": comments}
        threads.append(thread)
        return web.json_response(thread)

    async def _update_thread(self, request: web.Request) -> web.Response:
        self._thread(request).update(await request.json())
        return web.json_response(self._thread(request))

    async def _update_comment(self, request: web.Request) -> web.Response:
        comment = self._thread(request)["comments"][int(request.match_info["comment"]) - 1]
        comment.update(await request.json())
        return web.json_response(comment)

    def _thread(self, request: web.Request) -> dict[str, Any]:
        return self.threads[int(request.match_info["pull"])][int(request.match_info["thread"]) - 1]

    async def _list_builds(self, request: web.Request) -> web.Response:
        return web.json_response({"value": self.builds, "count": len(self.builds)})

    async def _artifact(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.artifacts[body["name"]] = body
        return web.json_response(body)


def _token(headers: Mapping[str, str]) -> str:
    """The token of a Bearer or Basic header (then it is the password, and any user's)."""
    kind, _, value = headers.get("Authorization", "").partition(" ")
    return base64.b64decode(value).decode().partition(":")[2] if kind == "Basic" else value
