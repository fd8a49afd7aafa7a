"""Timer-triggered functions: waits for each schedule and calls the function. Touches the clock and the worker."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from local import ncrontab
from local.errors import AppError, WorkerLost
from local.functions import Function
from local.log import Log
from local.worker_process import Call, FunctionFailed, WorkerProcess

_LONGEST_SLEEP = 30.0
_REQUEST = json.dumps({"IsPastDue": False, "Schedule": {"AdjustForDST": True}, "ScheduleStatus": None})


class TimerTrigger:
    """One function's timer. A call still running delays the next one, so that two never overlap."""

    def __init__(self, function: Function, settings: Mapping[str, str], worker: WorkerProcess, log: Log) -> None:
        """Raises AppError for a schedule that cannot be read or a setting that is missing."""
        self._function = function
        self._worker = worker
        self._log = log
        text = resolve(function.trigger["schedule"], settings)
        try:
            self._schedule = ncrontab.parse(text)
        except ValueError as error:
            raise AppError(f"Timer of {function.name}: {error}.") from error

    async def run(self) -> None:
        """Call the function whenever it is due (UTC); ends by cancellation."""
        if self._function.trigger.get("runOnStartup"):
            await self._fire()
        while True:
            due = self._schedule.next_after(datetime.now(UTC))
            await _until(due)
            await self._fire()

    async def _fire(self) -> None:
        await call_once(self._function, _REQUEST, self._worker, self._log)


async def call_once(function: Function, value: str, worker: WorkerProcess, log: Log) -> None:
    """Call a function whose trigger carries the JSON text `value`, and log how it went."""
    started = time.perf_counter()
    try:
        await worker.invoke(Call(function, {function.argument: {"kind": "json", "value": value}}))
    except (FunctionFailed, WorkerLost) as error:
        log.called(function.name, started, str(error))
    else:
        log.called(function.name, started)


async def _until(due: datetime) -> None:
    """Sleep in pieces, so that a suspended laptop is not late by its sleep."""
    while True:
        wait = (due - datetime.now(UTC)).total_seconds()
        if wait <= 0:
            return
        await asyncio.sleep(min(wait, _LONGEST_SLEEP))


def resolve(text: str, settings: Mapping[str, str]) -> str:
    """Replace `%NAME%` by the app setting of that name. Raises AppError when there is none."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in settings:
            raise AppError(f"A binding names the app setting {name!r}, which is not set.")
        return settings[name]

    return re.sub(r"%([^%\s]+)%", value, text)
