"""Every payload that enters orchestration history or a work blob. Imports only the standard library.

All are frozen dataclasses. `to_dict` gives plain JSON values; `from_dict` rebuilds them and refuses missing,
unknown or wrongly typed fields with `ValueError`, so that a history of another release fails loudly.
History carries references (`BlobRef`), never documents.
"""

import types
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, Self, Union, cast, get_args, get_origin, get_type_hints

VERSION = 1
"""Version of the payloads below; recorded in `RunInput` and raised when one changes incompatibly."""


class Payload:
    """Adds `to_dict` and `from_dict` to a frozen dataclass of JSON values, payloads and tuples of them."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, fit for history and blobs."""
        return asdict(cast(Any, self))

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Rebuild from `to_dict`'s output; `ValueError` names the field that does not fit."""
        if not isinstance(data, dict):
            raise ValueError(f"{cls.__name__}: expected an object, got {type(data).__name__}")
        given = cast(dict[str, Any], data)
        hints = _hints(cls)
        unknown = given.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{cls.__name__}: unknown field {sorted(unknown)[0]!r}")
        values = {name: _rebuild(hints[name], value, f"{cls.__name__}.{name}") for name, value in given.items()}
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"{cls.__name__}: {error}") from None


@cache
def _hints(cls: type) -> dict[str, Any]:
    names = {field.name for field in fields(cast(Any, cls))}
    return {name: hint for name, hint in get_type_hints(cls).items() if name in names}


def _rebuild(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(hint):
            return None
        (hint,) = (arg for arg in get_args(hint) if arg is not type(None))
        return _rebuild(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where}: expected a list")
        item = get_args(hint)[0]
        return tuple(_rebuild(item, element, where) for element in cast(list[Any], value))
    if isinstance(hint, type) and issubclass(hint, Payload):
        return hint.from_dict(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ValueError(f"{where}: expected {hint.__name__}, got {type(value).__name__}")
    return value


@dataclass(frozen=True)
class BlobRef(Payload):
    """One version of one blob. `size` in bytes, `sha256` in hex."""

    container: str
    name: str
    etag: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Failure(Payload):
    """Why something was not done: `errors.DesignBackendError.to_dict()` without the title."""

    code: str
    detail: str
    mend: str = ""


@dataclass(frozen=True)
class Usage(Payload):
    """What calls to Claude took. Tokens as the API bills them; `seconds` of wall clock."""

    calls: int = 0
    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.output_tokens + other.output_tokens,
            round(self.seconds + other.seconds, 3),
        )

    @property
    def all_input_tokens(self) -> int:
        """Everything the model read, cached or not."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens


@dataclass(frozen=True)
class Call(Payload):
    """One planned agent call. `activity` is the function's name, `deliverable` the file it writes.

    `needs` names the deliverables it reads besides the PRD ("*" means all). `estimated_output_tokens` is the
    agent file's own estimate.
    """

    agent: str
    task: str
    activity: str
    phase: int
    deliverable: str
    summary: str
    needs: tuple[str, ...]
    estimated_output_tokens: int

    @property
    def key(self) -> str:
        """Unique within a run: the agent's name, and its task where it has several."""
        return self.agent if self.task == "draft" else f"{self.agent}:{self.task}"


@dataclass(frozen=True)
class Options(Payload):
    """The resolved options of a run. `db` and `output` are None where nobody asked for one."""

    stack: str
    stack_reason: str
    db: str | None = None
    output: str | None = None


@dataclass(frozen=True)
class RunInput(Payload):
    """The orchestrator's input: one PRD version with one set of options.

    `prd` refers to the run's own copy of the PRD; `prd_name` and `prd_etag` say where it came from.
    `attempts` bounds how often one activity is tried.
    """

    run_id: str
    project: str
    title: str
    prd: BlobRef
    prd_name: str
    prd_etag: str | None
    options: Options
    output_root: str
    calls: tuple[Call, ...]
    attempts: int = 4
    first_retry_seconds: float = 5.0
    version: int = VERSION


@dataclass(frozen=True)
class FolderRequest(Payload):
    """Ask for the run's own folders. `started` is the orchestration's UTC time, ISO 8601."""

    run_id: str
    project: str
    output_root: str
    output: str | None
    started: str


@dataclass(frozen=True)
class Folders(Payload):
    """Where this run writes, inside the output container. `stamp` is YYYYMMDD-HHMMSS in UTC."""

    stamp: str
    project_folder: str
    agents_root: str
    project: str

    def deliverable_path(self, call: Call) -> str:
        """Path of a call's one file: the manifest beside the project, the rest in the agent's own folder."""
        if call.agent == "orchestrator":
            return f"{self.project_folder}/{call.deliverable}"
        return f"{self.agents_root}/{call.agent}/{self.project}-{self.stamp}/{call.deliverable}"


@dataclass(frozen=True)
class Document(Payload):
    """An earlier deliverable handed to an agent."""

    name: str
    agent: str
    ref: BlobRef


@dataclass(frozen=True)
class AgentRequest(Payload):
    """One agent call: who, what for, and references to all it reads."""

    run_id: str
    agent: str
    task: str
    project: str
    stack: str
    db: str | None
    prd: BlobRef
    prd_name: str
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True)
class AgentResult(Payload):
    """What an agent call gave: the draft in the work container, or why there is none."""

    usage: Usage
    model: str = ""
    draft: BlobRef | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class CheckRequest(Payload):
    """Check one draft against its agent's checks."""

    run_id: str
    agent: str
    task: str
    draft: BlobRef


@dataclass(frozen=True)
class CheckResult(Payload):
    """How many findings by severity, and the blob that holds them (None when there are none)."""

    errors: int
    warnings: int
    findings: BlobRef | None = None

    @property
    def total(self) -> int:
        """Findings of any severity."""
        return self.errors + self.warnings


@dataclass(frozen=True)
class PublishRequest(Payload):
    """Copy a checked draft to its place in the output container."""

    draft: BlobRef
    path: str


@dataclass(frozen=True)
class FileEntry(Payload):
    """A file of the pack: its path in the output container, size in bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Outcome(Payload):
    """How one planned call ended. `state` is done, failed, cancelled or waiting (never reached)."""

    key: str
    state: str
    usage: Usage
    model: str = ""
    draft: BlobRef | None = None
    file: FileEntry | None = None
    errors: int = 0
    warnings: int = 0
    findings: BlobRef | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class ManifestRequest(Payload):
    """Write MANIFEST.md. `status` is `running` for the manifest begun in phase 1, else how the run ended.

    `started` and `written` are ISO 8601 UTC times of the orchestration.
    """

    run: RunInput
    folders: Folders
    status: str
    outcomes: tuple[Outcome, ...]
    started: str
    written: str


@dataclass(frozen=True)
class RunResult(Payload):
    """The orchestrator's output: how the run ended, and the work blob that lists the whole pack."""

    status: str
    project: str
    folder: str
    files: BlobRef | None
    usage: Usage
    findings: int


@dataclass(frozen=True)
class Claim(Payload):
    """The work blob `{run_id}/claim.json`: written once, create-if-absent; whoever wrote it starts the run.

    `identity` is what the run id was derived from, `created_at` ISO 8601 UTC, `source` is drop or http.
    """

    run: RunInput
    source: str
    identity: str
    created_at: str
