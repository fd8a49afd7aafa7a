"""The state folder of a local host: whose it is, and where that host can be reached. Touches that folder."""

import json
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

from local.errors import HostError, StateInUse

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_STATE = PROJECT / ".local"
AZURITE_CACHE = PROJECT / ".local" / "azurite"
STATUS_PATH = "/admin/host/status"
"""Where a host says that it runs, as in Azure."""


@dataclass(frozen=True)
class HostInfo:
    """A host that is ready. `word` is what tells it from another program that took its port later."""

    pid: int
    url: str
    storage: str
    drafts: str | None
    started: str
    word: str


class StateFolder:
    """Where a host keeps everything that outlives it."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.database = self.path / "engine.sqlite"
        self.receipts = self.path / "receipts.sqlite"
        self._info = self.path / "host.json"

    def claim(self) -> sqlite3.Connection:
        """Own the folder until the connection to its engine database is closed. Raises StateInUse.

        The database is opened for this process alone, and the operating system gives that lock back when the
        process ends, however it ends.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.database, timeout=0, check_same_thread=False, isolation_level=None)
        try:
            database.execute("pragma locking_mode = exclusive")
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = normal")
            database.execute("begin exclusive")
            database.execute("commit")
        except sqlite3.OperationalError as error:
            database.close()
            if "locked" not in str(error):
                raise HostError(f"{self.database} cannot be used: {error}") from error
            info = self.read()
            raise StateInUse(str(self.path), info.url if info else None) from error
        self.withdraw()  # what a killed host has left
        return database

    def publish(self, info: HostInfo) -> None:
        """Say, whole or not at all, that the host is ready."""
        fresh = self._info.with_suffix(f".{info.pid}.new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(info), indent=2), encoding="utf-8")
        fresh.replace(self._info)

    def withdraw(self) -> None:
        """There is no host, or no longer."""
        self._info.unlink(missing_ok=True)

    def read(self) -> HostInfo | None:
        """What the folder's host has published, alive or not."""
        try:
            return HostInfo(**json.loads(self._info.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
