"""Active content in deliverables: what a reader's program would run, load or obey while one is shown. Pure."""

from collections.abc import Iterator
from itertools import islice

from shared.checks import Context
from shared.contracts import Finding, Rule
from shared.formats.active_content import Kind, find_active

HTML = Rule(
    "ACT-001", "error", "Raw HTML can run scripts, load what is elsewhere, and imitate the page around it.",
    proves="Outside of blocks and spans of code stands an HTML element that loads, links, runs or lays out something, "
    "an attribute that does, or a comment that is never closed.",
    leaves="Elements and comments that do nothing, such as the type in `List<Order>`.",
    bad="=== notes.md\n# Notes\n\n<script>alert(1)</script>\n",
    good="=== notes.md\n# Notes\n\nA List<Order> is read; `<script>` stands here as code.\n",
)  # fmt: skip
REMOTE_IMAGE = Rule(
    "ACT-002", "error", "An image from elsewhere tells its server who reads the document, and when.",
    proves="An image's address has a scheme or a server, so that a reader's program fetches it from there.",
    leaves="Images of the pack itself.",
    bad="=== notes.md\n# Notes\n\n![The flow](https://example.com/flow.png)\n",
    good="=== notes.md\n# Notes\n\n[The flow](https://example.com/flow.png)\n",
)  # fmt: skip
PROGRAM_LINK = Rule(
    "ACT-003", "error", "A link must lead to a document, never to a program or into the reader's machine.",
    proves="A link has another scheme than http, https and mailto.",
    leaves="What stands at an https address.",
    bad="=== notes.md\n# Notes\n\n[Start](javascript:alert(1))\n",
    good="=== notes.md\n# Notes\n\n[Start](https://example.com/start)\n",
)  # fmt: skip
NOT_READ = Rule(
    "ACT-004", "error", "What has too many brackets to be looked at has not passed.",
    proves="The text has more characters or brackets than are looked at. An example would be as long.",
    leaves="What stands in such a text.",
)  # fmt: skip
RULES = (HTML, REMOTE_IMAGE, PROGRAM_LINK, NOT_READ)

MAXIMUM_FINDINGS = 50

_MENDS = {
    HTML.id: "Say it in Markdown; put code into a block or between backticks.",
    REMOTE_IMAGE.id: "Draw it as a Mermaid diagram, or describe it.",
    PROGRAM_LINK.id: "Link to an https address or to a document of the pack.",
    NOT_READ.id: "Shorten the document, or move data into blocks.",
}
_RULES = {
    Kind.HTML: HTML,
    Kind.REMOTE_IMAGE: REMOTE_IMAGE,
    Kind.PROGRAM_LINK: PROGRAM_LINK,
    Kind.NOT_READ: NOT_READ,
}


def check(context: Context) -> Iterator[Finding]:
    """Every piece of active content in one deliverable."""
    for kind, line, message in islice(find_active(context.text), MAXIMUM_FINDINGS):
        rule = _RULES[kind]
        yield context.finding(rule, line, message, _MENDS[rule.id])
