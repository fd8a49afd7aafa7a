"""infra/pipelines/design-prds.yml: valid for Azure Pipelines, and what it depends on is what is locked."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.pipeline.steps import MOST
from shared.checks.pipeline_schema import validate
from tests.pipelines.agent import PROJECT, TEMPLATE, expand, parameters_of
from triggers.http_callbacks import MOST_RUNS

TEMPLATES = sorted(TEMPLATE.parent.glob("design-prds*.yml"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_valid_by_the_official_schema(path: Path):
    """The schema is older than AzureFunction@2 (learn.microsoft.com/azure/devops/pipelines/tasks/reference)."""
    found = [problem for problem in validate(path.read_text(encoding="utf-8")) if problem.word != "AzureFunction@2"]
    assert found == []


def test_the_lines_that_the_docs_show_are_valid_too():
    shown = re.findall(r"```yaml\n(.*?)```", (PROJECT / "docs/azure-devops.md").read_text(encoding="utf-8"), re.S)
    assert shown
    for text in shown:
        assert validate(text) == [], text


def test_no_parameter_reaches_a_script_but_by_the_environment():
    found = [
        line.split("script: ")[1]
        for path in TEMPLATES
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r" +- script: ", line)
    ]
    assert len(found) == 6
    assert [text for text in found if "$" in text or "{" in text] == []


def test_what_the_agent_installs_is_what_is_locked():
    locked = tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]
    versions = {package["name"]: package.get("version") for package in locked}
    text = (TEMPLATE.parent / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.M))
    assert {"httpx2", "rich", "typer"} <= pinned.keys()
    assert pinned == {name: versions[name] for name in pinned}


def test_a_task_waits_for_as_many_runs_as_a_build_may_send():
    assert MOST == MOST_RUNS
    longest = "a" * 32 + "-" + "0" * 16 + "-999"
    assert len(f'{{"runs": "{",".join([longest] * MOST)}"}}') <= 2_000


def waiting_task(**given: str) -> dict[str, Any]:
    """The agentless task of a pipeline with these parameters."""
    document = expand(
        yaml.safe_load(TEMPLATE.read_text(encoding="utf-8")), parameters_of(TEMPLATE, {"app": "https://x", **given})
    )
    (job,) = [job for job in document["stages"][0]["jobs"] if job["job"] == "design"]
    assert job["pool"] == "server"
    (step,) = job["steps"]
    return step


def test_a_service_connection_sends_an_entra_token_besides_and_changes_nothing_else():
    plain, signed_in = waiting_task(), waiting_task(serviceConnection="azure-wool-shop")
    assert plain["task"] == "AzureFunction@1"
    assert signed_in["task"] == "AzureFunction@2"
    assert signed_in["inputs"] == plain["inputs"] | {"azureSubscription": "azure-wool-shop"}
