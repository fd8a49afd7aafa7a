"""Holds the documents of a run against each other and has those revised that must change.

What others build on is revised before them, never beside them: else they would be mended after names and numbers that
are about to change. Whatever is known of a document goes back to its agent at once.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from durabletask.task import Task, TaskFailedError

from orchestrators.active_run import ActiveRun
from orchestrators.deliverable import revision, waits_for_all
from orchestrators.documents import all_documents, documents_for, is_built_on
from orchestrators.parallel import RunCancelled, in_parallel
from orchestrators.steps import failure_of, step
from orchestrators.updating import errors_before, is_carried
from shared.contracts import BlobRef, Call, Outcome, PackCheckRequest, PackCheckResult

type Walk = Generator[Task[Any], Any]


@dataclass(frozen=True)
class Reconciled:
    """What the documents became, and the findings across them at the end and before any was mended."""

    outcomes: dict[str, Outcome]
    last: PackCheckResult
    first: PackCheckResult


def reconcile(
    active: ActiveRun, outcomes: dict[str, Outcome], cancel: Task[Any]
) -> Generator[Task[Any], Any, Reconciled]:
    """Check, revise what falls short, check again: at most `run.revisions` times. Raises `RunCancelled`.

    A run that was started before revisions were edits goes the way it began.
    """
    if not active.run.by_edits:
        return (yield from _all_at_once(active, outcomes, cancel))
    documents = _Documents(active, outcomes, cancel)
    yield from documents.check()
    first = documents.checked
    for _ in range(active.run.revisions):
        if not (yield from documents.revise()):
            break
    return Reconciled(documents.outcomes, documents.checked, first)


@dataclass
class _Documents:
    """The documents of a run as they are now, and what is known of them."""

    active: ActiveRun
    outcomes: dict[str, Outcome]
    cancel: Task[Any]
    checked: PackCheckResult = field(default_factory=PackCheckResult)
    checks: int = 0
    asked: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def check(self) -> Walk:
        """Hold them against each other. Where that cannot be done, what each was found to lack alone still counts."""
        try:
            self.checked = yield from _check(self.active, self.outcomes, self.checks)
        except TaskFailedError as error:
            self.checked = PackCheckResult(failure=failure_of(error, self.active.run))
        self.checks += 1

    def revise(self) -> Generator[Task[Any], Any, bool]:
        """Revise once what falls short: first what others build on, then the others. Whether anything was revised.

        In between, the others are checked anew only where something moved that they may rest on.
        """
        founding = [call for call in self._failing() if is_built_on(call, self.active.run)]
        facts = {call.key: self.outcomes[call.key].facts for call in founding}
        yield from self._revise(founding)
        moved = any(self.outcomes[key].facts != before for key, before in facts.items())
        if moved:
            yield from self.check()
        others = [call for call in self._failing() if not is_built_on(call, self.active.run)]
        yield from self._revise(others)
        if others or (founding and not moved):
            yield from self.check()
        return bool(founding or others)

    def _failing(self) -> list[Call]:
        """Calls whose documents must change, except those that have been asked just that before."""
        return [
            call for call in self.active.run.calls if self._falls_short(call) and self._wish(call) not in self.asked
        ]

    def _falls_short(self, call: Call) -> bool:
        outcome = self.outcomes.get(call.key)
        if outcome is None or outcome.file is None or outcome.failure:
            return False
        across = sum(tally.errors for tally in self.checked.tallies if tally.deliverable == call.deliverable)
        if is_carried(outcome, self.active.run):
            return outcome.errors + across > errors_before(call.key, self.active.run)
        own = outcome.errors and waits_for_all(call, self.active.run)
        return bool(own) or across > 0

    def _wish(self, call: Call) -> tuple[str, ...]:
        """What a revision would be asked, told from any other."""
        outcome = self.outcomes[call.key]
        references = (outcome.draft, outcome.findings, self._across(call))
        return call.key, *(reference.sha256 if reference else "" for reference in references)

    def _across(self, call: Call) -> BlobRef | None:
        is_named = any(tally.deliverable == call.deliverable for tally in self.checked.tallies)
        return self.checked.findings if is_named else None

    def _revise(self, calls: list[Call]) -> Walk:
        """Revise documents side by side."""
        active, outcomes = self.active, self.outcomes
        self.asked += [self._wish(call) for call in calls]
        branches = {
            call.key: revision(
                active,
                call,
                documents_for(call, active.run, outcomes),
                outcomes[call.key],
                outcomes[call.key].findings,
                self._across(call),
            )
            for call in calls
        }
        try:
            self.outcomes = outcomes | (yield from in_parallel(active.context, branches, self.cancel))
        except RunCancelled as cancelled:
            raise RunCancelled(outcomes | cancelled.done) from None


def _all_at_once(
    active: ActiveRun, outcomes: dict[str, Outcome], cancel: Task[Any]
) -> Generator[Task[Any], Any, Reconciled]:
    """The way of runs that were started before revisions were edits."""
    first = checked = yield from _check(active, outcomes, 0)
    for number in range(1, active.run.revisions + 1):
        failing = {tally.deliverable for tally in checked.tallies if tally.errors}
        if not failing or checked.findings is None:
            break
        branches = {
            call.key: revision(
                active, call, documents_for(call, active.run, outcomes), outcomes[call.key], checked.findings
            )
            for call in active.run.calls
            if call.deliverable in failing and call.key in outcomes and outcomes[call.key].file
        }
        outcomes = outcomes | (yield from in_parallel(active.context, branches, cancel))
        checked = yield from _check(active, outcomes, number)
    return Reconciled(outcomes, checked, first)


def _check(active: ActiveRun, outcomes: dict[str, Outcome], number: int) -> Generator[Task[Any], Any, PackCheckResult]:
    run = active.run
    request = PackCheckRequest(
        run_id=run.run_id,
        documents=all_documents(run, outcomes),
        prd=run.prd,
        stack=run.options.stack,
        db=run.options.db,
        round=number,
    )
    return (yield from step(active.context, run, "check_pack", request, PackCheckResult))
