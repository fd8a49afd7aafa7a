"""One agent's way through a run, as lanes: draft, check, revise while it falls short, publish."""

from dataclasses import replace

from durabletask.task import TaskFailedError

from orchestrators.asking import ask
from orchestrators.batching import in_batch
from orchestrators.desk import Desk, Steps
from orchestrators.steps import failure_of, step
from shared.contracts import (
    AgentRequest,
    BlobRef,
    Call,
    CheckRequest,
    CheckResult,
    Document,
    FileEntry,
    Outcome,
    PublishRequest,
    RunInput,
    Usage,
)
from shared.prices import CAP_REACHED


def deliverable(desk: Desk, call: Call, documents: tuple[Document, ...]) -> Steps[Outcome]:
    """Draft, check, revise and publish what `call` asks for. Never raises for a failed step: the outcome says so.

    The orchestrator agent's texts are published by `write_manifest`, as parts of MANIFEST.md.
    """
    try:
        outcome = yield from _design(desk, call, documents)
    except TaskFailedError as error:
        outcome = Outcome(call.key, "failed", Usage(), failure=failure_of(error, desk.run))
    desk.board.close(call, outcome)
    return outcome


def revision(
    desk: Desk, call: Call, documents: tuple[Document, ...], outcome: Outcome, findings: BlobRef
) -> Steps[Outcome]:
    """Send a finished deliverable back for `findings` across documents. A failed step leaves it as it was."""
    try:
        revised = yield from _revise(desk, call, documents, outcome, findings)
        if revised.failure is None:
            revised = yield from _publish(desk, call, revised)
    except TaskFailedError:
        revised = outcome
    desk.board.close(call, revised)
    return revised


def _design(desk: Desk, call: Call, documents: tuple[Document, ...]) -> Steps[Outcome]:
    desk.board.enter(call, "drafting")
    result = yield from ask(desk, call, request_for(desk.run, call, documents))
    if result.draft is None:
        return Outcome(call.key, "failed", result.usage, result.model, failure=result.failure)
    desk.board.enter(call, "checking", result.usage, result.model)
    checked = yield from _check(desk, call, result.draft, 0)
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
    )
    for _ in range(desk.run.revisions):
        if not outcome.errors or outcome.findings is None or outcome.failure:
            break
        try:
            outcome = yield from _revise(desk, call, documents, outcome, outcome.findings)
        except TaskFailedError:
            break  # what is there stays, with its findings
    return (yield from _publish(desk, call, outcome))


def _revise(
    desk: Desk, call: Call, documents: tuple[Document, ...], outcome: Outcome, findings: BlobRef
) -> Steps[Outcome]:
    """One revision. The text that has fewer errors of its own stays; the call counts either way.

    A revision that the run's cap forbids is none: the text stays, and `failure` says what is left undone.
    """
    number = outcome.revisions + 1
    request = replace(
        request_for(desk.run, call, documents), revision=number, previous=outcome.draft, findings=findings
    )
    paid = yield from in_batch(desk, f"{call.agent}-{call.task}-{number}", (call, request))
    desk.board.enter(call, "revising", outcome.usage, outcome.model)
    result = yield from ask(desk, call, request, paid=paid)
    if result.failure and result.failure.code == CAP_REACHED:
        return replace(outcome, usage=outcome.usage + result.usage, failure=result.failure)
    counted = replace(outcome, usage=outcome.usage + result.usage, revisions=number)
    if result.draft is None:
        return counted
    desk.board.enter(call, "checking", counted.usage, counted.model)
    checked = yield from _check(desk, call, result.draft, number)
    if checked.errors > outcome.errors:
        return counted
    return replace(
        counted,
        draft=result.draft,
        errors=checked.errors,
        warnings=checked.warnings,
        findings=checked.findings,
    )


def _publish(desk: Desk, call: Call, outcome: Outcome) -> Steps[Outcome]:
    if call.task != "draft" or outcome.draft is None:
        return outcome
    request = PublishRequest(outcome.draft, desk.folders.deliverable_path(call))
    file = yield from step(desk.context, desk.run, "publish_deliverable", request, FileEntry)
    return replace(outcome, file=file)


def _check(desk: Desk, call: Call, draft: BlobRef, number: int) -> Steps[CheckResult]:
    run = desk.run
    request = CheckRequest(run.run_id, call.agent, call.task, draft, run.prd, run.options.stack, run.options.db, number)
    return (yield from step(desk.context, run, "check_deliverable", request, CheckResult))


def request_for(run: RunInput, call: Call, documents: tuple[Document, ...]) -> AgentRequest:
    """What the agent of `call` is asked first."""
    return AgentRequest(
        run_id=run.run_id,
        agent=call.agent,
        task=call.task,
        project=run.project,
        stack=run.options.stack,
        db=run.options.db,
        prd=run.prd,
        prd_name=run.prd_name,
        documents=documents,
        fresh=run.fresh,
    )
