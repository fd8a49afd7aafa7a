"""Ten edits of one PRD, one after another: what each costs beside a full run, and that nothing else moves."""

from dataclasses import dataclass

import pytest

from tests.e2e.conftest import Product
from tests.e2e.test_incremental import Design, designed, plan, prd

LOYALTY, APPROVALS = "- Loyalty points and vouchers.\n", "- Orders from companies with approval steps.\n"
SUPPORT = "## Support\n\n- Agents must see a log of calls.\n\n"
LIMIT = "5. An order with more than 100 lines must be rejected with a clear message.\n"


@dataclass(frozen=True)
class Edit:
    """One edit: its name, what it replaces, how many calls it may take, and which share of a full run's cost."""

    name: str
    edits: tuple[tuple[str, str], ...]
    calls: int
    share: float


CHAIN = (
    Edit("formatting", (("\n\n", "\n\n\n"), ("must never", "must **never**")), 0, 0),
    Edit("order", ((LOYALTY, ""), (APPROVALS, APPROVALS + LOYALTY)), 0, 0),
    Edit("a non-goal less", ((LOYALTY, ""),), 1, 0.03),
    Edit("text around requirements", (("oversold on busy days", "oversold in December"),), 2, 0.1),
    Edit("a number of one requirement", (("more than 100 lines", "more than 200 lines"),), 3, 0.25),
    Edit("an objective", (("p95 < 80 ms", "p95 < 60 ms"),), 5, 0.45),
    Edit("a requirement more", (("6. Payments are", "6. An order must carry a gift note.\n7. Payments are"),), 3, 0.25),
    Edit("a requirement less", ((LIMIT.replace("100", "200"), ""),), 5, 0.35),
    Edit("a renamed entity", (("A refund has a", "A reimbursement has a"),), 5, 0.45),
    Edit("a new section", (("## Out of scope", f"{SUPPORT}## Out of scope"),), 5, 0.4),
)


@pytest.fixture(scope="module")
async def full(product: Product) -> Design:
    return await designed(product, prd("Chained Orders"))


async def test_ten_edits_cost_what_each_changes_and_touch_nothing_else(product: Product, full: Design):
    text, last = prd("Chained Orders"), full
    for edit in CHAIN:
        for old, new in edit.edits:
            assert old in text, old
            text = text.replace(old, new)
        planned, design = await plan(product, text), await designed(product, text)
        assert len(design.calls) <= min(edit.calls, planned["calls"]), (edit.name, design.calls)
        assert design.run["cost_usd"] <= edit.share * full.run["cost_usd"], edit.name
        assert {name: design.texts[name] for name in design.carried} == {
            name: last.texts[name] for name in design.carried
        }, edit.name
        ids = {row["text"]: row["id"] for row in last.manifest["ledger"]["rows"]}
        kept = {row["text"]: row["id"] for row in design.manifest["ledger"]["rows"] if row["text"] in ids}
        assert kept == {words: identifier for words, identifier in ids.items() if words in kept}, edit.name
        last = design
