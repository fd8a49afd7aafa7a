"""The run: setup, architecture, the fan-out of specialists, synthesis, and one manifest that registers it all."""

from collections.abc import Generator, Iterator
from itertools import groupby
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from orchestrators.active_run import ActiveRun, Steps
from orchestrators.admission import release_slot, wait_for_slot
from orchestrators.batching import call_off_batches, in_batch
from orchestrators.custom_status import CustomStatus
from orchestrators.deliverable import deliverable
from orchestrators.documents import documents_for, has_what_it_needs, is_built_on
from orchestrators.parallel import RunCancelled, in_parallel
from orchestrators.reconciliation import reconcile
from orchestrators.revising import request_for
from orchestrators.spending import Spending
from orchestrators.steps import failure_of, step
from orchestrators.updating import Intent, earlier_documents, intent_for, is_carried
from shared.contracts import (
    Call,
    FolderRequest,
    Folders,
    ManifestRequest,
    Moves,
    MovesRequest,
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
    status = CustomStatus(context, run.calls)
    may_begin = yield from wait_for_slot(context, run, cancel, status)
    try:
        result = yield from _run(context, run, status, cancel, may_begin=may_begin)
    except TaskFailedError:
        yield from release_slot(context, run)
        raise
    yield from release_slot(context, run)
    return result.to_dict()


def _run(
    context: df.DurableOrchestrationContext, run: RunInput, status: CustomStatus, cancel: Task[Any], *, may_begin: bool
) -> Steps[RunResult]:
    """Claim the folder, run the phases, write the manifest. A run that may not begin writes the manifest alone."""
    started = _now(context)
    request = FolderRequest(run.run_id, run.project, run.output_root, run.options.output, started)
    folders = yield from step(context, run, "claim_folder", request, Folders)
    execution = _Execution(ActiveRun(context, run, folders, status, Spending(run)), started)
    try:
        if not may_begin:
            raise RunCancelled({})
        yield from execution.run_phases(cancel)
    except RunCancelled as cancelled:
        execution.outcomes |= cancelled.done
        execution.active.status.cancel()
        execution.status = "cancelled"
        yield from call_off_batches(execution.active)
    return (yield from execution.manifest(execution.status or execution.verdict()))


bp.orchestration_trigger(context_name="context")(
    design_backend  # pyright: ignore[reportArgumentType] (typed for 2-argument orchestrators; one is documented)
)


class _Execution:
    """One run from its first phase to its manifest, with the outcomes of its calls so far."""

    def __init__(self, active: ActiveRun, started: str) -> None:
        self.active = active
        self.started = started
        self.outcomes: dict[str, Outcome] = {}
        self.across = self.first_across = PackCheckResult()
        self.warming = WarmResult(Usage())
        self.moves = Moves()
        self.status: str | None = None

    def run_phases(self, cancel: Task[Any]) -> Generator[Task[Any], Any]:
        """Go through the phases until one leaves nothing to build on."""
        run = self.active.run
        for phase, calls in _phases(run.calls):
            self.active.status.open_phase(phase, self.active.folders)
            ready = [call for call in calls if has_what_it_needs(call, run, self.outcomes)]
            if ready and phase == SYNTHESIS_PHASE:
                yield from self._reconcile(cancel)
            intents = {call.key: intent_for(call, run, self.outcomes, self.moves) for call in ready}
            asked = [call for call in ready if intents[call.key].asks]
            yield from self._warm(asked)
            yield from self._in_batch(phase, asked, intents, cancel)
            branches = {
                call.key: deliverable(self.active, call, documents_for(call, run, self.outcomes), intents[call.key])
                for call in ready
            }
            self.outcomes |= yield from in_parallel(self.active.context, branches, cancel)
            yield from self._follow_moves(ready)
            if all(self.outcomes[call.key].state == "failed" for call in ready):
                return  # nothing to build on: say so in the manifest rather than pay for more
            if phase == run.calls[0].phase:
                yield from self.manifest("running")

    def _warm(self, ready: list[Call]) -> Generator[Task[Any], Any]:
        """Before several calls read the same documents at once, have the prefix they share cached."""
        run = self.active.run
        shared = {documents_for(call, run, self.outcomes) for call in ready}
        if len(ready) < 2 or len(shared) != 1 or run.options.economy or self.active.spending.refusal():
            return  # and what is warm now is cold again when a batch gets round to reading it
        agents = tuple(call.agent for call in ready)
        request = WarmRequest(run.run_id, request_for(run, ready[0], shared.pop()), agents)
        try:
            self.warming = yield from step(self.active.context, run, "warm_prefix", request, WarmResult)
        except TaskFailedError:
            return  # the calls cost more, nothing else
        self.active.spending.add(self.warming.usage, self.warming.model)
        self.active.status.warm(self.warming)

    def _follow_moves(self, done: list[Call]) -> Generator[Task[Any], Any]:
        """Where what others build on is no longer the earlier pack's, find who uses a name of it that moved."""
        run = self.active.run
        for call in done:
            outcome = self.outcomes[call.key]
            earlier = run.base.text_of(call.key) if run.base else None
            if earlier is None or outcome.draft is None or not is_built_on(call, run) or is_carried(outcome, run):
                continue
            others = earlier_documents(run, call)
            request = MovesRequest(run.run_id, earlier.text, outcome.draft, others)
            try:
                self.moves = yield from step(self.active.context, run, "find_moves", request, Moves)
            except TaskFailedError:  # then whoever may use one is asked
                self.moves = Moves(deliverables=tuple(document.name for document in others))

    def _in_batch(
        self, phase: int, ready: list[Call], intents: dict[str, Intent], cancel: Task[Any]
    ) -> Generator[Task[Any], Any]:
        """In economy mode, have the answers of a phase there before its branches ask for them."""
        if self.active.run.options.economy:
            run, outcomes = self.active.run, self.outcomes
            asked = [(call, intents[call.key].request(run, call, documents_for(call, run, outcomes))) for call in ready]
            branch = in_batch(self.active, f"phase-{phase}", *asked)
            yield from in_parallel(self.active.context, {"batch": branch}, cancel)

    def _reconcile(self, cancel: Task[Any]) -> Generator[Task[Any], Any]:
        try:
            reconciled = yield from reconcile(self.active, self.outcomes, cancel)
        except TaskFailedError as error:
            self.across = PackCheckResult(failure=failure_of(error, self.active.run))
            return
        self.outcomes = reconciled.outcomes
        self.across, self.first_across = reconciled.last, reconciled.first

    def verdict(self) -> str:
        """SPEC's status: no architecture is a failure, anything else missing is partial."""
        done = {key for key, outcome in self.outcomes.items() if outcome.state == "done"}
        drafts = [call.key for call in self.active.run.calls if call.task == "draft"]
        if drafts[0] not in done:
            return "failed"
        if any(call.key not in done for call in self.active.run.calls):
            return "partial"
        own = any(outcome.errors for outcome in self.outcomes.values())
        across = any(tally.errors for tally in self.across.tallies)
        return "completed_with_findings" if own or across or self.across.failure else "completed"

    def manifest(self, status: str) -> Steps[RunResult]:
        """Have MANIFEST.md written as things stand."""
        unreached = "cancelled" if status == "cancelled" else "waiting"
        outcomes = [
            self.outcomes.get(call.key, Outcome(call.key, unreached, Usage())) for call in self.active.run.calls
        ]
        request = ManifestRequest(
            run=self.active.run,
            folders=self.active.folders,
            status=status,
            outcomes=tuple(outcomes),
            started=self.started,
            written=_now(self.active.context),
            across=self.across,
            first_across=self.first_across,
            warming=self.warming.usage,
            warming_model=self.warming.model,
        )
        return (yield from step(self.active.context, self.active.run, "write_manifest", request, RunResult))


def _phases(calls: tuple[Call, ...]) -> Iterator[tuple[int, tuple[Call, ...]]]:
    for phase, grouped in groupby(calls, key=lambda call: call.phase):
        yield phase, tuple(grouped)


def _now(context: df.DurableOrchestrationContext) -> str:
    return context.current_utc_datetime.isoformat(timespec="milliseconds")
