"""Draft, check, revise: a mended defect leaves no trace but in the accounts; one that stays is delivered as failing."""

import json
from typing import Any

import pytest

from local.drafts.messages_api.faults import Fault
from local.drafts.seeded_defects import SeededDefect
from tests.e2e.conftest import Product, prd_text

DEFECTS = [
    ("system-architect", "integration-architecture.md", "openapi: ", "opnapi: ", "OAS-001"),
    ("api-backend-tester", "test-specifications.md", "", "\n```python\nnever closed\n", "STR-005"),
    ("azure-devops-pipelines-expert", "cicd-pipeline.md", "environment: prod", "environment: production-eu", "XDC-004"),
    ("azure-monitor-logs-expert", "observability-plan.md", "| where TimeGenerated", "| wherever TimeGenerated", "KQL"),
]


def defect(product: Product, *defects: SeededDefect) -> None:
    assert product.host.drafts
    product.host.drafts.seed(defects)


async def manifest_of(product: Product, run: dict[str, Any]) -> dict[str, Any]:
    (path,) = (file["path"] for file in run["files"] if file["path"].endswith("/manifest.json"))
    return json.loads(await product.blob("designs", path))


@pytest.mark.parametrize(("agent", "name", "old", "new", "rule"), DEFECTS, ids=lambda value: str(value)[:24])
async def test_a_defect_that_is_mended_ends_completed_after_one_revision(
    product: Product, agent: str, name: str, old: str, new: str, rule: str
):
    defect(product, SeededDefect(agent, old, new, mends=True))
    before = len(product.calls())
    try:
        run = await product.ended((await product.post(prd_text(f"Mended {name}")))["id"])
    finally:
        defect(product)
    assert run["status"] == "completed", run
    assert product.calls(before).count(f"{agent}:revise") == 1
    assert len(product.calls(before)) == 8
    manifest = await manifest_of(product, run)
    (deliverable,) = (each for each in manifest["deliverables"] if each["name"] == name)
    assert (deliverable["revisions"], deliverable["passed"]) == (1, True)
    text = (await product.blob("designs", deliverable["path"])).decode()
    assert new not in text
    written = next(each["usage"]["output_tokens"] for each in run["agents"] if each["file"] == deliverable["path"])
    assert written < 1.15 * len(text) / 4, "the revision is a small part of the document that it mends"


@pytest.mark.parametrize(("agent", "name", "old", "new", "rule"), DEFECTS, ids=lambda value: str(value)[:24])
async def test_a_defect_that_stays_is_delivered_as_failing_after_bounded_calls(
    product: Product, agent: str, name: str, old: str, new: str, rule: str
):
    defect(product, SeededDefect(agent, old, new, mends=False))
    before = len(product.calls())
    try:
        run = await product.ended((await product.post(prd_text(f"Stays {name}")))["id"])
    finally:
        defect(product)
    assert run["status"] == "completed_with_findings"
    assert 1 <= product.calls(before).count(f"{agent}:revise") <= 4
    manifest = await manifest_of(product, run)
    (deliverable,) = (each for each in manifest["deliverables"] if each["name"] == name)
    assert deliverable["passed"] is False
    assert any(finding["rule"].startswith(rule) and finding["deliverable"] == name for finding in manifest["findings"])
    assert {each["name"] for each in manifest["deliverables"] if not each["passed"]} == {name}


BROKEN, CITES_NOTHING = "\n```python\nnever closed\n", "\nThis also serves [R-999].\n"
"""What fails a document's own checks, and what fails only where it is held against the PRD."""


async def repaired(product: Product, title: str, *defects: SeededDefect, faults: tuple[Fault, ...] = ()) -> list[str]:
    """The calls of a run that ended completed, its defects mended."""
    assert product.host.drafts
    product.host.drafts.order(faults)
    defect(product, *defects)
    before = len(product.calls())
    try:
        run = await product.ended((await product.post(prd_text(title)))["id"])
    finally:
        defect(product)
        product.host.drafts.order([])
    assert run["status"] == "completed", run
    return product.calls(before)


@pytest.mark.parametrize("times", [1, 2])
async def test_edits_that_do_not_apply_go_back_once_and_then_the_whole_document_is_asked_for(
    product: Product, times: int
):
    agent = "azure-monitor-logs-expert"
    misquotes = (Fault(agent, "misquote", times=times, task="revise"),)
    calls = await repaired(product, f"Misquoted {times}", SeededDefect(agent, "", BROKEN), faults=misquotes)
    assert calls.count(f"{agent}:revise") == 1 + times


async def test_an_answer_of_edits_that_is_cut_off_goes_on(product: Product):
    agent = "api-backend-tester"
    cut = (Fault(agent, "max_tokens", times=1, task="revise"),)
    calls = await repaired(product, "Cut Edits", SeededDefect(agent, "", BROKEN), faults=cut)
    assert calls.count(f"{agent}:revise") == 2


async def test_what_is_wrong_with_a_document_alone_and_beside_others_is_mended_in_one_revision(product: Product):
    agent = "azure-devops-pipelines-expert"
    calls = await repaired(
        product, "Wrong Twice", SeededDefect(agent, "", CITES_NOTHING), SeededDefect(agent, "", BROKEN)
    )
    assert calls.count(f"{agent}:revise") == 1


async def test_the_architect_revises_before_those_who_build_on_it(product: Product):
    architect, others = "system-architect", ("api-backend-tester", "azure-devops-pipelines-expert")
    defects = [SeededDefect(agent, "", CITES_NOTHING) for agent in (architect, *others)]
    calls = await repaired(product, "Architect First", *defects)
    revisions = [call for call in calls if call.endswith(":revise")]
    assert revisions[0] == f"{architect}:revise"
    assert sorted(revisions[1:]) == [f"{agent}:revise" for agent in others]
