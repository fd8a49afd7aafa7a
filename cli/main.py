"""The `design-backend` command: its options and exit codes. Each command is one thin function.

Exit codes: 0 good, 1 findings or failure, 2 usage, 130 interrupted.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from cli.api import DesignApi
from cli.app_endpoint import AppAddress, endpoint_for_run, existing_endpoint, known_endpoint, serve_local_host
from cli.design import design, watch_run
from cli.error_reporting import print_json, reporting_errors
from cli.examples import EXAMPLES
from cli.open_report import as_json as report_as_json
from cli.open_report import download_report, open_in_browser
from cli.pipeline.commands import pipeline
from cli.prd import STACKS, Options, prd_from
from cli.report import relative_path, report_check, report_run, report_runs
from cli.terminal import say, screen
from local.state import DEFAULT_STATE

app = typer.Typer(
    help="A PRD goes in; a verified backend design comes out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
)
app.add_typer(pipeline, name="pipeline")

PrdFile = Annotated[str | None, typer.Argument(metavar="FILE", help="The PRD file; - reads standard input.")]
PrdOption = Annotated[
    str | None, typer.Option("--prd", metavar="FILE|TEXT", help="The PRD: a file or the text itself.")
]
Stack = Annotated[
    str | None,
    typer.Option("--stack", metavar="|".join(STACKS), help="Language of the sample; auto reads the PRD."),
]
Db = Annotated[str | None, typer.Option("--db", metavar="NAME", help="Preferred primary datastore, such as postgres.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="DIR", help="Write the pack below this folder, not the working folder."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Design again although this very design is there already.")]
Economy = Annotated[
    bool, typer.Option("--economy", help="Half the price: calls go in batches, which may take up to 24 hours a phase.")
]
Full = Annotated[
    bool, typer.Option("--full", help="Design everything anew, not only what changed since the project's last design.")
]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", envvar="DESIGN_BACKEND_URL", help="A deployed app, not the local host."),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", envvar="DESIGN_BACKEND_KEY", help="The deployed app's function key."),
]
State = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="State folder of the local host; else .local.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output only.")]
Files = Annotated[bool, typer.Option("--files", help="List every file with its path, not the folder as a short tree.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="The run's id.")]


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a narrow console encoding must not end the command
    app()


@app.command(epilog=EXAMPLES["run"])
def run(
    file: PrdFile = None,
    prd: PrdOption = None,
    stack: Stack = None,
    db: Db = None,
    output: Output = None,
    fresh: Fresh = False,
    economy: Economy = False,
    full: Full = False,
    url: Url = None,
    key: Key = None,
    state: State = None,
    files: Files = False,
    as_json: AsJson = False,
) -> None:
    """Design a backend from a PRD and bring the files here."""
    with reporting_errors(as_json):
        document, options = prd_from(file, prd), Options(stack, db, fresh, economy, full)
        console = screen(to_stderr=as_json)
        with endpoint_for_run(_address(url, key, state), lambda text: say(console, text)) as endpoint:
            designed = design(endpoint, document, options, output or Path(), console, files)
        if as_json:
            typer.echo(designed.to_json())
    raise typer.Exit(designed.exit_code)


@app.command(epilog=EXAMPLES["plan"])
def plan(
    file: PrdFile = None,
    prd: PrdOption = None,
    stack: Stack = None,
    db: Db = None,
    economy: Economy = False,
    full: Full = False,
    url: Url = None,
    key: Key = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Show what a run would do and cost, without starting it."""
    with reporting_errors(as_json):
        document, options = prd_from(file, prd), Options(stack, db, economy=economy, full=full)
        console = screen(to_stderr=True)
        with (
            endpoint_for_run(_address(url, key, state), lambda text: say(console, text)) as endpoint,
            DesignApi(endpoint.url, endpoint.key) as api,
        ):
            planned = api.plan(document, options)
        print_json(planned.raw) if as_json else say(screen(), planned.text)


@app.command(epilog=EXAMPLES["serve"])
def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 0,
    state: State = None,
) -> None:
    """Run the app on this machine until Ctrl-C."""
    with reporting_errors():
        serve_local_host(state or DEFAULT_STATE, port)


@app.command(epilog=EXAMPLES["status"])
def status(
    run_id: RunId,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the run to its end; exit code 1 as of `run`.")] = False,
    url: Url = None,
    key: Key = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Show where a run stands."""
    with reporting_errors(as_json), _asking(url, key, state) as api:
        found = watch_run(api, run_id, screen(to_stderr=as_json)) if watch else api.run(run_id)
        print_json(found.raw) if as_json else report_run(screen(), found)
    raise typer.Exit(int(watch and found.status != "completed"))


@app.command(name="open", epilog=EXAMPLES["open"])
def open_report(
    run_id: RunId,
    output: Output = None,
    url: Url = None,
    key: Key = None,
    state: State = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only bring the report here.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a run's report here and show it in the browser."""
    with reporting_errors(as_json):
        with _asking(url, key, state) as api:
            saved = download_report(api, run_id, output or Path())
        shown = not no_browser and open_in_browser(saved)
        if as_json:
            typer.echo(report_as_json(saved))
        else:
            hint = "" if shown or no_browser else "No browser was found here; open the file in one."
            say(screen(), f"Report: {relative_path(saved.path)}" + (f"\n{hint}" if hint else ""))


@app.command(name="list", epilog=EXAMPLES["list"])
def list_runs(url: Url = None, key: Key = None, state: State = None, as_json: AsJson = False) -> None:
    """List the runs."""
    with reporting_errors(as_json), _asking(url, key, state) as api:
        found = api.runs()
        print_json(found.raw) if as_json else report_runs(screen(), found.runs)


@app.command(epilog=EXAMPLES["cancel"])
def cancel(run_id: RunId, url: Url = None, key: Key = None, state: State = None, as_json: AsJson = False) -> None:
    """Cancel a run; it still gets its manifest."""
    with reporting_errors(as_json), _asking(url, key, state) as api:
        found = api.cancel(run_id)
        print_json(found.raw) if as_json else say(screen(), f"Run {run_id}: cancellation was asked for.")


@app.command(epilog=EXAMPLES["check"])
def check(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A run's project folder: where MANIFEST.md is.")],
    as_json: AsJson = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print the findings as SARIF 2.1.0.")] = False,
) -> None:
    """Check a pack on disk, offline, also after it was edited. Exit code 1 when there are errors."""
    from cli.check_folder import check_folder  # brings the checks along, which no other command needs
    from cli.sarif import as_sarif

    with reporting_errors(as_json):
        checked = check_folder(folder)
        if as_json or sarif:
            print_json(as_sarif(checked) if sarif else checked.to_json())
        else:
            report_check(screen(), checked)
    raise typer.Exit(checked.exit_code)


@app.command(epilog=EXAMPLES["prove"])
def prove(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A run's project folder: where MANIFEST.md is.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the pack's code is run.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PROOF", help="This proof alone; repeatable.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="PROOF", help="Not this proof; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run what a pack contains, contained, and say what is proved. Exit code 1 when something is refuted."""
    from cli.prove_folder import prove_folder, report_proof  # brings what only this command needs

    with reporting_errors(as_json):
        proven = prove_folder(folder, only or [], skip or [], yes, screen(to_stderr=as_json))
        print_json(proven.to_json()) if as_json else report_proof(screen(), folder, proven)
    raise typer.Exit(proven.exit_code)


@app.command(epilog=EXAMPLES["doctor"])
def doctor(url: Url = None, key: Key = None, state: State = None, as_json: AsJson = False) -> None:
    """Say what this machine lacks, or with --url what a deployment does, and how to mend it."""
    from cli.doctor import Diagnosis, look_at_app, look_at_machine, report_diagnosis

    with reporting_errors(as_json):
        address = _address(url, key, state)
        looks = [] if url else list(look_at_machine(address.state_dir))
        if endpoint := known_endpoint(address):
            with DesignApi(endpoint.url, endpoint.key) as api:
                looks += look_at_app(api)
        diagnosis = Diagnosis(tuple(looks))
        print_json(diagnosis.to_json()) if as_json else report_diagnosis(screen(), diagnosis)
    raise typer.Exit(diagnosis.exit_code)


@contextmanager
def _asking(url: str | None, key: str | None, state: Path | None) -> Generator[DesignApi]:
    endpoint = existing_endpoint(_address(url, key, state))
    with DesignApi(endpoint.url, endpoint.key) as api:
        yield api


def _address(url: str | None, key: str | None, state: Path | None) -> AppAddress:
    return AppAddress(url or None, key or None, state or DEFAULT_STATE)
