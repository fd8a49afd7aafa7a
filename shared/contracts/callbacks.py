"""Payloads of callbacks: a pipeline's task that waits for runs. Never holds the token."""

from dataclasses import dataclass

from shared.contracts.failures import Failure
from shared.contracts.payload import Payload


@dataclass(frozen=True)
class PipelineTask(Payload):
    """Where Azure DevOps wants to hear about one task of one pipeline run. Ids are GUIDs, `hub` is mostly "build"."""

    plan_url: str
    project_id: str
    hub: str
    plan_id: str
    job_id: str
    timeline_id: str
    task_id: str


@dataclass(frozen=True)
class AwaitedRun(Payload):
    """A run that a pipeline waits for, and its PRD's name as the pipeline's log shows it."""

    run_id: str
    name: str


@dataclass(frozen=True)
class Callback(Payload):
    """The input of `pipeline_callback`: who waits for which runs.

    `seconds` lie between two looks at the runs; nobody looks again after `until` (ISO 8601). `told` is per run what
    the pipeline has heard, `log` the number of the task's log (0: not begun). `attempts` bounds each step's tries,
    `looks` how often one history looks at the runs before a new one begins, so that none grows long.
    `signed` is as in `RunInput`.
    """

    callback_id: str
    runs: tuple[AwaitedRun, ...]
    until: str
    seconds: float
    attempts: int
    first_retry_seconds: float
    told: tuple[str, ...] = ()
    log: int = 0
    looks: int = 40
    signed: bool = False


@dataclass(frozen=True)
class TellRequest(Payload):
    """Tell the pipeline what has happened since `told`."""

    callback_id: str
    runs: tuple[AwaitedRun, ...]
    told: tuple[str, ...] = ()
    log: int = 0


@dataclass(frozen=True)
class TellResult(Payload):
    """What the pipeline has heard now, and whether all runs have ended."""

    told: tuple[str, ...]
    log: int
    ended: bool


@dataclass(frozen=True)
class CompleteRequest(Payload):
    """Complete the pipeline's task."""

    callback_id: str
    runs: tuple[AwaitedRun, ...]


@dataclass(frozen=True)
class CompleteResult(Payload):
    """What the task was completed with: `succeeded`, or `failed` where a run brought no complete pack."""

    result: str


@dataclass(frozen=True)
class CallbackOutcome(Payload):
    """How a callback ended: with which result, or why Azure DevOps never heard of it."""

    callback_id: str
    runs: tuple[AwaitedRun, ...]
    result: str | None = None
    failure: Failure | None = None
