"""Loads the agents: one Markdown file each in shared/agents/. Reads those files, nothing else.

A file is TOML front matter between two `+++` lines, then the role prompt. Prompts may use the variables in
`VARIABLES` as `{{ name }}`. An agent with several tasks declares `[tasks.NAME]` tables and divides its prompt
with `<!-- task: NAME -->` lines; all others have the one task `draft`. `tier` (optional) names the model settings that
answer for the agent. A malformed file raises `AgentFileError`.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, cast

from shared.agents.models import DEFAULT_TIER, TIERS
from shared.contracts import Call
from shared.errors import AgentFileError

FOLDER = Path(__file__).parent
SYSTEM_PROMPT = "system.md"
REVISION_PROMPT = "revise.md"
CONTINUATION_PROMPT = "continue.md"
VARIABLES = ("project", "stack", "database")
ALL = "*"
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_TASK_MARK = re.compile(r"^<!-- task: ([a-z-]+) -->[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Task:
    """What an agent can be asked for: its required `##` sections, what it reads, and its prompt."""

    name: str
    phase: int
    summary: str
    sections: tuple[str, ...]
    needs: tuple[str, ...]
    typical_output_tokens: int
    prompt: str


@dataclass(frozen=True)
class Agent:
    """One expert. `stack` is set for language specialists: the stack that calls them."""

    name: str
    title: str
    deliverable: str
    stack: str | None
    checks: tuple[str, ...]
    tasks: dict[str, Task]
    tier: str = DEFAULT_TIER

    @property
    def activity(self) -> str:
        """Name of the agent's activity function."""
        return self.name.replace("-", "_")

    def call(self, task: str) -> Call:
        """The planned call for one of the agent's tasks."""
        chosen = self.tasks[task]
        return Call(
            agent=self.name,
            task=task,
            activity=self.activity,
            phase=chosen.phase,
            deliverable=self.deliverable,
            summary=chosen.summary,
            needs=chosen.needs,
            estimated_output_tokens=chosen.typical_output_tokens,
        )


@dataclass(frozen=True)
class RevisionPrompt:
    """How a revision is asked for: the rules of all that mend findings, or of an `update`; then the form of its answer.

    `again` follows `edits` where some did not apply. `edits` uses the variable `fingerprint`.
    """

    rules: str
    update: str
    edits: str
    again: str
    whole: str


@dataclass(frozen=True)
class Catalogue:
    """All agents by name, the system text they share, and how each is asked to revise or continue its text."""

    agents: dict[str, Agent]
    system: str
    revision: RevisionPrompt
    continuation: str

    def __getitem__(self, name: str) -> Agent:
        return self.agents[name]

    def calls_for(self, stack: str) -> tuple[Call, ...]:
        """The agent calls of a run on `stack`, in order of phase and name; language specialists come last."""
        chosen = [agent for agent in self.agents.values() if agent.stack in (None, stack)]
        ordered = sorted(chosen, key=lambda agent: (agent.stack is not None, agent.name))
        calls = [agent.call(task) for agent in ordered for task in agent.tasks]
        return tuple(sorted(calls, key=lambda call: call.phase))


@cache
def catalogue() -> Catalogue:
    """The installed agents, read once a process."""
    return load(FOLDER)


def load(folder: Path) -> Catalogue:
    """Read every agent file of `folder`. Raises `AgentFileError` with file and line."""
    shared = (SYSTEM_PROMPT, REVISION_PROMPT, CONTINUATION_PROMPT)
    paths = sorted(path for path in folder.glob("*.md") if path.name not in shared)
    agents = {agent.name: agent for agent in map(_load_agent, paths)}
    system, revision, continuation = ((folder / name).read_text(encoding="utf-8") for name in shared)
    return Catalogue(agents, system, _revision_prompt(revision), continuation)


def _revision_prompt(text: str) -> RevisionPrompt:
    parts = _TASK_MARK.split(text)
    prompts = {name: prompt.strip() for name, prompt in zip(parts[1::2], parts[2::2], strict=True)}
    wanted = [field.name for field in fields(RevisionPrompt)]
    if sorted(prompts) != sorted(wanted) or parts[0].strip():
        raise AgentFileError(REVISION_PROMPT, 1, f"it must be divided by '<!-- task: NAME -->' lines for {wanted}")
    return RevisionPrompt(**prompts)


def _load_agent(path: Path) -> Agent:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if not lines or lines[0].strip() != "+++" or "+++" not in [line.strip() for line in lines[1:]]:
        raise AgentFileError(path.name, 1, "the file must begin with TOML front matter between two '+++' lines")
    end = next(number for number, line in enumerate(lines[1:], 1) if line.strip() == "+++")
    head = _Head(path.name, lines[1:end])
    body = "\n".join(lines[end + 1 :])
    _check_variables(path.name, body, first_line=end + 2)
    agent = _agent_from(head, body, path.stem)
    head.refuse_leftovers()
    return agent


def _agent_from(head: "_Head", body: str, stem: str) -> Agent:
    name = head.take("name", str)
    if name != stem:
        raise head.error("name", f"name {name!r} must equal the file's name {stem!r}")
    tables = head.take("tasks", dict, default=None)
    if tables is None:
        tasks = {"draft": _task("draft", head, body)}
    else:
        prompts = _split_prompts(head, body, tables)
        tasks = {task: _task(task, head.table(f"tasks.{task}", tables[task]), prompts[task]) for task in tables}
    return Agent(
        name=name,
        title=head.take("title", str),
        deliverable=head.take("deliverable", str),
        stack=head.take("stack", str, default=None),
        checks=head.strings("checks"),
        tasks=tasks,
        tier=_tier(head),
    )


def _tier(head: "_Head") -> str:
    tier = head.take("tier", str, default=DEFAULT_TIER)
    if tier not in TIERS:
        raise head.error("tier", f"tier {tier!r} is not one of {', '.join(TIERS)}")
    return tier


def _task(name: str, head: "_Head", prompt: str) -> Task:
    task = Task(
        name=name,
        phase=head.take("phase", int),
        summary=head.take("summary", str),
        sections=head.strings("sections"),
        needs=head.strings("needs"),
        typical_output_tokens=head.take("typical_output_tokens", int),
        prompt=prompt.strip(),
    )
    if not task.sections:
        raise head.error("sections", "at least one required section must be named")
    if not task.prompt:
        raise head.error("name", f"the prompt of task {name!r} is empty")
    if head.is_nested:
        head.refuse_leftovers()
    return task


def _split_prompts(head: "_Head", body: str, tables: Iterable[str]) -> dict[str, str]:
    parts = _TASK_MARK.split(body)
    prompts = dict(zip(parts[1::2], parts[2::2], strict=True))
    if prompts.keys() != set(tables) or parts[0].strip():
        raise head.error("tasks", f"the prompt must be divided by '<!-- task: NAME -->' lines for {sorted(tables)}")
    return prompts


def _check_variables(file: str, body: str, first_line: int) -> None:
    for match in _VARIABLE.finditer(body):
        if match[1] not in VARIABLES:
            line = first_line + body.count("\n", 0, match.start())
            raise AgentFileError(file, line, f"unknown variable {match[1]!r}; known are {', '.join(VARIABLES)}")


def fill(prompt: str, values: dict[str, str]) -> str:
    """Replace each `{{ name }}`; every variable must be given (`KeyError` otherwise)."""
    return _VARIABLE.sub(lambda match: values[match[1]], prompt)


class _Head:
    """A front matter table that is taken apart key by key, so that what is left over is an error."""

    def __init__(self, file: str, lines: list[str], values: dict[str, Any] | None = None, table: str = "") -> None:
        self._file = file
        self._lines = lines
        self._table = table
        self._values = self._parse() if values is None else dict(values)

    @property
    def is_nested(self) -> bool:
        return bool(self._table)

    def _parse(self) -> dict[str, Any]:
        try:
            return tomllib.loads("\n".join(self._lines))
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"at line (\d+)", str(error))
            line = int(place[1]) + 1 if place else 1
            raise AgentFileError(self._file, line, f"front matter is not valid TOML: {error}") from None

    def error(self, key: str, detail: str) -> AgentFileError:
        """An error at the line where `key` stands (its table's line, or the top, where it does not)."""
        pattern = re.compile(rf"\s*{re.escape(key)}\s*=|\s*\[{re.escape(self._table or key)}")
        line = next((number for number, text in enumerate(self._lines, 2) if pattern.match(text)), 1)
        return AgentFileError(self._file, line, detail)

    def table(self, name: str, values: object) -> "_Head":
        if not isinstance(values, dict):
            raise self.error(name, f"{name} must be a table")
        return _Head(self._file, self._lines, cast(dict[str, Any], values), name)

    def take(self, key: str, kind: type, **default: Any) -> Any:
        if key not in self._values:
            if "default" in default:
                return default["default"]
            raise self.error(key, f"{key!r} is missing")
        value = self._values.pop(key)
        if not isinstance(value, kind):
            raise self.error(key, f"{key!r} must be {kind.__name__}, not {type(value).__name__}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        values = cast(list[object], self.take(key, list, default=[]))
        if not all(isinstance(value, str) and value for value in values):
            raise self.error(key, f"{key!r} must be a list of texts")
        return tuple(cast(list[str], values))

    def refuse_leftovers(self) -> None:
        if self._values:
            key = next(iter(self._values))
            raise self.error(key, f"unknown key {key!r}")
