"""What the durable engine keeps on disk: one row for each orchestration instance.

Touches the database it is given.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import OrchestrationInstance

_PLAIN = ("name", "status", "version", "input", "output", "custom_status", "completion_token", "tags")
_TIMES = ("created_at", "last_updated_at", "completed_at")
_SCHEMA = """create table if not exists instance(
    id text primary key, about text not null, failure blob, history blob not null, inbox blob not null)"""


class EngineStore:
    """Instances in SQLite. Not thread-safe: the engine calls it under its lock."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """`database` commits by itself (`isolation_level=None`)."""
        self._db = database
        self._db.execute(_SCHEMA)
        self._written: dict[str, tuple[object, int]] = {}

    def load(self) -> list[OrchestrationInstance]:
        """All instances, oldest first; messages that were handed out but not processed are waiting again."""
        rows: Iterable[tuple[str, str, bytes | None, bytes, bytes]]
        rows = self._db.execute("select id, about, failure, history, inbox from instance order by rowid")
        return [_instance(*row) for row in rows]

    def save(self, instances: Mapping[str, OrchestrationInstance | None]) -> None:
        """Write all of them or none; None deletes. The history is written when it has changed."""
        if not instances:
            return
        self._db.execute("begin")
        try:
            for instance_id, instance in instances.items():
                if instance is None:
                    self._db.execute("delete from instance where id = ?", (instance_id,))
                    self._written.pop(instance_id, None)
                else:
                    self._write(instance)
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise

    def _write(self, instance: OrchestrationInstance) -> None:
        inbox = _pack([*instance.dispatched_events, *instance.pending_events])
        about = json.dumps(_about(instance))
        failure = instance.failure_details.SerializeToString() if instance.failure_details else None
        key = instance.instance_id
        of, length = self._written.get(key, (None, -1))
        if of is instance.history and length == len(instance.history):
            self._db.execute(
                "update instance set about = ?, failure = ?, inbox = ? where id = ?", (about, failure, inbox, key)
            )
            return
        self._db.execute(
            "insert into instance values(?, ?, ?, ?, ?) on conflict(id) do update set"
            " about = excluded.about, failure = excluded.failure, history = excluded.history, inbox = excluded.inbox",
            (key, about, failure, _pack(instance.history), inbox),
        )
        self._written[key] = (instance.history, len(instance.history))


def _about(instance: OrchestrationInstance) -> dict[str, Any]:
    moments = {name: getattr(instance, name) for name in _TIMES}
    plain = {name: getattr(instance, name) for name in _PLAIN}
    return plain | {name: moment and moment.isoformat() for name, moment in moments.items()}


def _instance(key: str, about: str, failure: bytes | None, history: bytes, inbox: bytes) -> OrchestrationInstance:
    fields: dict[str, Any] = json.loads(about)
    for name in _TIMES:
        fields[name] = fields[name] and datetime.fromisoformat(fields[name])
    return OrchestrationInstance(
        instance_id=key,
        **fields,
        failure_details=pb.TaskFailureDetails.FromString(failure) if failure is not None else None,
        history=list(pb.HistoryChunk.FromString(history).events),
        pending_events=list(pb.HistoryChunk.FromString(inbox).events),
    )


def _pack(events: list[pb.HistoryEvent]) -> bytes:
    return pb.HistoryChunk(events=events).SerializeToString()
