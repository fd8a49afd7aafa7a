"""What happens to one deliverable, as one parallel branch of a run: draft, check, revise on errors, publish."""

from dataclasses import replace

from durabletask.task import TaskFailedError

from orchestrators.active_run import ActiveRun, Steps
from orchestrators.asking import ask
from orchestrators.documents import is_built_on
from orchestrators.revising import check, is_same, mended, revise
from orchestrators.steps import failure_of, step
from orchestrators.updating import Intent, errors_before
from shared.contracts import (
    AgentRequest,
    AgentResult,
    BlobRef,
    Call,
    Document,
    FileEntry,
    Outcome,
    PublishRequest,
    RunInput,
    Usage,
)

ANEW = Intent()


def deliverable(
    active: ActiveRun, call: Call, documents: tuple[Document, ...], intent: Intent = ANEW
) -> Steps[Outcome]:
    """Draft, check, revise and publish what `call` asks for. Never raises for a failed step: the outcome says so.

    What an earlier pack has is updated or carried over instead, as `intent` says. The orchestrator agent's texts are
    published by `write_manifest`, as parts of MANIFEST.md.
    """
    try:
        outcome = yield from _design(active, call, documents, intent)
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


def _design(active: ActiveRun, call: Call, documents: tuple[Document, ...], intent: Intent) -> Steps[Outcome]:
    result = yield from _text(active, call, intent.request(active.run, call, documents), intent)
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
        gist=checked.gist,
    )
    if intent.asks and not waits_for_all(call, active.run):
        outcome = yield from _revised(active, call, documents, outcome)
    return (yield from _publish(active, call, outcome))


def _text(active: ActiveRun, call: Call, request: AgentRequest, intent: Intent) -> Steps[AgentResult]:
    """A first draft, the earlier text with edits, or the earlier text as it is."""
    if intent.earlier is None:
        active.status.enter(call, "drafting")
        return (yield from ask(active, call, request))
    if intent.updates:
        return (yield from mended(active, call, request, Outcome(call.key, "waiting", Usage(), call.model)))
    return AgentResult(Usage(), draft=intent.earlier.text)


def _revised(active: ActiveRun, call: Call, documents: tuple[Document, ...], outcome: Outcome) -> Steps[Outcome]:
    """Revise a first draft while it falls short. What is asked in the same words is answered in the same words."""
    for _ in range(active.run.revisions):
        if outcome.errors <= errors_before(call.key, active.run) or outcome.findings is None or outcome.failure:
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
