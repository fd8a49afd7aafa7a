"""The run: setup, architecture, the fan-out of specialists, synthesis, and the one manifest that registers it all."""

from collections.abc import Generator, Iterator
from itertools import groupby
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task

from orchestrators.deliverable import deliverable
from orchestrators.lanes import RunCancelled, in_parallel
from orchestrators.progress import Board
from orchestrators.steps import step
from shared.contracts import (
    Call,
    Document,
    FolderRequest,
    Folders,
    ManifestRequest,
    Outcome,
    RunInput,
    RunResult,
    Usage,
)

CANCEL_EVENT = "cancel"
"""Name of the external event that asks a run to stop in order."""

bp = df.Blueprint()


def design_backend(context: df.DurableOrchestrationContext) -> Generator[Task[Any], Any, dict[str, Any]]:
    """Durable entry: `RunInput` in, `RunResult` out."""
    run = RunInput.from_dict(context.get_input())
    board = Board(context, run.calls)
    cancel = context.wait_for_external_event(CANCEL_EVENT)
    started = _now(context)
    request = FolderRequest(run.run_id, run.project, run.output_root, run.options.output, started)
    folders = Folders.from_dict((yield step(context, run, "claim_folder", request)))
    outcomes: dict[str, Outcome] = {}
    status = None
    try:
        for phase, calls in _phases(run.calls):
            board.open_phase(phase, folders)
            ready = {call.key: call for call in calls if _has_what_it_needs(call, run, outcomes)}
            lanes = {
                key: deliverable(context, run, folders, call, _documents(call, run, outcomes), board)
                for key, call in ready.items()
            }
            outcomes |= yield from in_parallel(context, lanes, cancel)
            if all(outcomes[key].state == "failed" for key in ready):
                break  # nothing to build on: say so in the manifest rather than pay for more
            if phase == run.calls[0].phase:
                yield _manifest(context, run, folders, outcomes, "running", started)
    except RunCancelled as cancelled:
        outcomes |= cancelled.done
        board.cancel()
        status = "cancelled"
    result: dict[str, Any] = yield _manifest(context, run, folders, outcomes, status or _status(run, outcomes), started)
    return RunResult.from_dict(result).to_dict()


bp.orchestration_trigger(context_name="context")(
    design_backend  # pyright: ignore[reportArgumentType] (typed for 2-argument orchestrators; one argument is documented)
)


def _phases(calls: tuple[Call, ...]) -> Iterator[tuple[int, tuple[Call, ...]]]:
    for phase, grouped in groupby(calls, key=lambda call: call.phase):
        yield phase, tuple(grouped)


def _now(context: df.DurableOrchestrationContext) -> str:
    return context.current_utc_datetime.isoformat(timespec="milliseconds")


def _documents(call: Call, run: RunInput, outcomes: dict[str, Outcome]) -> tuple[Document, ...]:
    """The drafts that `call` reads, in planned order."""
    found: list[Document] = []
    for earlier in run.calls:
        outcome = outcomes.get(earlier.key)
        wanted = "*" in call.needs or earlier.deliverable in call.needs
        if outcome and outcome.draft and outcome.file and wanted:
            found.append(Document(earlier.deliverable, earlier.agent, outcome.draft))
    return tuple(found)


def _has_what_it_needs(call: Call, run: RunInput, outcomes: dict[str, Outcome]) -> bool:
    documents = _documents(call, run, outcomes)
    if "*" in call.needs:
        return bool(documents)
    return {document.name for document in documents} == set(call.needs)


def _status(run: RunInput, outcomes: dict[str, Outcome]) -> str:
    """SPEC's verdict: no architecture is a failure, anything else missing is partial."""
    done = {key for key, outcome in outcomes.items() if outcome.state == "done"}
    drafts = [call.key for call in run.calls if call.task == "draft"]
    if drafts[0] not in done:
        return "failed"
    if any(call.key not in done for call in run.calls):
        return "partial"
    return "completed_with_findings" if any(outcome.errors for outcome in outcomes.values()) else "completed"


def _manifest(
    context: df.DurableOrchestrationContext,
    run: RunInput,
    folders: Folders,
    outcomes: dict[str, Outcome],
    status: str,
    started: str,
) -> Task[Any]:
    never_reached = [Outcome(call.key, "waiting", Usage()) for call in run.calls if call.key not in outcomes]
    if status == "cancelled":
        never_reached = [Outcome(outcome.key, "cancelled", Usage()) for outcome in never_reached]
    ended = [outcomes[call.key] for call in run.calls if call.key in outcomes]
    request = ManifestRequest(
        run=run,
        folders=folders,
        status=status,
        outcomes=(*ended, *never_reached),
        started=started,
        written=_now(context),
    )
    return step(context, run, "write_manifest", request)
