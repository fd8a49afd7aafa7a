"""The inline OpenAPI document: a good one passes, each seeded defect is caught by its rule and no other error rule."""

import json
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.checks import Context, run
from shared.checks.openapi import RULES
from shared.contracts import Finding
from shared.formats.located_yaml import load_located
from tests.mutants import Mutant
from tests.shared.checks.openapi_mutants import DEFECTS

GOOD = (Path(__file__).parent / "good_contract.yaml").read_text(encoding="utf-8")


def findings(contract: str) -> list[Finding]:
    text = f"# Architecture\n\n## API contract\n\n```yaml\n{contract}```\n"
    return run(["openapi"], Context("integration-architecture.md", text, ()))


def test_rules_have_ids_of_their_own_and_are_listed_in_order():
    assert [rule.id for rule in RULES] == sorted({rule.id for rule in RULES})


def test_a_good_contract_has_no_findings():
    assert findings(GOOD) == []


def spoiled(old: str, new: str) -> list[Finding]:
    assert old in GOOD
    return findings(GOOD.replace(old, new, 1))


def in_document(text: str) -> list[Finding]:
    return run(["openapi"], Context("integration-architecture.md", text, ()))


def entangled(keyword: str) -> list[Finding]:
    """An example whose schema would take exponential time."""
    chain = "".join(
        f"    A{level}: {{{keyword}: [{{$ref: '#/components/schemas/A{level + 1}'}}, {{$ref: '#/components/schemas/A{level + 1}'}}]}}\n"
        for level in range(60)
    )
    contract = GOOD.replace("    Problem:\n", f"{chain}    A60: {{type: string}}\n    Problem:\n")
    return findings(contract.replace("detail: {type: string}", "detail: {$ref: '#/components/schemas/A0', default: x}"))


def overgrown(part: str) -> list[Finding]:
    return spoiled(
        "    OrderChanged:\n      allOf:\n", f"    OrderChanged:\n      allOf:\n{f'        - {part}\n' * 500}"
    )


HEAD = GOOD[: GOOD.index("tags:\n")]
MUTANTS = [
    *(Mutant(rule, f"{old} becomes {new}", partial(spoiled, old, new)) for rule, old, new in DEFECTS),
    Mutant("OAS-001", "no document", partial(in_document, "# Architecture\n")),
    Mutant("OAS-001", "two documents", partial(in_document, f"```yaml\n{GOOD}```\n\n" * 2)),
    Mutant("OAS-005", "no path", partial(findings, f"{HEAD}paths: {{}}\n")),
    Mutant("OAS-005", "a path without operations", partial(findings, f"{HEAD}paths:\n  /orders: {{}}\n")),
    *(Mutant("OAS-028", keyword, partial(entangled, keyword)) for keyword in ("anyOf", "allOf", "oneOf")),
    Mutant("OAS-030", "many parts", partial(overgrown, "{title: a}")),
    Mutant("OAS-030", "many references", partial(overgrown, "{$ref: '#/components/schemas/Stored'}")),
]


def test_text_that_is_a_string_itself_is_checked_as_one():
    plain = "{description: Gone, content: {text/plain: {schema: {type: string, maxLength: 3}, example: long}}}"
    found = findings(GOOD.replace('"204": {description: Gone}', f'"200": {plain}'))
    assert [one.rule for one in found] == ["OAS-027"]


def test_a_finding_stands_on_the_line_of_its_defect():
    [found] = findings(GOOD.replace("maxLength: 40", "maxLenght: 40"))
    assert found.line == 5 + GOOD[: GOOD.index("maxLength: 40")].count("\n") + 1
    assert found.mend == "Did you mean `maxLength`?"


def test_a_defect_below_a_status_code_is_found_on_its_line():
    [found, _] = findings(GOOD.replace("{description: Gone}", "{descriptoin: Gone}"))
    assert found.line == 5 + GOOD[: GOOD.index("{description: Gone}")].count("\n") + 1


def test_a_contract_may_be_written_as_json():
    document = load_located(GOOD).value
    text = f"```json\n{json.dumps(document, indent=2)}\n```\n"
    assert run(["openapi"], Context("integration-architecture.md", text, ())) == []


def test_what_is_left_out_of_a_long_list_is_said():
    many = "".join(f"    Unused{number}: {{type: string}}\n" for number in range(50))
    found = findings(GOOD.replace("    Status: {type", f"{many}    Status: {{type"))
    assert len(found) == 21
    assert found[-1].message == "30 more of OAS-016 are not listed."


def test_links_may_name_a_server_and_references_a_description_and_webhooks_need_no_id():
    same = (
        GOOD.replace(
            "operationId: getOrder\n              p",
            "server: {url: /}\n              operationId: getOrder\n              p",
        )
        .replace('"404": {$ref', '"404": {description: Not here, $ref')
        .replace("      operationId: notifyOrderChanged\n", "")
    )
    assert same.count("Not here") == 2
    assert findings(same) == []


def test_only_a_read_only_property_may_be_missing_from_a_request():
    assert {one.rule for one in findings(GOOD.replace("readOnly: true", "readOnly: false"))} == {"OAS-027"}


def bomb() -> str:
    levels = zip("abcdefgh", "bcdefghi", strict=True)
    return "openapi: 3.1.0\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in levels
    )


HOSTILE = {
    "alias bomb": bomb(),
    "endless alias": "openapi: 3.1.0\na: &a [*a]\n",
    "deep": f"openapi: {'[' * 100_000}\n",
    "two documents": "openapi: 3.1.0\n---\nopenapi: 3.1.0\n",
    "a list": '["openapi: 3.1.0",\n"openapi": 1]\n',
    "half a surrogate": "openapi: 3.1.0\na: \ud800\n",
    "control character": "openapi: 3.1.0\na: \x00\n",
    "huge": f"openapi: 3.1.0\na: {'x' * 1_000_001}\n",
    "foreign dialect": GOOD.replace(
        "detail: {", "detail: {$id: 'http://[', $schema: 'http://example.com/x', default: 1, "
    ),
    "regular expression": GOOD.replace(
        "detail: {", f"detail: {{pattern: '^(?=a)(a|aa)+\\1$', default: {'a' * 20_000}b, "
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_an_error_and_no_crash(name: str):
    found = findings(HOSTILE[name])
    assert "CHK-001" not in {one.rule for one in found}
    assert "error" in {one.severity for one in found}


KEYS = (
    "openapi info paths components schemas schema properties items allOf anyOf type enum required $ref get post responses "
    "default content application/json example examples parameters name in security oauth tags links callbacks /a/{b} 200 "
    "object string array #/components/schemas/a #/paths a"
)
WORDS = st.sampled_from(KEYS.split())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(WORDS, VALUES, max_size=6))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_document_of_any_shape_stops_the_check(parts: dict[str, object]):
    found = findings(json.dumps({"openapi": "3.1.0"} | parts | {"openapi": "3.1.0"}, ensure_ascii=True) + "\n")
    assert "CHK-001" not in {one.rule for one in found}


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_text_stops_the_check(text: str):
    assert "CHK-001" not in {one.rule for one in findings(f"openapi: 3.1.0\n{text}\n")}
    assert "CHK-001" not in {one.rule for one in run(["openapi"], Context("integration-architecture.md", text, ()))}


@given(st.integers(0, len(GOOD)), st.integers(0, 60), st.text(max_size=10))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_damage_to_a_good_contract_stops_the_check(start: int, length: int, patch: str):
    damaged = GOOD[:start] + patch + GOOD[start + length :]
    assert "CHK-001" not in {one.rule for one in findings(damaged)}


def test_an_independent_validator_accepts_the_good_contract():
    errors = cast(Any, OpenAPIV31SpecValidator)(load_located(GOOD).value).iter_errors()
    assert list(errors) == []
