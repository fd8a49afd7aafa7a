"""Prints the summary of a run that has ended: the verdict, what needs a person, and the files as a short tree.

Everything comes from the manifest.json that was downloaded. Reads that file and prints.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from rich.console import Console

from cli.download import Saved
from cli.errors import BadAnswer
from cli.records import Json, rows, table, text
from cli.terminal import say

_TOLD = {
    "report.html": "the whole run as one page: begin here",
    "MANIFEST.md": "every file, with size and SHA-256",
    "manifest.json": "the same for automation",
    "openapi.yaml": "the API contract",
    "ledger.csv": "every requirement and where it is met",
    "CHANGES.md": "what changed since the project's last design",
    "prd.md": "the PRD as it was read",
}
NEEDS_SHOWN = 6


def print_verdict(console: Console, saved: list[Saved]) -> None:
    """The verdict and what needs a person; nothing where no manifest.json says so, as of a run of an older app."""
    told = _verdict(saved)
    if told is None:
        return
    say(console, f"{text(told, 'verdict')}. {text(told, 'reason')}")
    needs = [f"{need.get('number')} {text(need, 'what')}" for need in rows(told, "needs")]
    if needs:
        more = [f"and {len(needs) - NEEDS_SHOWN} more"] * (len(needs) > NEEDS_SHOWN)
        say(console, "\n".join(["", "Needs a person:", *(f"  {need}" for need in (*needs[:NEEDS_SHOWN], *more)), ""]))


def print_file_tree(console: Console, saved: list[Saved], shown: str) -> None:
    """The project folder, which is `shown`, one line for each file in it and for each folder below it."""
    folder = project_folder(saved)
    if folder is None:
        return
    lines = list(_entries(folder, saved))
    width = max(len(name) for name, _ in lines)
    say(console, "\n".join([shown, *(f"  {name:<{width}}  {what}".rstrip() for name, what in lines)]))


def project_folder(saved: list[Saved]) -> Path | None:
    """Where MANIFEST.md lies."""
    return next((item.path.parent for item in saved if item.path.name == "MANIFEST.md"), None)


def _entries(folder: Path, saved: list[Saved]) -> Iterator[tuple[str, str]]:
    beside = [item.path.relative_to(folder).parts for item in saved if item.path.is_relative_to(folder)]
    names = [parts[0] for parts in beside if len(parts) == 1]
    ordered = sorted(names, key=lambda name: (name not in _TOLD, list(_TOLD).index(name) if name in _TOLD else 0, name))
    yield from ((name, _TOLD.get(name, "")) for name in ordered)
    for below in sorted({parts[0] for parts in beside if len(parts) > 1}):
        yield f"{below}/", _counted(sum(parts[0] == below for parts in beside))
    elsewhere = len(saved) - len(beside)
    if elsewhere:
        yield "agents", f"{_counted(elsewhere)} of the agents, elsewhere; --files says where"


def _counted(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _verdict(saved: list[Saved]) -> Json | None:
    target = next((item.path for item in saved if item.path.name == "manifest.json"), None)
    try:
        manifest: object = json.loads(target.read_bytes()) if target else None
        told: Json = table(cast(Json, manifest), "verdict") if isinstance(manifest, dict) else {}
        return told if told and text(told, "verdict") and text(told, "reason") else None
    except (OSError, ValueError, BadAnswer):
        return None
