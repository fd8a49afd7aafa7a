"""Prints the results of commands: a run that has ended, a run's status, a list of runs, checked files."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cli.download import Saved
from cli.progress import agent_table, queued
from cli.records import Run, RunFile, RunRow, Usage
from cli.run_summary import print_file_tree, print_verdict, project_folder
from cli.terminal import cell, duration, local_time, parsed, say, state_cell, table

if TYPE_CHECKING:
    from cli.check_folder import CheckedFolder


def report_design(console: Console, run: Run, saved: list[Saved], all_files: bool = False) -> None:
    """The end of `run`: the files, what it took, the verdict, what needs a person, and where to begin reading."""
    say(console, "")
    folder = project_folder(saved)
    if all_files or folder is None:
        _print_files(console, run, [(relative_path(item.path), item.file) for item in saved])
    else:
        print_file_tree(console, saved, f"{relative_path(folder)}{os.sep}")
    say(console, "")
    for item in saved:
        if item.kept_as:
            say(
                console,
                f"The earlier {item.path.name} was different; it is kept as {relative_path(item.kept_as)}.",
            )
    _print_outcome(console, run)
    print_verdict(console, saved)
    begin = {item.path.name: item.path for item in saved if item.path.name in ("report.html", "MANIFEST.md")}
    if report := begin.get("report.html"):
        say(console, f"Begin with: {relative_path(report)} (design-backend open {run.id})")
    elif manifest := begin.get("MANIFEST.md"):
        say(console, f"Manifest: {relative_path(manifest)}")


def report_run(console: Console, run: Run) -> None:
    """The answer of `status` and `cancel`: where a run stands."""
    say(console, f"Run {run.id}: {run.prd or 'a PRD'} -> {run.project or 'project not named yet'}")
    say(console, f"Created {local_time(run.created_at)}, updated {local_time(run.updated_at)}")
    if run.agents:
        console.print(agent_table(run.agents))
    for call in run.agents:
        if call.error:
            say(console, f"{call.label}: {call.error}")
    _print_files(console, run, [(file.path, file) for file in run.files])
    _print_outcome(console, run)


def report_check(console: Console, checked: "CheckedFolder") -> None:
    """The answer of `check`: a line for each finding, in the form editors and CI logs link, then what was counted."""
    for each in checked.findings:
        finding = each.finding
        where = f"{relative_path(each.file)}:{finding.line}"
        say(console, f"{where}: {finding.severity} {finding.rule}: {finding.message} {finding.mend}")
    if checked.references:
        say(console, checked.references_in_words)
    if checked.not_judged:
        counts = ", ".join(f"{rule} {count}" for rule, count in checked.not_judged_by_rule.items())
        say(console, f"Not judged: {len(checked.not_judged)} ({counts}); --json says where.")
    counted = f"{checked.errors} errors, {len(checked.findings) - checked.errors} warnings"
    say(console, f"{checked.deliverables} deliverables checked: {counted}.")


def report_runs(console: Console, runs: tuple[RunRow, ...]) -> None:
    """The answer of `list`."""
    if not runs:
        say(console, "No runs yet.")
        return
    grid = table("Run", "Status", "Project", "PRD", "Created")
    for run in runs:
        created = local_time(run.created_at)
        state = state_cell(run.status) if run.ahead is None else cell(queued(run.ahead))
        grid.add_row(cell(run.id), state, cell(run.project), cell(run.prd), cell(created))
    console.print(grid)


def relative_path(place: Path) -> str:
    """A path as the user would type it: relative to the working folder if it lies in there."""
    absolute = Path(os.path.abspath(place))  # noqa: PTH100 - resolve() would follow links and show other names
    here = Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def author(run: Run, file: RunFile) -> str:
    """The agent that wrote a file: as the run says, else the one whose deliverable has this name."""
    name = file.path.rpartition("/")[2]
    named = (call.agent for call in run.agents if call.file == file.path)
    by_name = (call.agent for call in run.agents if call.deliverable == name)
    return next(named, None) or next(by_name, "")


def _print_files(console: Console, run: Run, files: list[tuple[str, RunFile]]) -> None:
    if not files:
        return
    lines = [("Size", "Agent", "File"), *((f"{file.size:,}", author(run, file), shown) for shown, file in files)]
    size_width, agent_width = (max(len(line[column]) for line in lines) for column in (0, 1))
    for size, agent, shown in lines:
        # Not a rich table: a path that rich folds cannot be copied, one that the terminal wraps can.
        say(console, f"{size:>{size_width}}  {agent:<{agent_width}}  {shown}")


def _print_outcome(console: Console, run: Run) -> None:
    took = f", {_wall_time(run)}" if run.ended and _wall_time(run) else ""
    calls = "1 call" if run.usage.calls == 1 else f"{run.usage.calls} calls"
    reused = f" and {run.usage.reused} reused" if run.usage.reused else ""
    say(console, f"{calls}{reused}, {_tokens(run.usage)}{_cost(run)}{took}")
    if run.findings:
        noun = "finding" if run.findings == 1 else "findings"
        say(console, f"{run.findings} {noun}, listed in the manifest")
    if run.not_judged:
        say(console, f"Not judged: {run.not_judged}, listed in the manifest")
    if run.error:
        say(console, f"Error: {run.error}")
    for line in run.verdict:
        say(console, line)
    say(console, f"Status: {run.status if run.ahead is None else queued(run.ahead)}")


def _tokens(usage: Usage) -> str:
    cached = usage.cache_read_tokens
    total = usage.input_tokens + usage.cache_write_tokens + cached
    of_cache = f" ({cached:,} of them from the cache)" if cached else ""
    return f"{total:,} tokens in{of_cache}, {usage.output_tokens:,} out"


def _cost(run: Run) -> str:
    """What the run cost, with cents, or as many digits as a small amount needs; empty where the app does not say."""
    if run.cost is None:
        return ", price unknown" if run.is_priced else ""
    return f", ${run.cost:,.2f}" if run.cost == 0 or run.cost >= 0.1 else f", ${run.cost:,.4f}"


def _wall_time(run: Run) -> str:
    """From the run's creation to its last change; empty where the app does not say."""
    began, ended = parsed(run.created_at), parsed(run.updated_at)
    return duration((ended - began).total_seconds()) if began and ended and ended >= began else ""
