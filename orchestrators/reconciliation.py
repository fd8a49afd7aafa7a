"""Holds the documents of a run against each other and has those revised that must change."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from durabletask.task import Task

from orchestrators.deliverable import revision
from orchestrators.desk import Desk
from orchestrators.documents import all_documents, documents_for
from orchestrators.lanes import in_parallel
from orchestrators.steps import step
from shared.contracts import Outcome, PackCheckRequest, PackCheckResult


@dataclass(frozen=True)
class Reconciled:
    """What the documents became, and the findings across them at the end and before any was mended."""

    outcomes: dict[str, Outcome]
    last: PackCheckResult
    first: PackCheckResult


def reconcile(desk: Desk, outcomes: dict[str, Outcome], cancel: Task[Any]) -> Generator[Task[Any], Any, Reconciled]:
    """Check, revise what falls short, check again: at most `run.revisions` times."""
    first = checked = yield from _check(desk, outcomes, 0)
    for number in range(1, desk.run.revisions + 1):
        failing = {tally.deliverable for tally in checked.tallies if tally.errors}
        if not failing or checked.findings is None:
            break
        lanes = {
            call.key: revision(
                desk, call, documents_for(call, desk.run, outcomes), outcomes[call.key], checked.findings
            )
            for call in desk.run.calls
            if call.deliverable in failing and call.key in outcomes and outcomes[call.key].file
        }
        outcomes = outcomes | (yield from in_parallel(desk.context, lanes, cancel))
        checked = yield from _check(desk, outcomes, number)
    return Reconciled(outcomes, checked, first)


def _check(desk: Desk, outcomes: dict[str, Outcome], number: int) -> Generator[Task[Any], Any, PackCheckResult]:
    run = desk.run
    request = PackCheckRequest(
        run_id=run.run_id,
        documents=all_documents(run, outcomes),
        prd=run.prd,
        stack=run.options.stack,
        db=run.options.db,
        round=number,
    )
    return (yield from step(desk.context, run, "check_pack", request, PackCheckResult))
