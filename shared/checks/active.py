"""Active content in deliverables: what a reader's program would run, load or obey while one is shown. Pure."""

from collections.abc import Iterator
from itertools import islice

from shared.checks import Context
from shared.contracts import Finding, Rule
from shared.formats.active_content import Kind, find_active

HTML = Rule("ACT-001", "error", "Raw HTML can run scripts, load what is elsewhere, and imitate the page around it.")
REMOTE_IMAGE = Rule("ACT-002", "error", "An image from elsewhere tells its server who reads the document, and when.")
PROGRAM_LINK = Rule(
    "ACT-003", "error", "A link must lead to a document, never to a program or into the reader's machine."
)
NOT_READ = Rule("ACT-004", "error", "What has too many brackets to be looked at has not passed.")
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
