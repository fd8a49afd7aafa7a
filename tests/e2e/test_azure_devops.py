"""A pipeline's task waits for runs, and Azure DevOps is told: the real app, storage and Durable protocol."""

import asyncio
import time
from typing import Any

import pytest

from tests.azure_devops import AzureDevOpsServer, Task
from tests.e2e.conftest import Product, prd_text


async def wait_for(product: Product, server: AzureDevOpsServer, task: Task, token: str, *runs: str) -> Any:
    """Ask to be called back for `runs`, as the agentless task does; the answer."""
    body = {"runs": ",".join(runs)}
    return await product.http.post("/api/callbacks", json=body, headers=server.headers(task, token))


async def closed(product: Product, callback_id: str, within: float = 30) -> dict[str, Any]:
    """The callback once it has ended."""
    deadline = product.patience(within)
    while (seen := (await product.http.get(f"/api/callbacks/{callback_id}")).json())["status"] == "waiting":
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.1)
    return seen


async def callback_blobs(product: Product, callback_id: str) -> set[str]:
    container = product.storage.get_container_client("runs")
    prefix = f"callbacks/{callback_id}/"
    return {name.removeprefix(prefix) async for name in container.list_blob_names(name_starts_with=prefix)}


async def test_a_pipeline_hears_of_progress_and_of_the_end_and_its_token_leaves_no_trace(
    product: Product, azure_devops: AzureDevOpsServer, tmp_path_factory: pytest.TempPathFactory
):
    token = "canary-a1b2c3d4e5f6"
    task = azure_devops.task(1, token)
    run = await product.post(prd_text("Awaited Orders"), name="docs/prd/awaited.md")
    answer = await wait_for(product, azure_devops, task, token, run["id"])
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout_at(product.patience(60)):
        await task.ended.wait()
    callback = await closed(product, answer.json()["id"])
    assert (callback["status"], callback["result"], task.result) == ("told", "succeeded", "succeeded")
    assert "docs/prd/awaited.md: integration-architecture.md is done" in task.feed
    assert task.feed[-1] == "docs/prd/awaited.md: run completed"
    assert task.log == task.feed
    assert task.attached_log == task.log_id

    assert await callback_blobs(product, callback["id"]) == {"claim.json", "outcome.json"}
    for container in ("runs", "designs"):
        async for blob in product.storage.get_container_client(container).list_blobs():
            assert token.encode() not in await product.blob(container, blob.name), blob.name
    files = list(tmp_path_factory.getbasetemp().glob("state*/engine.sqlite*"))  # histories, inputs, results
    assert files
    assert [path for path in files if token.encode() in path.read_bytes()] == []


async def test_the_same_task_twice_is_one_callback(product: Product, azure_devops: AzureDevOpsServer):
    task = azure_devops.task(2, "token-2")
    run = await product.post(prd_text("Awaited Twice"))
    first = await wait_for(product, azure_devops, task, "token-2", run["id"])
    second = await wait_for(product, azure_devops, task, "token-2", run["id"], run["id"])
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    await closed(product, first.json()["id"])
    late = await wait_for(product, azure_devops, task, "token-2", run["id"])
    assert (late.status_code, late.json()["status"]) == (200, "told")
    assert "token" not in await callback_blobs(product, first.json()["id"])
    assert task.feed.count("prd.md: run completed") == 1


async def test_a_run_that_has_ended_completes_the_task_at_once_and_a_refusal_is_tried_again(
    product: Product, azure_devops: AzureDevOpsServer
):
    run = await product.post(prd_text("Awaited Late"))
    await product.ended(run["id"])
    task = azure_devops.task(3, "token-3", 503, 404)
    answer = await wait_for(product, azure_devops, task, "token-3", run["id"])
    callback = await closed(product, answer.json()["id"])
    assert (callback["status"], task.result, task.refusals) == ("told", "succeeded", [])


async def test_an_expired_token_is_reported_and_the_run_is_untouched(product: Product, azure_devops: AzureDevOpsServer):
    run = await product.post(prd_text("Awaited In Vain"))
    task = azure_devops.task(4, "token-4")
    azure_devops.tokens.remove("token-4")
    answer = await wait_for(product, azure_devops, task, "token-4", run["id"])
    callback = await closed(product, answer.json()["id"])
    assert (callback["status"], task.result) == ("untold", None)
    assert callback["error"]["code"] == "pipeline-not-told"
    assert "does not take the task's token (any more): HTTP 302" in callback["error"]["detail"]
    assert (await product.run(run["id"]))["status"] == "completed"
    assert "GET /_signin" not in azure_devops.requests
    assert "token" not in await callback_blobs(product, callback["id"])


@pytest.mark.parametrize(
    ("change", "body", "status", "code"),
    [
        ({"PlanUrl": "https://dev.azure.com.evil.example/"}, {"runs": "a"}, 400, "bad-plan-url"),
        ({"PlanUrl": "https://127.0.0.1:1/"}, {"runs": "a"}, 400, "bad-plan-url"),
        ({"PlanId": ""}, {"runs": "a"}, 400, "bad-callback"),
        ({}, {"runs": "no-such-run"}, 404, "no-run"),
        ({}, {"runs": "../calls"}, 404, "no-run"),
        ({}, {"runs": []}, 400, "bad-runs"),
        ({}, {"runs": [f"run-{n}" for n in range(21)]}, 400, "bad-runs"),
    ],
)
async def test_what_cannot_be_called_back_is_refused(
    product: Product, azure_devops: AzureDevOpsServer, change: dict[str, str], body: Any, status: int, code: str
):
    task = azure_devops.task(5, "token-5")
    headers = {name: value for name, value in (azure_devops.headers(task, "token-5") | change).items() if value}
    answer = await product.http.post("/api/callbacks", json=body, headers=headers)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, code)
    assert "token-5" not in answer.text
