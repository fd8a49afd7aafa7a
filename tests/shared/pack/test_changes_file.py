"""CHANGES.md says what became of requirements, sections and the API, and nothing that it quotes can act."""

from shared.contracts import Base, BlobRef
from shared.pack.changes_file import PackChanges, pack_changes, render_changes
from shared.prd.requirements import compare

PRD = "# Parcels\n\n## Requirements\n\n- Couriers must register parcels.\n- Customers must see where a parcel is.\n"
BASE = Base("parcels-0", "20261201-101500", "designs/parcels", BlobRef("runs", "x", "a" * 64, 1), ())
CONTRACT = """openapi: 3.1.0
info: {title: Parcels, version: 1.0.0}
paths:
  /parcels:
    get: {operationId: listParcels, responses: {"200": {description: All}}}
    post: {operationId: createParcel, responses: {"201": {description: Made}}}
"""
DOCUMENT = "# Parcels\n\n## Security\n\nKeys.\n\n## Reliability\n\nRetries.\n"


def changes(prd: str = PRD, document: str = DOCUMENT, contract: str | None = CONTRACT) -> PackChanges:
    return pack_changes(compare(PRD, prd), ({"a.md": DOCUMENT}, {"a.md": document}), (CONTRACT, contract))


def test_nothing_changed_is_said() -> None:
    text = render_changes(changes(), BASE)
    assert "# Changes since run parcels-0" in text
    for line in ("Nothing is asked for that was not.", "No change that callers", "None: every document is the earlier"):
        assert line in text


def test_requirements_sections_and_operations_are_told() -> None:
    found = changes(
        PRD.replace("register parcels", "register heavy parcels"),
        DOCUMENT.replace("Keys.", "Tokens.").replace("## Reliability\n\nRetries.\n", "## Rollback\n\nBy slot.\n"),
        CONTRACT.replace("    post:", "    put:"),
    )
    text = render_changes(found, BASE)
    assert (
        "- **R-001** changed: `Couriers must register parcels.` became `Couriers must register heavy parcels.`" in text
    )
    assert "1 breaking, 0 risky" in text
    assert "| breaking | `POST /parcels` | `moved to PUT /parcels` |" in text
    kinds = {(one.section, one.kind) for one in found.sections}
    assert kinds == {("Security", "changed"), ("Rollback", "added"), ("Reliability", "removed")}


def test_a_contract_that_is_gone_is_said_and_is_no_change() -> None:
    assert changes(contract=None).api is None
    assert "could not be compared" in render_changes(changes(contract=None), BASE)


def test_what_is_quoted_stays_inside_its_quote() -> None:
    hostile = PRD.replace("register parcels", "register `x` | <script>alert(1)</script> ![](http://example.com)")
    text = render_changes(changes(hostile), BASE)
    (line,) = (line for line in text.splitlines() if "script" in line)
    assert line.count("`") == 2
    assert "<script>" in line.split("`")[1]
