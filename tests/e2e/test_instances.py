"""Several instances on one storage account, as when Azure scales out: on Microsoft's engine alone."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.durable_host.host import AzureHost
from tests.e2e.conftest import Product, prd_text, running_product

pytestmark = [pytest.mark.engine, pytest.mark.azure_engine]
RUNS = 6


def may_have_names() -> bool:
    """Whether an instance can be given a machine name of its own."""
    return subprocess.run(["unshare", "--uts", "true"], capture_output=True, check=False).returncode == 0


async def start_runs(product: Product, title: str) -> list[str]:
    return [(await product.post(prd_text(f"{title} {number}")))["id"] for number in range(RUNS)]


@pytest.mark.skipif(not may_have_names(), reason="giving an instance a machine name of its own needs root")
async def test_runs_on_two_instances_all_complete_and_no_call_is_paid_twice(tmp_path: Path):
    async with running_product(tmp_path, {}, instances=2) as product:
        ended = [await product.ended(run_id) for run_id in await start_runs(product, "Scaled Out")]
        assert {run["status"] for run in ended} == {"completed"}
        assert len(product.calls()) == 7 * RUNS
        assert isinstance(product.host, AzureHost)
        async with httpx2.AsyncClient(base_url=product.host.urls[1], timeout=60) as other:
            assert len((await other.get("/api/runs")).json()["runs"]) == RUNS


@pytest.mark.long
@pytest.mark.skipif(not may_have_names(), reason="giving an instance a machine name of its own needs root")
async def test_an_instance_that_is_killed_takes_no_run_along(tmp_path: Path):
    async with running_product(tmp_path, {}, instances=2) as product:
        assert product.host.drafts
        product.host.drafts.pace = 2.0
        ids = await start_runs(product, "Half Lost")
        while len(product.calls()) < RUNS:
            await asyncio.sleep(0.1)
        assert isinstance(product.host, AzureHost)
        os.kill(product.host.processes[1].pid, signal.SIGKILL)
        product.host.drafts.pace = 0.05
        ended = [await product.ended(run_id) for run_id in ids]
        assert {run["status"] for run in ended} == {"completed"}
