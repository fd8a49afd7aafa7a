"""Active content is found wherever Markdown would let it act, and nowhere else."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.checks import Context, run
from shared.checks.active import check
from shared.contracts import Finding
from shared.formats.active_content import MAXIMUM_BRACKETS, defines_links, is_active
from tests import golden
from tests.mutants import Mutant


def rules(text: str) -> set[str]:
    return {finding.rule for finding in check(Context("x.md", text, ()))}


DEFECTS = [
    ("<script>alert(1)</script>", "ACT-001"),
    ("Text <ScRiPt src=//evil.example/x.js></script> goes on.", "ACT-001"),
    ("<img src=x onerror=alert(1)>", "ACT-001"),
    ("> <iframe src='https://evil.example'></iframe>", "ACT-001"),
    ("- <svg onload=alert(1)>", "ACT-001"),
    ("| a |\n|---|\n| <object data=x> |", "ACT-001"),
    ("<meta http-equiv=refresh content='0;url=https://evil.example'>", "ACT-001"),
    ("<b style='background:url(//evil.example)'>x</b>", "ACT-001"),
    ("<p onclick = 'x()'>x</p>", "ACT-001"),
    ("<style>*{display:none}</style>", "ACT-001"),
    ("<!-- what follows is hidden", "ACT-001"),
    ("<plaintext>", "ACT-001"),
    ("![pixel](https://evil.example/p.png?run=1)", "ACT-002"),
    ("![pixel](//evil.example/p.png)", "ACT-002"),
    ("![pixel][p]\n\n[p]: http://evil.example/p.png", "ACT-002"),
    ("[![badge](https://evil.example/b.svg)](https://example.com)", "ACT-002"),
    ("![x](data:image/svg+xml;base64,PHN2Zz4=)", "ACT-002"),
    ("![x](file:///etc/passwd)", "ACT-002"),
    ("[x](javascript:alert(1))", "ACT-003"),
    ("[x](JaVaScRiPt:alert(1))", "ACT-003"),
    ("[x](&#106;avascript:alert(1))", "ACT-003"),
    ("[x](java&Tab;script:alert(1))", "ACT-003"),
    ("[x](javascript&colon;alert(1))", "ACT-003"),
    ("[x](%6Aavascript:alert(1))", "ACT-003"),
    ("[x](< javascript:alert(1)>)", "ACT-003"),
    ("[x][y]\n\n[y]: javascript:alert(1)", "ACT-003"),
    ("[x](vbscript:msgbox)", "ACT-003"),
    ("[x](data:text/html,<script>)", "ACT-003"),
    ("<javascript:alert(1)>", "ACT-003"),
    ("[x](file://server/share)", "ACT-003"),
    ("[" * (MAXIMUM_BRACKETS + 1), "ACT-004"),
    ("x" * 1_500_001, "ACT-004"),
]


def in_a_document(defect: str) -> list[Finding]:
    return run(["active"], Context("x.md", f"# Plan\n\n## Pipeline\n\n{defect}\n", ()))


MUTANTS = [Mutant(rule, text[:40], partial(in_a_document, text)) for text, rule in DEFECTS]


@pytest.mark.parametrize(
    ("text", "rule"),
    DEFECTS,
    ids=lambda value: str(value)[:40],
)
def test_active_content_is_found(text: str, rule: str):
    assert rule in rules(text)
    assert is_active(text)


@pytest.mark.parametrize(
    "text",
    [
        "A `List<Order>` and a Task<IResult> and `<script>` between backticks.",
        "```html\n<script>alert(1)</script>\n```",
        "    <script>indented code</script>",
        "p95 < 200 ms and x<y>z",
        "[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), [mail](mailto:a@example.com), <https://example.com>",
        "[the contract](openapi.yaml#paths) and [above](#data-model) and [up](../../MANIFEST.md)",
        "![a diagram beside it](diagrams/01-context.svg)",
        "<!-- a remark -->",
        "Escaped \\<script\\> and \\![x](https://example.com)",
    ],
)
def test_what_does_nothing_is_not_found(text: str):
    assert rules(text) == set()


def test_a_finding_says_where():
    (finding,) = check(Context("x.md", "# T\n\none\ntwo <script>x\n", ()))
    assert (finding.line, finding.severity) == (4, "error")
    assert finding.mend


@pytest.mark.parametrize("stack", ["python", "csharp"])
def test_the_good_packs_hold_none(stack: str):
    for path in golden.FOLDER.joinpath(stack).glob("*.md"):
        assert rules(path.read_text(encoding="utf-8")) == set(), path.name


def test_a_definition_that_redirects_is_seen():
    assert defines_links("[integration-architecture.md]: https://evil.example")
    assert not defines_links("See [integration-architecture.md].")


@given(st.text(alphabet=st.sampled_from("<>![]()`:/\\\n \tajscript&#;x*_-|"), max_size=400))
def test_any_text_is_looked_at(text: str):
    rules(text)
