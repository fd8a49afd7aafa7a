"""`design-backend pipeline`: what Git says has changed, what an agent is told, and what a policy makes of it."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.pipeline import reports
from cli.pipeline.changes import EMPTY_TREE, Change, Repository
from cli.pipeline.markdown import plain
from cli.pipeline.reports import Report, ReportedFinding
from tests.azure_devops import AzureDevOpsServer
from tests.cli.fake_design_app import Answer, FakeDesignApp
from tests.cli.run_command import RunCommand
from tests.pipelines.checkout import Checkout

TOKEN = "canary-5e4d3c2b"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "agent")


@pytest.fixture(autouse=True)
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment that an agent gives a step of a push to main."""
    for name, value in {
        "SYSTEM_COLLECTIONURI": "https://127.0.0.1:9/contoso/",
        "SYSTEM_TEAMPROJECT": "Shop",
        "SYSTEM_DEFINITIONID": "7",
        "SYSTEM_ACCESSTOKEN": TOKEN,
        "BUILD_BUILDID": "42",
        "BUILD_SOURCEBRANCH": "refs/heads/main",
        "BUILD_REPOSITORY_PROVIDER": "TfsGit",
        "DESIGN_PRDS_REPOSITORY": str(tmp_path / "agent/s/product"),
        "DESIGN_PRDS_RESULTS": str(tmp_path / "results.json"),
    }.items():
        monkeypatch.setenv(name, value)
    yield


def test_only_plain_files_count_and_contents_are_those_of_the_commit(checkout: Checkout):
    base = checkout.commit({"docs/prd/a.md": "# A\n", "docs/prd/gone.txt": "# Gone\n", "docs/other/b.md": "# B\n"})
    checkout.git("config", "core.symlinks", "true")
    (checkout.product / "docs/prd/link.md").symlink_to("/etc/hostname")
    checkout.commit({"docs/prd/a.md": "# A\n\nMore.\n", "docs/prd/gone.txt": None, "docs/prd/é \t.MD": "# New\n",
                     "docs/prd/data.csv": "1", "docs/other/b.md": "# C\n", "docs/prd-old/c.md": "# C\n"})  # fmt: skip
    (checkout.product / "docs/prd/a.md").write_text("not committed")
    repository = Repository(checkout.product)
    assert repository.changes("docs/prd", base) == [
        Change("docs/prd/a.md", "changed", 2, 0),
        Change("docs/prd/gone.txt", "removed", 0, 1),
        Change("docs/prd/é \t.MD", "new", 1, 0),
    ]
    assert repository.content("docs/prd/a.md") == b"# A\n\nMore.\n"
    assert [change.kind for change in repository.changes("docs/prd", EMPTY_TREE)] == ["new", "new"]


def test_a_push_is_compared_with_what_was_built_last_else_with_the_commit_before(checkout: Checkout):
    first = checkout.commit({"a": "1"})
    assert Repository(checkout.product).before_push(None) == EMPTY_TREE
    second = checkout.commit({"a": "2"})
    checkout.commit({"a": "3"})
    assert Repository(checkout.product).before_push(first) == first
    assert Repository(checkout.product).before_push(None) == second
    assert Repository(checkout.product).before_push("0" * 40) == second


def test_a_files_name_is_no_command_and_no_macro(design_backend: RunCommand, app: FakeDesignApp, checkout: Checkout):
    name = "docs/prd/##vso[task.setvariable variable=PATH]$(System.AccessToken).md"
    checkout.commit({"docs/prd/keep.md": "# Keep"})
    checkout.commit({name: "# Hostile\n"})
    done = design_backend("pipeline", "send", "--url", app.url)
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if "##vso[" in line]
    assert [line.split("variable=")[1].split(";")[0] for line in lines] == ["runs", "sent"]
    assert "$(" not in lines[1]
    (sent,) = json.loads(base64.urlsafe_b64decode(lines[1].rpartition("]")[2]))
    assert (sent["path"], sent["change"]) == (name, "new")
    (request,) = app.requests("POST", "/api/runs")
    assert (request.query["name"], request.body) == (name, b"# Hostile\n")


def test_a_prd_that_is_refused_is_told_at_its_file_and_keeps_none_back(
    design_backend: RunCommand, app: FakeDesignApp, checkout: Checkout
):
    checkout.commit({"docs/prd/a.md": "", "docs/prd/b.md": "# B"})
    app.refuse("POST /api/runs", Answer(400, {"title": "The PRD is empty", "detail": "a];b\n##vso[x]"}))
    done = design_backend("pipeline", "send", "--url", app.url)
    assert done.exit_code == 0
    assert "##vso[task.logissue type=error;sourcepath=docs/prd/a.md;]The PRD is empty: a];b%0A# #vso[x]" in done.output
    assert len(app.requests("POST", "/api/runs")) == 2


@pytest.mark.parametrize(("status", "words"), [(401, "function key"), (404, "404")])
def test_a_wrong_key_or_address_is_no_prds_fault(
    design_backend: RunCommand, app: FakeDesignApp, checkout: Checkout, status: int, words: str
):
    checkout.commit({"docs/prd/a.md": "# A"})
    app.refuse("POST /api/runs", Answer(status))
    done = design_backend("pipeline", "send", "--url", app.url)
    assert done.exit_code == 2
    assert words in done.output
    assert "##vso[task.setvariable" not in done.output


def test_more_prds_than_wanted_are_not_paid_for(design_backend: RunCommand, app: FakeDesignApp, checkout: Checkout):
    checkout.commit({f"docs/prd/{number}.md": "# Many" for number in range(3)})
    done = design_backend("pipeline", "send", "--url", app.url, "--most", "2")
    assert done.exit_code == 2
    assert "3 PRDs" in done.output
    assert app.requests("POST", "/api/runs") == []


def test_outside_a_pipeline_nothing_is_sent(
    design_backend: RunCommand, app: FakeDesignApp, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SYSTEM_COLLECTIONURI")
    done = design_backend("pipeline", "send", "--url", app.url)
    assert done.exit_code == 2
    assert "no step of a pipeline" in done.output


def report(status: str, **more: Any) -> Report:
    return Report(f"{status}.md", "new", 1, 0, status, run="r-1", **more)


GOOD, FOUND, PARTIAL = report("completed"), report("completed_with_findings", errors=2), report("partial", error="why")


@pytest.mark.parametrize(
    ("found", "policy", "exit_code", "said"),
    [
        ([GOOD], "fail", 0, []),
        ([GOOD, FOUND], "fail", 1, ["type=error;]completed_with_findings.md: 2 findings"]),
        ([GOOD, FOUND], "warn", 0, ["type=warning;]completed_with_findings.md: 2 findings", "SucceededWithIssues"]),
        ([GOOD, FOUND], "ignore", 0, []),
        ([PARTIAL], "ignore", 1, ["type=error;]partial.md: partial: why"]),
        ([report("running")], "ignore", 1, ["type=error;]running.md: running"]),
        ([report("removed")], "fail", 0, []),
    ],
)
def test_a_policy_decides_on_findings_and_on_nothing_else(
    design_backend: RunCommand, tmp_path: Path, found: list[Report], policy: str, exit_code: int, said: list[str]
):
    reports.write(tmp_path / "results.json", found)
    done = design_backend("pipeline", "judge", "--policy", policy)
    assert done.exit_code == exit_code
    assert done.output.count("##vso[") == len(said)
    assert all(line in done.output for line in said)


def test_reports_survive_the_way_from_step_to_step(tmp_path: Path):
    whole = report(
        "completed", coverage={"wanted": 3}, cost=0.5, findings=(ReportedFinding("OAS-001", "error", "a.md", "m"),)
    )
    reports.write(tmp_path / "r.json", [whole, PARTIAL])
    assert reports.read(tmp_path / "r.json") == [whole, PARTIAL]


def test_what_others_wrote_is_no_markup_in_a_summary():
    assert plain("<img src=x>\n| @<1> **b** [l](u) `c` #12 !3") == (
        r"\<img src=x\> \| \@\<1\> \*\*b\*\* \[l\](u) \`c\` \#12 \!3"
    )


async def test_a_token_that_azure_devops_does_not_take_is_told_and_not_shown(
    design_backend: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    server = AzureDevOpsServer(tmp_path)
    await server.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificates))
    monkeypatch.setenv("SYSTEM_COLLECTIONURI", server.collection)
    monkeypatch.setenv("SYSTEM_PULLREQUEST_PULLREQUESTID", "9")
    reports.write(tmp_path / "results.json", [GOOD])
    try:
        done = await asyncio.to_thread(design_backend, "pipeline", "comment")
    finally:
        await server.stop()
    assert (done.exit_code, server.threads) == (1, {})
    assert "SYSTEM_ACCESSTOKEN" in done.output
    assert TOKEN not in done.output
    assert len(server.requests) == 1, "a redirect to the sign-in page is not followed"
