"""Follows a run to its end by polling, and retries requests that failed for a time. Sleeps; calls the API only."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cli.api import DesignApi
from cli.errors import CliError
from cli.records import Run


@dataclass(frozen=True, slots=True)
class Polling:
    """How often to ask, and for how long an app that does not answer is asked again; all in seconds."""

    first: float = 0.5
    most: float = 5.0
    growth: float = 1.3
    patience: float = 120.0

    def after(self, pause: float) -> float:
        """The pause that follows `pause`."""
        return min(pause * self.growth, self.most)


def follow(
    api: DesignApi,
    run_id: str,
    show: Callable[[Run], None],
    notice: Callable[[str], None],
    polling: Polling,
) -> Run:
    """The run once it has ended. Pauses grow while nothing changes and start again when something does."""
    before: object = None
    pause = polling.first
    while True:
        run = with_retries(lambda: api.run(run_id), notice, polling)
        show(run)
        if run.ended:
            return run
        now = (run.status, [(call.state, call.output_tokens) for call in run.agents])
        pause = polling.after(pause) if now == before else polling.first
        before = now
        time.sleep(pause)


def with_retries[T](ask: Callable[[], T], notice: Callable[[str], None], polling: Polling) -> T:
    """The answer of `ask`, tried again with growing pauses while its failure may pass."""
    give_up = time.monotonic() + polling.patience
    pause = polling.first
    told = False
    while True:
        try:
            return ask()
        except CliError as error:
            wait = min(max(pause, error.retry_after), polling.patience)
            if not error.transient or time.monotonic() + wait > give_up:
                raise
            if not told:
                notice(f"{error}; trying again for up to {polling.patience:.0f} s")
                told = True
        time.sleep(wait)
        pause = min(pause * 2, polling.most)
