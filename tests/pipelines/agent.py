"""A small Azure Pipelines: expands a template, runs its jobs in order, does what an agent and the server do with steps.

Scripts are run for real, by the shell, with the environment an agent gives them. Checkouts lie there already, Python is
the one that runs the tests, and installing from PyPI is the one script that is left out (`left_out` says so).
"""

import json
import os
import re
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2
import yaml

from tests.azure_devops import PLAN_ID, PROJECT_ID, REPOSITORY_ID, TIMELINE_ID, AzureDevOpsServer
from tests.pipelines.expressions import Expression

PROJECT = Path(__file__).parents[2]
TEMPLATE = PROJECT / "infra/pipelines/design-prds.yml"
_COMMAND = re.compile(r"##vso\[(\S+?)(?: ([^\]]*))?\](.*)")
_UNESCAPED = {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%AZP25": "%"}
_CONDITION = re.compile(r"\$\{\{ (?:if (.+)|else) \}\}")
_WHOLE = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}")
_NUMBERS = iter(range(1_000, 10_000))


@dataclass
class Build:
    """What a build has come to: how its jobs ended, what was said, attached and left out."""

    results: dict[str, str] = field(default_factory=dict[str, str])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    issues: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    summaries: list[str] = field(default_factory=list[str])
    left_out: list[str] = field(default_factory=list[str])
    said: str = ""


class Pipeline:
    """One build of a pipeline that extends the template, in a workspace with the product's checkout."""

    def __init__(
        self, server: AzureDevOpsServer, workspace: Path, token: str, parameters: dict[str, Any], **variables: str
    ) -> None:
        self._server = server
        self._token = token
        self._given = parameters
        self.build = Build()
        temporary = workspace / "temp"
        temporary.mkdir(exist_ok=True)
        self._secrets = {"designBackendKey": "function-key", "System.AccessToken": token}
        self._variables = {
            "System.CollectionUri": server.collection,
            "System.TeamProject": "Wool Shop",
            "System.TeamProjectId": PROJECT_ID,
            "System.HostType": "build",
            "System.PlanId": PLAN_ID,
            "System.TimelineId": TIMELINE_ID,
            "System.DefinitionId": "7",
            "Build.BuildId": "42",
            "Build.Repository.Id": REPOSITORY_ID,
            "Build.Repository.Provider": "TfsGit",
            "Pipeline.Workspace": str(workspace),
            "Agent.TempDirectory": str(temporary),
            **variables,
        }

    def run(self) -> Build:
        """Run every job whose condition holds."""
        document = expand(yaml.safe_load(TEMPLATE.read_text(encoding="utf-8")), parameters_of(TEMPLATE, self._given))
        (stage,) = document["stages"]
        assert stage["variables"] == [{"group": "design-backend"}]
        for job in stage["jobs"]:
            self.build.results[job["job"]] = self._job(job)
        return self.build

    def _job(self, job: dict[str, Any]) -> str:
        needed = [job["dependsOn"]] if isinstance(job.get("dependsOn"), str) else job.get("dependsOn", [])
        before = [self.build.results[name] for name in needed]
        if not Expression(job.get("condition", "succeeded()"), self._reference, before).value():
            return "skipped"
        own = {name: self._runtime(str(value)) for name, value in job.get("variables", {}).items()}
        variables = self._variables | own
        results: list[str] = []
        for step in _steps(job["steps"]):
            if Expression(step.get("condition", "succeeded()"), self._reference, results).value():
                results.append(self._step(step, variables, on_server=job["pool"] == "server"))
        return "failed" if "failed" in results else "succeeded"

    def _step(self, step: dict[str, Any], variables: dict[str, str], *, on_server: bool) -> str:
        if on_server:
            assert step["task"] == ("AzureFunction@2" if "azureSubscription" in step["inputs"] else "AzureFunction@1")
            return self._call_function(step["inputs"], variables)
        if "checkout" in step:
            path = Path(self._macros("$(Pipeline.Workspace)", variables)) / step["path"]
            assert path.is_dir(), path
            return "succeeded"
        if "publish" in step:
            return self._publish(step, variables)
        if step.get("task"):
            assert (step["task"], step["inputs"]) == ("UsePythonVersion@0", {"versionSpec": "3.13"})
            return "succeeded"
        if " pip install " in step["script"]:
            self.build.left_out.append(step["script"])
            return "succeeded"
        return self._script(step, variables)

    def _script(self, step: dict[str, Any], variables: dict[str, str]) -> str:
        environment = {name.replace(".", "_").upper(): value for name, value in variables.items()}
        environment |= {name: self._macros(str(value), variables) for name, value in step.get("env", {}).items()}
        kept = {name: os.environ[name] for name in ("HOME", "SYSTEMROOT", "TEMP") if name in os.environ}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            self._macros(step["script"], variables),
            shell=True,
            cwd=self._macros(step["workingDirectory"], variables),
            env=kept | {"PATH": path, "SSL_CERT_FILE": str(self._server.certificates)} | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.build.said += done.stdout + done.stderr
        marked = [self._obey(step, *match) for match in _COMMAND.findall(done.stdout)]
        return "failed" if done.returncode else "issues" if "issues" in marked else "succeeded"

    def _obey(self, step: dict[str, Any], name: str, properties: str, value: str) -> str:
        """A logging command, as the agent reads it."""
        given = dict(pair.split("=", 1) for pair in properties.split(";") if pair)
        given, value = {key: _unescape(text) for key, text in given.items()}, _unescape(value)
        if name == "task.setvariable":
            assert given.get("isOutput") == "true"
            self.build.outputs[f"{step['name']}.{given['variable']}"] = value
        elif name == "task.logissue":
            self.build.issues.append((given["type"], value))
        elif name == "task.uploadsummary":
            self.build.summaries.append(Path(value).read_text(encoding="utf-8"))
        else:
            assert (name, given) == ("task.complete", {"result": "SucceededWithIssues"})
            return "issues"
        return ""

    def _call_function(self, inputs: dict[str, str], variables: dict[str, str]) -> str:
        """What the server does with the task: one request, then it waits for the completion event."""
        task = self._server.task(next(_NUMBERS), self._token)
        told = variables | {"System.JobId": task.job_id, "System.TaskInstanceId": task.id}
        url, key, headers, body = (self._macros(inputs[name], told) for name in ("function", "key", "headers", "body"))
        assert len(body) <= 2_000
        assert (inputs["method"], inputs["waitForCompletion"]) == ("POST", "true")
        answer = httpx2.post(f"{url}?code={key}&", headers=json.loads(headers), content=body)
        if not answer.is_success:
            self.build.said += answer.text
            return "failed"
        for _ in range(600):
            if task.result:
                return task.result
            time.sleep(0.1)
        return "failed"

    def _publish(self, step: dict[str, Any], variables: dict[str, str]) -> str:
        """Register the artifact with the build, as an agent does when it has uploaded the files."""
        folder = Path(self._macros(step["publish"], variables))
        files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        url = f"{self._server.collection}Wool%20Shop/_apis/build/builds/42/artifacts?api-version=7.0"
        headers = {"Authorization": f"Bearer {self._token}"}
        body = {"name": step["artifact"], "resource": {"type": "PipelineArtifact", "files": files}}
        trusted = ssl.create_default_context(cafile=str(self._server.certificates))
        with httpx2.Client(verify=trusted) as client:
            return "succeeded" if client.post(url, json=body, headers=headers).is_success else "failed"

    def _reference(self, name: str) -> Any:
        output = re.fullmatch(r"dependencies\.\w+\.outputs\[(.+)\]", name)
        if output:
            return self.build.outputs.get(output[1])
        variable = re.fullmatch(r"variables\[(.+)\]", name)
        assert variable, name
        return self._variables.get(variable[1])

    def _runtime(self, value: str) -> str:
        match = re.fullmatch(r"\$\[(.*)\]", value)
        return str(Expression(match[1], self._reference).value() or "") if match else value

    def _macros(self, text: str, variables: dict[str, str]) -> str:
        """`$(name)`, whatever its case; a variable's value may hold some too. What is unknown stays as it is."""
        known = {name.lower(): value for name, value in (variables | self._secrets).items()}
        for _ in range(2):
            text = re.sub(r"\$\(([\w.]+)\)", lambda match: known.get(match[1].lower(), match[0]), text)
        return text


def _steps(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps, with those of step templates in their place."""
    flat: list[dict[str, Any]] = []
    for step in steps:
        if "template" not in step:
            flat.append(step)
            continue
        file = TEMPLATE.parent / step["template"]
        document = expand(yaml.safe_load(file.read_text(encoding="utf-8")), parameters_of(file, step["parameters"]))
        flat += document["steps"]
    return flat


def parameters_of(file: Path, given: dict[str, Any]) -> dict[str, Any]:
    """A template's parameters, checked as the server checks them."""
    declared = {each["name"]: each for each in yaml.safe_load(file.read_text(encoding="utf-8"))["parameters"]}
    assert given.keys() <= declared.keys()
    values = {name: given[name] if name in given else each["default"] for name, each in declared.items()}
    assert all(values[name] in each.get("values", [values[name]]) for name, each in declared.items())
    return values


def expand(node: Any, parameters: dict[str, Any]) -> Any:
    """Template expressions and `${{ if }}`/`${{ else }}` keys, gone."""
    if isinstance(node, str):
        whole = _WHOLE.fullmatch(node)
        if whole:
            return _value(whole[1], parameters)
        return _WHOLE.sub(lambda match: str(_value(match[1], parameters)), node)
    if isinstance(node, list):
        return [expand(item, parameters) for item in cast(list[Any], node)]
    if not isinstance(node, dict):
        return node
    expanded: dict[str, Any] = {}
    taken = False
    for key, value in cast(dict[str, Any], node).items():
        condition = _CONDITION.fullmatch(key)
        if not condition:
            expanded[key] = expand(value, parameters)
            continue
        taken = bool(_value(condition[1], parameters)) if condition[1] else not taken
        if taken:
            expanded |= expand(value, parameters)
    return expanded


def _value(expression: str, parameters: dict[str, Any]) -> Any:
    return Expression(expression, lambda name: parameters[name.removeprefix("parameters.")]).value()


def _unescape(text: str) -> str:
    for code, char in _UNESCAPED.items():
        text = text.replace(code, char)
    return text
