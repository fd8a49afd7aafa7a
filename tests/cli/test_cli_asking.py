"""`status`, `list`, `cancel` and `plan`, and how patiently a run is followed."""

import json

import pytest

from cli.api import DesignApi
from cli.errors import CliError, Refused
from cli.follow import Polling, follow, with_retries
from cli.records import Run
from tests.cli.fake_design_app import MANIFEST, PLAN_TEXT, RUN_ID, Answer, FakeDesignApp
from tests.cli.run_command import RunCommand

IMPATIENT = Polling(first=0.01, most=0.02, patience=0.1)


def test_status_shows_agents_files_usage_and_error(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.status, app.error, app.findings = "partial", "The specialist was refused.", 2
    result = design_backend("status", RUN_ID, "--url", app.url)
    assert result.exit_code == 0, result.output
    shown = [line.split() for line in result.stdout.splitlines()]
    assert ["system-architect", "done", "0:34", "1,200", "9,000"] in shown
    assert ["29", "orchestrator", MANIFEST] in shown
    for told in ("7 calls", "2 findings", "Error: The specialist was refused.", "Status: partial"):
        assert told in result.stdout


def test_list_shows_every_run(app: FakeDesignApp, design_backend: RunCommand) -> None:
    lines = design_backend("list", "--url", app.url).stdout.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["Run", "Status", "Project", "PRD"],
        [RUN_ID, "completed", "order-service", "order-service.md"],
    ]


def test_a_queued_run_says_how_many_are_before_it(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.status, app.ahead = "queued", 3
    assert "queued, 3 before it" in design_backend("list", "--url", app.url).stdout
    app.ahead = 0
    assert "queued, next in line" in design_backend("list", "--url", app.url).stdout


def test_cancel_asks_the_app(app: FakeDesignApp, design_backend: RunCommand) -> None:
    result = design_backend("cancel", RUN_ID, "--url", app.url)
    assert result.exit_code == 0
    assert len(app.requests("DELETE", f"/api/runs/{RUN_ID}")) == 1
    assert RUN_ID in result.stdout


def test_plan_prints_the_summary_and_starts_nothing(app: FakeDesignApp, design_backend: RunCommand) -> None:
    result = design_backend("plan", "--prd", "order-service.md", "--stack", "python", "--url", app.url)
    assert (result.exit_code, result.stdout) == (0, f"{PLAN_TEXT}\n")
    assert [(seen.method, seen.path, seen.query) for seen in app.seen] == [
        ("POST", "/api/plan", {"name": "order-service.md", "stack": "python"})
    ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [(["status", RUN_ID], "agents"), (["list"], "runs"), (["cancel", RUN_ID], "id"), (["plan", "-"], "plan")],
)
def test_json_is_the_answer_as_it_came(
    app: FakeDesignApp, design_backend: RunCommand, arguments: list[str], field: str
) -> None:
    result = design_backend(*arguments, "--json", "--url", app.url)
    assert result.exit_code == 0, result.output
    assert field in json.loads(result.stdout)


def test_what_a_server_says_cannot_steer_the_terminal(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.error = "a\x1b]0;owned\x07b \x9b31m[bold]c[/bold]"
    out = design_backend("status", RUN_ID, "--url", app.url).stdout
    assert "Error: a]0;ownedb 31m[bold]c[/bold]\n" in out


def test_a_fault_that_lasts_longer_than_patience_is_reported(app: FakeDesignApp) -> None:
    app.refuse(f"GET /api/runs/{RUN_ID}", *[Answer(503)] * 100)
    notices: list[str] = []
    with DesignApi(app.url) as api, pytest.raises(Refused) as caught:
        follow(api, RUN_ID, lambda run: None, notices.append, IMPATIENT)
    assert caught.value.status == 503
    assert len(notices) == 1
    assert len(app.seen) > 3


def test_a_fault_that_will_not_pass_is_reported_at_once(app: FakeDesignApp) -> None:
    app.refuse(f"GET /api/runs/{RUN_ID}", Answer(403))
    with DesignApi(app.url) as api, pytest.raises(Refused, match="function key"):
        follow(api, RUN_ID, lambda run: None, lambda text: None, IMPATIENT)
    assert len(app.seen) == 1


def test_a_wait_longer_than_patience_is_not_begun() -> None:
    def busy() -> Run:
        raise Refused(429, "Too many requests", retry_after=3600)

    with pytest.raises(CliError, match="Too many requests"):
        with_retries(busy, lambda text: None, IMPATIENT)


def test_every_state_on_the_way_is_shown(app: FakeDesignApp) -> None:
    app.polls_until_end = 3
    shown: list[str] = []
    with DesignApi(app.url) as api:
        run = follow(api, RUN_ID, lambda run: shown.append(run.status), lambda text: None, IMPATIENT)
    assert shown == ["running", "running", "completed"]
    assert run.ended
