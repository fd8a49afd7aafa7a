"""Shows the progress of a run: a live table on a terminal, one line for each change everywhere else."""

import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.records import AgentCall, Run
from cli.terminal import cell, duration, parsed, running_time, say, state_cell, table

AT_WORK = frozenset({"drafting", "checking"})


class Progress(Protocol):
    """Shows a run whenever it is looked at again; used as a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, run: Run) -> None:
        """The run as it is now."""
        ...

    def notice(self, text: str) -> None:
        """Something to know that is not the run itself."""
        ...


def progress_on(console: Console) -> Progress:
    """The kind of progress that suits the console."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


class PlainProgress:
    """One line for each change of a state, with the time since the start."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._states: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, run: Run) -> None:
        """Says what changed since the last time."""
        if not run.ended:
            state = run.status if run.ahead is None else queued(run.ahead)
            self._tell("run", state, state)
        for call in run.agents:
            if call.state != "waiting":
                self._tell(call.label, call.state, _progress_text(call))
        if run.ended:
            self._tell("run", run.status, run.status)

    def notice(self, text: str) -> None:
        """Says it, with the time."""
        say(self._console, f"[{running_time(time.monotonic() - self._began)}] {text}")

    def _tell(self, who: str, state: str, text: str) -> None:
        if self._states.get(who) != state:
            self._states[who] = state
            self.notice(f"{who}: {text}")


class LiveProgress:
    """A table of the agents that redraws itself four times a second, so that the times run."""

    def __init__(self, console: Console) -> None:
        self._run: Run | None = None
        self._began = time.monotonic()
        self._at_work_since: dict[str, float] = {}
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, run: Run) -> None:
        """Redraws with the run as it is now."""
        for call in run.agents:
            if call.state in AT_WORK:
                self._at_work_since.setdefault(call.label, time.monotonic())
        self._run = run
        self._live.refresh()

    def notice(self, text: str) -> None:
        """Prints it above the table."""
        say(self._live.console, text)

    def _picture(self) -> Group | Text:
        run = self._run
        if run is None:
            return Text("Waiting for the run ...", style="dim")
        elapsed = time.monotonic() - self._began
        state = run.status if run.ended or not run.phase else f"{run.status}, phase {run.phase}"
        if run.ahead is not None:
            state = queued(run.ahead)
        parts = [state, running_time(elapsed), f"{run.usage.calls} calls", f"{run.usage.output_tokens:,} tokens out"]
        foot = " · ".join(filter(None, (*parts, time_left(run))))
        return Group(agent_table(run.agents, self._elapsed), cell(foot, "dim"))

    def _elapsed(self, call: AgentCall) -> float | None:
        """Seconds of a call: the app's figure once it ended, until then since it was first seen at work."""
        since = self._at_work_since.get(call.label)
        if call.state in AT_WORK and since is not None:
            return max(time.monotonic() - since, call.seconds or 0)
        return call.seconds


def time_left(run: Run) -> str:
    """How long the run may still take by its plan, without revisions; empty where that says nothing."""
    began = parsed(run.created_at)
    if run.ended or run.ahead is not None or not run.estimated_seconds or began is None:
        return ""
    left = run.estimated_seconds - (datetime.now(UTC) - began).total_seconds()
    if left > 90:
        return f"about {duration(60 * round(left / 60)).removesuffix(' 0 s')} left"
    return "soon done by its plan" if left > 0 else ""


def queued(ahead: int) -> str:
    """What is said of a run that waits for a place."""
    return f"queued, {ahead} before it" if ahead else "queued, next in line"


class _Elapsed(Protocol):
    def __call__(self, call: AgentCall, /) -> float | None: ...


def agent_table(agents: tuple[AgentCall, ...], elapsed: _Elapsed = lambda call: call.seconds) -> Table:
    """The agents in plan order with state, time and tokens."""
    grid = table("Agent", "State", "Time", "Tokens in", "Tokens out", numbers=("Time", "Tokens in", "Tokens out"))
    for call in agents:
        seconds = elapsed(call)
        grid.add_row(
            cell(call.label),
            state_cell(call.state),
            cell(running_time(seconds) if seconds else ""),
            cell(f"{call.input_tokens:,}" if call.input_tokens else ""),
            cell(f"{call.output_tokens:,}" if call.output_tokens else ""),
        )
    return grid


def _progress_text(call: AgentCall) -> str:
    """A call's state with what is worth saying about it in one line."""
    if call.error:
        return f"{call.state}: {' '.join(call.error.split())}"
    if call.state == "waiting_for_batch":
        return f"waiting for a batch, looked at again at {call.retry_at}"
    if call.state != "done":
        return call.state
    tokens = f"{call.input_tokens:,} tokens in, {call.output_tokens:,} out"
    if call.reused and not call.output_tokens:
        tokens = "reused"
    return f"done in {duration(call.seconds)} ({tokens})" if call.seconds is not None else f"done ({tokens})"
