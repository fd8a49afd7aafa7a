"""This project's own pipeline passes the official schema, and the rules that we hold other people's against."""

import re
from pathlib import Path

import pytest

from infra.compile import HERE
from shared.checks import Context, pipelines
from shared.checks.pipeline_schema import validate

PROJECT = HERE.parent
OWN = ("azure-pipelines.yml", *(f"infra/pipelines/{name}.yml" for name in (
    "variables", "setup", "package", "check", "security", "deploy",
)))  # fmt: skip
"""The template that product teams extend has tests of its own."""


def text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OWN)
def test_a_file_is_valid_by_the_official_schema(name: str):
    assert [(problem.line, problem.message) for problem in validate(text(name))] == []


def test_the_pipeline_passes_our_own_rules():
    blocks = "\n\n".join(f"**`{name}`**\n\n```yaml\n{text(name)}```" for name in OWN)
    found = pipelines.check(Context("cicd-pipeline.md", f"# CI/CD\n\n{blocks}\n", ()))
    assert [f"{finding.rule} {finding.message}" for finding in found] == []


def test_no_template_is_forgotten_here():
    used = set(re.findall(r"template: ([\w/.-]+\.yml)", "".join(map(text, OWN))))
    assert {Path(name).name for name in used} == {Path(name).name for name in OWN[1:]}


def test_every_script_of_the_pipeline_is_one_of_ours():
    called = set(re.findall(r"python -m (infra[\w.]+)", "".join(map(text, OWN))))
    assert {"infra.package", "infra.provision", "infra.release"} <= called
    assert all((PROJECT / f"{module.replace('.', '/')}.py").is_file() for module in called)


def test_sign_in_is_by_federation_alone():
    stored = re.compile(r"(?i)client_?secret|servicePrincipalKey|password|sas_?token|accountKey|connectionString")
    for name in OWN:
        assert not stored.search(text(name)), name
    assert "azureSubscription: azure-design-backend-${{ parameters.environment }}" in text("infra/pipelines/deploy.yml")


def test_the_order_is_what_if_then_provision_then_release_and_failure_rolls_back():
    deploy = text("infra/pipelines/deploy.yml")
    places = [deploy.index(word) for word in ("what-if", "infra.provision create", "infra.release\n", "--roll-back")]
    assert places == sorted(places)


def test_variables_are_read_in_a_later_step_than_the_one_that_sets_them():
    """A variable set by a logging command is in the environment of the steps that follow, not of its own."""
    for name in OWN:
        for step in text(name).split("- task:")[1:]:
            assert not ("infra.provision" in step and "infra.release" in step), name


def test_versions_are_those_of_the_project():
    assert f"versionSpec: '{text('.python-version').strip()}'" in text("infra/pipelines/setup.yml")
    (pinned,) = re.findall(r"uv==([\d.]+)", text("Makefile"))
    assert f"name: uvVersion\n    value: {pinned}" in text("infra/pipelines/variables.yml")
