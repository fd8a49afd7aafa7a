"""Following a run to its end by asking again and again, patiently. May sleep; touches nothing but the API."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cli.api import DesignApi
from cli.errors import CliError
from cli.records import Run


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to ask and how long to bear with an app that does not answer; all in seconds."""

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
    pace: Pace,
) -> Run:
    """The run once it has ended. Pauses grow while nothing changes and start again when something does."""
    before: object = None
    pause = pace.first
    while True:
        run = patiently(lambda: api.run(run_id), notice, pace)
        show(run)
        if run.ended:
            return run
        now = (run.status, [(call.state, call.output_tokens) for call in run.agents])
        pause = pace.after(pause) if now == before else pace.first
        before = now
        time.sleep(pause)


def patiently[T](ask: Callable[[], T], notice: Callable[[str], None], pace: Pace) -> T:
    """The answer of `ask`, tried again with growing pauses while its failure may pass."""
    give_up = time.monotonic() + pace.patience
    pause = pace.first
    told = False
    while True:
        try:
            return ask()
        except CliError as error:
            wait = min(max(pause, error.retry_after), pace.patience)
            if not error.transient or time.monotonic() + wait > give_up:
                raise
            if not told:
                notice(f"{error}; trying again for up to {pace.patience:.0f} s")
                told = True
        time.sleep(wait)
        pause = min(pause * 2, pace.most)
