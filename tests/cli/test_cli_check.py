"""`design-backend check`: a pack on disk, offline, also after somebody edited it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from shared.agents.agent_files import catalogue
from shared.contracts import BlobRef, FileEntry, Folders, ManifestRequest, Options, Outcome, RunInput, Usage
from shared.pack.composition import Material, compose_pack
from shared.prd import content_hash
from tests.golden import agents, golden

FOLDER = "designs/projects/order-service/20260301-102030"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The golden pack as `run` writes it below a working folder."""
    pack = golden("python")
    calls = tuple(agent.call("draft") for agent in agents("python"))
    folders = Folders("20260301-102030", FOLDER, "designs/agents", "order-service")
    texts = {agent.deliverable: pack.text(agent.deliverable) or "" for agent in agents("python")}
    paths = {call.deliverable: folders.deliverable_path(call) for call in calls}
    entries = {
        name: FileEntry(paths[name], len(text.encode()), content_hash(text.encode())) for name, text in texts.items()
    }
    prd = BlobRef("runs", "x/prd.md", content_hash(pack.prd.encode()), len(pack.prd.encode()))
    run = RunInput(
        "order-service-1",
        "order-service",
        "Order Service",
        prd,
        "order-service.md",
        None,
        Options("python", "asked for", "postgres"),
        "designs",
        calls,
    )
    outcomes = tuple(Outcome(call.key, "done", Usage(calls=1), file=entries[call.deliverable]) for call in calls)
    request = ManifestRequest(
        run, folders, "completed", outcomes, "2026-03-01T10:20:30+00:00", "2026-03-01T10:21:00+00:00"
    )
    composed = compose_pack(request, Material(texts, pack.prd, {}, [], []), catalogue())
    contents = {f"{FOLDER}/{path}": content for path, content in composed.files.items()}
    contents |= {paths[name]: text.encode() for name, text in texts.items()}
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path / FOLDER


def check(*arguments: str):
    return CliRunner().invoke(app, ["check", *arguments])


def test_a_good_pack_passes(folder: Path):
    done = check(str(folder))
    assert done.exit_code == 0, done.output
    counts = r"5 deliverables checked: 0 errors, 0 warnings(, \d+ not judged)?\.\n"
    assert re.search(rf"{counts}\Z", done.output), done.output


def test_an_edit_that_breaks_a_rule_is_found_at_its_line(folder: Path):
    path = next(folder.parents[2].glob("agents/azure-devops-pipelines-expert/*/cicd-pipeline.md"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("environment: prod", "environment: elsewhere", 1), encoding="utf-8")
    done = check(str(folder), "--json")
    assert done.exit_code == 1
    found = [each for each in json.loads(done.output)["findings"] if each["rule"] == "XDC-004"]
    line = text[: text.index("environment: prod")].count("\n") + 1
    assert [(each["line"], Path(each["file"]).name) for each in found] == [(line, "cicd-pipeline.md")]


def test_findings_come_as_sarif(folder: Path):
    path = next(folder.parents[2].glob("agents/api-backend-tester/*/test-specifications.md"))
    path.write_text(path.read_text(encoding="utf-8") + "\nTODO\n", encoding="utf-8")
    log = json.loads(check(str(folder), "--sarif").output)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules
    assert "STR-007" in {result["ruleId"] for result in run["results"]}
    levels = [result["level"] for result in run["results"]]
    assert {*levels, *(rule["defaultConfiguration"]["level"] for rule in run["tool"]["driver"]["rules"])} <= {
        "error", "warning", "note", "none",
    }, "SARIF knows no other"  # fmt: skip


def unfollowed(folder: Path) -> None:
    """A test whose decorator may give it its argument."""
    path = next(folder.parents[2].glob("agents/api-backend-tester/*/test-specifications.md"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text + UNFOLLOWED, encoding="utf-8")


UNFOLLOWED = """
`tests/test_by_plugin.py`

```python
from unittest import mock


@mock.patch("service.clock")
def test_the_clock_is_given_by_a_decorator(clock):
    assert clock
```
"""


def _number(message: str) -> int:
    return int(message.split()[0])


def test_what_was_not_judged_is_counted_by_rule_and_is_neither_error_nor_warning(folder: Path):
    before = json.loads(check(str(folder), "--json").output)
    unfollowed(folder)
    told = json.loads(check(str(folder), "--json").output)
    assert told["not_judged"]["rules"] == {"REF-006": 1}
    (earlier,), (place,) = before["not_judged"]["places"], told["not_judged"]["places"]
    assert (Path(place["file"]).name, place["severity"]) == ("test-specifications.md", "unjudged")
    assert _number(place["message"]) == _number(earlier["message"]) + 1
    assert "unjudged" not in {each["severity"] for each in told["findings"]}
    assert told["warnings"] == before["warnings"]
    assert {each["kind"] for each in told["references"]} >= {"module", "package", "fixture", "request"}
    shown = check(str(folder)).output.splitlines()
    assert shown[-2] == "Not judged: 1 (REF-006 1); --json says where."
    assert shown[-3].startswith("References: ")


def test_what_was_not_judged_is_open_in_sarif_and_noted_by_rule(folder: Path):
    unfollowed(folder)
    (run,) = json.loads(check(str(folder), "--sarif").output)["runs"]
    (result,) = [result for result in run["results"] if result["ruleId"] == "REF-006"]
    assert (result["kind"], result["level"]) == ("open", "none")
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert (note["level"], note["associatedRule"]) == ("note", {"id": "REF-006"})


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_folder_that_is_no_pack_is_a_usage_error(tmp_path: Path, name: str):
    done = check(str(tmp_path / name))
    assert done.exit_code == 2
    assert "manifest.json" in done.output + (done.stderr if done.stderr_bytes else "")
