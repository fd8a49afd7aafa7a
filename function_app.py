"""Azure Functions entry point: a table of contents of what is registered, nothing else."""

import azure.durable_functions as df
import azure.functions as func

from activities import (
    agents,
    cancel_batch,
    check_deliverable,
    check_pack,
    claim_folder,
    close_callback,
    complete_task,
    find_moves,
    leave_place,
    poll_batch,
    publish_deliverable,
    submit_batch,
    take_place,
    tell_pipeline,
    warm_prefix,
    write_manifest,
)
from orchestrators import design_backend, pipeline_callback
from triggers import blob_drop, http_callbacks, http_diagnosis, http_pages, http_runs, sweep, warm_up

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)

for part in (
    blob_drop,
    http_runs,
    http_callbacks,
    http_pages,
    http_diagnosis,
    sweep,
    warm_up,
    design_backend,
    pipeline_callback,
    agents,
    claim_folder,
    take_place,
    leave_place,
    check_deliverable,
    check_pack,
    find_moves,
    publish_deliverable,
    submit_batch,
    poll_batch,
    cancel_batch,
    warm_prefix,
    write_manifest,
    tell_pipeline,
    complete_task,
    close_callback,
):
    app.register_functions(part.bp)
