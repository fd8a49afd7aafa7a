"""The callback adapter: what a failed callback gives away, and where a name of Azure DevOps may lead."""

import socket
from pathlib import Path
from typing import Any

import pytest

from shared.callbacks.azure_devops import AzureDevOps
from shared.callbacks.protocol import read_task
from shared.errors import CallbackFailed
from tests.azure_devops import AzureDevOpsServer
from tests.secrecy import told_by

TOKEN = "canary-0f9e8d7c6b5a"


async def test_a_server_that_is_not_trusted_gets_no_token_and_the_error_tells_none(tmp_path: Path):
    server = AzureDevOpsServer(tmp_path)
    await server.start()
    client = AzureDevOps()
    task, token = read_task(server.headers(server.task(1, TOKEN), TOKEN), frozenset({server.address}))
    try:
        with pytest.raises(CallbackFailed) as failed:
            await client.complete(task, token, "succeeded")
    finally:
        await client.close()
        await server.stop()
    assert failed.value.code == "callback-unreachable"
    assert server.requests == []
    assert TOKEN not in told_by(failed.value)


async def test_a_cloud_name_that_leads_inwards_is_not_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked: list[str] = []

    def inwards(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", inwards)
    server = AzureDevOpsServer(tmp_path)
    headers = server.headers(server.task(1, TOKEN), TOKEN) | {"PlanUrl": "https://contoso.visualstudio.com/"}
    client = AzureDevOps()
    try:
        with pytest.raises(CallbackFailed, match="could not be reached"):
            await client.say(*read_task(headers, frozenset()), ["hello"])
    finally:
        await client.close()
    assert asked == ["contoso.visualstudio.com"]
