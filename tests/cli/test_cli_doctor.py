"""`doctor` and `status --watch`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.progress import time_left
from cli.records import Run
from tests.cli.fake_design_app import RUN_ID, Answer, FakeDesignApp
from tests.cli.run_command import RunCommand


def diagnosis(*looks: dict[str, str]) -> Answer:
    return Answer(200, json.dumps({"version": "9.9", "looks": list(looks)}))


def test_doctor_says_what_a_deployment_lacks_and_what_to_do(app: FakeDesignApp, design_backend: RunCommand):
    good = {"name": "settings", "state": "good", "detail": "All fine.", "mend": ""}
    missing = {"name": "events", "state": "missing", "detail": "No event came.", "mend": "Make the subscription."}
    app.refuse("GET /api/diagnosis", diagnosis(good, missing))
    result = design_backend("doctor", "--url", app.url, "--key", "secret-key")
    assert result.exit_code == 1
    for told in ("version 9.9", "settings", "No event came.", "-> Make the subscription.", "1 missing."):
        assert told in result.stdout
    assert "python" not in result.stdout, "a deployment has nothing to do with this machine"
    assert app.requests("GET", "/api/diagnosis")[0].headers["x-functions-key"] == "secret-key"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(401), "does not take the function key"),
        (Answer(404), "no app of this version"),
        (Answer(500, {"title": "Broken", "detail": "x", "status": 500}), "Broken"),
        (Answer(200, "<html>"), "answered without JSON"),
    ],
)
def test_doctor_says_why_an_app_cannot_be_asked(
    app: FakeDesignApp, design_backend: RunCommand, answer: Answer, told: str
):
    app.refuse("GET /api/diagnosis", answer)
    result = design_backend("doctor", "--url", app.url)
    assert result.exit_code == 1
    assert told in result.stdout


def test_doctor_looks_at_this_machine(design_backend: RunCommand, folder: Path):
    result = design_backend("doctor", "--state", str(folder / "state"), "--json")
    looks: dict[str, Any] = {look["name"]: look for look in json.loads(result.stdout)["looks"]}
    assert looks["python"]["state"] == looks["node"]["state"] == "good"
    assert "no host runs" in looks["state"]["detail"]
    assert not (folder / "state").exists(), "it changes nothing"


@pytest.mark.parametrize(("ago", "told"), [(0, "about 10 min left"), (560, "soon done by its plan"), (900, "")])
def test_the_plan_says_how_long_a_run_may_still_take(ago: int, told: str):
    began = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()
    usage = dict.fromkeys(
        ("calls", "input_tokens", "cache_write_tokens", "cache_read_tokens", "output_tokens", "seconds", "reused"), 0
    )
    data: dict[str, Any] = {"id": "a", "status": "running", "created_at": began, "estimated_seconds": 600}
    data |= {"usage": usage, "agents": [], "files": [], "findings": 0, "not_judged": 0, "verdict": [], "prd": {}}
    assert time_left(Run.from_dict(data)) == told
    assert time_left(Run.from_dict(data | {"status": "completed"})) == ""


def test_a_watched_run_is_followed_to_its_end(app: FakeDesignApp, design_backend: RunCommand):
    app.polls_until_end = 3
    result = design_backend("status", RUN_ID, "--watch", "--url", app.url)
    assert result.exit_code == 0, result.output
    assert "run: completed" in result.stdout
    assert "Status: completed" in result.stdout
    app.status = "partial"
    assert design_backend("status", RUN_ID, "--watch", "--url", app.url).exit_code == 1
    assert design_backend("status", RUN_ID, "--url", app.url).exit_code == 0
