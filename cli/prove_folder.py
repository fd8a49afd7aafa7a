"""The `prove` command: says what will be run, asks, proves, and shows the result."""

import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console

from cli.errors import BadUsage, Interrupted
from cli.report import relative_path
from cli.terminal import cell, say, table
from prove import NAMES, CannotProve, NothingToProve, Plan, Proof, Proven, plan, prove, read_pack, write_report

STYLES = {"proved": "green", "refuted": "red", "not provable": "yellow"}


def prove_folder(folder: Path, only: Sequence[str], skip: Sequence[str], yes: bool, console: Console) -> Proven:
    """Prove the pack in `folder` and write the result beside its manifest. Raises `BadUsage` where that cannot be."""
    if unknown := [name for name in (*only, *skip) if name not in NAMES]:
        raise BadUsage(f"There is no proof {unknown[0]!r}. There are: {', '.join(NAMES)}.")
    with _ends_cleanly():
        try:
            planned = plan(read_pack(folder), only, skip)
            _announce(console, planned)
            if not yes:
                _ask()
            proven = prove(
                planned, lambda title: say(console, f"{title} ..."), lambda proof: say(console, f"  {_line(proof)}")
            )
        except (NothingToProve, CannotProve) as error:
            raise BadUsage(str(error)) from None
        write_report(folder, proven)
    return proven


def report_proof(console: Console, folder: Path, proven: Proven) -> None:
    """The table, what did not hold, and where the evidence is."""
    grid = table("Proof", "Outcome", "Seconds", "Reason", numbers=("Seconds",))
    for proof in proven.proofs:
        grid.add_row(
            cell(proof.name),
            cell(proof.outcome, STYLES[proof.outcome]),
            cell(f"{proof.seconds:.1f}"),
            cell(proof.reason),
        )
    say(console, "")
    console.print(grid)
    counts = f"{proven.count('proved')} proved, {proven.count('refuted')} refuted"
    say(console, f"{counts}, {proven.count('not provable')} not provable here, in {proven.seconds:.0f} s.")
    say(console, f"Evidence: {relative_path(folder / 'proof.md')}")


def _announce(console: Console, planned: Plan) -> None:
    say(console, f"In a throw-away copy of {relative_path(planned.bench.pack.folder)}, this will be run:")
    for kind in planned.kinds:
        say(console, f"  {kind.name}: {kind.runs}")
    contained = planned.bench.boxes.containment
    for each in contained.held:
        say(console, f"Held: {each}.")
    for each in contained.not_held:
        say(console, f"NOT HELD: {each}.")


def _ask() -> None:
    if not sys.stdin.isatty():
        raise BadUsage("Nothing was run: what a model wrote is run only when somebody agrees. Say --yes.")
    if not typer.confirm("Run it?", err=True):
        raise BadUsage("Nothing was run.")


def _line(proof: Proof) -> str:
    return f"{proof.outcome}: {proof.reason}"


@contextmanager
def _ends_cleanly() -> Generator[None]:
    """Ctrl-C and an end from outside unwind, so that processes and folders are gone before this one is."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("Interrupted: what was running is ended, and the copy is gone.") from None
    finally:
        signal.signal(signal.SIGTERM, before)
