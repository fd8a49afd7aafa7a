"""What a pipeline that waits sends, and what it is told. Pure: judges addresses and words, reaches nothing.

The coordinates come in headers, named as the tasks `AzureFunction` and `InvokeRESTAPI` send them by default. The plan
URL is where the app will send the task's token to, so only Azure DevOps and servers that the settings name are taken.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.contracts import PipelineTask
from shared.credentials import Key, is_sendable
from shared.errors import BadInput

LONGEST_TOKEN = 16_384
LONGEST_URL = 400
LONGEST_LINE = 500
GOOD_ENDINGS = frozenset({"completed", "completed_with_findings"})
"""Endings with a complete pack. Whether findings fail a build is the pipeline's own policy."""

_HOST = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_URL = re.compile(
    rf"https://({_HOST})(?::([0-9]{{1,5}}))?((?:/(?!\.{{1,2}}(?:/|$))(?:[\w.~-]|%20)+)*)/?", re.ASCII | re.I
)
_SERVER = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?", re.ASCII)
_CLOUD = re.compile(r"dev\.azure\.com|(?:[a-z0-9-]+\.)+visualstudio\.com", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.I)
_HUB = re.compile(r"[a-z]{1,20}", re.ASCII | re.I)
_IDS = {
    "project_id": "ProjectId",
    "plan_id": "PlanId",
    "job_id": "JobId",
    "timeline_id": "TimelineId",
    "task_id": "TaskInstanceId",
}
_MEND = "Leave the task's headers as they are by default; docs/azure-devops.md shows them."
_SIGNS = {"waiting": "-", "drafting": "d", "checking": "c", "done": "+", "failed": "!", "cancelled": "x"}


def read_servers(setting: str) -> frozenset[str]:
    """The servers of `AZURE_DEVOPS_HOSTS`, as host or host:port; `ValueError` names the first that is none."""
    servers = [server.strip().lower() for server in setting.split(",") if server.strip()]
    for server in servers:
        if not _SERVER.fullmatch(server):
            raise ValueError(f"{server!r} is not of the form HOST or HOST:PORT")
    return frozenset(server.removesuffix(":443") for server in servers)


def is_cloud(host: str) -> bool:
    """Whether a host belongs to Azure DevOps Services."""
    return _CLOUD.fullmatch(host) is not None


def checked_plan_url(given: str, servers: frozenset[str]) -> str:
    """The plan URL without its last slash. `BadInput` unless it leads to Azure DevOps or one of `servers`, over TLS."""
    match = _URL.fullmatch(given) if len(given) <= LONGEST_URL else None
    if match is not None:
        host, port, path = match[1].lower(), int(match[2] or 443), match[3]
        server = host if port == 443 else f"{host}:{port}"
        if server in servers or is_cloud(server):
            return f"https://{server}{path}"
    raise BadInput(
        "bad-plan-url",
        "`PlanUrl` is not an address of Azure DevOps.",
        "Use $(system.CollectionUri); the setting AZURE_DEVOPS_HOSTS names servers on premises.",
    )


def read_task(headers: Mapping[str, str], servers: frozenset[str]) -> tuple[PipelineTask, Key]:
    """The task that waits, and its token. `BadInput` says which header is missing or wrong, never what it holds."""
    plan_url = checked_plan_url(_given(headers, "PlanUrl"), servers)
    ids = {field: _matched(headers, name, _GUID).lower() for field, name in _IDS.items()}
    task = PipelineTask(plan_url=plan_url, hub=_matched(headers, "HubName", _HUB).lower(), **ids)
    token = Key(_given(headers, "AuthToken"))
    if not is_sendable(token.value) or len(token.value) > LONGEST_TOKEN:
        raise BadInput("bad-callback", "The header `AuthToken` holds no token.", _MEND)
    return task, token


def _given(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise BadInput("bad-callback", f"The header `{name}` is missing.", _MEND)
    return value


def _matched(headers: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = _given(headers, name)
    if not shape.fullmatch(value):
        raise BadInput("bad-callback", f"The header `{name}` does not hold what Azure DevOps sends.", _MEND)
    return value


def callback_id(task: PipelineTask) -> str:
    """One task of one pipeline run has one callback, however often it is asked for."""
    identity = "\n".join((task.plan_url, task.plan_id, task.job_id, task.task_id))
    return f"callback-{hashlib.sha256(identity.encode()).hexdigest()[:24]}"


def verdict(statuses: Iterable[str]) -> str:
    """The result of a task whose runs ended (or did not) like this."""
    return "succeeded" if all(status in GOOD_ENDINGS for status in statuses) else "failed"


def mark(status: str, agents: list[dict[str, Any]]) -> str:
    """How far a run is, in few characters: its status and a sign for each planned call."""
    return f"{status} {''.join(_SIGNS.get(row['state'], '?') for row in agents)}".strip()


def news(name: str, before: str, status: str, agents: list[dict[str, Any]]) -> list[str]:
    """What has happened to a run since the mark `before`, as lines for a log."""
    told_status, _, told = before.partition(" ")
    lines = [
        _line(name, f"{_label(row)} is {row['state']}", row.get("error"))
        for number, row in enumerate(agents)
        if row["state"] != "waiting" and told[number : number + 1] != _SIGNS.get(row["state"], "?")
    ]
    return [*lines, _line(name, f"run {status}")] if status != told_status else lines


def _label(row: dict[str, Any]) -> str:
    return row["deliverable"] if row["task"] == "draft" else f"{row['deliverable']} ({row['task']})"


def _line(name: str, what: str, why: object = None) -> str:
    """One line and no more, whatever the PRD is called: what came from elsewhere starts no line of its own."""
    text = f"{name}: {what}" + (f": {why}" if why else "")
    return "".join(char if char.isprintable() else " " for char in text).replace("##", "# #")[:LONGEST_LINE]
