"""Draft, check, revise: a mended defect leaves no trace but in the accounts; one that stays is delivered as failing."""

import json
from typing import Any

import pytest

from local.drafts.plants import Plant
from tests.e2e.conftest import Product, prd_text

DEFECTS = [
    ("system-architect", "integration-architecture.md", "openapi: ", "opnapi: ", "OAS-001"),
    ("api-backend-tester", "test-specifications.md", "", "\n```python\nnever closed\n", "STR-005"),
    ("azure-devops-pipelines-expert", "cicd-pipeline.md", "environment: prod", "environment: production-eu", "XDC-004"),
    ("azure-monitor-logs-expert", "observability-plan.md", "| where TimeGenerated", "| wherever TimeGenerated", "KQL"),
]


def plant(product: Product, *plants: Plant) -> None:
    assert product.host.drafts
    product.host.drafts.plant(plants)


async def manifest_of(product: Product, run: dict[str, Any]) -> dict[str, Any]:
    (path,) = (file["path"] for file in run["files"] if file["path"].endswith("/manifest.json"))
    return json.loads(await product.blob("designs", path))


@pytest.mark.parametrize(("agent", "name", "old", "new", "rule"), DEFECTS, ids=lambda value: str(value)[:24])
async def test_a_defect_that_is_mended_ends_completed_after_one_revision(
    product: Product, agent: str, name: str, old: str, new: str, rule: str
):
    plant(product, Plant(agent, old, new, mends=True))
    before = len(product.calls())
    try:
        run = await product.ended((await product.post(prd_text(f"Mended {name}")))["id"])
    finally:
        plant(product)
    assert run["status"] == "completed", run
    assert product.calls(before).count(f"{agent}:revise") == 1
    assert len(product.calls(before)) == 8
    manifest = await manifest_of(product, run)
    (deliverable,) = (each for each in manifest["deliverables"] if each["name"] == name)
    assert (deliverable["revisions"], deliverable["passed"]) == (1, True)
    text = (await product.blob("designs", deliverable["path"])).decode()
    assert new not in text


@pytest.mark.parametrize(("agent", "name", "old", "new", "rule"), DEFECTS, ids=lambda value: str(value)[:24])
async def test_a_defect_that_stays_is_delivered_as_failing_after_bounded_calls(
    product: Product, agent: str, name: str, old: str, new: str, rule: str
):
    plant(product, Plant(agent, old, new, mends=False))
    before = len(product.calls())
    try:
        run = await product.ended((await product.post(prd_text(f"Stays {name}")))["id"])
    finally:
        plant(product)
    assert run["status"] == "completed_with_findings"
    assert 1 <= product.calls(before).count(f"{agent}:revise") <= 4
    manifest = await manifest_of(product, run)
    (deliverable,) = (each for each in manifest["deliverables"] if each["name"] == name)
    assert deliverable["passed"] is False
    assert any(finding["rule"].startswith(rule) and finding["deliverable"] == name for finding in manifest["findings"])
    assert {each["name"] for each in manifest["deliverables"] if not each["passed"]} == {name}
