"""Completes a waiting pipeline's task: its runs have ended, or it has waited long enough."""

import azure.durable_functions as df

from activities.typed_activity import looking_activity
from shared.callbacks import verdict
from shared.contracts import CompleteRequest, CompleteResult
from shared.runs import status_of
from shared.services import Services
from shared.storage import past_runs

bp = df.Blueprint()


@looking_activity(bp)
async def complete_task(
    services: Services, request: CompleteRequest, client: df.DurableFunctionsClient
) -> CompleteResult:
    """Succeeded where every run has a complete pack. `CallbackFailed` is raised, and so tried again."""
    statuses = [status_of(await past_runs.state_of(services.blobs, client, run.run_id)) for run in request.runs]
    result = verdict(statuses)
    task, token = await services.callbacks.task_and_token(request.callback_id)
    await services.azure_devops.complete(task, token, result)
    return CompleteResult(result)
