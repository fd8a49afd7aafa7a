"""Every payload that enters orchestration history or a work blob. Imports only the standard library.

All are frozen dataclasses. `to_dict` gives plain JSON values; `from_dict` rebuilds them and refuses missing,
unknown or wrongly typed fields with `ValueError`, so that a history of another release fails loudly.
History carries references (`BlobRef`), never documents; what it holds in great number reads in short (`to_value`).
"""

from shared.contracts.callbacks import (
    AwaitedRun,
    Callback,
    CallbackOutcome,
    CompleteRequest,
    CompleteResult,
    PipelineTask,
    TellRequest,
    TellResult,
)
from shared.contracts.calls import (
    AGAIN,
    BY_EDITS,
    EDITS,
    NOTHING,
    WHOLE,
    AgentRequest,
    AgentResult,
    BatchLook,
    BatchRequest,
    BatchState,
    Begun,
    WarmRequest,
    WarmResult,
)
from shared.contracts.checks import CheckRequest, CheckResult, PackCheckRequest, PackCheckResult, ReferenceCount, Tally
from shared.contracts.failures import Failure, Interruption
from shared.contracts.findings import (
    SENT_BACK,
    Finding,
    Rule,
    Severity,
    by_rule,
    errors_and_warnings,
    found,
    not_judged,
    unjudged,
)
from shared.contracts.history import in_full, in_short, run_of
from shared.contracts.incremental import MAYBE, SURE, Base, BaseText, Moves, MovesRequest
from shared.contracts.packs import FileEntry, FolderRequest, Folders, ManifestRequest, Outcome, PublishRequest
from shared.contracts.payload import Payload
from shared.contracts.references import BlobRef, Document
from shared.contracts.registry import RegisteredFile, Registry
from shared.contracts.run_slots import SLOT_EVENT, NextRuns, Slot, SlotRequest
from shared.contracts.runs import VERSION, Call, Claim, Options, Patience, Polling, RunInput, RunResult, claim_name
from shared.contracts.signing import answer_in, sign, signature_of, unsigned
from shared.contracts.spending import Cap, ModelPrice, Prices, Usage

__all__ = [
    "AGAIN",
    "BY_EDITS",
    "EDITS",
    "MAYBE",
    "NOTHING",
    "SENT_BACK",
    "SLOT_EVENT",
    "SURE",
    "VERSION",
    "WHOLE",
    "AgentRequest",
    "AgentResult",
    "AwaitedRun",
    "Base",
    "BaseText",
    "BatchLook",
    "BatchRequest",
    "BatchState",
    "Begun",
    "BlobRef",
    "Call",
    "Callback",
    "CallbackOutcome",
    "Cap",
    "CheckRequest",
    "CheckResult",
    "Claim",
    "CompleteRequest",
    "CompleteResult",
    "Document",
    "Failure",
    "FileEntry",
    "Finding",
    "FolderRequest",
    "Folders",
    "Interruption",
    "ManifestRequest",
    "ModelPrice",
    "Moves",
    "MovesRequest",
    "NextRuns",
    "Options",
    "Outcome",
    "PackCheckRequest",
    "PackCheckResult",
    "Patience",
    "Payload",
    "PipelineTask",
    "Polling",
    "Prices",
    "PublishRequest",
    "ReferenceCount",
    "RegisteredFile",
    "Registry",
    "Rule",
    "RunInput",
    "RunResult",
    "Severity",
    "Slot",
    "SlotRequest",
    "Tally",
    "TellRequest",
    "TellResult",
    "Usage",
    "WarmRequest",
    "WarmResult",
    "answer_in",
    "by_rule",
    "claim_name",
    "errors_and_warnings",
    "found",
    "in_full",
    "in_short",
    "not_judged",
    "run_of",
    "sign",
    "signature_of",
    "unjudged",
    "unsigned",
]
