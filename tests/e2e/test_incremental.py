"""A run of a project that has a pack revises what its PRD's changes reach, and carries the rest over to the byte."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.conftest import Product

ORDERS = (Path(__file__).parents[2] / "examples" / "prds" / "order-service.md").read_text(encoding="utf-8")
SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text(encoding="utf-8"))
)
COMPLETE = ("completed", "completed_with_findings")


def prd(title: str, *edits: tuple[str, str]) -> str:
    """The example PRD as another product's, with edits."""
    text = ORDERS.replace("# Order Service", f"# {title}", 1)
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


class Design:
    """A run that has ended: its calls, manifest and deliverables."""

    def __init__(self, run: dict[str, Any], calls: list[str], manifest: dict[str, Any], texts: dict[str, bytes]):
        self.run, self.calls, self.manifest, self.texts = run, calls, manifest, texts

    @property
    def carried(self) -> set[str]:
        return {one["name"] for one in self.manifest["deliverables"] if one["carried_from"]}

    @property
    def revised(self) -> set[str]:
        return {one["name"] for one in self.manifest["deliverables"] if not one["carried_from"]}


async def designed(product: Product, text: str, **options: Any) -> Design:
    before = len(product.calls())
    run = await product.ended((await product.post(text, **options))["id"], within=120)
    assert run["status"] in COMPLETE, run
    (path,) = (file["path"] for file in run["files"] if file["path"].endswith("/manifest.json"))
    manifest = json.loads(await product.blob("designs", path))
    texts = {one["name"]: await product.blob("designs", one["path"]) for one in manifest["deliverables"]}
    return Design(run, product.calls(before), manifest, texts)


async def changes_of(product: Product, design: Design) -> str:
    folder = design.manifest["folders"]["project"]
    return (await product.blob("designs", f"{folder}/CHANGES.md")).decode()


async def plan(product: Product, text: str, **options: Any) -> dict[str, Any]:
    answer = await product.http.post("/api/plan", json={"prd": text, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()["plan"]


@pytest.fixture(scope="module")
async def first(product: Product) -> Design:
    return await designed(product, prd("Living Orders"))


async def test_a_change_of_form_makes_no_call_and_carries_everything_over(product: Product, first: Design):
    loyalty = "- Screens for customers and agents.\n"
    again = prd("Living Orders", ("\n\n", "\n\n\n"), (loyalty, ""), ("must never reach", "must **never** reach"))
    again = again.replace("- Loyalty points and vouchers.\n", f"- Loyalty points and vouchers.\n{loyalty}")
    planned = await plan(product, again)
    assert (planned["calls"], planned["estimated_tokens"]["output"], planned["estimated_cost_usd"]) == (0, 0, 0)
    second = await designed(product, again)
    assert second.calls == []
    assert second.texts == first.texts
    assert second.revised == set()
    assert second.manifest["base"]["run"] == first.run["id"]
    assert second.manifest["sections"] == first.manifest["sections"]
    changes = await changes_of(product, second)
    assert "None: every document is the earlier one, to the byte." in changes
    assert "No change that callers could notice." in changes


async def test_a_changed_number_revises_who_cites_it_and_nobody_else(product: Product, first: Design):
    text = prd("Living Orders", ("more than 100 lines", "more than 200 lines"))
    planned = await plan(product, text)
    (change,) = (one for one in planned["changes"]["requirements"] if one["kind"] != "moved")
    assert (change["kind"], change["id"]) == ("changed", "R-008")
    assert 0 < planned["calls"] < 7
    second = await designed(product, text)
    assert len(second.calls) <= planned["calls"]
    assert all(call.endswith(":revise") for call in second.calls)
    assert {"cicd-pipeline.md", "python-sample-implementation.md"} <= second.carried
    for name in second.carried:
        assert second.texts[name] == first.texts[name]
    assert b"200" in second.texts["integration-architecture.md"]
    changes = await changes_of(product, second)
    assert "**R-008** changed: `An order with more than 100 lines" in changes
    assert "- changed, integration-architecture.md: `API contract`" in changes
    told = second.manifest["changes"]
    assert {one["section"] for one in told["sections"]} >= {"API contract", "Contract tests", "Metrics"}
    assert [error.message for error in SCHEMA.iter_errors(second.manifest)] == []  # pyright: ignore[reportUnknownMemberType] (typed for one overload only)


async def test_full_designs_everything_anew(product: Product, first: Design):
    planned = await plan(product, prd("Living Orders"), full=True)
    assert (planned["calls"], planned["base"]) == (7, None)
    again = await designed(product, prd("Living Orders"), full=True)
    assert again.manifest["base"] is None
    assert again.revised == set(again.texts)


async def test_a_document_edited_by_hand_is_gone_on_from_as_it_is(product: Product):
    first = await designed(product, prd("Edited Orders"))
    (path,) = (one["path"] for one in first.manifest["deliverables"] if one["name"] == "cicd-pipeline.md")
    edited = first.texts["cicd-pipeline.md"] + b"\nThe team deploys on Tuesdays.\n"
    await product.storage.get_blob_client("designs", path).upload_blob(edited, overwrite=True)
    text = prd("Edited Orders", ("more than 100 lines", "more than 200 lines"))
    assert "edited by hand since, and kept so: azure-devops-pipelines-expert" in (await plan(product, text))["text"]
    second = await designed(product, text)
    assert second.texts["cicd-pipeline.md"] == edited


async def test_a_dropped_prd_goes_on_from_its_earlier_version_and_knows_its_ids(product: Product):
    await product.drop("living.md", prd("Dropped Orders"))
    first = await product.run_of("living.md", within=120)
    before, new = len(product.calls()), "5. An order must carry a gift note of up to 200 characters.\n6. An order with"
    await product.drop("living.md", prd("Dropped Orders", ("5. An order with", new)))
    while (second := await product.run_of("living.md", within=120))["id"] == first["id"]:
        pass
    assert second["base"]["run"] == first["id"]
    assert "azure-devops-pipelines-expert:revise" not in product.calls(before)
    (path,) = (file["path"] for file in second["files"] if file["path"].endswith("/manifest.json"))
    rows = json.loads(await product.blob("designs", path))["ledger"]["rows"]
    assert [row["id"] for row in rows if "gift note" in row["text"]] == ["R-050"]
    assert [row["id"] for row in rows if "more than 100 lines" in row["text"]] == ["R-008"]
