"""Markdown as it is read: sanitised HTML with highlighted code, drawn diagrams and the lines that are linked to. Pure.

Raw HTML is shown as text, and what is rendered passes a sanitiser all the same. No picture is fetched: diagrams are
drawn here, pictures from elsewhere become links.
"""

import base64
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from shared.pack.report.anchors import Anchors, slug
from shared.pack.report.code import code_block
from shared.pack.report.markup import Html, el, join, link, text

if TYPE_CHECKING:
    from markdown_it.token import Token

MOST_CHARACTERS = 1_500_000
MOST_BRACKETS = 20_000
"""Opening ones: each may begin a link, and a parser looks far for its end."""
LARGEST_DRAWING = 400_000
_SVG = "data:image/svg+xml;base64,"
_BOX = {"role", "aria-label", "tabindex"}
_ALLOWED: dict[str, set[str]] = {
    "a": {"href", "class"}, "blockquote": set(), "br": set(), "code": set(), "details": set(),
    "div": {"class", *_BOX}, "em": set(), "figure": set(), "h3": {"id"}, "h4": {"id"}, "h5": {"id"}, "h6": {"id"},
    "hr": set(), "img": {"src", "alt", "loading"}, "li": set(), "ol": {"start"}, "p": set(),
    "pre": {"class", *_BOX}, "s": set(), "span": {"class", "id"}, "strong": set(), "summary": set(), "table": set(),
    "tbody": set(), "td": {"class"}, "th": {"class", "scope"}, "thead": set(), "tr": set(), "ul": set(),
}  # fmt: skip

type Draw = Callable[[str], str | None]
"""Draws a Mermaid diagram as SVG; None where it cannot."""


@dataclass(frozen=True)
class Heading:
    """A heading of a document: its depth in Markdown, its text, and its id in the page."""

    depth: int
    title: str
    id: str


@dataclass
class Rendering:
    """A text to render: the id that its parts begin with, where links lead, which lines are linked to."""

    id: str
    anchors: Anchors
    draw: Draw
    marks: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    top: int = 4
    """The level of the page's heading that a `##` becomes."""
    headings: list[Heading] = field(default_factory=list[Heading])


def is_renderable(source: str) -> bool:
    """Whether a text is within what is rendered."""
    return len(source) <= MOST_CHARACTERS and source.count("[") <= MOST_BRACKETS


def render(source: str, rendering: Rendering) -> Html:
    """The text as safe HTML; the rendering's headings are filled in."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(_without_front_matter(source), {"references": _references(rendering.anchors)})
    code_marks = _mark(tokens, rendering.marks)
    tokens = _without_title(tokens)
    painter = _Painter(rendering, code_marks, {one.id for one in _read_headings(tokens, rendering)})
    return sanitised(painter.paint(tokens))


def sanitised(html: str) -> Html:
    """What is allowed of `html`, all of which is our own: the second lock on the door."""
    import nh3

    def held(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "src":
            return value if value.startswith(_SVG) else None
        return None if attribute == "href" and value.lower().startswith("data:") else value

    clean = nh3.clean(
        html,
        tags=set(_ALLOWED),
        attributes=_ALLOWED,
        attribute_filter=held,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer",
    )
    return Html(clean)


def drawing(source: str, draw: Draw) -> Html:
    """A diagram as a picture with its source; the source alone where it cannot be drawn."""
    svg = draw(source)
    shown = code_block(source, "mermaid")
    if svg is None or len(svg) > LARGEST_DRAWING:
        return shown
    kind = (source.split() or ["diagram"])[0][:40]
    image = el("img", src=_SVG + base64.b64encode(svg.encode()).decode(), alt=f"Diagram ({kind}); its source follows")
    return el("figure", el("div", image, cls="drawing", role="group", aria_label="Diagram", tabindex="0"),
              el("details", el("summary", "Source of the diagram"), shown))  # fmt: skip


def _without_front_matter(source: str) -> str:
    """The text with its front matter blanked, so that lines keep their numbers."""
    lines = source.split("\n")
    if lines[0].strip() != "---":
        return source
    end = next((number for number, line in enumerate(lines[1:200], 1) if line.strip() in ("---", "...")), None)
    return source if end is None else "\n".join([""] * (end + 1) + lines[end + 1 :])


def _references(anchors: Anchors) -> dict[str, dict[str, str]]:
    """File names in brackets lead to those files, as the orchestrator agent writes them."""
    return {name.upper(): {"title": "", "href": name} for name in anchors.links}


def _read_headings(tokens: "list[Token]", rendering: Rendering) -> list[Heading]:
    for number, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0:
            title = _plain(tokens[number + 1])
            taken = {one.id for one in rendering.headings}
            base = name = f"{rendering.id}-{slug(title) or 'part'}"
            count = 1
            while name in taken and count < 1_000:
                name, count = f"{base}-{count}", count + 1
            rendering.headings.append(Heading(int(token.tag[1]), title, name))
    return rendering.headings


def _without_title(tokens: "list[Token]") -> "list[Token]":
    """The tokens without the document's title, which stands above it in the page, unless a link leads there."""
    titled = len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1"
    marked = titled and any(child.type == "mark" for child in tokens[1].children or ())
    return tokens[3:] if titled and not marked else tokens


def _plain(inline: "Token") -> str:
    return "".join(child.content for child in inline.children or () if child.type in ("text", "code_inline")).strip()


def _mark(tokens: "list[Token]", marks: list[tuple[int, str]]) -> dict[int, list[tuple[int, str]]]:
    """Put each mark into the inline text that begins at or above its line; those in code are given back by token."""
    holders = [
        (token.map[0] + 1, token) for token in _with_rows(tokens)
        if token.map and token.type in ("inline", "fence", "code_block")
    ]  # fmt: skip
    starts = [start for start, _ in holders]
    in_code: dict[int, list[tuple[int, str]]] = {}
    for line, name in marks:
        if not holders:
            break
        start, token = holders[max(0, bisect_right(starts, line) - 1)]
        if token.type == "inline":
            _insert(token, line - start, name)
        else:
            in_code.setdefault(id(token), []).append((max(line, start), name))
    return in_code


def _with_rows(tokens: "list[Token]") -> "list[Token]":
    """The tokens; of a table's row only the first cell carries the row's line, so that marks come to its begin."""
    kept: list[Token] = []
    row: list[int] | None = None
    first = True
    for token in tokens:
        if token.type == "tr_open":
            row, first = token.map, True
        elif token.type == "tr_close":
            row = None
        if token.type == "inline" and row:
            if not first:
                continue
            token.map, first = row, False
        kept.append(token)
    return kept


def _insert(inline: "Token", breaks: int, name: str) -> None:
    """A mark in running text, after as many line breaks."""
    from markdown_it.token import Token

    children = inline.children if inline.children is not None else []
    inline.children = children
    mark = Token("mark", "", 0, content=name)
    at = [number + 1 for number, child in enumerate(children) if child.type in ("softbreak", "hardbreak")]
    children.insert(at[min(breaks, len(at)) - 1] if breaks > 0 and at else 0, mark)


class _Painter:
    """Turns tokens into HTML."""

    def __init__(self, rendering: Rendering, code_marks: dict[int, list[tuple[int, str]]], headings: set[str]) -> None:
        self._rendering, self._code_marks, self._headings = rendering, code_marks, headings
        self._ids = iter([one.id for one in rendering.headings])
        self._links: list[str] = []

    def paint(self, tokens: "list[Token]") -> str:
        return "".join(self._one(token) for token in tokens)

    def _one(self, token: "Token") -> str:
        if token.type == "inline":
            return "".join(self._inline(child) for child in token.children or ())
        if token.type in ("fence", "code_block"):
            return self._code(token)
        if token.type in ("heading_open", "heading_close"):
            return self._heading(token)
        if token.type == "table_open":
            return '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>'
        if token.type == "table_close":
            return "</table></div>"
        if token.hidden:
            return ""
        return self._plain_tag(token)

    def _plain_tag(self, token: "Token") -> str:
        if token.nesting < 0:
            return f"</{token.tag}>"
        if token.type in ("th_open", "td_open") and "right" in str(token.attrGet("style")):
            return f'<{token.tag} class="number">'
        start = token.attrGet("start")
        return f'<{token.tag} start="{start}">' if start else f"<{token.tag}>" if token.tag else ""

    def _heading(self, token: "Token") -> str:
        level = min(6, max(3, int(token.tag[1]) + self._rendering.top - 2))
        if token.nesting < 0:
            return f"</h{level}>"
        name = f' id="{text(next(self._ids))}"' if token.level == 0 else ""
        return f"<h{level}{name}>"

    def _code(self, token: "Token") -> str:
        words = token.info.split()
        language = words[0].lower() if words else ""
        marks = self._code_marks.get(id(token), [])
        first = (token.map or [0])[0] + (2 if token.type == "fence" else 1)
        if language != "mermaid":
            return code_block(token.content, language, first, [(max(line, first), name) for line, name in marks])
        return join((*(_mark_of(name) for _, name in marks), drawing(token.content, self._rendering.draw)))

    def _inline(self, token: "Token") -> str:
        if token.type == "text":
            return text(token.content) if self._links else self._cited(token.content)
        if token.type == "code_inline":
            return el("code", token.content)
        if token.type == "mark":
            return _mark_of(token.content)
        if token.type == "image":
            source, label = str(token.attrGet("src") or ""), token.content or "picture"
            return link(f"[Picture: {label}]", self._href(source))
        if token.type == "softbreak":
            return "\n"
        if token.type == "link_open":
            href = self._href(str(token.attrGet("href") or ""))
            self._links.append("a" if href else "span")
            return f'<a href="{text(href)}">' if href else "<span>"
        if token.type == "link_close":
            return f"</{self._links.pop()}>"
        return f"<{token.tag}>" if token.nesting >= 0 else f"</{token.tag}>"

    def _cited(self, said: str) -> Html:
        """Text whose citations of requirements lead to the ledger."""
        known = self._rendering.anchors.requirements
        parts = re.split(r"\[(R-\d{1,6})\]", said)
        return join(
            link(f"[{part}]", f"#{part}" if part in known else None, cls="cite") if number % 2 else text(part)
            for number, part in enumerate(parts)
        )

    def _href(self, target: str) -> str | None:
        """Where a link leads from the page; None for what is neither in it, beside it nor on the web."""
        if target.lower().startswith(("http://", "https://", "mailto:")):
            return target
        path, _, part = target.partition("#")
        if not path:
            name = f"{self._rendering.id}-{slug(unquote(part))}"
            return f"#{name}" if name in self._headings else None
        return self._rendering.anchors.document(unquote(path).removeprefix("./"))


def _mark_of(name: str) -> Html:
    return el("span", id=name, cls="at")


def toc(headings: list[Heading]) -> Html:
    """The table of contents of a document: its sections."""
    sections = [one for one in headings if one.depth == 2]
    if len(sections) < 2:
        return Html()
    items = join(el("li", link(one.title, f"#{one.id}")) for one in sections)
    return el("div", el("p", "In this document", cls="label"), el("ol", items), cls="toc")


def undrawn(_: str) -> str | None:
    """For where nothing is drawn."""
    return None
