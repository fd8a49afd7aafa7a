"""The host's own lines: time, level, what happened. Writes to one stream and nothing else."""

import sys
import time
from typing import TextIO


class Log:
    """Readable one-line records; `quiet` keeps warnings and errors only."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet

    def info(self, text: str) -> None:
        if not self._quiet:
            self._write("INFO", text)

    def warning(self, text: str) -> None:
        self._write("WARNING", text)

    def error(self, text: str) -> None:
        self._write("ERROR", text)

    def called(self, name: str, started: float, failure: str | None = None) -> None:
        """One invocation: its name, milliseconds and outcome. `started` is a time.perf_counter()."""
        took = f"{name} {(time.perf_counter() - started) * 1000:.0f} ms"
        if failure is None:
            self.info(f"{took} ok")
        else:
            self.error(f"{took} failed: {_first_line(failure)}")

    def _write(self, level: str, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {level:<7} host: {text}", file=self._stream, flush=True)


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "no message"
    return line if len(line) <= 300 else line[:299] + "…"
