"""The custom status of a run's orchestration: what each agent is doing, since when, and how many tokens it took."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import azure.durable_functions as df

from shared.contracts import BatchState, Call, Folders, Outcome, Usage, WarmResult


class CustomStatus:
    """Shows waiting, drafting, checking, done, failed or cancelled for every planned call, and which waits for what."""

    def __init__(self, context: df.DurableOrchestrationContext, calls: Iterable[Call]) -> None:
        self._context = context
        self._head: dict[str, Any] = {"phase": 0, "folder": None}
        self._rows: dict[str, dict[str, Any]] = {
            call.key: {
                "agent": call.agent,
                "task": call.task,
                "deliverable": call.deliverable,
                "state": "waiting",
                "started": None,
                "ended": None,
                "model": call.model,
                "usage": {},
                "file": None,
                "error": None,
                "retry_at": None,
                "batch": None,
            }
            for call in calls
        }

    def queue(self, ahead: int) -> None:
        """Note that the run waits for a run slot, and how many runs wait before it."""
        self._head["ahead"] = ahead
        self._show()

    def admit(self) -> None:
        """Note that the run waits no longer."""
        self._head.pop("ahead", None)
        self._show()

    def open_phase(self, number: int, folders: Folders) -> None:
        """Note which phase the run is in."""
        self._head |= {"phase": number, "folder": folders.project_folder}
        self._show()

    def warm(self, warming: WarmResult) -> None:
        """Note what putting the shared prefix into the cache took."""
        if warming.usage.tokens:
            self._head["warming"] = warming.to_dict()

    def enter(self, call: Call, state: str, usage: Usage | None = None, model: str = "") -> None:
        """A call enters a state; `usage` is what its agent took so far, of `model`."""
        row = self._rows[call.key]
        row["state"] = state
        row["error"] = row["retry_at"] = row["batch"] = None
        row["started"] = row["started"] or self._now()
        self._add(row, usage, model)
        self._show()

    def postpone(self, call: Call, until: datetime, why: str) -> None:
        """A call waits for Claude; the row says until when and why."""
        self._rows[call.key] |= {"state": "waiting", "retry_at": until.isoformat(timespec="milliseconds")}
        self._rows[call.key]["error"] = why[:200]
        self._show()

    def await_batch(self, calls: Iterable[Call], state: BatchState, since: datetime, next_look: datetime) -> None:
        """Calls wait for their batch; the rows say which, since when, and when it is looked at next."""
        for call in calls:
            row = self._rows[call.key]
            row["state"] = "waiting_for_batch"
            row["started"] = row["started"] or self._now()
            row["retry_at"] = next_look.isoformat(timespec="milliseconds")
            row["batch"] = {"id": state.id or None, "since": since.isoformat(timespec="milliseconds")}
            row["error"] = state.detail[:200] or None
        self._show()

    def close(self, call: Call, outcome: Outcome) -> None:
        """A call has ended."""
        row = self._rows[call.key]
        row["state"] = outcome.state
        row["ended"] = self._now()
        row["retry_at"] = row["batch"] = None
        row["file"] = outcome.file.path if outcome.file else None
        row["error"] = outcome.failure.detail if outcome.failure else None
        self._add(row, outcome.usage, outcome.model)
        self._show()

    def cancel(self) -> None:
        """Whatever has not ended never will."""
        self._head.pop("ahead", None)
        for row in self._rows.values():
            if row["state"] not in ("done", "failed"):
                row["state"] = "cancelled"
                row["batch"] = None
                row["ended"] = self._now() if row["started"] else None
        self._show()

    @staticmethod
    def _add(row: dict[str, Any], usage: Usage | None, model: str) -> None:
        if usage is not None:
            row["usage"] = usage.to_dict()
        row["model"] = model or row["model"]

    def _now(self) -> str:
        moment: datetime = self._context.current_utc_datetime
        return moment.isoformat(timespec="milliseconds")

    def _show(self) -> None:
        self._context.set_custom_status(self._head | {"agents": list(self._rows.values())})
