"""The whole product on this machine: real storage, real worker runtime, real Durable protocol, offline drafts."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from azure.storage.blob.aio import BlobServiceClient

from local.host import LocalHost
from local.state import PROJECT
from local.worker_process import Call
from tests.azure_devops import AzureDevOpsServer
from tests.durable_host.build import NO_SDK, dotnet
from tests.durable_host.host import AzureHost

HERE = Path(__file__).parent
ENDED = {"completed", "completed_with_findings", "partial", "failed", "cancelled"}
FAST = {
    "ANTHROPIC_API_KEY": "",
    "ANTHROPIC_BASE_URL": "",
    "ACTIVITY_ATTEMPTS": "3",
    "FIRST_RETRY_SECONDS": "0.05",
    "FIRST_WAIT_SECONDS": "0.1",
    "LONGEST_WAIT_SECONDS": "0.5",
    "PATIENCE_SECONDS": "1",
    "BATCH_FIRST_POLL_SECONDS": "0.3",
    "BATCH_LONGEST_POLL_SECONDS": "1",
    "CALLBACK_SECONDS": "0.1",
    "CALLBACK_ATTEMPTS": "3",
}
"""App settings of the tests: offline drafts whatever the developer's environment, and short waits."""
SLOWER = 4
"""By how much what a test waits for may take longer on Microsoft's engine."""
DRAFTS = {"seconds_per_answer": 0.05, "seconds_per_batch": 0.2}
"""How fast the offline model answers."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about the other engine alone, and all where there is no SDK to build Microsoft's with."""
    other = "local_engine" if on_azure(config) else "azure_engine"
    is_missing = on_azure(config) and dotnet() is None
    here = [item for item in items if item.path.is_relative_to(HERE)]
    left_out = [item for item in here if is_missing or item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line where tests were asked for and cannot run."""
    if on_azure(terminalreporter.config) and dotnet() is None:
        terminalreporter.write_line(f"No end-to-end test ran on Microsoft's engine: {NO_SDK}.")


def on_azure(config: pytest.Config) -> bool:
    """Whether Microsoft's engine was asked for."""
    return config.getoption("--engine") == "azure"


class Product:
    """A running host as its users see it: HTTP and storage; plus what its drafts server was asked."""

    def __init__(self, host: LocalHost, http: httpx2.AsyncClient, storage: BlobServiceClient) -> None:
        self.host = host
        self.http = http
        self.storage = storage

    async def post(self, prd: str, **options: Any) -> dict[str, Any]:
        """POST a PRD as JSON; the answer's body."""
        answer = await self.http.post("/api/runs", json={"prd": prd, **options})
        assert answer.status_code in (200, 202), answer.text
        return answer.json()

    async def run(self, run_id: str) -> dict[str, Any]:
        """The run as GET shows it."""
        answer = await self.http.get(f"/api/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def patience(self, seconds: float) -> float:
        """The moment until which to wait; Microsoft's engine on this machine's storage takes its time."""
        return time.monotonic() + seconds * (SLOWER if isinstance(self.host, AzureHost) else 1)

    async def ended(self, run_id: str, within: float = 60) -> dict[str, Any]:
        """The run once it has ended."""
        deadline = self.patience(within)
        while (run := await self.run(run_id))["status"] not in ENDED:
            assert time.monotonic() < deadline, run
            await asyncio.sleep(0.1)
        return run

    async def drop(self, name: str, text: str | bytes, metadata: dict[str, str] | None = None) -> str:
        """Put a PRD into the `prds` container; its ETag."""
        data = text.encode() if isinstance(text, str) else text
        blob = self.storage.get_blob_client("prds", name)
        return (await blob.upload_blob(data, overwrite=True, metadata=metadata))["etag"].strip('"')

    async def run_of(self, name: str, within: float = 60) -> dict[str, Any]:
        """The newest run of the PRD `name`, once it has ended."""
        deadline = self.patience(within)
        while True:
            runs = (await self.http.get("/api/runs")).json()["runs"]
            if found := [run for run in runs if run["prd"] == name]:
                return await self.ended(found[0]["id"])
            assert time.monotonic() < deadline, runs
            await asyncio.sleep(0.1)

    async def blob(self, container: str, name: str) -> bytes:
        """A blob's content."""
        return await (await self.storage.get_blob_client(container, name).download_blob()).readall()

    async def wait_for_blob(self, container: str, name: str, within: float = 20) -> bytes:
        """A blob's content, once it is there."""
        client = self.storage.get_blob_client(container, name)
        deadline = self.patience(within)
        while not await client.exists():
            assert time.monotonic() < deadline, name
            await asyncio.sleep(0.1)
        return await self.blob(container, name)

    async def tell(self, name: str, etag: str) -> None:
        """Deliver the event of one version of a dropped PRD once more, as Event Grid may."""
        if isinstance(self.host, AzureHost):
            await self.host.tell_of_blob(name, etag)
            return
        app = self.host.worker.app
        assert app
        function = next(function for function in app.functions if function.name == "prd_dropped")
        metadata = {
            "BlobTrigger": {"kind": "string", "value": f"prds/{name}"},
            "Uri": {"kind": "json", "value": json.dumps(f"{self.storage.url}prds/{name}")},
            "Properties": {"kind": "json", "value": json.dumps({"ETag": {}, "ContentLength": 0})},
            "Metadata": {"kind": "json", "value": "{}"},
        }
        await self.host.worker.invoke(Call(function, {function.argument: {"kind": "bytes"}}, metadata))

    def calls(self, since: int = 0) -> list[str]:
        """`agent:task` of each agent call the drafts server has seen, from the `since`-th on; no cache warm-ups."""
        assert self.host.drafts
        return [f"{seen.agent}:{seen.task}" for seen in self.host.drafts.seen if seen.agent][since:]


_engine = "local"


def pytest_configure(config: pytest.Config) -> None:
    """Remember the engine for hosts that tests start themselves."""
    global _engine
    _engine = config.getoption("--engine")


def host_command(state: Path) -> list[str]:
    """How a host in a process of its own is started, on the engine that was asked for."""
    module = "tests.durable_host" if _engine == "azure" else "local"
    return [sys.executable, "-m", module, "--state", str(state)]


@asynccontextmanager
async def running_product(
    state: Path,
    settings: Mapping[str, str],
    app: Path = PROJECT,
    *,
    instances: int = 1,
    drafts: Mapping[str, float] = DRAFTS,
) -> AsyncGenerator[Product]:
    """A host of its own, in the folder `state`, with `settings` over those of all tests; `drafts` says how fast."""
    environment = {**FAST, **settings}
    if _engine == "azure":
        host = AzureHost(app, state, environment=environment, drafts=drafts, quiet=True, instances=instances)
    else:
        host = LocalHost(app, state, environment=environment, drafts=drafts, quiet=True)
    info = await host.start()
    try:
        async with (
            httpx2.AsyncClient(base_url=info.url, timeout=60 * (SLOWER if _engine == "azure" else 1)) as http,
            BlobServiceClient.from_connection_string(info.storage) as storage,
        ):
            yield Product(host, http, storage)
    finally:
        await host.stop()


@pytest.fixture(scope="session")
async def azure_devops(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AzureDevOpsServer]:
    """Azure DevOps as far as pipelines and callbacks need it; the host below may call it back."""
    server = AzureDevOpsServer(tmp_path_factory.mktemp("azure-devops"))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def product(tmp_path_factory: pytest.TempPathFactory, azure_devops: AzureDevOpsServer) -> AsyncIterator[Product]:
    """One host for all end-to-end tests; each uses PRDs of its own."""
    async with running_product(tmp_path_factory.mktemp("state"), azure_devops.app_settings) as running:
        yield running


def prd_text(title: str, *lines: str) -> str:
    """A small PRD of its own, so that no two tests share a run."""
    body = (
        "\n".join(lines) or "- A customer must be able to place an order.\n- Orders must be listed with p95 < 200 ms."
    )
    return f"# {title}\n\n## Requirements\n\n{body}\n"
