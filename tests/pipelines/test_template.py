"""infra/pipelines/design-prds.yml: valid for Azure Pipelines, and what it depends on is what is locked."""

import re
import tomllib
from pathlib import Path

import pytest

from cli.pipeline.work import MOST
from shared.checks.pipeline_schema import validate
from tests.pipelines.agent import PROJECT, TEMPLATE
from triggers.http_callbacks import MOST_RUNS

TEMPLATES = sorted(TEMPLATE.parent.glob("design-prds*.yml"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_valid_by_the_official_schema(path: Path):
    assert validate(path.read_text(encoding="utf-8")) == []


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
