"""Active content: what a reader's program would run, load or obey while a deliverable is shown. Pure.

A deliverable is text from a model that has read an untrusted PRD. Shown as a page it must do nothing: run no script,
call no one, lead to no address that is a program.
"""

import html
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from shared.checks import Context, Finding, Rule

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

HTML = Rule("ACT-001", "error", "Raw HTML can run scripts, load what is elsewhere, and imitate the page around it.")
REMOTE_IMAGE = Rule("ACT-002", "error", "An image from elsewhere tells its server who reads the document, and when.")
PROGRAM_LINK = Rule(
    "ACT-003", "error", "A link must lead to a document, never to a program or into the reader's machine."
)
NOT_READ = Rule("ACT-004", "error", "What has too many brackets to be looked at has not passed.")
RULES = (HTML, REMOTE_IMAGE, PROGRAM_LINK, NOT_READ)

MAXIMUM_BRACKETS = 20_000
"""Opening ones: each may begin a link, and a parser looks far for its end."""
MAXIMUM_CHARACTERS = 1_500_000
MAXIMUM_FINDINGS = 50
_ELEMENT = re.compile(
    r"</?(?:a|applet|audio|base|body|button|details|dialog|embed|form|frame|frameset|head|html|iframe|image|img|input"
    r"|link|marquee|math|meta|noscript|object|param|picture|portal|script|select|slot|source|style|svg|template"
    r"|textarea|title|track|video|xml|pre|plaintext|xmp)(?![\w-])|<!--(?![\s\S]*-->)|<[^>]*\bon[a-z]{3,20}\s*=|<[^>]*\b(?:style|src|srcset|href|action)\s*=",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_HARMLESS = ("http", "https", "mailto")


def check(context: Context) -> Iterator[Finding]:
    """Every piece of active content in one deliverable."""
    for rule, line, message in islice(_found(context.text), MAXIMUM_FINDINGS):
        yield context.finding(rule, line, message, _MENDS[rule.id])


def is_active(text: str) -> bool:
    """Whether showing `text` as a page could do anything but show it."""
    return next(_found(text), None) is not None


def defines_links(text: str) -> bool:
    """Whether `text` says where names in brackets lead, and so could redirect those of the document around it."""
    environment: dict[str, object] = {}
    _parser().parse(text, environment)
    return bool(environment.get("references"))


_MENDS = {
    HTML.id: "Say it in Markdown; put code into a block or between backticks.",
    REMOTE_IMAGE.id: "Draw it as a Mermaid diagram, or describe it.",
    PROGRAM_LINK.id: "Link to an https address or to a document of the pack.",
    NOT_READ.id: "Shorten the document, or move data into blocks.",
}


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.validateLink = lambda url: True  # all links are seen here, also those that the parser would leave as text
    return parser


def _found(text: str) -> Iterator[tuple[Rule, int, str]]:
    brackets = text.count("[") + text.count("<")
    if brackets > MAXIMUM_BRACKETS or len(text) > MAXIMUM_CHARACTERS:
        yield (
            NOT_READ,
            1,
            f"The text has {len(text):,} characters and {brackets:,} brackets, which is too much to read.",
        )
        return
    for token in _parser().parse(text):
        line = (token.map or [0])[0] + 1
        if token.type == "html_block":
            yield from _in_html(token, line)
        for child in token.children or ():
            line += child.type in ("softbreak", "hardbreak")
            yield from _in_inline(child, line)


def _in_inline(token: "Token", line: int) -> Iterator[tuple[Rule, int, str]]:
    if token.type == "html_inline":
        yield from _in_html(token, line)
    target = str(token.attrGet("href") or token.attrGet("src") or "")
    if token.type == "image" and (_scheme(target) or target.lstrip().startswith(("//", "\\"))):
        yield REMOTE_IMAGE, line, f"An image is loaded from {target[:100]!r}."
    elif _scheme(target) not in ("", *_HARMLESS):
        yield PROGRAM_LINK, line, f"A link leads to {target[:100]!r}."


def _in_html(token: "Token", line: int) -> Iterator[tuple[Rule, int, str]]:
    """Elements that do something. A type in prose, as in List<Order>, and a comment do nothing."""
    if found := _ELEMENT.search(token.content):
        yield HTML, line + token.content.count("\n", 0, found.start()), f"Raw HTML: {found[0][:60]!r}."


def _scheme(target: str) -> str:
    """The scheme of an address as browsers read it: without blanks and control characters, and in lower case."""
    plain = re.sub(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\ufeff]", "", unquote(html.unescape(target))).lower()
    found = _SCHEME.match(plain)
    return found[1] if found else ""
