"""The rule table: one meaning per id, and docs that list them all."""

import re
from pathlib import Path

from shared.checks import all_rules
from shared.checks.rule_pages import pages

DOCS = Path(__file__).parents[3] / "docs"


def test_every_rule_has_an_id_of_its_own_a_severity_and_a_reason():
    rules = list(all_rules())
    assert len({rule.id for rule in rules}) == len(rules)
    assert all(re.fullmatch(r"[A-Z]{3}-\d{3}", rule.id) for rule in rules)
    assert {rule.severity for rule in rules} == {"error", "warning"}
    assert all(rule.reason.endswith(".") for rule in rules)


def test_the_docs_list_every_rule_and_have_the_page_of_each_that_tells_of_itself():
    paths = [DOCS / "rules.md", *(DOCS / "rules").iterdir()]
    written = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    assert written == pages(all_rules()), "run `make docs`"
