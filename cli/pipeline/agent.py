"""The agent of Azure DevOps: what a step is told in the environment, and the logging commands that it prints.

https://learn.microsoft.com/azure/devops/pipelines/build/variables and .../pipelines/scripts/logging-commands
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

import typer

from cli.errors import BadUsage
from cli.terminal import clean

_ESCAPED = {"%": "%AZP25", "\r": "%0D", "\n": "%0A", ";": "%3B", "]": "%5D"}
_VALUE_ESCAPED = re.compile(r"[%\r\n]")
_PROPERTY_ESCAPED = re.compile(r"[%\r\n;\]]")


@dataclass(frozen=True, slots=True)
class Agent:
    """Where a step runs. `pull_request` is None outside a pull request's build; `token` may be missing."""

    collection: str
    project: str
    repository: str
    provider: str
    definition: str
    build: str
    branch: str
    pull_request: str | None
    target: str | None
    token: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """What the agent has set; `BadUsage` on a machine that is none."""

        def told(name: str) -> str:
            value = environment.get(name, "")
            return "" if value.startswith("$(") else value  # an agent leaves the macro of an unknown variable as it is

        if not told("SYSTEM_COLLECTIONURI") or not told("BUILD_BUILDID"):
            raise BadUsage("this is no step of a pipeline: SYSTEM_COLLECTIONURI and BUILD_BUILDID are not set")
        return cls(
            collection=told("SYSTEM_COLLECTIONURI").rstrip("/"),
            project=told("SYSTEM_TEAMPROJECT"),
            repository=told("BUILD_REPOSITORY_ID"),
            provider=told("BUILD_REPOSITORY_PROVIDER"),
            definition=told("SYSTEM_DEFINITIONID"),
            build=told("BUILD_BUILDID"),
            branch=told("BUILD_SOURCEBRANCH"),
            pull_request=told("SYSTEM_PULLREQUEST_PULLREQUESTID") or None,
            target=told("SYSTEM_PULLREQUEST_TARGETBRANCH") or None,
            token=told("SYSTEM_ACCESSTOKEN"),
        )


def set_output(name: str, value: str) -> None:
    """Set an output variable, which later jobs can read."""
    _command("task.setvariable", {"variable": name, "isOutput": "true"}, value)


def report_issue(kind: Literal["error", "warning"], message: str, path: str | None = None) -> None:
    """An error or warning on the build's page, at a file of the repository."""
    _command("task.logissue", {"type": kind} | ({"sourcepath": path} if path else {}), message)


def attach_summary(path: str) -> None:
    """Show a Markdown file on the build's page."""
    _command("task.uploadsummary", {}, path)


def succeed_with_issues(message: str) -> None:
    """Let the step succeed, marked."""
    _command("task.complete", {"result": "SucceededWithIssues"}, message)


def _command(name: str, properties: Mapping[str, str], value: str) -> None:
    """Print a logging command; nothing in a value can end it or begin another."""
    given = "".join(f"{key}={_escape(_PROPERTY_ESCAPED, text)};" for key, text in properties.items())
    typer.echo(f"##vso[{name}{' ' if given else ''}{given}]{_escape(_VALUE_ESCAPED, clean(value))}")


def _escape(shape: re.Pattern[str], text: str) -> str:
    return shape.sub(lambda match: _ESCAPED[match[0]], text)
