"""The product between two fault proxies, with a terse model behind one and real storage behind the other.

A host runs in this process (its worker can be killed) or in one of its own (it can be killed as a whole); the model
and the proxies stay, and so do their records. What must hold after any fault is in `verdict.py`.
"""

import asyncio
import contextlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from azure.storage.blob.aio import BlobServiceClient

from local.client import running_host
from local.drafts.messages_api.server import DraftsServer
from local.drafts.prompt import Prompt
from local.drafts.seeded_defects import SeededDefect
from local.host import LocalHost
from local.state import HostInfo
from local.worker_process import Call
from tests.e2e.conftest import ENDED, FAST
from tests.faults.proxy import FaultProxy
from tests.faults.vaulted import VaultBehindProxy
from tests.key_vault import VAULTED_APP

PROJECT = Path(__file__).parents[2]
KEY = "test"
SETTINGS = FAST | {
    "ANTHROPIC_API_KEY": KEY,
    "REVISIONS": "0",
    "ACTIVITY_ATTEMPTS": "6",
    "FIRST_RETRY_SECONDS": "0.1",
    "FIRST_WAIT_SECONDS": "0.1",
    "PATIENCE_SECONDS": "30",
    "CALL_TIMEOUT_SECONDS": "3",
    "CLAIM_GRACE_SECONDS": "2",
    "SWEEP_SCHEDULE": "*/3 * * * * *",
}
"""Short waits; a terse model's documents are not worth a revision."""
_BLOBS = re.compile(r"BlobEndpoint=(http://[^/;]+)")


@dataclass(frozen=True)
class Asked:
    """One answered call of the model, and when it was asked."""

    project: str
    agent: str
    task: str
    moment: float


@dataclass
class Kill:
    """The end of a process, and when the next one began: until then, what is asked comes from the one that is dead."""

    moment: float = field(default_factory=time.monotonic)
    followed: float = math.inf

    def explains(self, earlier: float, later: float) -> bool:
        """Whether a call that was asked `earlier` may have been cut by this, and so was asked again `later`."""
        return earlier <= self.followed and self.moment <= later


class TerseModel(DraftsServer):
    """Answers in one line what takes the offline drafts pages, so that a run costs little. Keeps what was asked."""

    def __init__(self, seconds_per_answer: float = 0.0) -> None:
        super().__init__(seconds_per_answer=seconds_per_answer, write=self._terse)
        self.asked: list[Asked] = []

    def _terse(self, prompt: Prompt | None, defects: Sequence[SeededDefect]) -> str:
        if prompt is None:
            return "ok"
        order = prompt.assignment
        self.asked.append(Asked(order.project, order.agent, order.task, time.monotonic()))
        return f"# {order.deliverable}\n\n" + f"{order.agent} has little to say about {order.project}.\n" * 20


class ProductUnderTest:
    """The product as its users see it, and what stands around it."""

    def __init__(self, state: Path, settings: dict[str, str], seconds_per_answer: float, with_vault: bool) -> None:
        self.state = state
        self.drafts = TerseModel(seconds_per_answer)
        self._vaulted = VaultBehindProxy(state) if with_vault else None
        self.model = FaultProxy(lambda: self.drafts.url)
        self.storage = FaultProxy(lambda: self._azurite)
        self.direct: BlobServiceClient | None = None
        self.http: httpx2.AsyncClient | None = None
        self.kills: list[Kill] = []
        self._successions: set[asyncio.Task[None]] = set()
        self.host: LocalHost | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self._azurite = ""
        self._settings = SETTINGS | settings

    async def open(self) -> None:
        """Start the model and the proxies."""
        await self.drafts.start()
        await self.storage.start()
        self._settings["ANTHROPIC_BASE_URL"] = await self.model.start()
        if self._vaulted:
            self.state.mkdir(exist_ok=True)
            del self._settings["ANTHROPIC_API_KEY"]
            self._settings["KEY_VAULT_URL"] = await self._vaulted.start(KEY)
            self._settings["VAULT_CERTIFICATES"] = str(self._vaulted.certificates)

    async def close(self) -> None:
        """End whatever runs."""
        for succession in self._successions:
            succession.cancel()
        await self._part()
        if self.host:
            await self.host.stop()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            await asyncio.to_thread(self.process.wait, 20)
        for proxy in (self.model, self.storage):
            await proxy.stop()
        if self._vaulted:
            await self._vaulted.stop()
        await self.drafts.stop()

    @property
    def vault(self) -> FaultProxy:
        """What stands before the vault, where the product has one."""
        assert self._vaulted
        return self._vaulted.proxy

    async def run_here(self) -> None:
        """Start a host in this process."""
        self.host = LocalHost(
            VAULTED_APP if self._vaulted else PROJECT,
            state_dir=self.state,
            environment=self._settings,
            quiet=True,
            way_to_storage=self._way_to_storage,
        )
        await self._meet(await self.host.start())

    async def run_apart(self, *arguments: str) -> None:
        """Start a host in a process of its own, and wait until it is ready."""
        if self.kills:
            self.kills[-1].followed = time.monotonic()
        command = [sys.executable, "-m", "tests.faults.host_process", str(self.state), self.storage.url, *arguments]
        with (self.state / "host.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 - over in a moment
                command, cwd=PROJECT, env=os.environ | self._settings, stdout=log, stderr=log
            )
        for _ in range(600):
            if self.process.poll() is not None:
                return  # it was told to die early
            if (self.state / "way.json").exists():
                self._azurite = json.loads((self.state / "way.json").read_text())
            if info := await asyncio.to_thread(running_host, self.state):
                await self._meet(info)
                return
            await asyncio.sleep(0.1)
        raise AssertionError((self.state / "host.log").read_text()[-4_000:])

    async def dead_within(self, seconds: float) -> None:
        """Wait until the host's process is gone; SIGKILL it when it still lives. Its children end because it did."""
        assert self.process
        try:
            await asyncio.to_thread(self.process.wait, seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)
        self.kills.append(Kill())
        await self._part()

    async def kill_worker(self) -> None:
        """SIGKILL to the app's worker process."""
        assert self.host
        worker = self.host.worker
        assert worker.pid
        self.kills.append(kill := Kill())
        os.kill(worker.pid, signal.SIGKILL)

        async def succession(dead: int | None) -> None:
            while worker.pid in (dead, None):
                await asyncio.sleep(0.01)
            kill.followed = time.monotonic()

        followed = asyncio.create_task(succession(worker.pid))
        self._successions.add(followed)
        followed.add_done_callback(self._successions.discard)

    async def restart_storage(self) -> None:
        """SIGTERM to Azurite, whose keeper starts it again."""
        assert self.host
        assert self.host.storage.pid
        os.kill(self.host.storage.pid, signal.SIGTERM)

    async def post(self, title: str, *, tries: int = 30) -> str:
        """POST a PRD until the app takes it, as any client of a faulty service would; the run's id."""
        said = ""
        for _ in range(tries):
            try:
                assert self.http
                answer = await self.http.post("/api/runs", json={"prd": prd(title)})
                if answer.status_code in (200, 202):
                    return answer.json()["id"]
                said = answer.text
            except (httpx2.HTTPError, AssertionError) as error:
                said = repr(error)
            await asyncio.sleep(0.2)
        raise AssertionError(f"{title}: {said}")

    async def drop(self, title: str, text: str | None = None) -> str:
        """Put a PRD into the `prds` container; its name."""
        assert self.direct
        name = title.lower().replace(" ", "-") + ".md"
        await self.direct.get_blob_client("prds", name).upload_blob((text or prd(title)).encode(), overwrite=True)
        return name

    async def sweep(self) -> None:
        """Have the timer's function called once."""
        assert self.host
        app = self.host.worker.app
        assert app
        (function,) = app.triggered_by("timerTrigger")
        await self.host.worker.invoke(Call(function, {function.argument: {"kind": "json", "value": "{}"}}))

    async def runs(self) -> list[dict[str, Any]]:
        """The whole listing."""
        assert self.http
        runs, cursor = list[dict[str, Any]](), dict[str, str]()
        while True:
            page = (await self.http.get("/api/runs", params=cursor)).json()
            runs += page["runs"]
            if page["next"] is None:
                return runs
            cursor = {"cursor": page["next"]}

    async def runs_if_told(self) -> list[dict[str, Any]]:
        """The listing, or nothing where the worker is being restarted or storage is down."""
        with contextlib.suppress(httpx2.HTTPError, KeyError, ValueError):
            return await self.runs()
        return []

    async def all_ended(self, count: int, within: float) -> list[dict[str, Any]]:
        """The listing once it has `count` runs, all of which have ended."""
        deadline = time.monotonic() + within
        while True:
            listed = await self.runs_if_told()
            left = [run for run in listed if run["status"] not in ENDED]
            if len(listed) >= count and not left:
                return listed
            assert time.monotonic() < deadline, f"{len(listed)} of {count} runs; not ended: {left[:5]}"
            await asyncio.sleep(0.2)

    def _way_to_storage(self, connection: str) -> str:
        found = _BLOBS.search(connection)
        assert found
        self._azurite = found[1]
        return connection.replace(found[1], self.storage.url)

    async def _meet(self, info: HostInfo) -> None:
        await self._part()
        self.http = httpx2.AsyncClient(base_url=info.url, timeout=60)
        self.direct = BlobServiceClient.from_connection_string(info.storage)

    async def _part(self) -> None:
        if self.http:
            await self.http.aclose()
        if self.direct:
            await self.direct.close()
        self.http = self.direct = None


@asynccontextmanager
async def product(
    state: Path,
    settings: dict[str, str] | None = None,
    *,
    seconds_per_answer: float = 0.0,
    with_vault: bool = False,
) -> AsyncGenerator[ProductUnderTest]:
    """A product with its proxies open; the test starts the host. `with_vault`: its key is in a Key Vault."""
    built = ProductUnderTest(state, settings or {}, seconds_per_answer, with_vault)
    await built.open()
    try:
        yield built
    finally:
        await built.close()


def prd(title: str) -> str:
    """The smallest PRD that is one."""
    return f"# {title}\n\n## Requirements\n\n- A customer must be able to place an order.\n"
