"""Which blobs a function has already been called for, kept through restarts. Touches one SQLite file."""

import sqlite3
from pathlib import Path

_SCHEMA = """create table if not exists receipt(
    function text not null, blob text not null, etag text not null, primary key(function, blob))"""


class Receipts:
    """One receipt for each function and blob: the ETag that was dealt with last."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.execute(_SCHEMA)

    def of(self, function: str) -> dict[str, str]:
        """The ETag by blob, such as `prds/order.md`."""
        return dict(self._db.execute("select blob, etag from receipt where function = ?", (function,)))

    def write(self, function: str, blob: str, etag: str) -> None:
        self._db.execute("insert or replace into receipt values(?, ?, ?)", (function, blob, etag))

    def forget(self, function: str, blob: str) -> None:
        """The blob is gone; one that is dropped again is a new one, even with the same content."""
        self._db.execute("delete from receipt where function = ? and blob = ?", (function, blob))

    def close(self) -> None:
        self._db.close()
