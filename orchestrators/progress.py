"""The run's custom status: per agent what it is doing, since when, and what it took. Pure but for setting it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import azure.durable_functions as df

from shared.contracts import Call, Folders, Outcome, Usage


class Board:
    """Shows waiting, drafting, checking, done, failed or cancelled for every planned call."""

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
                "input_tokens": 0,
                "output_tokens": 0,
                "file": None,
                "error": None,
            }
            for call in calls
        }

    def open_phase(self, number: int, folders: Folders) -> None:
        """Note which phase the run is in."""
        self._head = {"phase": number, "folder": folders.project_folder}
        self._show()

    def enter(self, call: Call, state: str, usage: Usage | None = None) -> None:
        """A call enters a state; `usage` is what its agent took so far."""
        row = self._rows[call.key]
        row["state"] = state
        row["started"] = row["started"] or self._now()
        self._add(row, usage)
        self._show()

    def close(self, call: Call, outcome: Outcome) -> None:
        """A call has ended."""
        row = self._rows[call.key]
        row["state"] = outcome.state
        row["ended"] = self._now()
        row["file"] = outcome.file.path if outcome.file else None
        row["error"] = outcome.failure.detail if outcome.failure else None
        self._add(row, outcome.usage)
        self._show()

    def cancel(self) -> None:
        """Whatever has not ended never will."""
        for row in self._rows.values():
            if row["state"] not in ("done", "failed"):
                row["state"] = "cancelled"
                row["ended"] = self._now() if row["started"] else None
        self._show()

    @staticmethod
    def _add(row: dict[str, Any], usage: Usage | None) -> None:
        if usage is not None:
            row["input_tokens"] = usage.all_input_tokens
            row["output_tokens"] = usage.output_tokens

    def _now(self) -> str:
        moment: datetime = self._context.current_utc_datetime
        return moment.isoformat(timespec="milliseconds")

    def _show(self) -> None:
        self._context.set_custom_status(self._head | {"agents": list(self._rows.values())})
