"""Calls of agents: one alone, many in a batch, and the warming of the cache that they share."""

from dataclasses import dataclass

from shared.contracts.failures import Failure, Interruption
from shared.contracts.payload import Payload
from shared.contracts.references import BlobRef, Document
from shared.contracts.spending import Usage

EDITS, AGAIN, WHOLE = "edits", "again", "whole"
BY_EDITS = (EDITS, AGAIN)
"""Forms of a revision that are answered with edits."""


@dataclass(frozen=True)
class AgentRequest(Payload):
    """One agent call: who, what for, and references to all it reads.

    A revision (1, 2, ...) also refers to the agent's own text so far and to the findings to mend: those of its own
    checks and those `across` documents. `form` says how it is to be answered: with `edits`; with edits `again`, where
    not all those in an earlier `answer` applied; else with the `whole` document (also where it is empty, as in runs
    that were started before there were edits). An update of an earlier pack (revision 0) refers to the `changes` of the
    PRD instead of findings, and names what `moved` in the architecture since.
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
    across: BlobRef | None = None
    form: str = ""
    answer: BlobRef | None = None
    changes: BlobRef | None = None
    moved: tuple[str, ...] = ()


@dataclass(frozen=True)
class AgentResult(Payload):
    """What an agent call gave: the draft in the work container, why there is none, or why to try again later.

    Where the `answer` is edits and not all of them apply, it is kept; the draft has those that do.
    """

    usage: Usage
    model: str = ""
    draft: BlobRef | None = None
    failure: Failure | None = None
    interruption: Interruption | None = None
    answer: BlobRef | None = None


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


NO_USAGE = Usage()


@dataclass(frozen=True)
class Begun(Payload):
    """What there is of an answer after some of its parts, and why the last one stopped.

    `owed` is what it took and is in nobody's account yet: so with what a batch began.
    """

    text: str = ""
    stopped: str = ""
    parts: int = 0
    owed: Usage = NO_USAGE


NOTHING = Begun()
