"""Azure DevOps adapter: the only importer of aiohttp. Tells a pipeline's task how it goes and that it is done.

Follows no redirect (Azure DevOps answers a token it no longer takes with one, to its sign-in page), and for Azure
DevOps Services connects to no internal address, whatever the name resolves to. Addresses were judged before
(`shared/callbacks/protocol.py`). Errors say what happened and never what was sent.
"""

import ipaddress
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.callbacks.protocol import is_cloud
from shared.contracts import PipelineTask
from shared.credentials import Key
from shared.errors import CallbackFailed

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from aiohttp.abc import AbstractResolver

SECONDS = 30.0
LONGEST_ANSWER = 65_536
NOT_SIGNED_IN = frozenset({203, 301, 302, 303, 307, 308, 401, 403})
_EVENTS = "2.0-preview.1"
_RECORDS = "4.1"
"""Versions that Azure DevOps Services and every supported server on premises speak."""


class AzureDevOps:
    """The task-callback API. Create it once a process; connects when first used."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()

    async def say(self, task: PipelineTask, token: Key, lines: list[str]) -> None:
        """Show lines in the task's live log."""
        body = {"value": lines, "count": len(lines)}
        await self._send("POST", task, f"{_timeline(task)}/records/{task.job_id}/feed", token, body)

    async def begin_log(self, task: PipelineTask, token: Key) -> int:
        """Give the task a log that stays; its number."""
        number = _id_in(await self._send("POST", task, "logs", token, {"path": f"logs\\{task.task_id}"}))
        record = {"id": task.task_id, "log": {"id": number}}
        await self._send("PATCH", task, f"{_timeline(task)}/records", token, {"value": [record], "count": 1})
        return number

    async def keep(self, task: PipelineTask, token: Key, log: int, lines: list[str]) -> None:
        """Append lines to the log that stays."""
        await self._send("POST", task, f"logs/{log}", token, "".join(f"{line}\n" for line in lines))

    async def complete(self, task: PipelineTask, token: Key, result: str) -> None:
        """Complete the task with `succeeded` or `failed`; the pipeline goes on."""
        event = {"name": "TaskCompleted", "taskId": task.task_id, "jobId": task.job_id, "result": result}
        await self._send("POST", task, "events", token, event, _EVENTS)

    async def _send(
        self, method: str, task: PipelineTask, path: str, token: Key, body: Any, version: str = _RECORDS
    ) -> bytes:
        """One request; raises `CallbackFailed`, built out here so that no library's error is its context."""
        import aiohttp
        from yarl import URL

        plan = f"{task.plan_url}/{task.project_id}/_apis/distributedtask/hubs/{task.hub}/plans/{task.plan_id}"
        url = URL(f"{plan}/{path}?api-version={version}", encoded=True)
        is_text = isinstance(body, str)
        media_type = "application/octet-stream" if is_text else "application/json"
        data = (body if is_text else json.dumps(body)).encode()
        try:
            async with self._open().request(
                method, url, data=data, headers=_headers(token, media_type), allow_redirects=False
            ) as answer:
                status, content = answer.status, await answer.content.read(LONGEST_ANSWER)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            status, content = 0, type(error).__name__.encode()
        if status in (200, 201, 202, 204):
            return content
        raise _fault(task, status, content.decode(errors="replace"))

    def _open(self) -> "ClientSession":
        if self._session is None:
            import aiohttp

            connector = aiohttp.TCPConnector(resolver=_resolver())
            timeout = aiohttp.ClientTimeout(total=SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _headers(token: Key, media_type: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}", "Content-Type": media_type, "Accept": "application/json"}


def _id_in(content: bytes) -> int:
    """The number of a log that was begun."""
    try:
        return int(json.loads(content)["id"])
    except (ValueError, KeyError, TypeError):
        fault = CallbackFailed("callback-refused", "Azure DevOps gave the task no log.")
    raise fault


def _timeline(task: PipelineTask) -> str:
    return f"timelines/{task.timeline_id}"


def _fault(task: PipelineTask, status: int, content: str) -> CallbackFailed:
    host = urlsplit(task.plan_url).hostname or ""
    if status == 0:
        return CallbackFailed("callback-unreachable", f"{host} could not be reached ({content}).")
    if status in NOT_SIGNED_IN:
        return CallbackFailed("callback-expired", f"{host} does not take the task's token (any more): HTTP {status}.")
    kind = "unreachable" if status >= 500 or status in (408, 429) else "refused"
    return CallbackFailed(f"callback-{kind}", f"{host} did not take the callback: HTTP {status}.")


def is_public(address: str) -> bool:
    """Whether an IP address lies in the world outside: not this machine, this network or a cloud's metadata."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_global and not ip.is_multicast


def _resolver() -> "AbstractResolver":
    from aiohttp.abc import AbstractResolver, ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class OutwardResolver(AbstractResolver):
        """Names of Azure DevOps Services lead outwards or nowhere; servers on premises may well be internal."""

        def __init__(self) -> None:
            self._system = ThreadedResolver()

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = await self._system.resolve(host, port, family)
            allowed = [each for each in found if not is_cloud(host) or is_public(each["host"])]
            if not allowed:
                raise OSError(f"{host} resolves to an internal address")
            return allowed

        async def close(self) -> None:
            await self._system.close()

    return OutwardResolver()
