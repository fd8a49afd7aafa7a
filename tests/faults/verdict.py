"""What must hold once every run has ended, whatever happened on the way. Reads storage directly."""

import asyncio
import hashlib
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from azure.storage.blob.aio import BlobServiceClient

from tests.faults.product_under_test import ProductUnderTest
from tests.faults.table import Row

SWEEPS = 12
"""Seconds in which the sweep has come round several times."""


@dataclass
class Verdict:
    """Counts for the table. `problems` says what should not be."""

    runs: int = 0
    lost: int = 0
    duplicated: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])


async def judge(
    product: ProductUnderTest, runs: list[dict[str, Any]], *, expected: int, calls_end: bool = True
) -> Verdict:
    """Hold all runs and all blobs against what must be. `calls_end`: every call that was begun has its answer."""
    assert product.direct
    assert product.http
    verdict = Verdict(runs=len(runs), lost=expected - len({run["id"] for run in runs}))
    if verdict.lost:
        verdict.problems.append(f"{verdict.lost} of {expected} runs are lost")
    folders: Counter[str] = Counter()
    for run in runs:
        verdict.statuses[run["status"]] += 1
        view = (await product.http.get(f"/api/runs/{run['id']}")).json()
        folders[view["folder"] or ""] += 1
        verdict.problems += [f"{run['id']} ({run['status']}): {said}" for said in await _of_pack(product.direct, view)]
    manifests = [name for name in await _names(product.direct, "designs") if name.endswith("/MANIFEST.md")]
    verdict.duplicated = len(manifests) - len(folders)
    if verdict.duplicated > 0:
        verdict.problems.append(f"{len(manifests)} manifests for {len(folders)} runs")
    verdict.problems += await _of_claims_in_the_end(product.direct, {run["id"] for run in runs}, calls_end)
    return verdict


def enter(row: Row, verdict: Verdict, extra_calls: int) -> None:
    """Add what was seen to a row of the table."""
    row.runs += verdict.runs
    row.lost += verdict.lost
    row.duplicated += verdict.duplicated
    row.extra_calls += extra_calls
    row.ends.update(verdict.statuses)


def extra_calls(product: ProductUnderTest) -> tuple[int, list[str]]:
    """Calls beyond the first for the same step, and those that no kill in between explains."""
    moments: dict[tuple[str, str, str], list[float]] = {}
    for asked in product.drafts.asked:
        moments.setdefault((asked.project, asked.agent, asked.task), []).append(asked.moment)
    extra, problems = 0, list[str]()
    for step, at in moments.items():
        extra += len(at) - 1
        for earlier, later in itertools.pairwise(at):
            if not any(kill.explains(earlier, later) for kill in product.kills):
                problems.append(f"{step} was paid {len(at)} times, once without a kill in between")
    return extra, problems


async def _of_pack(storage: BlobServiceClient, view: dict[str, Any]) -> list[str]:
    """A run that ended has its files, whole, and says why where it failed."""
    if not view["files"]:
        return ["it has no files" + (f", and says: {view['error']}" if view["error"] else " and no word why")]
    problems: list[str] = []
    if sum(file["path"].endswith("/MANIFEST.md") for file in view["files"]) != 1:
        problems.append("it lists not one manifest")
    for file in view["files"]:
        data = await (await storage.get_blob_client("designs", file["path"]).download_blob()).readall()
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            problems.append(f"{file['path']} is not what the run lists")
    if view["status"] in ("failed", "partial") and not view["error"]:
        problems.append("it does not say why")
    return problems


async def _of_claims_in_the_end(storage: BlobServiceClient, known: set[str], calls_end: bool) -> list[str]:
    """What is left when the sweep, every few seconds here, has had its chance."""
    problems = await _of_claims(storage, known, calls_end)
    for _ in range(SWEEPS):
        if not problems:
            break
        await asyncio.sleep(1)
        problems = await _of_claims(storage, known, calls_end)
    return problems


async def _of_claims(storage: BlobServiceClient, known: set[str], calls_end: bool) -> list[str]:
    """No claim is left behind: of a run, of a call, of a place."""
    problems: list[str] = []
    for name in await _names(storage, "runs"):
        if name.endswith("/claim.json") and name.split("/")[0] not in known:
            problems.append(f"{name} is a claim without a run")
        if name.startswith("places/"):
            problems.append(f"{name} is a place that nobody has left")
        if calls_end and name.startswith("calls/"):
            data = await (await storage.get_blob_client("runs", name).download_blob()).readall()
            if "text" not in json.loads(data):
                problems.append(f"{name} is a claim without an answer")
    return problems


async def _names(storage: BlobServiceClient, container: str) -> list[str]:
    return [blob.name async for blob in storage.get_container_client(container).list_blobs()]
