"""Whatever bytes a deliverable, a PRD or a manifest holds: every check ends, raises nothing, and says where.

That a check ends at all is held by the time limit of the test run; in the product by `shared/checks/checker.py`.
"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.agents.agent_files import catalogue
from shared.checks import (
    CHECK_CRASHED,
    DELIVERABLE_CHECKS,
    PACK_CHECKS,
    REGISTRY_CHECKS,
    Context,
    Pack,
    PackDocument,
    run,
)
from shared.contracts import Finding
from shared.pack import registry
from shared.pack.extraction import extract_files

TAGS = st.sampled_from(
    "yaml json kusto bicep hcl python csharp sql mermaid bash dockerfile toml xml text".split()  # noqa: SIM905 (shorter)
)
OPENINGS = st.sampled_from(
    [b"", b"openapi: 3.1.0\npaths: ", b"stages:\n- ", b"// scheduledQueryRules\nx: { query: ", b"# scheduled_query_rules\nquery = <<Q\n",
     b'{"a": "scheduledQueryRules", "query": "', b"AppRequests | ", b"CREATE TABLE ", b"def test_", b"flowchart LR\n", b"| R-001 | [R-"]
)  # fmt: skip


def block(tag: str, opening: bytes, rest: bytes) -> bytes:
    return f"**`a/b.py`**\n\n```{tag}\n".encode() + opening + rest + b"\n```\n\n"


def document(parts: list[bytes]) -> str:
    return b"".join(parts).decode("utf-8", "surrogateescape")


BLOCKS = st.builds(block, TAGS, OPENINGS, st.binary(max_size=200))
DOCUMENTS = st.builds(document, st.lists(BLOCKS | st.binary(max_size=200), max_size=4))
NAMES = sorted({agent.deliverable for agent in catalogue().agents.values() if agent.deliverable})


def assert_sound(findings: list[Finding]) -> None:
    assert CHECK_CRASHED.id not in {finding.rule for finding in findings}
    assert all(finding.line >= 1 and finding.message for finding in findings)
    assert all(finding.mend or finding.severity == "unjudged" for finding in findings)
    json.dumps([finding.to_dict() for finding in findings])


@pytest.mark.parametrize("check", DELIVERABLE_CHECKS)
@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), text=DOCUMENTS)
def test_any_deliverable_is_judged(check: str, name: str, text: str):
    assert_sound(run([check], Context(name, text, ("API contract",))))


@settings(max_examples=40, deadline=None)
@given(st.lists(DOCUMENTS, min_size=len(NAMES), max_size=len(NAMES)), DOCUMENTS)
def test_any_pack_is_judged(texts: list[str], prd: str):
    documents = tuple(PackDocument(name, text) for name, text in zip(NAMES, texts, strict=True))
    assert_sound(run(PACK_CHECKS, Pack(documents, prd, "python", "postgres")))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), DOCUMENTS))
def test_files_are_taken_out_of_any_pack(documents: dict[str, str]):
    assert_sound(list(extract_files(documents).findings))


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS, st.lists(st.binary(max_size=200), min_size=3, max_size=3))
def test_any_manifest_is_judged(manifest: str, contents: list[bytes]):
    files: dict[str, bytes] = dict(
        zip(("out/a.md", "out/p/manifest.json", "out/p/openapi.yaml"), contents, strict=True)
    )
    assert_sound(run(REGISTRY_CHECKS, registry(manifest, "out/p/MANIFEST.md", files)))
