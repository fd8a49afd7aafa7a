"""`design-backend doctor`: what a machine or a deployment lacks, and how to mend it. Looks, and changes nothing."""

import os
import platform
import shutil
import sys
import webbrowser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from cli.api import DesignApi
from cli.errors import CliError, Refused
from cli.records import Json, rows, text
from cli.terminal import cell, say, table

STYLES = {"good": "green", "missing": "red", "unknown": "yellow"}
SHOWN = {"good": "good", "missing": "missing", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at: good, missing, or unknown; with what to do."""

    name: str
    state: str
    detail: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Every look."""

    looks: tuple[Look, ...]

    @property
    def exit_code(self) -> int:
        """1 where something is missing."""
        return int(any(look.state == "missing" for look in self.looks))

    def to_json(self) -> Json:
        """For programs."""
        return {"looks": [asdict(look) for look in self.looks]}


def look_at_machine(state_dir: Path) -> Iterator[Look]:
    """What the local host and the commands need here."""
    version = platform.python_version()
    fits = sys.version_info[:2] == (3, 13)
    yield Look("python", "good" if fits else "missing", f"Python {version}.", "" if fits else "Use Python 3.13.")
    yield _node()
    yield _azurite()
    yield _state(state_dir)
    if os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("FOUNDRY_RESOURCE") or os.environ.get("KEY_VAULT_URL"):
        yield Look("model", "good", "A way to Claude is set: runs ask it.")
    else:
        yield Look("model", "good", "No key is set: the local host answers with its own offline drafts.",
                   "Set ANTHROPIC_API_KEY to ask Claude.")  # fmt: skip
    yield _browser()


def look_at_app(api: DesignApi) -> Iterator[Look]:
    """What the app says of itself, and whether it can be reached and takes the key."""
    try:
        told = api.diagnosis()
    except Refused as error:
        if error.status in (401, 403):
            yield Look("key", "missing", "The app does not take the function key.", error.mend)
        elif error.status == 404:
            mend = "Deploy this version, or name the right address with --url."
            yield Look("app", "missing", "It answers, but is no app of this version.", mend)
        else:
            yield Look("app", "missing", str(error))
        return
    except CliError as error:
        yield Look("app", "missing", str(error), "Look whether it runs, and whether its firewall lets you in.")
        return
    yield Look("app", "good", f"{api.url} answers (version {text(told, 'version')}).")
    for each in rows(told, "looks"):
        state = text(each, "state")
        known = state if state in STYLES else "unknown"
        yield Look(text(each, "name"), known, text(each, "detail"), text(each, "mend"))


def report_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """A line for each look, and below it what to do."""
    grid = table("", "", "")
    grid.show_header = False
    for look in diagnosis.looks:
        grid.add_row(cell(SHOWN[look.state], STYLES[look.state]), cell(look.name), cell(look.detail))
        if look.mend:
            grid.add_row(cell(""), cell(""), cell(f"-> {look.mend}", "dim"))
    console.print(grid)
    missing = sum(look.state == "missing" for look in diagnosis.looks)
    say(console, "Nothing is missing." if not missing else f"{missing} missing.")


def _browser() -> Look:
    try:
        return Look("browser", "good", f"`open` shows reports in {webbrowser.get().name}.")
    except webbrowser.Error:
        return Look("browser", "unknown", "None was found.", "Open the file that `open` brings in any browser.")


def _node() -> Look:
    from local.azurite_install import find_node
    from local.errors import HostError

    try:
        return Look("node", "good", f"{find_node()} runs the storage emulator.")
    except HostError as error:
        return Look("node", "missing", str(error))


def _azurite() -> Look:
    from local.azurite_install import VERSION
    from local.state import AZURITE_CACHE

    if (AZURITE_CACHE / VERSION).is_dir():
        return Look("storage", "good", f"Azurite {VERSION} is installed.")
    if shutil.which("npm") is None:
        return Look(
            "storage", "unknown", f"Azurite {VERSION} is installed by the first run.", "That needs the npm registry."
        )
    return Look("storage", "good", f"Azurite {VERSION} is installed by the first run, within a minute.")


def _state(folder: Path) -> Look:
    """Whether the local host's state can be written, and whether a host is running on it."""
    from local.client import running_host

    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Look("state", "missing", f"{existing} cannot be written.", "Name another folder with --state.")
    host = running_host(folder)
    return Look(
        "state", "good", f"A local host runs at {host.url}." if host else f"{folder} can hold the state; no host runs."
    )
