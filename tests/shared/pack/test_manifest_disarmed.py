"""What the orchestrator agent wrote cannot act in MANIFEST.md, redirect its links or hide the rest of it."""

import pytest
from markdown_it import MarkdownIt

from shared.agents.agent_files import catalogue
from shared.pack.manifest import Written, render_manifest
from tests.shared.pack.test_manifest_json import request

SYNTHESIS = "## API surface\n\n{body}\n\n## Risks\n\nNone.\n"


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "![pixel](https://evil.example/p.png)",
        "[x](javascript:alert(1))",
        "[integration-architecture.md]: https://evil.example/architecture",
        "<!-- and now nothing",
        "```yaml\nnever: closed",
        "````\n<script>\n```\n</script>",
        "~~~text\n<script>",
    ],
)
def test_a_section_that_would_act_is_shown_as_text(body: str):
    manifest = render_manifest(request(), Written({"synthesis": SYNTHESIS.format(body=body)}), catalogue())
    page = MarkdownIt("commonmark").enable("table").render(manifest)
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page.replace("[x](javascript:alert(1))", "")
    assert 'href="https://evil.example' not in page
    assert "<h2>Execution plan</h2>" in page, "the rest of the manifest is there"
    assert "<h2>Risks</h2>" in page or "closed" in body or "~~~" in body or "<!--" in body


def test_an_ordinary_section_stays_as_it_is():
    body = "One operation, see [integration-architecture.md].\n\n| a |\n|---|\n| `List<Order>` |"
    manifest = render_manifest(request(), Written({"synthesis": SYNTHESIS.format(body=body)}), catalogue())
    assert body in manifest
