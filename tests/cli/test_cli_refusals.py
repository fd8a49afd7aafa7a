"""What `design-backend` refuses, and how it says so: one line, the right exit code, nothing written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_design_app import MANIFEST, RUN_ID, Answer, FakeDesignApp
from tests.cli.run_command import RunCommand

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("given", ["missing.md", "docs/prd", r"C:\prds\order.txt", "my missing prd.docx", "~/x"])
def test_a_prd_that_looks_like_a_path_must_exist(design_backend: RunCommand, given: str) -> None:
    result = design_backend("run", "--prd", given, "--url", NOWHERE)
    assert result.exit_code == 2
    assert result.stderr == f"Error: there is no file {given}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "no PRD"),
        (["run", "order-service.md", "--prd", "# Text\n"], "given twice"),
        (["run", "."], "is a folder"),
        (["run", "order-service.md", "--stack", "rust"], "--stack rust is not one of: auto, python, csharp"),
        (["run", "order-service.md", "--colour"], "No such option"),
        (["plan", "order-service.md", "--url", "myapp.azurewebsites.net"], "https://NAME.azurewebsites.net"),
        (["list", "--url", "ftp://there"], "no address of an app"),
    ],
)
def test_bad_usage_exits_2_and_says_what_is_wrong(design_backend: RunCommand, arguments: list[str], said: str) -> None:
    result = design_backend(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422])
def test_a_problem_with_the_input_is_one_line_and_exit_2(
    app: FakeDesignApp, design_backend: RunCommand, status: int
) -> None:
    problem = {
        "title": "The input cannot be used",
        "detail": "x.md is\nempty.",
        "mend": "Write it.",
        "status": status,
    }
    app.refuse("POST /api/runs", Answer(status, problem))
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: The input cannot be used: x.md is empty. Write it.\n"


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", None])
def test_a_server_error_without_problem_details_exits_1(
    app: FakeDesignApp, design_backend: RunCommand, body: str | None
) -> None:
    app.refuse("POST /api/runs", Answer(502, body))
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert result.exit_code == 1
    assert result.stderr == f"Error: {app.url} answered 502 Bad Gateway\n"


def test_a_problem_with_json_is_an_object_on_stdout(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.refuse("POST /api/runs", Answer(413, {"title": "Too large", "detail": "9 MB."}))
    result = design_backend("run", "order-service.md", "--json", "--url", app.url)
    error = {"status": 413, "title": "Too large", "detail": "9 MB.", "mend": ""}
    assert json.loads(result.stdout) == {"error": error}
    assert result.exit_code == 2


@pytest.mark.parametrize("arguments", [["run", "order-service.md"], ["list"], ["status", "x"], ["cancel", "x"]])
def test_a_server_that_is_not_there_is_said_in_one_line(design_backend: RunCommand, arguments: list[str]) -> None:
    result = design_backend(*arguments, "--url", NOWHERE)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: could not reach {NOWHERE} (")
    assert result.stderr.endswith("): is it running?\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("body", ["hello", "[]", '{"id": 7}', '{"id": "x", "status": "queued"}'])
def test_an_answer_of_another_service_is_recognised(app: FakeDesignApp, design_backend: RunCommand, body: str) -> None:
    app.refuse("POST /api/runs", Answer(200, body))
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert result.exit_code == 1
    assert "is it a design-backend app" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/etc/cron.d/x",
        "../outside.md",
        "a/../../outside.md",
        "a//b.md",
        "C:/Windows/x.md",
        "C:x.md",
        r"a\..\..\x.md",
        r"\\server\share\x.md",
        "a/x.md:stream",
        "a/nul",
        "a/con.md",
        "a/b./x.md",
        "a/\x1b[2Jx.md",
        "",
    ],
)
def test_a_path_that_leaves_the_folder_is_refused_and_no_file_is_written(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path, path: str
) -> None:
    app.registered[MANIFEST] = {"path": path}
    (folder / "out").mkdir()
    result = design_backend("run", "order-service.md", "--output", "out", "--url", app.url)
    assert result.exit_code == 1
    assert "unsafe path" in result.stderr
    assert "\x1b" not in result.output
    assert {entry.name for entry in folder.rglob("*")} == {"order-service.md", "out"}


def test_a_link_that_leads_out_of_the_folder_is_refused(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    try:
        (folder / ".claude").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("links need a privilege here")
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert result.exit_code == 1
    assert "through a link" in result.stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("register", "said"),
    [
        ({"sha256": "0" * 64}, "is not what the run registered"),
        ({"size": 3}, "more bytes than the 3 registered"),
        ({"size": 3000}, "fewer bytes than the 3,000 registered"),
    ],
)
def test_a_file_that_is_not_the_registered_one_is_not_written(
    app: FakeDesignApp, design_backend: RunCommand, folder: Path, register: dict[str, Any], said: str
) -> None:
    app.registered[MANIFEST] = register
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert result.exit_code == 1
    assert said in result.stderr
    assert list((folder / MANIFEST).parent.iterdir()) == [(folder / MANIFEST).with_name("openapi.yaml")]


@pytest.mark.parametrize("link", ["http:{elsewhere}/api/x", "{elsewhere}/api/x", "relative"])
def test_a_file_link_that_leads_out_of_the_app_is_not_followed(
    app: FakeDesignApp, design_backend: RunCommand, link: str
) -> None:
    with FakeDesignApp() as elsewhere:
        app.registered[MANIFEST] = {"url": link.format(elsewhere=elsewhere.url.removeprefix("http:"))}
        result = design_backend("run", "order-service.md", "--key", "secret", "--url", app.url)
        assert elsewhere.seen == []
    assert result.exit_code == 1
    assert "does not lead into the app" in result.stderr


def test_a_redirect_is_not_followed_with_the_key(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.refuse("POST /api/runs", Answer(301, headers={"Location": "https://elsewhere.example/api/runs"}))
    result = design_backend("run", "order-service.md", "--key", "secret", "--url", app.url)
    assert result.exit_code == 1
    assert "points to https://elsewhere.example/api/runs" in result.stderr


def test_an_unknown_run_exits_2_with_the_mend(app: FakeDesignApp, design_backend: RunCommand) -> None:
    result = design_backend("status", "no/such run", "--url", app.url)
    assert result.exit_code == 2
    assert result.stderr == "Error: Not found: There is no such run. List them.\n"


def test_cancelling_a_run_that_ended_exits_1(app: FakeDesignApp, design_backend: RunCommand) -> None:
    problem = {"title": "Not possible in this state", "detail": "The run is completed.", "status": 409}
    app.refuse(f"DELETE /api/runs/{RUN_ID}", Answer(409, problem))
    result = design_backend("cancel", RUN_ID, "--url", app.url)
    assert result.exit_code == 1
    assert result.stderr == "Error: Not possible in this state: The run is completed.\n"
