"""The names an expanded pipeline uses: what must exist outside of it before it can run. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Literal

from shared.formats.azure_pipelines.located import YamlMap, YamlText, walk
from shared.formats.azure_pipelines.stages import Named, Stage, Step, resolved

type Kind = Literal["environment", "group", "secret", "vault", "connection", "service", "task", "published", "used"]

_CONNECTION_INPUTS = frozenset(
    (
        "azuresubscription", "connectedservicename", "connectedservicenamearm", "connectedservicenameselector",
        "azureresourcemanagerconnection", "azuresubscriptionendpoint", "containerregistry",
        "dockerregistryserviceconnection", "dockerregistryendpoint", "kubernetesserviceconnection",
        "kubernetesserviceendpoint", "sonarqube", "externalfeedcredentials", "githubconnection",
    )
)  # fmt: skip
_SERVICE_INPUTS = ("containerappname", "appname", "webappname", "functionappname")
_AZ = re.compile(
    r"\baz[ \t]+(?:containerapp|webapp|functionapp|aks)\b(?![ \t]+(?:env|connected-env|plan)\b)[^\n|;&]{0,400}"
)
_NAME = re.compile(r"(?:--name|-n)[ \t=]+[\"']?([\w$().{}-]{1,80})")
_VAULT = re.compile(r"--vault-name[ \t=]+[\"']?([\w$().{}-]{1,80})")
_VAULT_SECRET = re.compile(r"\baz[ \t]+keyvault[ \t]+secret[ \t]+show\b[^\n|;&]{0,400}")


def names_in(root: YamlMap, stages: tuple[Stage, ...]) -> Callable[[Kind], tuple[Named, ...]]:
    """A look-up from a kind of name to the names of that kind, each once, in order of appearance."""
    found: dict[str, dict[str, int]] = {}
    for kind, name, line in (*_in_tree(root), *_in_stages(stages)):
        if name:
            found.setdefault(kind, {}).setdefault(name, line)
    return lambda kind: tuple(Named(name, line) for name, line in found.get(kind, {}).items())


def _in_tree(root: YamlMap) -> Iterator[tuple[Kind, str, int]]:
    for node in walk(root):
        if not isinstance(node, YamlMap):
            continue
        names = node.names()
        if names == ("group",):
            yield "group", node.text("group"), node.line
        if names and names[0] in ("repository", "container") and isinstance(value := node.get("endpoint"), YamlText):
            yield "connection", value.text, value.line


def _in_stages(stages: tuple[Stage, ...]) -> Iterator[tuple[Kind, str, int]]:
    for stage in stages:
        for job in stage.jobs:
            if job.environment:
                yield "environment", job.environment.name, job.environment.line
        for step in stage.steps:
            yield from _in_step(step)
            yield from _in_script(step, stage)


def _in_step(step: Step) -> Iterator[tuple[Kind, str, int]]:
    if step.kind == "task":
        yield "task", step.value, step.line
        for name, value in step.inputs.items():
            if name in _CONNECTION_INPUTS:
                yield "connection", value.name, value.line
            if name in _SERVICE_INPUTS:
                yield "service", value.name, value.line
    if step.task == "azurekeyvault":
        yield "vault", step.input("keyvaultname"), step.line
        for name in step.input("secretsfilter").split(","):
            yield "secret", name.strip(), step.line
    if step.task == "downloadsecurefile":
        yield "secret", step.input("securefile"), step.line
    yield from _artifacts(step)


def _artifacts(step: Step) -> Iterator[tuple[Kind, str, int]]:
    name = step.input("artifact", "artifactname")
    if step.kind in ("publish", "upload") or step.task in (
        "publishpipelineartifact",
        "publishbuildartifacts",
    ):
        yield "published", name or ("drop" if step.task == "publishbuildartifacts" else ""), step.line
    elif step.task in ("downloadpipelineartifact", "downloadbuildartifacts"):
        elsewhere = step.input("source", "buildtype", "runversion") in ("specific", "specificRun")
        yield "used", "" if elsewhere else name, step.line
    elif step.kind == "download" and step.value == "current":
        yield "used", name, step.line


def _in_script(step: Step, stage: Stage) -> Iterator[tuple[Kind, str, int]]:
    script = resolved(step.script, stage.variables)
    patterns: tuple[tuple[Kind, re.Pattern[str]], ...] = (("service", _AZ), ("secret", _VAULT_SECRET))
    for kind, pattern in patterns:
        for command in pattern.finditer(script):
            if name := _NAME.search(command[0]):
                yield kind, name[1], step.line
    for vault in _VAULT.finditer(script):
        yield "vault", vault[1], step.line
