"""Whether a deployment works: drops a PRD and waits for its manifest (`python -m infra.smoke --help`).

It takes the way a user's PRD takes, through Event Grid. A subscription with a wrong function name is answered 202 and
loses every event, and the sweep would hide that: so a run that the sweep started is a failure here. The PRD is always
the same one, so that Claude's answers are paid for once in CALL_RETENTION_DAYS.
"""

import argparse
import asyncio
import json
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.errors import NotFound
from shared.services import Services
from shared.settings import Settings
from shared.storage import DESIGNS, PRDS, WORK, BlobStore
from triggers.blob_drop import ERROR_SUFFIX
from triggers.intake import claim_name, drop_identity, run_id_for

PRD = Path(__file__).parent / "smoke.md"
GOOD = ("completed", "completed_with_findings")


class SmokeFailed(Exception):
    """The deployment does not work; the message says what did not happen, and where to look."""


async def smoke(blobs: BlobStore, *, event_seconds: float, run_seconds: float, pause: float = 5.0) -> dict[str, Any]:
    """Drop the PRD and wait for its run; the run's manifest.json. `SmokeFailed` where it does not come, or is bad."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    name, output = f"smoke/{stamp}.md", f"smoke/{stamp}"
    await blobs.write(PRDS, name, PRD.read_bytes(), "text/markdown; charset=utf-8", {"output": output})
    _, dropped = await blobs.read(PRDS, name)
    run_id = run_id_for(drop_identity(name, dropped.etag), name)
    try:
        source = await _wait(lambda: _source_of(blobs, run_id), event_seconds, pause)
        if source is None:
            raise SmokeFailed(await _why_no_run(blobs, name, event_seconds))
        if source != "drop":
            raise SmokeFailed(f"No event came for {name}: the {source} found it. {_SUBSCRIPTION}")
        print(f"run {run_id} started")
        manifest = await _wait(lambda: _manifest(blobs, output), run_seconds, pause)
    finally:
        await blobs.delete(PRDS, name)
    if manifest is None:
        raise SmokeFailed(f"Run {run_id} wrote no manifest within {run_seconds:.0f} s. See docs/operations.md.")
    if manifest["status"] not in GOOD:
        raise SmokeFailed(f"Run {run_id} ended {manifest['status']}; its manifest is below {DESIGNS}/{output}.")
    return manifest


_SUBSCRIPTION = "Look at the subscription `prd-dropped`: its function name and key, and its delivery failures."


async def _wait[T](look: Callable[[], Awaitable[T | None]], seconds: float, pause: float) -> T | None:
    """What `look` finds, or None after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        if (found := await look()) is not None or time.monotonic() > end:
            return found
        await asyncio.sleep(pause)


async def _source_of(blobs: BlobStore, run_id: str) -> str | None:
    try:
        data, _ = await blobs.read(WORK, claim_name(run_id))
    except NotFound:
        return None
    return json.loads(data)["source"]


async def _why_no_run(blobs: BlobStore, name: str, seconds: float) -> str:
    try:
        data, _ = await blobs.read(PRDS, name + ERROR_SUFFIX)
    except NotFound:
        return f"No run of {name} began within {seconds:.0f} s. {_SUBSCRIPTION}"
    error = json.loads(data)
    return f"The app refused {name}: {error['detail']} {error['mend']}"


async def _manifest(blobs: BlobStore, output: str) -> dict[str, Any] | None:
    """The manifest.json that a run leaves when it has ended."""
    async for blob in blobs.list(DESIGNS, f"{output}/"):
        if blob.name.endswith("/manifest.json"):
            data, _ = await blobs.read(DESIGNS, blob.name)
            return json.loads(data)
    return None


def wait_until_healthy(url: str, seconds: float, pause: float = 5.0) -> str:
    """The version that the app at `url` tells, once it answers."""
    end, said = time.monotonic() + seconds, ""
    while True:
        try:
            with urllib.request.urlopen(f"{url}/api/health", timeout=30) as answer:  # noqa: S310 - our own app's URL
                return json.load(answer)["version"]
        except (OSError, ValueError, KeyError) as error:
            said = f"{type(error).__name__}: {error}"
        if time.monotonic() > end:
            raise SmokeFailed(f"{url}/api/health does not answer ({said}). The app did not start: see its logs.")
        time.sleep(pause)


async def _run(arguments: argparse.Namespace) -> None:
    if arguments.url:
        print(f"{arguments.url} answers, version {wait_until_healthy(arguments.url.rstrip('/'), 300)}")
    services = Services(Settings(storage_uri=arguments.storage, storage_connection=arguments.connection))
    started = time.monotonic()
    try:
        manifest = await smoke(services.blobs, event_seconds=arguments.event_seconds, run_seconds=arguments.run_seconds)
    finally:
        await services.close()
    seconds = time.monotonic() - started
    print(f"{manifest['status']} after {seconds:.0f} s, {len(manifest['files'])} files")


def main(given: list[str] | None = None) -> int:
    """0 where the deployment works; 1 with the reason where it does not."""
    parser = argparse.ArgumentParser(prog="python -m infra.smoke", description="Whether a deployment works.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--storage", help="blob endpoint of the deployment's storage account; you sign in with Entra ID")
    where.add_argument("--connection", help="connection string, for a local stand-in")
    parser.add_argument("--url", help="the app's address: its health is asked for first")
    parser.add_argument("--event-seconds", type=float, default=240, help="how long an event may take (%(default)s)")
    parser.add_argument("--run-seconds", type=float, default=2_400, help="how long the run may take (%(default)s)")
    try:
        asyncio.run(_run(parser.parse_args(given)))
    except SmokeFailed as failed:
        print(f"smoke test failed: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
