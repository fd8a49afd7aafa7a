"""One design from PRD to files: start, follow, download, report. Writes below one folder."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from cli.api import DesignApi
from cli.app_endpoint import AppEndpoint
from cli.download import Saved, paths_below, save
from cli.errors import Interrupted
from cli.follow import Polling, follow, with_retries
from cli.prd import Options, Prd
from cli.progress import Progress, progress_on
from cli.records import ENDED, Run, Started
from cli.report import report_design
from cli.terminal import say

POLLING = Polling()


@dataclass(frozen=True, slots=True)
class Designed:
    """A run that ended, and its files as they lie on this machine."""

    run: Run
    saved: list[Saved]

    @property
    def exit_code(self) -> int:
        """0 for a design that is complete and without findings."""
        return 0 if self.run.status == "completed" else 1

    def to_json(self) -> str:
        """The run as the app tells it, and where its files lie."""
        downloaded = [
            {"path": item.file.path, "file": str(item.path.resolve()), "size": item.file.size} for item in self.saved
        ]
        return json.dumps({**self.run.raw, "downloaded": downloaded}, indent=2)


def design(
    endpoint: AppEndpoint, prd: Prd, options: Options, folder: Path, console: Console, all_files: bool = False
) -> Designed:
    """Have a PRD designed and bring the files here; `all_files` lists each path. Raises Interrupted on Ctrl-C."""
    with DesignApi(endpoint.url, endpoint.key) as api:
        started = api.start(prd, options)
        _announce(console, started)
        try:
            with progress_on(console) as progress:
                run = follow(api, started.id, progress.show, progress.notice, POLLING)
                saved = _download(api, run, folder, progress)
        except KeyboardInterrupt:
            raise Interrupted(f"Interrupted. {endpoint.if_left(started.id)}") from None
    report_design(console, run, saved, all_files)
    return Designed(run, saved)


def watch_run(api: DesignApi, run_id: str, console: Console) -> Run:
    """Follow a run that others started to its end. Ctrl-C ends the watching, not the run."""
    try:
        with progress_on(console) as progress:
            return follow(api, run_id, progress.show, progress.notice, POLLING)
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted. The run goes on: design-backend status {run_id} --watch") from None


def _announce(console: Console, started: Started) -> None:
    if started.created:
        say(console, started.plan.text)
    elif started.status in ENDED:
        say(
            console,
            f"This PRD with these options was already designed (run {started.id}); --fresh designs it again.",
        )
    else:
        say(
            console,
            f"This PRD with these options is already being designed (run {started.id}); following it.",
        )


def _download(api: DesignApi, run: Run, folder: Path, progress: Progress) -> list[Saved]:
    """All files of the run, each tried again while its failure may pass."""
    return [
        with_retries(partial(save, file, target, api.chunks), progress.notice, POLLING)
        for file, target in paths_below(folder, run.files)
    ]
