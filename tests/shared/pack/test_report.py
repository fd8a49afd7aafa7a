"""report.html: one file that needs nothing else, leads to the very places, and in which nothing of a pack can act."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from shared.agents import catalogue
from shared.checks.checker import Checker
from shared.checks.manifest import check as check_manifest
from shared.checks.mermaid import draw
from shared.contracts import Failure, Finding, ManifestRequest
from shared.pack import ComposedPack, Material, compose_pack, registry_of, report_input, with_report
from shared.pack.report import ReportInput, render_brief, render_report
from tests.golden import golden
from tests.shared.pack.test_manifest_json import outcome, request

SECTIONS = {
    "setup": "## Assumptions\n\n1. Orders stay in the EU.\n\n## Non-goals\n\n- Screens\n",
    "synthesis": "## API surface\n\nSee [integration-architecture.md].\n\n## Open questions\n\n1. Who may cancel?\n\n"
    "## Risks\n\n| risk | helps |\n|---|---|\n| Load is assumed | test it |\n",
}
UNJUDGED = Finding("KQL-004", "unjudged", "observability-plan.md", 20, "The table is not known.", "")
ERROR = Finding("OAS-004", "error", "integration-architecture.md", 60, "`Problme` is not there.", "Name a schema.")
HOSTILE = """# <script>alert(1)</script>

<img src=x onerror=alert(2)> and <svg onload=alert(3)></svg> <!-- <b> -->

[run](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>) ![pixel](https://evil.example/p.png)
![x](javascript:alert(6)) <https://evil.example/"onmouseover="alert(7)> [up](../../../../etc/passwd)

[r]: javascript:alert(8)
[r] <style>*{display:none}</style><base href="https://evil.example/"><iframe src="https://evil.example"></iframe>

## "><script>alert(9)</script>

```html" onload="alert(10)
</code></pre><script>alert(11)</script>
```

```mermaid
flowchart LR
  a["<script>alert(12)</script>"] --> b["<img src=x onerror=alert(13)>"]
  click a "javascript:alert(14)"
```

| a | b |
|---|---|
| <td onclick=alert(15)> | `</script><script>alert(16)</script>` |
"""


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, ids, and text outside of style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(attribute)) is not None]


def material(**documents: str) -> Material:
    pack = golden("python")
    texts = {each.name: each.text for each in pack.documents} | documents
    return Material(texts, pack.prd, SECTIONS, [UNJUDGED], [UNJUDGED])


def composed(given: Material, asked: ManifestRequest | None = None) -> ComposedPack:
    return compose_pack(asked or request(), given, catalogue())


def given(told: Material | None = None, asked: ManifestRequest | None = None) -> ReportInput:
    told = told or material()
    return report_input(told, composed(told, asked))


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(given(), draw)


@pytest.fixture(scope="module")
def hostile() -> str:
    told = material(**{"integration-architecture.md": HOSTILE, "test-specifications.md": HOSTILE})
    told = replace(
        told, prd=HOSTILE + "\nThe service must keep <script>alert(17)</script> orders.\n",
        sections={"setup": f"## Assumptions\n\n{HOSTILE}", "synthesis": f"## Risks\n\n{HOSTILE}"},
        findings=[replace(ERROR, message=HOSTILE[:400], mend="<script>alert(18)</script>")],
    )  # fmt: skip
    return render_report(given(told), draw)


def said(page: str) -> str:
    return re.search(r'<p class="said">([^<]*)</p>', page)[1]  # type: ignore[index] (every report has a verdict)


def test_what_was_not_judged_is_counted_and_shown_with_its_place(page: str):
    assert "<dt>not judged</dt><dd>1</dd>" in page
    assert "1 place that no check could judge" in page
    assert UNJUDGED.message in page
    assert "No check found anything" not in page


def test_a_report_without_findings_says_so():
    clean = replace(material(), findings=[], first_findings=[])
    assert "<dt>not judged</dt><dd>0</dd>" in (page := render_report(given(clean), draw))
    assert "No check found anything" in page


def test_a_report_needs_no_network_and_no_script(page: str):
    fetched = [
        (tag, attributes) for tag, attributes in Page(page).elements
        if tag in ("link", "iframe", "object", "embed", "base", "form", "video", "audio")
        or (attributes.get("src") or "data:").split(":")[0] != "data"
    ]  # fmt: skip
    assert not fetched
    assert "url(" not in page.split("</style>")[0]
    assert "@import" not in page.split("</style>")[0]


def test_its_policy_admits_its_own_style_and_script_and_nothing_else(page: str):
    policies = [a["content"] for tag, a in Page(page).elements if tag == "meta" and "http-equiv" in a]
    (policy,) = policies
    assert policy is not None
    for name, kind in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not Page(page).values("style"), "the policy forbids style attributes"


def test_every_link_leads_somewhere(page: str):
    ids = Page(page).values("id")
    assert len(ids) == len(set(ids))
    targets = {href.removeprefix("#") for href in Page(page).values("href") if href.startswith("#")}
    assert targets <= set(ids)
    files = {href for href in Page(page).values("href") if not href.startswith(("#", "http", "mailto:"))}
    assert {"openapi.yaml", "ledger.csv", "prd.md", "MANIFEST.md", "manifest.json"} <= files


def test_a_ledger_cell_leads_to_the_line_that_answers(page: str):
    told = given()
    row, place = next(
        (row, one) for row in told.manifest["ledger"]["rows"] for one in row["tested"][:1] if one["kind"] == "test"
    )
    anchor = f"doc-test-specifications-L{place['line']}"
    assert f'href="#{anchor}"' in page.split(f'id="{row["id"]}"')[1].split("</tr>")[0]
    line = told.documents["test-specifications.md"].splitlines()[int(place["line"]) - 1]
    shown = page.split(f'id="{anchor}"')[1][:800]
    word = re.findall(r"\w{5,}", line)[0]
    assert word in re.sub(r"<[^>]*>", "", shown)


def test_a_finding_leads_to_its_line_of_code():
    told = replace(material(), findings=[ERROR])
    page = render_report(given(told))
    line = told.documents[ERROR.deliverable].splitlines()[ERROR.line - 1].strip()
    shown = page.split(f'id="doc-integration-architecture-L{ERROR.line}" class="at line">')[1].split("\n")[0]
    assert re.sub(r"<[^>]*>", "", shown).replace("&quot;", '"').strip() == line


@pytest.mark.parametrize(
    ("status", "findings", "verdict"),
    [
        ("completed", [UNJUDGED], "Ready for review"),
        ("completed_with_findings", [ERROR], "Mend before you build"),
        ("cancelled", [], "Cancelled before it was finished"),
        ("failed", [], "There is no design"),
        ("partial", [], "Incomplete: not yet fit to build from"),
    ],
)
def test_the_verdict_comes_first_in_words(status: str, findings: list[Finding], verdict: str):
    page = render_report(given(replace(material(), findings=findings), request(status)))
    assert said(page) == verdict
    assert page.index(verdict) < page.index('id="requirements"')


def test_the_manifest_for_automation_says_the_same_verdict_and_needs(page: str):
    told = given().manifest["verdict"]
    assert told["verdict"] == said(page)
    assert [(need["number"], need["what"]) for need in told["needs"]][:2] == [
        (1, "open question to answer"),
        (1, "risk to weigh"),
    ]
    card = page.split("Needs a person</h2>")[1].split("</ul>")[0]
    assert all(f">{need['number']} {need['what']}</a>" in card for need in told["needs"])


def test_what_is_missing_is_listed_with_its_reason():
    call = next(call for call in request().run.calls if call.agent == "api-backend-tester")
    failed = replace(outcome(call), state="failed", file=None, failure=Failure("call-refused", "Refused.", "Ask anew."))
    page = render_report(given(asked=request("partial", [failed])))
    assert "Refused. Ask anew." in page
    assert 'href="#missing"' in page


def test_diagrams_are_drawn_as_pictures_with_a_text_in_their_place(page: str):
    pictures = [attributes for tag, attributes in Page(page).elements if tag == "img"]
    assert len(pictures) >= 3
    assert all((one["src"] or "").startswith("data:image/svg+xml;base64,") and one["alt"] for one in pictures)


def test_the_api_is_a_reference_with_each_operation_schema_and_error(page: str):
    told = given()
    for one in told.manifest["api"]["operations"]:
        assert f'<span class="method {one["method"].lower()}">{one["method"]}</span> <code>{one["path"]}</code>' in page
    assert 'href="#schema-Problem"' in page
    assert ">404</span>" in page


def test_queries_and_the_pipeline_are_shown(page: str):
    shown = page.split('id="files"')[1]
    assert "pipelines/azure-pipelines.yml" in shown
    assert re.search(r"<code>queries/[\w-]+\.kql</code>", shown)


def test_hostile_markdown_is_inert(hostile: str):
    page = Page(hostile)
    allowed = {"script": 1, "style": 1}
    for tag in ("script", "style", "iframe", "base", "object", "embed", "form", "link"):
        assert sum(name == tag for name, _ in page.elements) == allowed.get(tag, 0), tag
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hostile, "it is shown as what it is"
    for href in page.values("href"):
        assert href.startswith(("#", "http://", "https://", "mailto:")) or ":" not in href
        assert ".." not in href or href.startswith("../../agents/") or "/agents/" in href
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.values("src"))


def test_a_picture_of_a_hostile_diagram_holds_no_program(hostile: str):
    for source in Page(hostile).values("src"):
        svg = base64.b64decode(source.split(",", 1)[1]).decode()
        assert "<script" not in svg
        assert "javascript:" not in svg
        assert not re.search(r"<[^>]*\son\w+=", svg)


def test_a_document_beyond_the_limits_is_linked_to_and_the_rest_is_shown():
    page = render_report(given(material(**{"observability-plan.md": "[" * 30_000})))
    assert "too long to show here" in page
    assert 'id="doc-integration-architecture"' in page


def test_the_same_pack_gives_the_same_bytes(page: str):
    assert render_report(given(), draw) == page


def test_the_report_is_registered_in_both_manifests():
    told = material()
    first = composed(told)
    whole = with_report(request(), told, first, render_brief(report_input(told, first)), catalogue())
    size, digest = len(whole.files["report.html"]), hashlib.sha256(whole.files["report.html"]).hexdigest()
    assert f"| [report.html](report.html) |  | {size:,} bytes | `{digest}` |" in whole.files["MANIFEST.md"].decode()
    assert f'"sha256": "{digest}"' in whole.files["manifest.json"].decode()
    wrong = check_manifest(registry_of(request(), told, whole))
    assert not [finding for finding in wrong if "report.html" in finding.message]


async def test_the_checker_renders_it_in_its_child_process(page: str):
    checker = Checker(timeout_seconds=120)
    try:
        assert await checker.report(given()) == page
    finally:
        await checker.close()


async def test_where_rendering_takes_too_long_the_report_says_the_verdict_and_leads_to_the_files():
    checker = Checker(timeout_seconds=0.01)
    try:
        page = await checker.report(given())
    finally:
        await checker.close()
    assert said(page) == "Ready for review"
    assert 'href="openapi.yaml"' in page
    ids = set(Page(page).values("id"))
    assert {href[1:] for href in Page(page).values("href") if href.startswith("#")} <= ids
    assert "Who may cancel?" in page
    assert "The documents are not shown here" in page
