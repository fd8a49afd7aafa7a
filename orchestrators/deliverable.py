"""One agent's way through a run, as a lane: draft, check, publish."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

from orchestrators.progress import Board
from orchestrators.steps import failure_of, step
from shared.contracts import (
    AgentRequest,
    AgentResult,
    Call,
    CheckRequest,
    CheckResult,
    Document,
    FileEntry,
    Folders,
    Outcome,
    PublishRequest,
    RunInput,
    Usage,
)


def deliverable(
    context: df.DurableOrchestrationContext,
    run: RunInput,
    folders: Folders,
    call: Call,
    documents: tuple[Document, ...],
    board: Board,
) -> Generator[Task[Any], Any, Outcome]:
    """Draft, check and publish what `call` asks for. Never raises for a failed step: the outcome says so.

    The orchestrator agent's texts are published by `write_manifest`, as parts of MANIFEST.md.
    """
    try:
        outcome = yield from _draft_check_publish(context, run, folders, call, documents, board)
    except TaskFailedError as error:
        outcome = Outcome(call.key, "failed", Usage(), failure=failure_of(error, run))
    board.close(call, outcome)
    return outcome


def _draft_check_publish(
    context: df.DurableOrchestrationContext,
    run: RunInput,
    folders: Folders,
    call: Call,
    documents: tuple[Document, ...],
    board: Board,
) -> Generator[Task[Any], Any, Outcome]:
    board.enter(call, "drafting")
    result = AgentResult.from_dict((yield step(context, run, call.activity, _request(run, call, documents))))
    if result.draft is None:
        return Outcome(call.key, "failed", result.usage, result.model, failure=result.failure)
    board.enter(call, "checking", result.usage)
    checked = CheckResult.from_dict(
        (
            yield step(
                context,
                run,
                "check_deliverable",
                CheckRequest(run.run_id, call.agent, call.task, result.draft),
            )
        )
    )
    file = None
    if call.task == "draft":
        request = PublishRequest(result.draft, folders.deliverable_path(call))
        file = FileEntry.from_dict((yield step(context, run, "publish_deliverable", request)))
    return Outcome(
        key=call.key,
        state="done",
        usage=result.usage,
        model=result.model,
        draft=result.draft,
        file=file,
        errors=checked.errors,
        warnings=checked.warnings,
        findings=checked.findings,
    )


def _request(run: RunInput, call: Call, documents: tuple[Document, ...]) -> AgentRequest:
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
    )
