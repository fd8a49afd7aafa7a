"""Finds active content: what a reader's program would run, load or obey while Markdown is shown. Pure.

A deliverable is text from a model that has read an untrusted PRD. Shown as a page it must do nothing: run no script,
call no one, lead to no address that is a program.
"""

import html
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


class Kind(Enum):
    """What a passage would do."""

    HTML = "raw HTML"
    REMOTE_IMAGE = "an image from elsewhere"
    PROGRAM_LINK = "a link to a program"
    NOT_READ = "too much to read"


type Passage = tuple[Kind, int, str]
"""What it is, its 1-based line, and a sentence about it."""

MAXIMUM_BRACKETS = 20_000
"""Opening ones: each may begin a link, and a parser looks far for its end."""
MAXIMUM_CHARACTERS = 1_500_000
_ELEMENT = re.compile(
    r"</?(?:a|applet|audio|base|body|button|details|dialog|embed|form|frame|frameset|head|html|iframe|image|img|input"
    r"|link|marquee|math|meta|noscript|object|param|picture|portal|script|select|slot|source|style|svg|template"
    r"|textarea|title|track|video|xml|pre|plaintext|xmp)(?![\w-])|<!--(?![\s\S]*-->)|<[^>]*\bon[a-z]{3,20}\s*=|<[^>]*\b(?:style|src|srcset|href|action)\s*=",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_HARMLESS = ("http", "https", "mailto")


def is_active(text: str) -> bool:
    """Whether showing `text` as a page could do anything but show it."""
    return next(find_active(text), None) is not None


def defines_links(text: str) -> bool:
    """Whether `text` says where names in brackets lead, and so could redirect those of the document around it."""
    environment: dict[str, object] = {}
    _parser().parse(text, environment)
    return bool(environment.get("references"))


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.validateLink = lambda url: True  # all links are seen here, also those that the parser would leave as text
    return parser


def find_active(text: str) -> Iterator[Passage]:
    brackets = text.count("[") + text.count("<")
    if brackets > MAXIMUM_BRACKETS or len(text) > MAXIMUM_CHARACTERS:
        yield (
            Kind.NOT_READ,
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


def _in_inline(token: "Token", line: int) -> Iterator[Passage]:
    if token.type == "html_inline":
        yield from _in_html(token, line)
    target = str(token.attrGet("href") or token.attrGet("src") or "")
    if token.type == "image" and (_scheme(target) or target.lstrip().startswith(("//", "\\"))):
        yield Kind.REMOTE_IMAGE, line, f"An image is loaded from {target[:100]!r}."
    elif _scheme(target) not in ("", *_HARMLESS):
        yield Kind.PROGRAM_LINK, line, f"A link leads to {target[:100]!r}."


def _in_html(token: "Token", line: int) -> Iterator[Passage]:
    """Elements that do something. A type in prose, as in List<Order>, and a comment do nothing."""
    if found := _ELEMENT.search(token.content):
        yield Kind.HTML, line + token.content.count("\n", 0, found.start()), f"Raw HTML: {found[0][:60]!r}."


def _scheme(target: str) -> str:
    """The scheme of an address as browsers read it: without blanks and control characters, and in lower case."""
    plain = re.sub(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\ufeff]", "", unquote(html.unescape(target))).lower()
    found = _SCHEME.match(plain)
    return found[1] if found else ""
