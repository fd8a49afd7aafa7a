"""The run: setup, architecture, the fan-out of specialists, synthesis, and one manifest that registers it all."""

from collections.abc import Generator, Iterator
from itertools import groupby
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from orchestrators.admission import admitted, leave
from orchestrators.batching import call_off_batches, in_batch
from orchestrators.deliverable import deliverable
from orchestrators.desk import Desk, Steps
from orchestrators.documents import documents_for, has_what_it_needs
from orchestrators.lanes import RunCancelled, in_parallel
from orchestrators.progress import Board
from orchestrators.reconciliation import reconcile
from orchestrators.revising import request_for
from orchestrators.spending import Spending
from orchestrators.steps import failure_of, step
from shared.contracts import (
    Call,
    FolderRequest,
    Folders,
    ManifestRequest,
    Outcome,
    PackCheckResult,
    RunInput,
    RunResult,
    Usage,
    WarmRequest,
    WarmResult,
)

CANCEL_EVENT = "cancel"
"""Name of the external event that asks a run to stop in order."""
SYNTHESIS_PHASE = 4
"""Before it, the documents are held against each other."""

bp = df.Blueprint()


def design_backend(context: df.DurableOrchestrationContext) -> Generator[Task[Any], Any, dict[str, Any]]:
    """Durable entry: `RunInput` in, `RunResult` out."""
    run = RunInput.from_dict(context.get_input())
    cancel = context.wait_for_external_event(CANCEL_EVENT)
    board = Board(context, run.calls)
    may_begin = yield from admitted(context, run, cancel, board)
    try:
        result = yield from _run(context, run, board, cancel, may_begin=may_begin)
    except TaskFailedError:
        yield from leave(context, run)
        raise
    yield from leave(context, run)
    return result.to_dict()


def _run(
    context: df.DurableOrchestrationContext, run: RunInput, board: Board, cancel: Task[Any], *, may_begin: bool
) -> Steps[RunResult]:
    """Claim the folder, tell the story, write the manifest; of a run that may not begin, the manifest alone."""
    started = _now(context)
    request = FolderRequest(run.run_id, run.project, run.output_root, run.options.output, started)
    folders = yield from step(context, run, "claim_folder", request, Folders)
    story = _Story(Desk(context, run, folders, board, Spending(run)), started)
    try:
        if not may_begin:
            raise RunCancelled({})
        yield from story.unfold(cancel)
    except RunCancelled as cancelled:
        story.outcomes |= cancelled.done
        story.desk.board.cancel()
        story.status = "cancelled"
        yield from call_off_batches(story.desk)
    return (yield from story.manifest(story.status or story.verdict()))


bp.orchestration_trigger(context_name="context")(
    design_backend  # pyright: ignore[reportArgumentType] (typed for 2-argument orchestrators; one is documented)
)


class _Story:
    """What has happened in one run so far."""

    def __init__(self, desk: Desk, started: str) -> None:
        self.desk = desk
        self.started = started
        self.outcomes: dict[str, Outcome] = {}
        self.across = self.first_across = PackCheckResult()
        self.warming = WarmResult(Usage())
        self.status: str | None = None

    def unfold(self, cancel: Task[Any]) -> Generator[Task[Any], Any]:
        """Go through the phases until one leaves nothing to build on."""
        run = self.desk.run
        for phase, calls in _phases(run.calls):
            self.desk.board.open_phase(phase, self.desk.folders)
            ready = [call for call in calls if has_what_it_needs(call, run, self.outcomes)]
            if ready and phase == SYNTHESIS_PHASE:
                yield from self._reconcile(cancel)
            yield from self._warm(ready)
            yield from self._in_batch(phase, ready, cancel)
            lanes = {call.key: deliverable(self.desk, call, documents_for(call, run, self.outcomes)) for call in ready}
            self.outcomes |= yield from in_parallel(self.desk.context, lanes, cancel)
            if all(self.outcomes[call.key].state == "failed" for call in ready):
                return  # nothing to build on: say so in the manifest rather than pay for more
            if phase == run.calls[0].phase:
                yield from self.manifest("running")

    def _warm(self, ready: list[Call]) -> Generator[Task[Any], Any]:
        """Before several calls read the same documents at once, have the prefix they share cached."""
        run = self.desk.run
        shared = {documents_for(call, run, self.outcomes) for call in ready}
        if len(ready) < 2 or len(shared) != 1 or run.options.economy or self.desk.spending.refusal():
            return  # and what is warm now is cold again when a batch gets round to reading it
        agents = tuple(call.agent for call in ready)
        request = WarmRequest(run.run_id, request_for(run, ready[0], shared.pop()), agents)
        try:
            self.warming = yield from step(self.desk.context, run, "warm_prefix", request, WarmResult)
        except TaskFailedError:
            return  # the calls cost more, nothing else
        self.desk.spending.add(self.warming.usage, self.warming.model)
        self.desk.board.warm(self.warming)

    def _in_batch(self, phase: int, ready: list[Call], cancel: Task[Any]) -> Generator[Task[Any], Any]:
        """In economy mode, have the answers of a phase there before its lanes ask for them."""
        if self.desk.run.options.economy:
            run, outcomes = self.desk.run, self.outcomes
            asked = [(call, request_for(run, call, documents_for(call, run, outcomes))) for call in ready]
            lane = in_batch(self.desk, f"phase-{phase}", *asked)
            yield from in_parallel(self.desk.context, {"batch": lane}, cancel)

    def _reconcile(self, cancel: Task[Any]) -> Generator[Task[Any], Any]:
        try:
            reconciled = yield from reconcile(self.desk, self.outcomes, cancel)
        except TaskFailedError as error:
            self.across = PackCheckResult(failure=failure_of(error, self.desk.run))
            return
        self.outcomes = reconciled.outcomes
        self.across, self.first_across = reconciled.last, reconciled.first

    def verdict(self) -> str:
        """SPEC's status: no architecture is a failure, anything else missing is partial."""
        done = {key for key, outcome in self.outcomes.items() if outcome.state == "done"}
        drafts = [call.key for call in self.desk.run.calls if call.task == "draft"]
        if drafts[0] not in done:
            return "failed"
        if any(call.key not in done for call in self.desk.run.calls):
            return "partial"
        own = any(outcome.errors for outcome in self.outcomes.values())
        across = any(tally.errors for tally in self.across.tallies)
        return "completed_with_findings" if own or across or self.across.failure else "completed"

    def manifest(self, status: str) -> Steps[RunResult]:
        """Have MANIFEST.md written as things stand."""
        unreached = "cancelled" if status == "cancelled" else "waiting"
        outcomes = [self.outcomes.get(call.key, Outcome(call.key, unreached, Usage())) for call in self.desk.run.calls]
        request = ManifestRequest(
            run=self.desk.run,
            folders=self.desk.folders,
            status=status,
            outcomes=tuple(outcomes),
            started=self.started,
            written=_now(self.desk.context),
            across=self.across,
            first_across=self.first_across,
            warming=self.warming.usage,
            warming_model=self.warming.model,
        )
        return (yield from step(self.desk.context, self.desk.run, "write_manifest", request, RunResult))


def _phases(calls: tuple[Call, ...]) -> Iterator[tuple[int, tuple[Call, ...]]]:
    for phase, grouped in groupby(calls, key=lambda call: call.phase):
        yield phase, tuple(grouped)


def _now(context: df.DurableOrchestrationContext) -> str:
    return context.current_utc_datetime.isoformat(timespec="milliseconds")
