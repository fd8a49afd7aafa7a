"""`design-backend run` against a pretended app: what it sends, shows, writes and exits with."""

import json
from pathlib import Path

import pytest

from tests.cli.fake_design_app import ARCHITECTURE, MANIFEST, OPENAPI, PLAN_TEXT, RUN_ID, Answer, FakeDesignApp
from tests.cli.run_command import RunCommand


def test_a_run_brings_every_file_to_its_container_path(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path
) -> None:
    result = design_backend("run", "--prd", "order-service.md", "--url", app.url)
    assert result.exit_code == 0, result.output
    written = {path.relative_to(folder).as_posix() for path in (folder / ".claude").rglob("*") if path.is_file()}
    assert written == {ARCHITECTURE, OPENAPI, MANIFEST}
    assert all((folder / path).read_bytes() == content for path, content in app.files.items())


def test_output_names_another_folder_and_is_not_sent(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path
) -> None:
    result = design_backend("run", "order-service.md", "--output", "designs here", "--url", app.url)
    assert result.exit_code == 0, result.output
    assert (folder / "designs here" / MANIFEST).is_file()
    assert not (folder / ".claude").exists()
    assert "output" not in app.requests("POST", "/api/runs")[0].query


def test_a_file_is_sent_byte_for_byte_with_only_the_options_given(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path
) -> None:
    content = "# Bestellungen für Köln\n".encode("utf-16")
    (folder / "prd.md").write_bytes(content)
    design_backend(
        "run", "prd.md", "--stack", "csharp", "--db", "sqlserver", "--fresh", "--economy", "--full", "--url", app.url
    )
    design_backend("run", "prd.md", "--url", app.url)
    full, bare = app.requests("POST", "/api/runs")
    assert full.body == bare.body == content
    assert full.headers["content-type"] == "text/markdown"
    assert full.query == {
        "name": "prd.md",
        "stack": "csharp",
        "db": "sqlserver",
        "fresh": "true",
        "economy": "true",
        "full": "true",
    }
    assert bare.query == {"name": "prd.md"}


def test_text_that_is_no_path_is_sent_as_the_prd_itself(app: FakeDesignApp, design_backend: RunCommand) -> None:
    texts = ["---\nstack: csharp\n---\n# Orders\nSee ./notes.md", "Build a CRUD/REST API for orders in Node.js."]
    for text in texts:
        assert design_backend("run", "--prd", text, "--url", app.url).exit_code == 0
    sent = app.requests("POST", "/api/runs")
    assert [request.body.decode() for request in sent] == texts
    assert all("name" not in request.query for request in sent)


def test_a_dash_reads_standard_input(app: FakeDesignApp, design_backend: RunCommand) -> None:
    assert design_backend("run", "-", "--url", app.url, input=b"# From a pipe\n").exit_code == 0
    assert app.requests("POST", "/api/runs")[0].body == b"# From a pipe\n"


def test_the_plan_is_printed_exactly_before_the_progress(app: FakeDesignApp, design_backend: RunCommand) -> None:
    out = design_backend("run", "order-service.md", "--url", app.url).stdout
    assert out.startswith(f"{PLAN_TEXT}\n")


def test_plain_progress_has_one_line_per_change_and_no_control_characters(
    app: FakeDesignApp, design_backend: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    app.polls_until_end = 3
    app.error = "\x1b[31mred\x07"
    out = design_backend("run", "order-service.md", "--url", app.url).stdout
    assert [line.split("] ", 1)[1] for line in out.splitlines() if line.startswith("[0:")] == [
        "run: running",
        "orchestrator (setup): done in 34 s (1,200 tokens in, 9,000 out)",
        "system-architect: drafting",
        "system-architect: done in 34 s (1,200 tokens in, 9,000 out)",
        "orchestrator (synthesis): done in 34 s (1,200 tokens in, 9,000 out)",
        "run: completed",
    ]
    assert all(char == "\n" or char.isprintable() for char in out)


def test_files_lists_each_with_size_and_agent_and_the_end_says_what_it_took(
    app: FakeDesignApp, design_backend: RunCommand
) -> None:
    lines = design_backend("run", "order-service.md", "--files", "--url", app.url).stdout.splitlines()
    shown = [line.split() for line in lines]
    assert ["15", "system-architect", str(Path(ARCHITECTURE))] in shown
    assert ["15", str(Path(OPENAPI))] in shown
    assert ["29", "orchestrator", str(Path(MANIFEST))] in shown
    assert "7 calls, 4,200 tokens in (3,000 of them from the cache), 20,000 out, 2 min 5 s" in lines
    assert lines[-1] == f"Manifest: {Path(MANIFEST)}"


def test_the_end_says_the_verdict_and_what_was_not_judged(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.not_judged, app.verdict = 3, ["Complete. All is there.", "Checked: 61 rules of 3 checks.", "Not run: nothing."]
    lines = design_backend("run", "order-service.md", "--url", app.url).stdout.splitlines()
    at = lines.index("Not judged: 3, listed in the manifest")
    assert lines[at + 1 : at + 4] == app.verdict


@pytest.mark.parametrize(
    ("money", "reused", "said"),
    [
        (
            {"cost_usd": 0.6241},
            0,
            "7 calls, 4,200 tokens in (3,000 of them from the cache), 20,000 out, $0.62, 2 min 5 s",
        ),
        ({"cost_usd": 0.0312}, 0, "20,000 out, $0.0312, 2 min 5 s"),
        ({"cost_usd": None}, 0, "20,000 out, price unknown, 2 min 5 s"),
        (
            {"cost_usd": 0.0},
            6,
            "7 calls and 6 reused, 4,200 tokens in (3,000 of them from the cache), 20,000 out, $0.00",
        ),
    ],
)
def test_the_end_says_what_the_run_cost_and_what_an_earlier_one_had_paid(
    app: FakeDesignApp, design_backend: RunCommand, money: dict[str, float | None], reused: int, said: str
) -> None:
    app.money, app.reused = money, reused
    assert said in design_backend("run", "order-service.md", "--url", app.url).stdout


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("completed_with_findings", 1), ("partial", 1), ("failed", 1), ("cancelled", 1)],
)
def test_the_exit_code_follows_the_status_and_the_files_come_in_any_case(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path, status: str, code: int
) -> None:
    app.status = status
    app.error = None if code == 0 else {"title": "Claude refused the call", "detail": "no.", "mend": "Ask again."}
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert result.exit_code == code
    assert f"Status: {status}" in result.stdout
    assert ("Error: Claude refused the call: no. Ask again." in result.stdout) == (code == 1)
    assert (folder / MANIFEST).is_file()


def test_json_is_the_run_with_the_downloaded_files_and_nothing_else(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path
) -> None:
    result = design_backend("run", "order-service.md", "--json", "--url", app.url)
    answer = json.loads(result.stdout)
    assert (answer["id"], answer["status"], len(answer["files"])) == (RUN_ID, "completed", 3)
    assert [item["path"] for item in answer["downloaded"]] == list(app.files)
    assert Path(answer["downloaded"][2]["file"]).samefile(folder / MANIFEST)
    assert "Status: completed" in result.stderr


@pytest.mark.parametrize("status", ["completed", "completed_with_findings"])
def test_a_design_that_is_there_already_is_said_to_be_and_is_downloaded(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path, status: str
) -> None:
    app.created, app.status_at_start = False, status
    result = design_backend("run", "order-service.md", "--url", app.url)
    told = f"This PRD with these options was already designed (run {RUN_ID}); --fresh designs it again."
    assert result.stdout.splitlines()[0] == told
    assert (folder / MANIFEST).is_file()


def test_a_design_that_is_under_way_is_followed(app: FakeDesignApp, design_backend: RunCommand, folder: Path) -> None:
    app.created, app.status_at_start = False, "running"
    result = design_backend("run", "order-service.md", "--url", app.url)
    told = f"This PRD with these options is already being designed (run {RUN_ID}); following it."
    assert result.stdout.splitlines()[0] == told
    assert (folder / MANIFEST).is_file()


def test_files_that_are_right_are_not_fetched_twice_and_changed_ones_are_kept(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path
) -> None:
    design_backend("run", "order-service.md", "--url", app.url)
    (folder / MANIFEST).write_text("my notes")
    result = design_backend("run", "order-service.md", "--url", app.url)
    fetched = [seen.path for seen in app.seen if "/files/" in seen.path]
    assert len(fetched) == 4
    assert fetched[-1].endswith(MANIFEST)
    assert (folder / f"{MANIFEST}.bak").read_text() == "my notes"
    assert (folder / MANIFEST).read_bytes() == app.files[MANIFEST]
    assert f"it is kept as {Path(MANIFEST)}.bak" in result.stdout


def test_a_passing_fault_is_waited_out_and_mentioned_once(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.refuse(f"GET /api/runs/{RUN_ID}", Answer(503), Answer(429, headers={"Retry-After": "1"}))
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("trying again") == 1


def test_a_file_whose_download_fails_in_passing_is_fetched_again(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path
) -> None:
    app.refuse(f"GET /api/runs/{RUN_ID}/files/{MANIFEST}", Answer(503))
    assert design_backend("run", "order-service.md", "--url", app.url).exit_code == 0
    assert (folder / MANIFEST).read_bytes() == app.files[MANIFEST]


def test_the_key_travels_as_a_header_and_is_never_shown(
    app: FakeDesignApp, design_backend: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESIGN_BACKEND_KEY", "k3y-of-the-app")
    monkeypatch.setenv("DESIGN_BACKEND_URL", f"{app.url}/api/")
    app.refuse("POST /api/plan", Answer(401))
    refused = design_backend("plan", "order-service.md")
    result = design_backend("run", "order-service.md")
    assert result.exit_code == 0, result.output
    assert {seen.headers.get("x-functions-key") for seen in app.seen} == {"k3y-of-the-app"}
    assert "k3y" not in result.output + refused.output
    assert "--key or DESIGN_BACKEND_KEY" in refused.stderr
