"""Tells a waiting pipeline what has happened to its runs since it last heard of them."""

import azure.durable_functions as df

from activities.typed_activity import looking_activity
from shared import logs
from shared.callbacks import mark, news
from shared.contracts import PipelineTask, TellRequest, TellResult
from shared.credentials import Key
from shared.errors import CallbackFailed
from shared.runs import ENDED, progress_of, status_of
from shared.services import Services
from shared.storage import past_runs

log = logs.logger(__name__)
bp = df.Blueprint()


@looking_activity(bp)
async def tell_pipeline(services: Services, request: TellRequest, client: df.DurableFunctionsClient) -> TellResult:
    """Lines for the task's log, live and kept. What Azure DevOps does not take now is told again at the next look."""
    lines: list[str] = []
    marks: list[str] = []
    statuses: list[str] = []
    told = request.told or ("",) * len(request.runs)
    for run, before in zip(request.runs, told, strict=True):
        state = await past_runs.state_of(services.blobs, client, run.run_id)
        status, agents = status_of(state), progress_of(state).get("agents", [])
        lines += news(run.name, before, status, agents)
        marks.append(mark(status, agents))
        statuses.append(status)
    ended = ENDED.issuperset(statuses)
    if not lines:
        return TellResult(told, request.log, ended)
    try:
        task, token = await services.callbacks.task_and_token(request.callback_id)
        number = await _say(services, task, token, lines, request.log)
    except CallbackFailed as fault:
        log.warning("progress of %s not told: %s", request.callback_id, fault.detail)
        return TellResult(told, request.log, ended)
    return TellResult(tuple(marks), number, ended)


async def _say(services: Services, task: PipelineTask, token: Key, lines: list[str], number: int) -> int:
    """Show the lines, and append them to the log that stays; its number. What was shown is not shown again."""
    await services.azure_devops.say(task, token, lines)
    try:
        number = number or await services.azure_devops.begin_log(task, token)
        await services.azure_devops.keep(task, token, number, lines)
    except CallbackFailed as fault:
        log.warning("progress was shown, but is missing from the task's log: %s", fault.detail)
    return number
