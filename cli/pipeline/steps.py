"""The steps of the pipeline template: send PRDs, wait for their runs, download the packs.

Talks to the app, Git and Azure DevOps.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from cli.api import DesignApi
from cli.design import POLLING
from cli.download import paths_below, save
from cli.errors import BadUsage, CliError, Refused
from cli.follow import follow, with_retries
from cli.pipeline.agent import Agent
from cli.pipeline.changes import EMPTY_TREE, Change, Repository
from cli.pipeline.collection import Collection
from cli.pipeline.reports import Report
from cli.pipeline.sent_prds import SentPrd
from cli.prd import Options, Prd
from cli.progress import PlainProgress
from cli.records import Json

MOST = 20
"""How many runs one task waits for: what the app takes, and what fits into the task's body of 2,000 characters."""

type Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which PRDs are sent: those below `path` that were changed, or all; `most` guards against an expensive mistake."""

    path: str
    everything: bool
    most: int


def changed(repository: Repository, agent: Agent, selection: Selection, notice: Notice) -> list[Change]:
    """What this build has to send. `BadUsage` where that is more than anybody wants to pay for unasked."""
    base = EMPTY_TREE if selection.everything else _base(repository, agent, notice)
    found = repository.changes(selection.path, base)
    most = min(selection.most, MOST)
    present = sum(change.kind != "removed" for change in found)
    if present > most:
        raise BadUsage(f"{present} PRDs below {selection.path} have changed, more than {most}: send them in parts")
    return found


def _base(repository: Repository, agent: Agent, notice: Notice) -> str:
    if agent.target:
        return repository.since_branch(agent.target)
    last_built: str | None = None
    try:
        last_built = Collection(agent).last_built()
    except CliError as error:
        notice(f"What was built last is not known ({error}); the last commit's changes are sent.")
    return repository.before_push(last_built)


def send(
    api: DesignApi, repository: Repository, changes: Sequence[Change], options: Options, notice: Notice
) -> list[SentPrd]:
    """Start the run of each PRD. One that cannot be used keeps no other from being sent."""
    sent: list[SentPrd] = []
    for change in changes:
        if change.kind == "removed":
            sent.append(SentPrd.of(change))
            continue
        prd = Prd(repository.content(change.path), change.path)
        try:
            started = with_retries(partial(api.start, prd, options), notice, POLLING)
        except Refused as refused:
            if refused.exit_code != 2 or refused.status in (401, 403, 404):
                raise  # not about this PRD
            sent.append(SentPrd.of(change, refusal=str(refused)))
            continue
        notice(f"{change.path}: run {started.id}" + ("" if started.created else ", which is there already"))
        sent.append(SentPrd.of(change, run=started.id))
    return sent


def wait(api: DesignApi, sent: Sequence[SentPrd], console: Console) -> None:
    """Until every run has ended, one after the other: they go on all at once."""
    for each in sent:
        if each.run:
            progress = PlainProgress(console)
            progress.notice(f"{each.path}: run {each.run}")
            follow(api, each.run, progress.show, progress.notice, POLLING)


def collect(api: DesignApi, sent: Sequence[SentPrd], folder: Path, notice: Notice) -> list[Report]:
    """Bring each run's pack to a folder of its own below `folder`."""
    return [_collect(api, each, folder, notice) if each.run else Report.of_refused(each) for each in sent]


def _collect(api: DesignApi, sent: SentPrd, folder: Path, notice: Notice) -> Report:
    run = with_retries(lambda: api.run(sent.run or ""), notice, POLLING)
    manifest: Json = {}
    for file, target in paths_below(folder / run.id, run.files):
        with_retries(partial(save, file, target, api.chunks), notice, POLLING)
        if target.name == "manifest.json":
            manifest = json.loads(target.read_text(encoding="utf-8"))
    return Report.of(sent, run, manifest)
