"""How a run ends on the terminal, and `open`, which shows its report."""

import json
import os
import webbrowser
from pathlib import Path

import pytest

from tests.cli.fake_design_app import PROJECT, RUN_ID, FakeDesignApp
from tests.cli.run_command import RunCommand

REPORT = f"{PROJECT}/report.html"
VERDICT = {
    "tone": "care", "verdict": "Nearly ready", "reason": "All checks passed, but 1 requirement is not designed.",
    "needs": [{"number": number, "what": f"thing {number} to settle"} for number in range(1, 9)],
}  # fmt: skip


@pytest.fixture
def reported(app: FakeDesignApp) -> FakeDesignApp:
    """The app with what runs leave today."""
    app.files |= {
        REPORT: b"<!doctype html>\n",
        f"{PROJECT}/manifest.json": json.dumps({"verdict": VERDICT}).encode(),
        f"{PROJECT}/queries/a.kql": b"print 1\n",
        f"{PROJECT}/queries/b.kql": b"print 2\n",
    }
    return app


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the browser was asked to show."""
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    return shown


def test_a_run_ends_with_the_verdict_what_needs_a_person_and_where_to_begin(
    reported: FakeDesignApp, design_backend: RunCommand
) -> None:
    lines = design_backend("run", "order-service.md", "--url", reported.url).stdout.splitlines()
    at = lines.index("Nearly ready. All checks passed, but 1 requirement is not designed.")
    assert lines[at + 2 : at + 5] == ["Needs a person:", "  1 thing 1 to settle", "  2 thing 2 to settle"]
    assert "  and 2 more" in lines
    assert lines[-1] == f"Begin with: {Path(REPORT)} (design-backend open {RUN_ID})"


def test_the_files_are_a_short_tree_with_the_report_first(reported: FakeDesignApp, design_backend: RunCommand) -> None:
    lines = design_backend("run", "order-service.md", "--url", reported.url).stdout.splitlines()
    at = lines.index(f"{Path(PROJECT)}{os.sep}")
    assert [" ".join(line.split()) for line in lines[at + 1 : at + 7]] == [
        "report.html the whole run as one page: begin here",
        "MANIFEST.md every file, with size and SHA-256",
        "manifest.json the same for automation",
        "openapi.yaml the API contract",
        "queries/ 2 files",
        "agents 1 file of the agents, elsewhere; --files says where",
    ]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"verdict": 3}', b'{"verdict": {"verdict": 1}}', b"{}"])
def test_a_manifest_without_a_verdict_ends_a_run_without_one(
    reported: FakeDesignApp, design_backend: RunCommand, content: bytes
) -> None:
    reported.files[f"{PROJECT}/manifest.json"] = content
    result = design_backend("run", "order-service.md", "--url", reported.url)
    assert result.exit_code == 0, result.output
    assert "Needs a person" not in result.stdout


def test_a_verdict_cannot_steer_the_terminal(reported: FakeDesignApp, design_backend: RunCommand) -> None:
    hostile = VERDICT | {"verdict": "\x1b[31m##vso[task.complete]"}
    reported.files[f"{PROJECT}/manifest.json"] = json.dumps({"verdict": hostile}).encode()
    out = design_backend("run", "order-service.md", "--url", reported.url).stdout
    assert "\x1b" not in out
    assert "##vso[" not in out


def test_open_brings_the_report_and_shows_it(
    reported: FakeDesignApp, design_backend: RunCommand, folder: Path, opened: list[str]
) -> None:
    result = design_backend("open", RUN_ID, "--url", reported.url)
    assert result.exit_code == 0, result.output
    assert opened == [(folder / REPORT).resolve().as_uri()]
    assert (folder / REPORT).read_bytes() == reported.files[REPORT]
    assert result.stdout == f"Report: {Path(REPORT)}\n"


def test_open_shows_nothing_where_only_the_file_is_wanted(
    reported: FakeDesignApp, design_backend: RunCommand, folder: Path, opened: list[str]
) -> None:
    result = design_backend("open", RUN_ID, "--no-browser", "--json", "--url", reported.url)
    assert Path(json.loads(result.stdout)["report"]).samefile(folder / REPORT)
    assert not opened


def test_open_says_why_a_run_has_no_report(app: FakeDesignApp, design_backend: RunCommand, opened: list[str]) -> None:
    result = design_backend("open", RUN_ID, "--url", app.url)
    assert result.exit_code == 2
    assert f"Run {RUN_ID} has no report" in result.output + result.stderr
    assert not opened
