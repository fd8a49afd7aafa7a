"""A PRD dropped into the `prds` container starts its run; what cannot be used gets `{prd}.error.json` beside it."""

import json
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func

from shared import logs, services
from shared.blobs import PRDS, BlobChanged, BlobInfo, BlobStore, is_addressable
from shared.errors import BadInput, NotFound
from shared.services import Services
from triggers.intake import Started, read_drop, start_run

ERROR_SUFFIX = ".error.json"
REFUSED_VERSION = "refused_etag"
"""Metadata of an error file: the version of the PRD that it answers."""
log = logs.logger(__name__)
bp = df.Blueprint()


@bp.blob_trigger(  # pyright: ignore[reportUnknownMemberType] (untyped keyword arguments)
    arg_name="blob",
    path=f"{PRDS}/{{name}}",
    connection="AzureWebJobsStorage",
    source=func.BlobSource.EVENT_GRID,
)
@bp.durable_client_input(client_name="client")
async def prd_dropped(blob: func.InputStream, client: df.DurableFunctionsClient) -> None:
    """Start the run of one version of one blob. The content is read from storage by ETag, not from the binding."""
    name = (blob.name or "").removeprefix(f"{PRDS}/")
    properties: dict[str, Any] = cast(Any, blob).blob_properties or {}  # missing in the package's type only
    etag = str(properties.get("ETag") or "").strip('"') or None
    await accept_drop(services.current(), client, name, etag)


def is_prd(name: str) -> bool:
    """Our own error files lie beside the PRDs and are not PRDs."""
    return not name.endswith(ERROR_SUFFIX)


async def accept_drop(
    services: Services, client: df.DurableFunctionsClient, name: str, etag: str | None, source: str = "drop"
) -> Started | None:
    """Start a dropped PRD's run, or write why it cannot be used; None where nothing was started."""
    if not is_prd(name):
        return None
    if not is_addressable(name):
        log.error("drop %r ignored: the name cannot be addressed. Drop the PRD under a plain name.", name)
        return None
    try:
        data, info = await services.blobs.read(PRDS, name, etag)
    except (BlobChanged, NotFound) as gone:
        log.info("drop %s: %s A newer version has an event of its own.", name, gone.detail)
        return None
    try:
        request = read_drop(data, info, services.settings, source)
    except BadInput as error:
        log.warning("drop %s refused: %s", name, error.detail)
        await _write_error(services.blobs, info, error)
        return None
    started = await start_run(services, client, request)
    if started.created:
        await services.blobs.delete(PRDS, name + ERROR_SUFFIX)
    return started


async def _write_error(blobs: BlobStore, info: BlobInfo, error: BadInput) -> None:
    body = {"prd": info.name, "etag": info.etag, **error.to_dict()}
    data = json.dumps(body, ensure_ascii=False, indent=2).encode() + b"\n"
    await blobs.write(PRDS, info.name + ERROR_SUFFIX, data, "application/json", {REFUSED_VERSION: info.etag})
