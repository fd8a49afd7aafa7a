"""MANIFEST.md counts what was found as people and checks read it: errors, warnings, and what was not judged."""

from shared.agents import catalogue
from shared.checks.manifest import check
from shared.contracts import Finding
from shared.pack import Material, compose_pack, registry_of
from tests.golden import golden
from tests.shared.pack.test_manifest_json import SETUP, SYNTHESIS, request

UNJUDGED = Finding("REF-006", "unjudged", "test-specifications.md", 1, "A decorator may give arguments.", "")


def test_what_was_not_judged_is_no_warning():
    pack = golden("python")
    texts = {each.name: each.text for each in pack.documents}
    material = Material(texts, pack.prd, {"setup": SETUP, "synthesis": SYNTHESIS}, [UNJUDGED], [UNJUDGED])
    composed = compose_pack(request(), material, catalogue())
    row = next(
        line for line in composed.files["MANIFEST.md"].decode().splitlines() if "[test-specifications.md](" in line
    )
    assert "| passed, 1 not judged |" in row
    assert "MAN-005" not in {finding.rule for finding in check(registry_of(request(), material, composed))}
