"""What the app's HTTP interface answers, as typed records parsed at the boundary. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

from cli.errors import BadAnswer

type Json = Mapping[str, object]

ENDED = frozenset({"completed", "completed_with_findings", "partial", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class AgentCall:
    """One agent's task within a run, and how far it is. `reused` counts answers that an earlier run had paid for.

    `retry_at` is when something it waits for is looked at again (ISO 8601, UTC).
    """

    agent: str
    task: str
    deliverable: str
    state: str
    seconds: float | None
    input_tokens: int
    output_tokens: int
    file: str | None
    error: str | None
    reused: int
    retry_at: str | None

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(
            agent=text(data, "agent"),
            task=text(data, "task"),
            deliverable=text(data, "deliverable"),
            state=text(data, "state"),
            seconds=number(data, "seconds") if data.get("seconds") is not None else None,
            input_tokens=int(number(data, "input_tokens")),
            output_tokens=int(number(data, "output_tokens")),
            file=words(data.get("file")),
            error=words(data.get("error")),
            reused=int(number(table(data, "usage"), "reused")),
            retry_at=words(data.get("retry_at")),
        )

    @property
    def label(self) -> str:
        """The agent's name, with its task where that is more than writing its draft."""
        return self.agent if self.task == "draft" else f"{self.agent} ({self.task})"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run has used so far."""

    calls: int
    input_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    output_tokens: int
    seconds: float
    reused: int

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(
            calls=int(number(data, "calls")),
            input_tokens=int(number(data, "input_tokens")),
            cache_write_tokens=int(number(data, "cache_write_tokens")),
            cache_read_tokens=int(number(data, "cache_read_tokens")),
            output_tokens=int(number(data, "output_tokens")),
            seconds=number(data, "seconds"),
            reused=int(number(data, "reused")),
        )


@dataclass(frozen=True, slots=True)
class RunFile:
    """One file of a run: its path in the output container, and what its bytes must be."""

    path: str
    size: int
    sha256: str
    url: str

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(
            path=text(data, "path"),
            size=int(number(data, "size")),
            sha256=text(data, "sha256").lower(),
            url=text(data, "url"),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A run as GET /api/runs/{id} shows it; `raw` is the answer as it came, for --json.

    `ahead` is how many queued runs come before it; None where it is not queued.

    `cost` is None where the app does not know a price, and where it does not reckon at all (`is_priced` tells).
    """

    id: str
    status: str
    project: str
    prd: str
    phase: str
    created_at: str
    updated_at: str
    agents: tuple[AgentCall, ...]
    usage: Usage
    cost: float | None
    is_priced: bool
    findings: int
    files: tuple[RunFile, ...]
    error: str | None
    raw: Json
    ahead: int | None = None
    not_judged: int = 0
    verdict: tuple[str, ...] = ()
    estimated_seconds: float = 0.0

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(
            id=text(data, "id"),
            status=text(data, "status"),
            ahead=_ahead(data),
            not_judged=int(number(data, "not_judged")),
            verdict=lines(data, "verdict"),
            estimated_seconds=number(data, "estimated_seconds"),
            project=words(data.get("project")) or "",
            prd=words(table(data, "prd").get("name")) or "",
            phase=words(data.get("phase") or None) or "",
            created_at=words(data.get("created_at")) or "",
            updated_at=words(data.get("updated_at")) or "",
            agents=tuple(AgentCall.from_dict(row) for row in rows(data, "agents")),
            usage=Usage.from_dict(table(data, "usage")),
            cost=number(data, "cost_usd") if data.get("cost_usd") is not None else None,
            is_priced="cost_usd" in data,
            findings=int(number(data, "findings")),
            files=tuple(RunFile.from_dict(row) for row in rows(data, "files")),
            error=words(data.get("error")),
            raw=data,
        )

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as GET /api/runs lists it."""

    id: str
    status: str
    project: str
    prd: str
    created_at: str
    ahead: int | None = None

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(
            id=text(data, "id"),
            status=text(data, "status"),
            project=words(data.get("project")) or "",
            prd=words(data.get("prd")) or "",
            created_at=words(data.get("created_at")) or "",
            ahead=_ahead(data),
        )


@dataclass(frozen=True, slots=True)
class RunList:
    """The answer to GET /api/runs."""

    runs: tuple[RunRow, ...]
    raw: Json

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(runs=tuple(RunRow.from_dict(row) for row in rows(data, "runs")), raw=data)


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to POST /api/plan; `text` is the Execution Plan Summary as people read it."""

    text: str
    raw: Json

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(text=text(table(data, "plan"), "text"), raw=data)


@dataclass(frozen=True, slots=True)
class Started:
    """The answer to POST /api/runs; `created` is false where this very design was there already."""

    id: str
    status: str
    created: bool
    plan: Plan

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        return cls(
            id=text(data, "id"),
            status=text(data, "status"),
            created=data.get("created") is not False,
            plan=Plan.from_dict(data),
        )


def text(data: Json, name: str) -> str:
    """The string called `name`; BadAnswer where it is none."""
    value = data.get(name)
    if not isinstance(value, str):
        raise _unfit(name, "text")
    return value


def number(data: Json, name: str) -> float:
    """The number called `name`, 0 where it is missing or null; BadAnswer where it is something else."""
    value = data.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unfit(name, "number")
    return value


def table(data: Json, name: str) -> Json:
    """The object called `name`, empty where it is missing or null; BadAnswer for anything else."""
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _unfit(name, "object")
    return cast(Json, value)


def rows(data: Json, name: str) -> list[Json]:
    """The list of objects called `name`, empty where it is missing or null; BadAnswer otherwise."""
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in cast(list[object], value)):
        raise _unfit(name, "list")
    return cast(list[Json], value)


def lines(data: Json, name: str) -> tuple[str, ...]:
    """The list of texts called `name`, empty where it is missing or null; BadAnswer otherwise."""
    value = data.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(line, str) for line in cast(list[object], value)):
        raise _unfit(name, "list")
    return tuple(cast(list[str], value))


def words(value: object) -> str | None:
    """A value as something to read: of a problem its title, detail and mend; None where there is nothing."""
    if not isinstance(value, Mapping):
        return str(value) if value is not None and value != "" else None
    said = cast(Json, value)
    title = said.get("title") or said.get("name")
    detail = said.get("detail") or said.get("message")
    start = f"{title}: {detail}" if title and detail else title or detail
    return " ".join(str(part) for part in (start, said.get("mend")) if part) or None


def _ahead(data: Json) -> int | None:
    return int(number(data, "ahead")) if data.get("ahead") is not None else None


def _unfit(name: str, kind: str) -> BadAnswer:
    return BadAnswer(f"the answer has no {kind} in '{name}'; is it a design-backend app of this version?")
