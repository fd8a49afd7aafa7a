"""A run: its options and planned calls, how long it waits and looks, its input, claim and output."""

from dataclasses import dataclass

from shared.contracts.incremental import Base
from shared.contracts.payload import Payload
from shared.contracts.references import BlobRef
from shared.contracts.spending import Cap, Prices, Usage

VERSION = 1
"""Version of the payloads of this package; recorded in `RunInput` and raised when one changes incompatibly."""


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

    With `economy`, calls go through the Message Batches API: half the price, and up to 24 hours for each phase. With
    `full`, the run goes on from no earlier pack.
    """

    stack: str
    stack_reason: str
    db: str | None = None
    output: str | None = None
    economy: bool = False
    full: bool = False


@dataclass(frozen=True)
class Converted(Payload):
    """What a PRD was before it became text: its format as people call it, the document's size and SHA-256.

    `lost` names what the text does not hold, such as images.
    """

    format: str
    size: int
    sha256: str
    lost: tuple[str, ...] = ()

    def in_words(self) -> str:
        """One sentence for people."""
        left = f"; left out: {', '.join(self.lost)}" if self.lost else ""
        return f"Converted from {self.format} ({self.size:,} bytes){left}."


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
    `attempts` bounds how often one activity is tried, `revisions` how often a deliverable goes back to its agent: what
    others build on for its own findings, and every one for all that is known of it once the documents are there. With
    `by_edits`, revisions are edits, and go from what others build on to what is built on it; without (runs that were
    started before), each is a whole document. A `fresh` run takes no answer from earlier ones.
    `prefix_tokens` is the length of what all calls read, counted by Claude or else (`prefix_counted`) by rule of thumb.
    `requirements` is how many were found in the PRD; those from line `untraced_from` on (0: none) are not traced.
    `caller` tells who asked for the run over HTTP from other callers, and nothing else.
    `max_active` is how many runs may be active at once; 0 means that this one waits for none.
    `converted` says what the PRD was before it became text; None where it was sent as text.
    With a `base`, only what the PRD's changes reach is revised; the rest of the earlier pack is carried over.
    `signed` has each step's result repeat the signature of its request (`shared/signing.py`).
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
    by_edits: bool = False
    signed: bool = False
    converted: Converted | None = None
    base: Base | None = None
    version: int = VERSION


@dataclass(frozen=True)
class RunResult(Payload):
    """The orchestrator's output: how the run ended, and the work blob that lists the whole pack.

    `findings` counts errors and warnings, `not_judged` what rules could not judge; `verdict` is the manifest's.
    """

    status: str
    project: str
    folder: str
    files: BlobRef | None
    usage: Usage
    findings: int
    not_judged: int = 0
    verdict: tuple[str, ...] = ()


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
