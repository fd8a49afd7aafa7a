"""One revision of a deliverable: edits, the same again where some do not apply, then the whole document. Checked."""

from dataclasses import replace

from orchestrators.active_run import ActiveRun, Steps
from orchestrators.asking import ask
from orchestrators.batching import in_batch
from orchestrators.steps import step
from shared.contracts import (
    AGAIN,
    EDITS,
    WHOLE,
    AgentRequest,
    AgentResult,
    BlobRef,
    Call,
    CheckRequest,
    CheckResult,
    Document,
    Outcome,
    RunInput,
)
from shared.runs import CAP_REACHED


def revise(
    active: ActiveRun,
    call: Call,
    documents: tuple[Document, ...],
    outcome: Outcome,
    findings: BlobRef | None,
    across: BlobRef | None = None,
) -> Steps[Outcome]:
    """One revision. The text that has fewer errors of its own stays; the calls count either way.

    A revision that the run's cap forbids is none: the text stays, and `failure` says what is left undone.
    """
    number = outcome.revisions + 1
    form = EDITS if active.run.by_edits else ""
    asked = replace(request_for(active.run, call, documents), revision=number, previous=outcome.draft, form=form)
    result = yield from mended(active, call, replace(asked, findings=findings, across=across), outcome)
    capped = result.failure if result.failure and result.failure.code == CAP_REACHED else None
    if capped and result.draft is None:
        return replace(outcome, usage=outcome.usage + result.usage, failure=capped)
    counted = replace(outcome, usage=outcome.usage + result.usage, revisions=number, failure=capped or outcome.failure)
    if result.draft is None or (active.run.by_edits and is_same(result.draft, outcome.draft)):
        return counted
    active.status.enter(call, "checking", counted.usage, counted.model)
    checked = yield from check(active, call, result.draft, number)
    if checked.errors > outcome.errors:
        return counted
    return replace(
        counted,
        draft=result.draft,
        errors=checked.errors,
        warnings=checked.warnings,
        findings=checked.findings,
        facts=checked.facts,
        gist=checked.gist,
    )


def is_same(one: BlobRef | None, other: BlobRef | None) -> bool:
    """Whether two drafts are the same text."""
    return one is not None and other is not None and one.sha256 == other.sha256


def check(active: ActiveRun, call: Call, draft: BlobRef, number: int) -> Steps[CheckResult]:
    """Hold a draft against its agent's checks."""
    run = active.run
    request = CheckRequest(run.run_id, call.agent, call.task, draft, run.prd, run.options.stack, run.options.db, number)
    return (yield from step(active.context, run, "check_deliverable", request, CheckResult))


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


def mended(active: ActiveRun, call: Call, request: AgentRequest, outcome: Outcome) -> Steps[AgentResult]:
    """The text with its edits. Each call is paid for and kept by itself; what a failed one leaves, stays."""
    result = yield from _answered(active, call, request, outcome)
    for form in (AGAIN, WHOLE):
        if result.answer is None:
            break
        asked = replace(request, form=form, answer=result.answer if form == AGAIN else None)
        more = yield from _answered(active, call, asked, replace(outcome, usage=outcome.usage + result.usage))
        result = replace(more, usage=result.usage + more.usage, draft=more.draft or result.draft)
    return result


def _answered(active: ActiveRun, call: Call, request: AgentRequest, outcome: Outcome) -> Steps[AgentResult]:
    form = f"-{request.form}" if request.form in (AGAIN, WHOLE) else ""
    batch = f"{call.agent}-{call.task}-{request.revision}{form}"
    paid = yield from in_batch(active, batch, (call, request))
    active.status.enter(call, "revising", outcome.usage, outcome.model)
    return (yield from ask(active, call, request, paid=paid))
