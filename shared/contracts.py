"""Every payload that enters orchestration history or a work blob. Imports only the standard library.

All are frozen dataclasses. `to_dict` gives plain JSON values; `from_dict` rebuilds them and refuses missing,
unknown or wrongly typed fields with `ValueError`, so that a history of another release fails loudly.
History carries references (`BlobRef`), never documents; what it holds in great number reads in short (`to_value`).
"""

import base64
import re
import types
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Self, Union, cast, get_args, get_origin, get_type_hints

VERSION = 1
"""Version of the payloads below; recorded in `RunInput` and raised when one changes incompatibly."""
_REFERENCE = re.compile(r"(?P<container>[^/ ]+)/(?P<name>.+) (?P<size>\d{1,15}) (?P<digest>[\w-]{43})")


PLACE_EVENT = "place"
"""Name of the external event that tells a waiting run to look for a place again."""


class Payload:
    """Adds `to_dict` and `from_dict` to a frozen dataclass of JSON values, payloads and tuples of them."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, fit for history and blobs; fields that have their default value are left out."""
        values: dict[str, Any] = {}
        for field in fields(cast(Any, self)):
            value = getattr(self, field.name)
            if value != field.default:
                values[field.name] = _plain(value)
        return values

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

    def to_value(self) -> Any:
        """How this reads as a field of another payload."""
        return self.to_dict()

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Rebuild from `to_value`'s output."""
        return cls.from_dict(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Payload):
        return value.to_value()
    return [_plain(item) for item in cast(tuple[Any, ...], value)] if isinstance(value, tuple) else value


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
        return hint.from_value(value)
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
    sha256: str
    size: int

    def to_value(self) -> str:
        """`container/name size sha256`, the digest in URL-safe base64."""
        digest = base64.urlsafe_b64encode(bytes.fromhex(self.sha256)).decode().rstrip("=")
        return f"{self.container}/{self.name} {self.size} {digest}"

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Rebuild from that line; `ValueError` where it is none."""
        if not isinstance(value, str) or not (read := _REFERENCE.fullmatch(value)):
            raise ValueError(f"BlobRef: expected `container/name size sha256`, got {value!r:.100}")
        digest = base64.urlsafe_b64decode(read["digest"] + "=").hex()
        return cls(read["container"], read["name"], digest, int(read["size"]))


@dataclass(frozen=True)
class Failure(Payload):
    """Why something was not done: `errors.DesignBackendError.to_dict()` without the title."""

    code: str
    detail: str
    mend: str = ""


@dataclass(frozen=True)
class Usage(Payload):
    """What calls to Claude took. Tokens as the API bills them; `seconds` of wall clock.

    `thinking_tokens` are part of `output_tokens`. `attempts` counts every try, `reused` the answers
    that an earlier run had paid for. `first_token_seconds` adds up over `calls`; `longest_prompt_tokens` is the longest
    single request's, because some models price by it. `batched` is the part of all this that came in batches, at half
    price. Fields are only ever added at the end: see `to_value`.
    """

    calls: int = 0
    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    thinking_tokens: int = 0
    attempts: int = 0
    reused: int = 0
    first_token_seconds: float = 0.0
    longest_prompt_tokens: int = 0
    batched: "Usage | None" = None

    def to_value(self) -> list[Any]:
        """The numbers in the order of the fields, without the zeros at the end; of what was batched, such a list."""
        numbers = [_plain(getattr(self, field.name)) for field in fields(self)]
        while numbers and not numbers[-1]:
            numbers.pop()
        return numbers

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Rebuild from that list."""
        names = [field.name for field in fields(cls)]
        if not isinstance(value, list) or len(cast(list[Any], value)) > len(names):
            raise ValueError(f"Usage: expected a list of at most {len(names)} numbers")
        return cls.from_dict(dict(zip(names, cast(list[Any], value), strict=False)))

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=round(self.seconds + other.seconds, 3),
            thinking_tokens=self.thinking_tokens + other.thinking_tokens,
            attempts=self.attempts + other.attempts,
            reused=self.reused + other.reused,
            first_token_seconds=round(self.first_token_seconds + other.first_token_seconds, 3),
            longest_prompt_tokens=max(self.longest_prompt_tokens, other.longest_prompt_tokens),
            batched=self.batched + other.batched if self.batched and other.batched else self.batched or other.batched,
        )

    @property
    def all_input_tokens(self) -> int:
        """Everything the model read, cached or not."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens

    @property
    def tokens(self) -> int:
        """Everything that was read and written."""
        return self.all_input_tokens + self.output_tokens


@dataclass(frozen=True)
class ModelPrice(Payload):
    """A model's price in US dollars per million tokens.

    A request whose prompt is longer than `long_prompt_tokens` costs `long_prompt_factor` times as much, all of it;
    0 means that length does not matter.
    """

    model: str
    input: float
    output: float
    cache_write: float
    cache_read: float
    long_prompt_tokens: int = 0
    long_prompt_factor: float = 1.0


@dataclass(frozen=True)
class Prices(Payload):
    """What models cost as of a day (ISO 8601). A run keeps the prices it was started with."""

    as_of: str = ""
    models: tuple[ModelPrice, ...] = ()


@dataclass(frozen=True)
class Cap(Payload):
    """The most that a run may spend, in tokens and in US dollars. 0 means that there is no such cap."""

    tokens: int = 0
    usd: float = 0.0


@dataclass(frozen=True)
class Call(Payload):
    """One planned agent call. `activity` is the function's name, `deliverable` the file it writes.

    `needs` names the deliverables it reads besides the PRD ("*" means all). `estimated_output_tokens` is the
    agent file's own estimate. `model` is the one that was to answer when the run was started.
    """

    agent: str
    task: str
    activity: str
    phase: int
    deliverable: str
    summary: str
    needs: tuple[str, ...]
    estimated_output_tokens: int
    model: str = ""

    @property
    def key(self) -> str:
        """Unique within a run: the agent's name, and its task where it has several."""
        return self.agent if self.task == "draft" else f"{self.agent}:{self.task}"


@dataclass(frozen=True)
class Options(Payload):
    """The resolved options of a run. `db` and `output` are None where nobody asked for one.

    With `economy`, calls go through the Message Batches API: half the price, and up to 24 hours for each phase.
    """

    stack: str
    stack_reason: str
    db: str | None = None
    output: str | None = None
    economy: bool = False


@dataclass(frozen=True)
class Polling(Payload):
    """When a run looks at a batch: first after `first_seconds`, then ever later, up to every `longest_seconds`."""

    first_seconds: float = 30.0
    growth: float = 1.5
    longest_seconds: float = 900.0


@dataclass(frozen=True)
class Patience(Payload):
    """How long a run waits for Claude, in seconds: the first wait, the longest one, and all waits of one call."""

    first_seconds: float = 5.0
    longest_seconds: float = 600.0
    total_seconds: float = 7_200.0


@dataclass(frozen=True)
class RunInput(Payload):
    """The orchestrator's input: one PRD version with one set of options.

    `prd` refers to the run's own copy of the PRD; `prd_name` and `prd_etag` say where it came from.
    `attempts` bounds how often one activity is tried, `revisions` how often a deliverable goes back to its agent: for
    its own findings, and again for findings across documents. A `fresh` run takes no answer from earlier ones.
    `prefix_tokens` is the length of what all calls read, counted by Claude or else (`prefix_counted`) by rule of thumb.
    `requirements` is how many were found in the PRD; those from line `untraced_from` on (0: none) are not traced.
    `caller` tells who asked for the run over HTTP from other callers, and nothing else.
    `max_active` is how many runs may be active at once; 0 means that this one waits for none.
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
    revisions: int = 2
    patience: Patience = Patience()
    polling: Polling = Polling()
    fresh: bool = False
    cap: Cap = Cap()
    prices: Prices = Prices()
    prefix_tokens: int = 0
    prefix_counted: bool = False
    requirements: int = 0
    untraced_from: int = 0
    caller: str = ""
    max_active: int = 0
    version: int = VERSION


@dataclass(frozen=True)
class PlaceRequest(Payload):
    """Ask for a place among `limit` active runs. `since` is when the run began to wait, ISO 8601 UTC."""

    run_id: str
    since: str
    limit: int


@dataclass(frozen=True)
class Place(Payload):
    """Whether a run may begin; if not, how many wait before it."""

    taken: bool
    ahead: int = 0


@dataclass(frozen=True)
class NextRuns(Payload):
    """The waiting runs that can be let in."""

    run_ids: tuple[str, ...] = ()


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
    """One agent call: who, what for, and references to all it reads.

    A revision (1, 2, ...) also refers to the agent's own text so far and to the findings to mend.
    """

    run_id: str
    agent: str
    task: str
    project: str
    stack: str
    db: str | None
    prd: BlobRef
    prd_name: str
    documents: tuple[Document, ...] = ()
    revision: int = 0
    previous: BlobRef | None = None
    findings: BlobRef | None = None
    fresh: bool = False


@dataclass(frozen=True)
class WarmRequest(Payload):
    """Have the prompt prefix that calls are about to share put into Claude's cache.

    `first` is the first of these calls; the others differ from it by their agent alone.
    """

    run_id: str
    first: AgentRequest
    agents: tuple[str, ...]


@dataclass(frozen=True)
class WarmResult(Payload):
    """What warming took, and of which model; nothing where it would not have paid off."""

    usage: Usage
    model: str = ""


@dataclass(frozen=True)
class Interruption(Payload):
    """A call that is worth trying again later. `retry_after` is the seconds that the API asked to wait, if it did.

    Waits that are `steady` do not grow: what is waited for is under way, nothing is overloaded.
    """

    detail: str
    retry_after: float | None = None
    steady: bool = False


@dataclass(frozen=True)
class AgentResult(Payload):
    """What an agent call gave: the draft in the work container, why there is none, or why to try again later."""

    usage: Usage
    model: str = ""
    draft: BlobRef | None = None
    failure: Failure | None = None
    interruption: Interruption | None = None


@dataclass(frozen=True)
class BatchRequest(Payload):
    """Have calls made as one batch, unless their answers are there. `batch` is its record, a blob of the run."""

    run_id: str
    batch: str
    requests: tuple[AgentRequest, ...]


@dataclass(frozen=True)
class BatchLook(Payload):
    """Look after a batch: send what is not sent yet, collect what has been answered; or call it off."""

    run_id: str
    batch: str


@dataclass(frozen=True)
class BatchState(Payload):
    """How far a batch is. Once it is `ended`, answers are in the call store and `unanswered` calls are to be made live.

    `id` is the API's, as soon as it is known; `detail` says why nothing could be learned this time.
    """

    ended: bool
    unanswered: int = 0
    id: str = ""
    detail: str = ""


@dataclass(frozen=True)
class CheckRequest(Payload):
    """Check one draft against its agent's checks. `revision` numbers the drafts of a deliverable from 0."""

    run_id: str
    agent: str
    task: str
    draft: BlobRef
    prd: BlobRef
    stack: str
    db: str | None
    revision: int = 0


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
class PackCheckRequest(Payload):
    """Hold all documents of a run against each other and the PRD. `round` numbers these checks from 0."""

    run_id: str
    documents: tuple[Document, ...]
    prd: BlobRef
    stack: str
    db: str | None
    round: int


@dataclass(frozen=True)
class Tally(Payload):
    """How many findings a deliverable has, by severity."""

    deliverable: str
    errors: int
    warnings: int


@dataclass(frozen=True)
class PackCheckResult(Payload):
    """Findings across documents: how many for each deliverable, and the blob that holds them all.

    `failure` says why the check could not be made; then nothing has passed it.
    """

    tallies: tuple[Tally, ...] = ()
    findings: BlobRef | None = None
    failure: Failure | None = None


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
    """How one planned call ended. `state` is done, failed, cancelled or waiting (never reached).

    `errors`, `warnings` and `findings` are those of the last draft's own checks, `first_findings` those of the first.
    """

    key: str
    state: str
    usage: Usage
    model: str = ""
    draft: BlobRef | None = None
    file: FileEntry | None = None
    errors: int = 0
    warnings: int = 0
    findings: BlobRef | None = None
    first_findings: BlobRef | None = None
    revisions: int = 0
    failure: Failure | None = None


@dataclass(frozen=True)
class ManifestRequest(Payload):
    """Write MANIFEST.md. `status` is `running` for the manifest begun in phase 1, else how the run ended.

    `warming` is what putting the shared prefix into the cache of `warming_model` took.
    `across` are the last findings across documents, `first_across` those before any was mended.
    `started` and `written` are ISO 8601 UTC times of the orchestration.
    """

    run: RunInput
    folders: Folders
    status: str
    outcomes: tuple[Outcome, ...]
    started: str
    written: str
    across: PackCheckResult = PackCheckResult()
    first_across: PackCheckResult = PackCheckResult()
    warming: Usage = Usage()
    warming_model: str = ""


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

    `identity` is what the run id was derived from, `created_at` ISO 8601 UTC, `source` is drop, http, or sweep where
    the drop's event never came.
    """

    run: RunInput
    source: str
    identity: str
    created_at: str


def claim_name(run_id: str) -> str:
    """The work blob that makes a run exist, and that holds what all its steps share."""
    return f"{run_id}/claim.json"
