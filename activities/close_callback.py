"""Ends a callback: forgets its token, notes its outcome, logs an error where the pipeline could not be told."""

import azure.durable_functions as df

from activities.typed_activity import activity
from shared import logs, telemetry
from shared.contracts import CallbackOutcome
from shared.services import Services

log = logs.logger(__name__)
bp = df.Blueprint()


@activity(bp)
async def close_callback(services: Services, request: CallbackOutcome) -> CallbackOutcome:
    """Note how it ended, in storage and in each run's log."""
    await services.callbacks.close(request)
    for run in request.runs:
        with telemetry.about_run(run.run_id):
            if request.failure:
                log.error("the pipeline that waits (%s) was not told: %s", request.callback_id, request.failure.detail)
            else:
                log.info("the pipeline that waited was told: %s", request.result)
    return request
