"""What happens to one deliverable, as one parallel branch of a run: draft, check, revise on errors, publish."""

from dataclasses import replace

from durabletask.task import TaskFailedError

from orchestrators.active_run import ActiveRun, Steps
from orchestrators.asking import ask
from orchestrators.documents import is_built_on
from orchestrators.revising import check, is_same, request_for, revise
from orchestrators.steps import failure_of, step
from shared.contracts import BlobRef, Call, Document, FileEntry, Outcome, PublishRequest, RunInput, Usage


def deliverable(active: ActiveRun, call: Call, documents: tuple[Document, ...]) -> Steps[Outcome]:
    """Draft, check, revise and publish what `call` asks for. Never raises for a failed step: the outcome says so.

    The orchestrator agent's texts are published by `write_manifest`, as parts of MANIFEST.md.
    """
    try:
        outcome = yield from _design(active, call, documents)
    except TaskFailedError as error:
        outcome = Outcome(call.key, "failed", Usage(), failure=failure_of(error, active.run))
    active.status.close(call, outcome)
    return outcome


def revision(
    active: ActiveRun,
    call: Call,
    documents: tuple[Document, ...],
    outcome: Outcome,
    findings: BlobRef | None,
    across: BlobRef | None = None,
) -> Steps[Outcome]:
    """Send a finished deliverable back for what is known of it. A failed step leaves it as it was."""
    try:
        revised = yield from revise(active, call, documents, outcome, findings, across)
        is_new = not active.run.by_edits or not is_same(revised.draft, outcome.draft)
        if is_new and (revised.failure is None or active.run.by_edits):
            revised = yield from _publish(active, call, revised)
    except TaskFailedError:
        revised = outcome
    active.status.close(call, revised)
    return revised


def waits_for_all(call: Call, run: RunInput) -> bool:
    """Whether what is found in a first draft waits for what is found across documents: nobody builds on it."""
    return run.by_edits and call.task == "draft" and not is_built_on(call, run)


def _design(active: ActiveRun, call: Call, documents: tuple[Document, ...]) -> Steps[Outcome]:
    active.status.enter(call, "drafting")
    result = yield from ask(active, call, request_for(active.run, call, documents))
    if result.draft is None:
        return Outcome(call.key, "failed", result.usage, result.model, failure=result.failure)
    active.status.enter(call, "checking", result.usage, result.model)
    checked = yield from check(active, call, result.draft, 0)
    outcome = Outcome(
        key=call.key,
        state="done",
        usage=result.usage,
        model=result.model,
        draft=result.draft,
        errors=checked.errors,
        warnings=checked.warnings,
        findings=checked.findings,
        first_findings=checked.findings,
        facts=checked.facts,
    )
    if not waits_for_all(call, active.run):
        outcome = yield from _revised(active, call, documents, outcome)
    return (yield from _publish(active, call, outcome))


def _revised(active: ActiveRun, call: Call, documents: tuple[Document, ...], outcome: Outcome) -> Steps[Outcome]:
    """Revise a first draft while it falls short. What is asked in the same words is answered in the same words."""
    for _ in range(active.run.revisions):
        if not outcome.errors or outcome.findings is None or outcome.failure:
            break
        before = outcome.draft
        try:
            outcome = yield from revise(active, call, documents, outcome, outcome.findings)
        except TaskFailedError:
            break  # what is there stays, with its findings
        if active.run.by_edits and is_same(before, outcome.draft):
            break
    return outcome


def _publish(active: ActiveRun, call: Call, outcome: Outcome) -> Steps[Outcome]:
    if call.task != "draft" or outcome.draft is None:
        return outcome
    request = PublishRequest(outcome.draft, active.folders.deliverable_path(call))
    file = yield from step(active.context, active.run, "publish_deliverable", request, FileEntry)
    return replace(outcome, file=file)
