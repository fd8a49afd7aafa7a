"""`design-backend pipeline ...`: the steps of infra/pipelines/design-prds.yml. Each is one thin function.

Values come as environment variables, which a shell does not read: a branch or a folder may be called anything.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.api import DesignApi
from cli.error_reporting import reporting_errors
from cli.errors import BadUsage
from cli.pipeline import reports, steps
from cli.pipeline.agent import Agent, attach_summary, report_issue, set_output, succeed_with_issues
from cli.pipeline.changes import Repository
from cli.pipeline.collection import Collection
from cli.pipeline.markdown import as_markdown, marker
from cli.pipeline.reports import Policy
from cli.pipeline.sent_prds import as_variable, from_variable
from cli.prd import Options
from cli.terminal import say, screen

AZURE_REPOS = "TfsGit"
pipeline = typer.Typer(
    help="Steps of an Azure DevOps pipeline (infra/pipelines/design-prds.yml).", no_args_is_help=True
)

Url = Annotated[str, typer.Option("--url", metavar="URL", envvar="DESIGN_BACKEND_URL", help="The deployed app.")]
Key = Annotated[str, typer.Option("--key", metavar="KEY", envvar="DESIGN_BACKEND_KEY", help="Its function key.")]
SentRuns = Annotated[
    str, typer.Option("--sent", envvar="DESIGN_PRDS_SENT", help="The output variable `sent` of `pipeline send`.")
]
Results = Annotated[
    Path, typer.Option("--results", envvar="DESIGN_PRDS_RESULTS", help="File between `collect` and later steps.")
]


@pipeline.command()
def send(
    url: Url = "",
    key: Key = "",
    repository: Annotated[Path, typer.Option(envvar="DESIGN_PRDS_REPOSITORY", help="The checkout.")] = Path(),
    path: Annotated[str, typer.Option(envvar="DESIGN_PRDS_PATH", help="Folder of the PRDs.")] = "docs/prd",
    stack: Annotated[str, typer.Option(envvar="DESIGN_PRDS_STACK", help="As for `run`.")] = "",
    db: Annotated[str, typer.Option(envvar="DESIGN_PRDS_DB", help="As for `run`.")] = "",
    everything: Annotated[bool, typer.Option("--all", envvar="DESIGN_PRDS_ALL", help="Unchanged PRDs too.")] = False,
    most: Annotated[int, typer.Option(envvar="DESIGN_PRDS_MOST", min=1, help="Refuse to send more.")] = 10,
) -> None:
    """Start runs for the changed PRDs; sets the output variables `runs` and `sent`."""
    with reporting_errors():
        agent, console, options = _agent(), screen(), Options(stack or None, db or None)
        selection = steps.Selection(path.strip("/") or ".", everything, most)
        checkout = Repository(repository)
        changes = steps.changed(checkout, agent, selection, lambda text: say(console, text))
        if not changes:
            say(console, f"No PRD below {path} has changed.")
        with _app(url, key) as api:
            sent = steps.send(api, checkout, changes, options, lambda text: say(console, text))
        for each in sent:
            if each.refusal:
                report_issue("error", each.refusal, each.path)
        set_output("runs", ",".join(each.run for each in sent if each.run))
        set_output("sent", as_variable(sent) if sent else "")


@pipeline.command()
def wait(sent: SentRuns, url: Url = "", key: Key = "") -> None:
    """Wait for the runs by asking again and again; for organizations without agentless jobs."""
    with reporting_errors(), _app(url, key) as api:
        steps.wait(api, from_variable(sent), screen())


@pipeline.command()
def collect(
    sent: SentRuns,
    results: Results,
    url: Url = "",
    key: Key = "",
    packs: Annotated[Path, typer.Option(envvar="DESIGN_PRDS_PACKS", help="Folder for the packs.")] = Path("packs"),
) -> None:
    """Bring the packs here and show what came of each PRD on the build's page."""
    with reporting_errors():
        agent, console = _agent(), screen()
        packs.mkdir(parents=True, exist_ok=True)
        with _app(url, key) as api:
            found = steps.collect(api, from_variable(sent), packs, lambda text: say(console, text))
        reports.write(results, found)
        summary = packs / "summary.md"
        summary.write_text(as_markdown(found, agent), encoding="utf-8")
        attach_summary(str(summary.resolve()))


@pipeline.command()
def comment(results: Results) -> None:
    """Have one comment on the pull request say what came of it; a later build updates it."""
    with reporting_errors():
        agent, console = _agent(), screen()
        if not agent.pull_request or agent.provider != AZURE_REPOS:
            say(console, "No pull request of Azure Repos: nothing to comment on.")
            return
        found = reports.read(results)
        settled = not reports.failing(found, Policy.FAIL)
        written = Collection(agent).tell_pull_request(marker(agent), as_markdown(found, agent), settled=settled)
        say(console, "Comment written." if written else "Comment updated.")


@pipeline.command()
def judge(
    results: Results,
    policy: Annotated[Policy, typer.Option(envvar="DESIGN_PRDS_POLICY", help="What findings do.")] = Policy.FAIL,
) -> None:
    """Fail the build where a PRD has no complete pack, or as the policy says of findings."""
    with reporting_errors():
        found = reports.read(results)
        lines = reports.failing(found, policy)
        for line in lines:
            report_issue("error", line)
        if policy is Policy.WARN and (warned := reports.with_findings(found)):
            for line in warned:
                report_issue("warning", line)
            if not lines:
                succeed_with_issues("There are findings.")
    raise typer.Exit(1 if lines else 0)


def _agent() -> Agent:
    return Agent.from_environment(os.environ)


def _app(url: str, key: str) -> DesignApi:
    if not url:
        raise BadUsage("no app: set DESIGN_BACKEND_URL or give --url")
    return DesignApi(url, None if key.startswith("$(") else key or None)
