"""Output on the terminal: plain text where it is no terminal, and no control characters of untrusted text."""

import os
import re
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

UNBOUNDED = 10_000
_COMMAND = re.compile(r"##(?=(vso)?\[)", re.IGNORECASE)
"""How a line steers an agent of Azure DevOps."""
STYLES = {
    "waiting": "dim",
    "queued": "dim",
    "waiting_for_batch": "dim",
    "drafting": "cyan",
    "running": "cyan",
    "checking": "yellow",
    "waiting_for_review": "yellow",
    "completed_with_findings": "yellow",
    "partial": "yellow",
    "done": "green",
    "completed": "green",
    "failed": "red",
    "cancelled": "magenta",
}


def screen(to_stderr: bool = False) -> Console:
    """A console on stdout or stderr. Only a real terminal gets colours, live tables and line wrapping."""
    stream = sys.stderr if to_stderr else sys.stdout
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return Console(file=stream, force_terminal=True, markup=False, highlight=False, emoji=False)
    return Console(file=stream, force_terminal=False, color_system=None, width=UNBOUNDED, markup=False, highlight=False)


def say(console: Console, text: str) -> None:
    """One message, unwrapped, at once."""
    console.print(Text(clean(text)), soft_wrap=True)
    console.file.flush()


def clean(text: str) -> str:
    """The text without what steers a terminal or a pipeline's agent: a server, a model or a file's name wrote it."""
    return _COMMAND.sub("# #", "".join(char for char in text if char in "\n\t" or char.isprintable()))


def cell(text: str, style: str = "") -> Text:
    """A table's cell: long words fold, nothing is read as markup."""
    return Text(clean(text).replace("\n", " "), style=style, overflow="fold")


def state_cell(state: str) -> Text:
    """A run's status or an agent's state, in its colour."""
    return cell(state, STYLES.get(state, ""))


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table without lines; the columns in `numbers` are aligned to the right."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        right = column in numbers
        grid.add_column(column, justify="right" if right else "left", overflow="fold", no_wrap=right)
    return grid


def duration(seconds: float) -> str:
    """A length of time as people write it: 4 s, 2 min 5 s, 1 h 3 min."""
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def running_time(seconds: float) -> str:
    """A running time: 0:42, 12:03, 1:02:03."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def local_time(iso: str) -> str:
    """An ISO 8601 time in the reader's own time zone, to the minute; the text itself where it is none."""
    when = parsed(iso)
    return f"{when.astimezone():%Y-%m-%d %H:%M}" if when else iso


def parsed(iso: str) -> datetime | None:
    """The time in an ISO 8601 text (UTC where it names no zone), None where there is none."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
