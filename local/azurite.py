"""Storage on this machine: runs Azurite on loopback and ends it with its data written.

Blob storage is all that the local host needs; queues and tables, which Azure's own durable engine uses, are there for
whoever asks for the whole of it.

Touches the state folder's `storage` and one child process.
"""

import asyncio
import contextlib
import itertools
import json
import re
import secrets
import time
from pathlib import Path

from local.azurite_install import VERSION, find_node, install
from local.errors import HostError
from local.log import Log
from local.processes import APART

_GUARD = Path(__file__).with_name("azurite_guard.js")
_START_SECONDS = 60.0
_STOP_SECONDS = 6.0
_RESTART_SECONDS = 0.5
_LISTENS = re.compile(r"(\w+) service (?:is )?successfully listen\w* (?:on|at) http://[^:]+:(\d+)")
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Azurite:
    """The storage process of one state folder, started again if it ends by itself."""

    def __init__(self, cache: Path, state: Path, log: Log, services: tuple[str, ...] = ("blob",)) -> None:
        """`cache` holds the program, below its version; `state` holds `storage` and the record of the process."""
        self._services = services
        self._ports = dict.fromkeys(services, 0)
        self._cache = cache
        self._data = state / "storage"
        self._record = state / "azurite.json"
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, for diagnosis and for tests that kill it."""
        return self._process.pid if self._process else None

    async def spawn(self) -> None:
        """Start the process, after an earlier one that is still writing its data. Installs the program first."""
        main = await install(self._cache, self._log, whole=len(self._services) > 1)
        where = [(f"--{name}Host", "127.0.0.1", f"--{name}Port", str(port)) for name, port in self._ports.items()]
        await self._wait_for_an_earlier_one()
        self._process = await asyncio.create_subprocess_exec(
            find_node(), str(_GUARD), str(main), str(self._record), secrets.token_hex(16),
            "--silent", "--disableTelemetry", "--skipApiVersionCheck",
            "--location", str(self._data), *itertools.chain(*where),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            **APART,
        )  # fmt: skip

    async def connection_string(self) -> str:
        """Wait until it listens. Raises HostError with its output when it does not."""
        await self._listening()
        self._keeper = asyncio.create_task(self._keep())
        where = [f"{name.title()}Endpoint=http://127.0.0.1:{port}/{_ACCOUNT};" for name, port in self._ports.items()]
        return f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};{''.join(where)}"

    async def stop(self) -> None:
        """Close its stdin, on which it writes its data and ends; after a while end it the hard way."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        process = self._process
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._log.warning("storage did not end by itself")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self._record.unlink(missing_ok=True)

    async def _keep(self) -> None:
        """Read what it says, so that it never waits for that; when it ends, start it again on its ports."""
        while True:
            assert self._process is not None
            assert self._process.stdout is not None
            while await self._process.stdout.readline():
                pass
            code = await self._process.wait()
            self._log.warning(f"storage ended (exit {code}); starting it again")
            try:
                await asyncio.sleep(_RESTART_SECONDS)
                await self.spawn()
                await self._listening()
            except HostError as error:
                self._log.error(str(error))

    async def _listening(self) -> None:
        """Wait for the addresses that it says it listens on."""
        assert self._process is not None
        assert self._process.stdout is not None
        said, left = list[str](), set(self._services)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                while line := await self._process.stdout.readline():
                    said.append(line.decode(errors="replace").rstrip())
                    if match := _LISTENS.search(said[-1]):
                        self._ports[match[1].lower()] = int(match[2])
                        left.discard(match[1].lower())
                        if not left:
                            return
        output = "\n".join(said[-5:]) or "no output"
        raise HostError(f"Storage (Azurite {VERSION}) did not start: {output}")

    async def _wait_for_an_earlier_one(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS + 4
        while await _is_alive(self._record):
            if time.monotonic() > deadline:
                raise HostError(f"Storage of an earlier host still holds {self._data}; {self._record} names its pid.")
            await asyncio.sleep(0.1)
        self._record.unlink(missing_ok=True)


async def _is_alive(record: Path) -> bool:
    """Whether the process that wrote the record runs: it answers with the record's word."""
    try:
        about = await asyncio.to_thread(lambda: json.loads(record.read_text()))
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", about["port"])
            word = await reader.read(100)
            writer.close()
    except (OSError, ValueError, TimeoutError):
        return False
    return word.decode(errors="replace") == about["word"]
