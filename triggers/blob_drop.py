"""A PRD dropped into the `prds` container starts its run; what cannot be used gets `{prd}.error.json` beside it."""

import hashlib
import json
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func

from shared import logs, services
from shared.errors import BadInput, NotFound
from shared.prd import check_size, shown, slug
from shared.services import Services
from shared.storage import LONGEST_NAME, PRDS, BlobChanged, BlobStore, is_addressable
from triggers.intake import Started, read_document, read_drop, start_run

ERROR_SUFFIX = ".error.json"
REFUSED_VERSION = "refused_etag"
"""Metadata of an error file: the version of the PRD that it answers."""
_NAME = "a blob of this name cannot be told from others, because addresses leave out or change parts of it."
_PLAIN = "Drop the PRD under a plain name without empty parts, '.', '..' or backslashes."
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


def error_name(name: str) -> str:
    """The error file of a PRD: beside it, or at the top where a file of that name cannot be."""
    if is_addressable(name + ERROR_SUFFIX):
        return name + ERROR_SUFFIX
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
    folder, _, last = name.rpartition("/") if is_addressable(name) else ("", "", slug(name) or "prd")
    unique = f"{last[:80]}-{digest}{ERROR_SUFFIX}"
    whole = f"{folder}/{unique}" if folder else unique
    return whole if len(whole) <= LONGEST_NAME else unique


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
        await _refuse(services.blobs, name, etag or "", BadInput("bad-blob-name", f"{shown(name)!r}: {_NAME}", _PLAIN))
        return None
    try:
        data, info = await services.blobs.read(PRDS, name, etag, at_most=services.settings.max_prd_bytes)
    except (BlobChanged, NotFound) as gone:
        log.info("drop %r: %s A newer version has an event of its own.", name, gone.detail)
        return None
    try:
        check_size(name, info.size, services.settings.max_prd_bytes)
        text = await read_document(services, name, data)
        started = await start_run(services, client, read_drop(text, info, services.settings, source))
    except BadInput as error:
        await _refuse(services.blobs, name, info.etag, error)
        return None
    if started.created:
        await services.blobs.delete(PRDS, error_name(name))
    return started


async def _refuse(blobs: BlobStore, name: str, etag: str, error: BadInput) -> None:
    """Say why beside the PRD."""
    log.warning("drop %r refused: %s", name, error.detail)
    body = {"prd": name, "etag": etag, **error.to_dict()}
    data = json.dumps(body, ensure_ascii=False, indent=2).encode(errors="replace") + b"\n"
    await blobs.write(PRDS, error_name(name), data, "application/json", {REFUSED_VERSION: etag} if etag else None)
