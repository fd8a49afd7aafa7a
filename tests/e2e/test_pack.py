"""A PRD becomes the complete pack, whichever door it comes in by."""

import hashlib
import json
import posixpath
import re
from typing import Any
from urllib.parse import unquote

from tests.e2e.conftest import Product, prd_text

ROOT = ".claude/outputs/design"
PYTHON_PACK = {
    "system-architect": "integration-architecture.md",
    "api-backend-tester": "test-specifications.md",
    "azure-devops-pipelines-expert": "cicd-pipeline.md",
    "azure-monitor-logs-expert": "observability-plan.md",
    "python-backend-dev": "python-sample-implementation.md",
}


def deliverables(run: dict[str, Any]) -> int:
    """How many deliverables a run's pack has."""
    return sum("/agents/" in file["path"] for file in run["files"])


async def test_a_posted_prd_becomes_the_complete_pack(product: Product):
    before = len(product.calls())
    started = await product.post(prd_text("Parcel Tracker"), name="parcel.md", db="postgres")
    assert started["created"]
    assert started["plan"]["text"].startswith("Execution Plan Summary:\n")
    assert started["links"]["self"] == f"/api/runs/{started['id']}"

    run = await product.ended(started["id"])
    assert run["status"] == "completed", run["error"]
    does, checked, ran = run["verdict"]
    assert does.startswith("Complete. All 5 documents were written, no rule finds an error.")
    assert re.match(r"Checked: \d+ rules of \d+ checks\. References: [\d,]+ resolved, 0 missing, ", checked), checked
    assert ran.startswith("Not run: ")
    stamp = run["folder"].rsplit("/", 1)[1]
    assert re.fullmatch(r"\d{8}-\d{6}", stamp)
    paths = {file["path"] for file in run["files"]}
    project = f"{ROOT}/projects/parcel-tracker/{stamp}/"
    assert {path for path in paths if not path.startswith(project)} == {
        f"{ROOT}/agents/{agent}/parcel-tracker-{stamp}/{name}" for agent, name in PYTHON_PACK.items()
    }
    beside = {path.removeprefix(project) for path in paths if path.startswith(project)}
    assert {
        "MANIFEST.md",
        "manifest.json",
        "report.html",
        "ledger.csv",
        "prd.md",
        "openapi.yaml",
        "pipelines/azure-pipelines.yml",
    } <= beside
    assert {path.split("/")[0] for path in beside if "/" in path} == {
        "diagrams",
        "pipelines",
        "queries",
        "sample",
        "tests",
    }
    assert sorted(product.calls(before)) == sorted(
        ["orchestrator:setup", "orchestrator:synthesis", *(f"{agent}:draft" for agent in PYTHON_PACK)]
    )
    assert [agent["state"] for agent in run["agents"]] == ["done"] * 7
    assert run["usage"]["calls"] == 7
    assert run["usage"]["output_tokens"] == sum(agent["output_tokens"] for agent in run["agents"]) > 0


async def test_every_file_is_served_and_stored_as_the_run_says(product: Product):
    run = await product.ended((await product.post(prd_text("Library Loans")))["id"])
    for file in run["files"]:
        served = await product.http.get(file["url"])
        assert served.status_code == 200
        assert served.headers["content-type"].split("/")[0] in ("text", "application")
        assert "html" not in served.headers["content-type"]
        assert served.content == await product.blob("designs", file["path"])
        assert (len(served.content), hashlib.sha256(served.content).hexdigest()) == (file["size"], file["sha256"])


async def test_a_run_leaves_a_report_that_storage_shows_as_a_page(product: Product):
    run = await product.ended((await product.post(prd_text("Ferry Tickets")))["id"])
    report = product.storage.get_blob_client("designs", f"{run['folder']}/report.html")
    page = (await (await report.download_blob()).readall()).decode()
    assert (await report.get_blob_properties()).content_settings.content_type == "text/html; charset=utf-8"
    assert "<h1>Ferry Tickets</h1>" in page
    assert "Ready for review" in page
    assert 'id="doc-integration-architecture"' in page, "documents are rendered in it"


async def test_the_manifest_registers_and_links_every_deliverable(product: Product):
    run = await product.ended((await product.post(prd_text("Museum Tickets"), db="mongodb"))["id"])
    (path,) = (file["path"] for file in run["files"] if file["path"].endswith("/MANIFEST.md"))
    manifest = (await product.blob("designs", path)).decode()
    links = {unquote(link) for link in re.findall(r"\]\(([^)#]+)\)", manifest)}
    paths = {posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) for link in links}
    others = [file for file in run["files"] if file["path"] != path]
    assert {file["path"] for file in others} <= paths
    assert all(file["sha256"] in manifest and f"{file['size']:,} bytes" in manifest for file in others)
    for heading in (
        "Assumptions",
        "Non-goals",
        "API surface",
        "Data stores",
        "Environments",
        "SLOs",
        "Open questions",
        "Risks",
        "Execution plan",
        "Accounting",
    ):
        assert f"\n## {heading}\n" in manifest
    assert "_Not written" not in manifest
    assert run["id"] in manifest
    assert "mongodb" in manifest


async def test_a_dropped_prd_becomes_the_complete_pack(product: Product):
    await product.drop("teams/blue/meal-planner.md", prd_text("Meal Planner"))
    run = await product.run_of("teams/blue/meal-planner.md")
    assert run["status"] == "completed", run["error"]
    assert deliverables(run) == 5
    assert run["prd"]["etag"]


async def test_options_come_from_metadata_before_front_matter(product: Product):
    text = "---\nstack: python\ndb: mongodb\noutput: designs/gym\n---\n" + prd_text("Gym Classes")
    await product.drop("gym.md", text, {"stack": "csharp"})
    run = await product.run_of("gym.md")
    assert run["options"] == {
        "stack": "csharp",
        "db": "mongodb",
        "output": "designs/gym",
        "economy": False,
        "full": False,
    }
    assert run["folder"].startswith("designs/gym/")
    names = {posixpath.basename(file["path"]) for file in run["files"]}
    assert "csharp-implementation.md" in names
    assert "python-sample-implementation.md" not in names
    assert any(file["path"].startswith(f"{ROOT}/agents/csharp-expert/gym-classes-") for file in run["files"])


async def test_options_come_from_the_request_before_front_matter(product: Product):
    text = "---\nstack: csharp\n---\n" + prd_text("Choir Scores")
    run = await product.ended((await product.post(text, stack="python"))["id"])
    assert run["options"]["stack"] == "python"


async def test_a_prd_already_in_the_container_can_be_named(product: Product):
    await product.storage.get_blob_client("prds", "named/ferry.md.error.json").upload_blob(b"{}", overwrite=True)
    await product.drop("named/ferry.md", prd_text("Ferry Bookings"))
    answer = await product.http.post("/api/runs", json={"prd": {"blob": "named/ferry.md"}, "db": "postgres"})
    assert answer.status_code == 202
    run = await product.ended(answer.json()["id"])
    assert run["project"] == "ferry-bookings"
    assert run["options"]["db"] == "postgres"


async def test_a_raw_body_takes_its_options_from_the_query(product: Product):
    answer = await product.http.post(
        "/api/runs?name=zoo.md&stack=csharp",
        content=prd_text("Zoo Feeding").encode("utf-16"),
        headers={"content-type": "text/markdown"},
    )
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/runs/{answer.json()['id']}"
    run = await product.ended(answer.json()["id"])
    assert (run["prd"]["name"], run["options"]["stack"]) == ("zoo.md", "csharp")


async def test_two_prds_give_visibly_different_designs(product: Product):
    first = await product.post(prd_text("Boat Rental", "- Users must reserve boats.", "- Boats must have a harbour."))
    second = await product.post(
        prd_text("Seed Bank", "- Curators must catalogue seeds.", "- Seeds expire after 90 days.")
    )
    texts = [await _architecture(product, started["id"]) for started in (first, second)]
    assert "/boats" in texts[0]
    assert "/boats" not in texts[1]
    assert "/seeds" in texts[1]


async def _architecture(product: Product, run_id: str) -> str:
    run = await product.ended(run_id)
    (path,) = (file["path"] for file in run["files"] if file["path"].endswith("integration-architecture.md"))
    return (await product.blob("designs", path)).decode()


async def test_a_plan_can_be_seen_without_starting_anything(product: Product):
    before = len(product.calls())
    answer = await product.http.post("/api/plan", json={"prd": prd_text("Never Started"), "stack": "csharp"})
    plan = answer.json()["plan"]
    assert plan["calls"] == 7
    assert "csharp-expert" in plan["phases"][2]["agents"]
    assert plan["estimated_tokens"]["output"] > 0
    assert len(product.calls()) == before
    assert "never-started" not in json.dumps((await product.http.get("/api/runs")).json())


async def test_the_app_answers_that_it_is_healthy(product: Product):
    answer = await product.http.get("/api/health")
    assert answer.json()["status"] == "ok"
