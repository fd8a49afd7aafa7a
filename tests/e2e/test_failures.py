"""What fails is said where the user looks, and costs nothing that is already there."""

import json
from typing import Any

import pytest

from local.drafts.messages_api.faults import Fault
from tests.e2e.conftest import Product, prd_text
from tests.e2e.test_pack import deliverables


async def manifest_of(product: Product, run: dict[str, Any]) -> str:
    (path,) = (file["path"] for file in run["files"] if file["path"].endswith("/MANIFEST.md"))
    return (await product.blob("designs", path)).decode()


def order(product: Product, *faults: Fault) -> None:
    assert product.host.drafts
    product.host.drafts.order(faults)


@pytest.mark.parametrize("kind", ["400", "refusal"])
async def test_a_specialist_that_fails_for_good_leaves_its_siblings_work(product: Product, kind: Any):
    order(product, Fault("api-backend-tester", kind, times=1))
    before = len(product.calls())
    run = await product.ended((await product.post(prd_text(f"Repair Cafe {kind}")))["id"])
    assert run["status"] == "partial"
    states = {agent["agent"]: agent["state"] for agent in run["agents"]}
    assert states.pop("api-backend-tester") == "failed"
    assert set(states.values()) == {"done"}
    assert deliverables(run) == 4
    assert "test-specifications.md" in run["error"]
    assert product.calls(before).count("api-backend-tester:draft") == 1, "a final answer is not asked for again"
    manifest = await manifest_of(product, run)
    assert "## What is missing\n\n- **test-specifications.md** by the API backend tester: " in manifest


async def test_a_passing_fault_is_tried_again_and_forgotten(product: Product):
    order(product, Fault("system-architect", "529", times=1), Fault("python-backend-dev", "cut", times=1))
    before = len(product.calls())
    run = await product.ended((await product.post(prd_text("Tool Library")))["id"])
    assert run["status"] == "completed", run["error"]
    assert len(product.calls(before)) == 9


async def test_a_fault_that_does_not_pass_ends_the_call_with_its_reason(product: Product):
    order(product, Fault("azure-monitor-logs-expert", "500"))
    before = len(product.calls())
    run = await product.ended((await product.post(prd_text("Bike Lanes")))["id"])
    assert run["status"] == "partial"
    order(product)
    tries = product.calls(before).count("azure-monitor-logs-expert:draft")
    assert tries >= 3
    assert "Claude answered 500" in run["error"]
    assert f"Tried {tries} times; waited " in run["error"]


async def test_without_an_architecture_the_run_fails_and_pays_for_nothing_more(product: Product):
    order(product, Fault("system-architect", "400", times=1))
    before = len(product.calls())
    run = await product.ended((await product.post(prd_text("Ski Passes")))["id"])
    assert run["status"] == "failed"
    assert product.calls(before) == ["orchestrator:setup", "system-architect:draft"]
    assert {file["path"].rsplit("/", 1)[1] for file in run["files"]} == {
        "MANIFEST.md",
        "manifest.json",
        "report.html",
        "ledger.csv",
        "prd.md",
    }
    manifest = await manifest_of(product, run)
    assert "failed: there is no architecture" in manifest
    assert "not started, because what it builds on is missing" in manifest


async def test_a_failed_run_can_be_started_again(product: Product):
    prd = prd_text("Kite Festival")
    order(product, Fault("system-architect", "400", times=1))
    failed = await product.ended((await product.post(prd))["id"])
    again = await product.post(prd)
    assert again["created"]
    assert again["id"] != failed["id"]
    assert (await product.ended(again["id"]))["status"] == "completed"


async def test_a_failed_synthesis_still_gives_a_manifest_of_everything(product: Product):
    order(product, Fault("orchestrator", "400", times=1, task="synthesis"))
    run = await product.ended((await product.post(prd_text("Dog Walkers")))["id"])
    assert run["status"] == "partial"
    assert deliverables(run) == 5
    assert "**MANIFEST.md (synthesis)**" in await manifest_of(product, run)


async def test_a_cancelled_run_ends_in_order_with_a_manifest(product: Product):
    assert product.host.drafts
    product.host.drafts.pace = 2.0
    try:
        started = await product.post(prd_text("Night Market"))
        answer = await product.http.delete(f"/api/runs/{started['id']}")
        assert answer.status_code == 202
        run = await product.ended(started["id"])
    finally:
        product.host.drafts.pace = 0.05
    assert run["status"] == "cancelled"
    assert "cancelled" in {agent["state"] for agent in run["agents"]}
    assert "the run was cancelled before it was finished" in await manifest_of(product, run)
    again = await product.http.delete(f"/api/runs/{started['id']}")
    assert again.status_code == 409
    assert again.json()["type"] == "urn:design-backend:problem:run-ended"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("escape.md", b"---\noutput: ../../elsewhere\n---\n# X\n", "bad-output"),
        ("Ünï code/ünusable #1.md", b"", "prd-empty"),
    ],
)
async def test_a_drop_that_cannot_be_used_gets_an_error_file_beside_it(
    product: Product, name: str, data: bytes, code: str
):
    name = f"bad/{name}"
    etag = await product.drop(name, data)
    error = json.loads(await product.wait_for_blob("prds", f"{name}.error.json"))
    assert (error["code"], error["prd"], error["etag"]) == (code, name, etag)
    assert error["detail"]
    assert error["mend"]
    assert await product.blob("prds", name) == data, "the PRD stays as it was dropped"


async def test_a_mended_drop_runs_and_its_error_file_goes(product: Product):
    await product.drop("mended.md", b"")
    await product.wait_for_blob("prds", "mended.md.error.json")
    await product.drop("mended.md", prd_text("Mended"))
    assert (await product.run_of("mended.md"))["status"] == "completed"
    assert not await product.storage.get_blob_client("prds", "mended.md.error.json").exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad-json"),
        (b'{"prd": {"blob": "nowhere.md"}}', 404, "no-blob"),
        (b'{"prd": {"blob": "../designs/x"}}', 400, "bad-blob-name"),
    ],
)
async def test_a_request_that_cannot_be_used_gets_problem_details(
    product: Product, body: bytes, status: int, code: str
):
    answer = await product.http.post("/api/runs", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:design-backend:problem:{code}"
    assert problem["status"] == status
    assert problem["instance"] == "/api/runs"
    assert problem["detail"]
    assert "Traceback" not in answer.text


async def test_a_prd_over_the_limit_is_refused_as_too_large(product: Product):
    answer = await product.http.post("/api/runs", content=b"x" * 5_000_001, headers={"content-type": "text/plain"})
    assert answer.status_code == 413
    assert "5,000,000" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["runs/no-such-run", "runs/no-such-run/files/x", "runs/A%20B", "runs/" + "a" * 300])
async def test_an_unknown_run_is_not_found(product: Product, path: str):
    answer = await product.http.get(f"/api/{path}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:design-backend:problem:no-run"


@pytest.mark.parametrize(("path", "status"), [("runs/%2e%2e", 404), ("runs/a%00b", 400)])
async def test_what_the_web_server_answers_itself_reaches_no_function(product: Product, path: str, status: int):
    answer = await product.http.get(f"/api/{path}")
    assert (answer.status_code, answer.content) == (status, b"")


async def test_only_the_runs_own_files_are_served(product: Product):
    one = await product.ended((await product.post(prd_text("Own Files One")))["id"])
    two = await product.ended((await product.post(prd_text("Own Files Two")))["id"])
    foreign = two["files"][0]["path"]
    for path in (
        foreign,
        "../runs/claim.json",
        "%2e%2e/%2e%2e/claim.json",
        f"{one['folder']}/../{foreign}",
        "/etc/passwd",
        "..%2f..%2fruns%2fclaim.json",
        "%252e%252e%252fclaim.json",
        "..%5c..%5cclaim.json",
        "%c0%ae%c0%ae/claim.json",
        "....//claim.json",
        "MANIFEST.md%00",
        f"{one['folder']}//MANIFEST.md",
        f"{one['folder']}/manifest.md",
        f"{one['folder']}/MANIFEST.md%20",
        "",
    ):
        answer = await product.http.get(f"/api/runs/{one['id']}/files/{path}")
        assert answer.status_code == (400 if "%00" in path else 404), path
