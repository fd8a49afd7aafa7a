"""A good pack has no findings; each rule catches its defects and leaves the others alone."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.agents.agent_files import catalogue
from shared.checks import REGISTRY_CHECKS
from shared.checks import manifest as checking
from shared.checks.checker import Checker
from shared.checks.copies import copied_lines, stretches
from shared.checks.manifest import RULES, check
from shared.contracts import BlobRef, FileEntry, Finding, Folders, ManifestRequest, Options, Outcome, RunInput, Usage
from shared.pack import registry
from shared.pack.extraction import extract
from shared.pack.manifest import Written, render_manifest
from tests.local.drafts import samples
from tests.mutants import Mutant

PROJECT = "out/projects/orders/20261122-081500"
AGENTS = "out/agents"
PATH = f"{PROJECT}/MANIFEST.md"
CONTRACT = """openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders:
    post: {operationId: createOrder, responses: {}}
    get: {operationId: listOrders, responses: {}}
  /orders/{orderId}:
    get: {operationId: getOrder, responses: {}}
"""
CONTEXT = "Orders arrive from three shops and must never be lost, whatever happens to the payment provider. " * 4
STORES = "| store | product | why |\n|---|---|---|\n| orders | PostgreSQL | joins |\n| events | Kafka | order |\n| cache | Redis | speed |\n"
ARCHITECTURE = f"# Architecture\n\n## Overview\n\n{CONTEXT}\n\n## Data model\n\n{STORES}\n## API contract\n\n```yaml\n{CONTRACT}```\n"
TESTS = "# Tests\n\n## Load tests\n\n| flow | p95 |\n|---|---|\n| SLO-1 | 250 ms |\n"
DELIVERABLES = {
    f"{AGENTS}/system-architect/orders-20261122-081500/integration-architecture.md": ARCHITECTURE,
    f"{AGENTS}/api-backend-tester/orders-20261122-081500/test-specifications.md": TESTS,
}
SURFACE = """3 operations, all behind a token. Source: [integration-architecture.md], "API contract".

| operationId | method and path | purpose |
|---|---|---|
| createOrder | POST /orders | place an order |
| listOrders | `GET /orders` | look through orders |
| getOrder | GET /orders/{orderId} | look at one |
"""


type Entries = list[dict[str, object]]


@dataclass
class Pack:
    """A pack that tests spoil: its files but the manifests, and the parts of MANIFEST.md."""

    files: dict[str, bytes] = field(
        default_factory=lambda: {
            **{path: text.encode() for path, text in DELIVERABLES.items()},
            f"{PROJECT}/openapi.yaml": CONTRACT.encode(),
            f"{PROJECT}/tests/test_a.py": b"def test_a():\n    assert True\n",
        }
    )
    surface: str = SURFACE
    more: str = ""
    findings: list[str] = field(default_factory=list[str])
    verdict: str = "passed, 1 warning(s)"
    spoil: Callable[[str], str] = str
    data: Callable[[dict[str, Entries]], object] = dict

    def __post_init__(self) -> None:
        self.findings.append("| STR-006 | warning | test-specifications.md | 3 | No tag. | Add one. |")

    def check(self) -> list[str]:
        """The rules of all findings."""
        return [finding.rule for finding in self.findings_now()]

    def findings_now(self) -> list[Finding]:
        """What the check says of it."""
        manifest, files = self.write()
        return list(check(registry(manifest, PATH, files)))

    def write(self) -> tuple[str, dict[str, bytes]]:
        """MANIFEST.md, and all files with both manifests."""
        listed: Entries = [
            {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for path, content in self.files.items()
        ]
        data = self.data({"deliverables": listed[:2], "files": listed[2:]})
        files = self.files | {f"{PROJECT}/manifest.json": json.dumps(data).encode()}
        rows = "\n".join(self.row(path, content) for path, content in files.items())
        manifest = self.spoil(
            "# Orders: design manifest\n\n## Deliverables\n\n| file | state | size | SHA-256 |\n|---|---|---|---|\n"
            f"{rows}\n\n## API surface\n\n{self.surface}\n## SLOs\n\n{self.more}\n\n"
            "## Findings\n\n| rule | severity | deliverable | line | message | mend |\n|---|---|---|---|---|---|\n"
            + "\n".join(self.findings)
            + "\n\n[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), [the tests](tests/), [above](#deliverables)\n\n"
            "[integration-architecture.md]: "
            "../../../agents/system-architect/orders-20261122-081500/integration-architecture.md\n"
        )
        return manifest, files | {PATH: manifest.encode()}

    def row(self, path: str, content: bytes) -> str:
        """The registry's row for one file."""
        link = path.removeprefix(f"{PROJECT}/") if path.startswith(PROJECT) else f"../../../{path.removeprefix('out/')}"
        state = self.verdict if "test-spec" in path else "passed" if path.endswith(".md") else ""
        digest = hashlib.sha256(content).hexdigest()
        return f"| [{path.rsplit('/', 1)[1]}]({link}) | {state} | {len(content):,} bytes | `{digest}` |"


def replacing(old: str, new: str) -> Callable[[str], str]:
    """A spoiler that must find what it replaces."""

    def replace(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return replace


def test_a_good_pack_has_no_findings():
    assert Pack().check() == []


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def with_a_file_too_many(data: dict[str, Entries]) -> object:
    return data | {"files": [*data["files"], {"path": "out/x", "size": 1}]}


def with_other_digests(data: dict[str, Entries]) -> object:
    return data | {"deliverables": [entry | {"sha256": "0" * 64} for entry in data["deliverables"]]}


DEFECTS: list[tuple[str, str, Pack]] = [
    ("a link to nothing", "MAN-001", Pack(more="See [the plan](cicd-pipeline.md).")),
    ("a link out of the pack", "MAN-001", Pack(more="[x](../../../../../etc/passwd)")),
    ("an absolute link", "MAN-001", Pack(more="[x](/out/agents)")),
    ("an image of nothing", "MAN-001", Pack(more="![x](diagram.svg)")),
    ("an HTML link to nothing", "MAN-001", Pack(more='<a href="gone.md">x</a>')),
    ("a block of HTML with a link to nothing", "MAN-001", Pack(more='<div>\n<img src="gone.png">\n</div>')),
    ("an encoded link to nothing", "MAN-001", Pack(more="[x](%2e%2e/gone.md)")),
    ("a document in brackets without a target", "MAN-002", Pack(more="See [cicd-pipeline.md], Rollback.")),
    ("another in a list", "MAN-002", Pack(more="- [observability-plan.md]\n")),
    ("a file that is not listed", "MAN-003", Pack(spoil=replacing("| [test_a.py](tests/test_a.py)", "| test_a.py"))),
    ("a deliverable without a digest", "MAN-003", Pack(spoil=replacing(digest_of(ARCHITECTURE), "later"))),
    ("a wrong digest", "MAN-004", Pack(spoil=replacing(digest_of(CONTRACT), "0" * 64))),
    ("a wrong size", "MAN-004", Pack(spoil=replacing(f"{len(CONTRACT):,} bytes", "12 bytes"))),
    ("no size", "MAN-004", Pack(spoil=replacing(f"{len(ARCHITECTURE):,} bytes", "large"))),
    ("more findings counted than listed", "MAN-005", Pack(verdict="passed, 2 warning(s)")),
    ("an error listed and not counted", "MAN-005", Pack(findings=["| OAS-001 | error | test-specifications.md | 1 | a | b |"])),
    ("an error counted and not listed", "MAN-005", Pack(verdict="**failing**: 1 error(s), 1 warning(s) after 2 revision(s)")),
    ("another number of operations", "MAN-005", Pack(surface=SURFACE.replace("3 operations", "1,204 operations"))),
    ("an operation left out", "MAN-006", Pack(surface=SURFACE.replace("| getOrder | GET /orders/{orderId} | look at one |\n", ""))),
    ("an operation made up", "MAN-006", Pack(surface=SURFACE.replace("GET /orders/{orderId}", "DELETE /orders/{orderId}"))),
    ("a copied paragraph", "MAN-007", Pack(more=CONTEXT)),
    ("a copied paragraph with other line breaks", "MAN-007", Pack(more=CONTEXT.replace("must", "\nmust"))),
    ("a copied table", "MAN-007", Pack(more=STORES)),
    ("a copied table with another rule", "MAN-007", Pack(more=STORES.replace("|---|---|---|", "| :-- | :-- | --: |"))),
    ("a copied block of code", "MAN-007", Pack(more=f"```yaml\n{CONTRACT}```")),
    ("most of a block of code", "MAN-007", Pack(more=f"```yaml\n{CONTRACT.split('\n', 1)[1]}```")),
    ("manifest.json without a file", "MAN-008", Pack(data=lambda data: data | {"files": []})),
    ("manifest.json with a file too many", "MAN-008", Pack(data=with_a_file_too_many)),
    ("manifest.json with other digests", "MAN-008", Pack(data=with_other_digests)),
    ("too many characters", "MAN-009", Pack(more="x" * checking.MAXIMUM_CHARACTERS)),
    ("too many brackets", "MAN-009", Pack(more="[" * (checking.MAXIMUM_BRACKETS + 1))),
    ("a manifest.json that is none", "MAN-008", Pack(data=lambda _: [1])),
]  # fmt: skip


MUTANTS = [Mutant(rule, name, pack.findings_now) for name, rule, pack in DEFECTS]


def test_what_is_left_out_of_a_long_list_is_counted():
    found = Pack(more="\n".join(f"[x](gone-{number}.md)" for number in range(70))).findings_now()
    assert len(found) == checking.MAXIMUM_FINDINGS + 1
    assert found[-1].message.startswith("20 more of MAN-001 are not listed")


async def test_it_runs_in_the_process_of_the_checks_and_within_its_limit():
    manifest, files = Pack(more="[x](gone.md)").write()
    checker = Checker(timeout_seconds=60)
    assert [one.rule for one in await checker.check(REGISTRY_CHECKS, registry(manifest, PATH, files))] == ["MAN-001"]
    await checker.close()


def test_a_document_that_is_too_long_to_be_looked_at_has_not_passed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checking, "MAXIMUM_DOCUMENT_CHARACTERS", len(ARCHITECTURE) - 1)
    assert Pack().check() == ["MAN-009"]


def test_a_finding_says_where_and_how_to_mend():
    manifest, files = Pack(more=f"One\ntwo [x](gone.md)\n\n{STORES}").write()
    link, copy = check(registry(manifest, PATH, files))
    assert (link.deliverable, link.severity) == ("MANIFEST.md", "error")
    assert "gone.md" in manifest.splitlines()[link.line - 1]
    assert manifest.splitlines()[copy.line - 1].startswith("| store |")
    assert "integration-architecture.md" in copy.mend


@pytest.mark.parametrize(
    "more",
    [
        "| SLO-1 | 250 ms |\n",
        "| SLO | p95 | alert |\n|---|---|---|\n| SLO-1 | 250 ms | none |\n",
        "Orders arrive from three shops and must never be lost.",
        "| store | holds |\n|---|---|\n| orders | PostgreSQL | joins |\n| events | Kafka | order |\n",
    ],
)
def test_a_summary_may_use_the_words_of_its_source(more: str):
    assert Pack(more=more).check() == []


def test_the_prd_beside_the_manifest_may_be_quoted():
    pack = Pack(more=CONTEXT.replace("shops", "stores"))
    pack.files[f"{PROJECT}/prd.md"] = pack.more.encode()
    assert pack.check() == []


def test_a_surface_that_is_not_written_yet_is_not_counted():
    assert Pack(surface="_Written when the run ends._\n").check() == []


def test_a_pack_without_a_contract_has_no_operations_to_compare():
    pack = Pack(surface="9 operations: POST /nothing\n")
    pack.files[f"{PROJECT}/openapi.yaml"] = b"a: ["
    assert pack.check() == []


@pytest.mark.parametrize("stack", ["python", "csharp"])
@pytest.mark.parametrize("prd", samples.PRDS)
def test_what_the_product_writes_passes(prd: str, stack: str):
    manifest, files = drafted_pack(samples.PRDS[prd], stack)
    assert [finding.message for finding in check(registry(manifest, PATH, files))] == []


def drafted_pack(prd: str, stack: str) -> tuple[str, dict[str, bytes]]:
    """A drafted pack's MANIFEST.md as the product renders it, with the contract, registered, beside it."""
    calls = catalogue().calls_for(stack)
    folders = Folders("20261122-081500", PROJECT, AGENTS, "orders")
    ref = BlobRef("runs", "r1/prd.md", "a" * 64, len(prd))
    texts = {call.key: samples.draft(prd, call.agent, call.task, stack=stack) for call in calls}
    documents = {call.deliverable: texts[call.key] for call in calls if call.task == "draft"}
    outcomes: list[Outcome] = []
    for call in calls:
        text = texts[call.key].encode()
        entry = FileEntry(folders.deliverable_path(call), len(text), hashlib.sha256(text).hexdigest())
        outcomes.append(Outcome(call.key, "done", Usage(1), "m", ref, entry if call.task == "draft" else None))
    run = RunInput("r1", "orders", "Orders", ref, "orders.md", None, Options(stack, "asked for"), "out", calls)
    request = ManifestRequest(run, folders, "completed", tuple(outcomes), "2026-11-22T08:15:00", "2026-11-22T08:16:00")
    own = {call.task: texts[call.key] for call in calls if call.task != "draft"}
    manifest = render_manifest(request, Written(own, [], []), catalogue())
    contract = next(file.content for file in extract(documents) if file.path == "openapi.yaml").encode()
    digest = hashlib.sha256(contract).hexdigest()
    manifest += f"\n| file | size | SHA-256 |\n|---|---|---|\n| [openapi.yaml](openapi.yaml) | {len(contract):,} bytes | `{digest}` |\n"
    files = {call.file.path: texts[call.key].encode() for call in outcomes if call.file}
    return manifest, files | {f"{PROJECT}/openapi.yaml": contract, PATH: manifest.encode()}


def test_lines_are_copied_in_runs_and_blocks_only():
    source = "\n".join(f"line {number} of the source" for number in range(20))
    assert copied_lines("line 3 of the source\n\nline 4 of the source\n", source) == set()
    run = "\n\n".join(f"line {number} of the source" for number in range(3, 9))
    assert copied_lines(f"own\n{run}\nown", source) == {2, 4, 6, 8, 10, 12}
    assert list(stretches({2, 4, 6, 20, 21})) == [(2, 6), (20, 21)]


_TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["| a | b |\n|---|---|\n", "[x](y)", "[x]: <", "## API surface\n", "`" * 5, f"| {'0' * 64} | 9 bytes |", "<a href=", "12 operations GET /x"]),
)  # fmt: skip


@given(
    st.lists(_TEXTS, max_size=12).map("".join),
    st.dictionaries(st.text(max_size=12), st.binary(max_size=40), max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_any_manifest_and_files_give_findings_and_no_exception(manifest: str, files: dict[str, bytes]):
    files |= {
        f"{PROJECT}/openapi.yaml": CONTRACT.encode(),
        f"{PROJECT}/manifest.json": manifest.encode(errors="replace"),
    }
    for finding in check(registry(manifest, PATH, files)):
        assert finding.rule in {rule.id for rule in RULES}
        assert 1 <= finding.line <= manifest.count("\n") + manifest.count("\r") + 1
