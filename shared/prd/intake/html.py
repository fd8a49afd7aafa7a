"""HTML to Markdown: headings, lists, tables, links and footnotes are kept; what runs or is only looked at is not.

Sanitised first, so that what is parsed holds known elements alone. Pure; runs in the child process.
"""

import re
from typing import Any

import nh3
from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter  # pyright: ignore[reportMissingTypeStubs] (has none)

from shared.prd.intake.unreadable import Unreadable

LARGEST_MARKUP = 30_000_000
DEEPEST = 200
"""Elements within each other that are read."""
MOST_LABEL = 80
_KEPT = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "section", "span", "strong", "sub", "sup", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "ul", "article", "main", "caption", "figure", "figcaption",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "id"}, "img": {"alt", "src"}, "li": {"id"}, "ol": {"start"}, "td": {"colspan"},
               "th": {"colspan"}, "code": {"class"}, "pre": {"class"}}  # fmt: skip
_UNREAD = {"script", "style", "noscript", "template", "nav", "svg", "iframe", "object", "form", "button", "select"}
"""Elements that go with what they hold."""
_CHARSET = re.compile(rb"<meta[^>]{1,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>([^<]{1,400})</title>", re.IGNORECASE)


def from_html_bytes(data: bytes) -> tuple[str, list[str]]:
    """A page as Markdown, and what was lost; in the encoding that it names, else UTF-8."""
    boms = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    named = _CHARSET.search(data[:4_000])
    encoding = next(
        (each for bom, each in boms.items() if data.startswith(bom)), named[1].decode() if named else "utf-8"
    )
    try:
        source = data.decode(encoding)
    except (LookupError, UnicodeError):
        raise Unreadable("prd-not-text", f"it is not text in {encoding}, which it names as its encoding.") from None
    if "\x00" in source:
        raise Unreadable("html-broken", "it holds NUL characters.")
    title = _TITLE.search(source[:50_000])
    text, lost = from_html(source)
    if title and not re.search(r"^# ", text, re.MULTILINE):
        text = f"# {' '.join(title[1].split())}\n\n{text}"
    return text, lost


def from_html(source: str) -> tuple[str, list[str]]:
    """Markup as Markdown, and what was lost."""
    if len(source) > LARGEST_MARKUP:
        raise Unreadable("prd-too-complex", f"it has more than {LARGEST_MARKUP:,} characters of markup.")
    unread = {
        name: len(re.findall(rf"<{name}[\s>]", source, re.IGNORECASE)) for name in ("iframe", "form", "svg", "object")
    }
    clean = nh3.clean(source, tags=_KEPT, attributes=_ATTRIBUTES, clean_content_tags=_UNREAD, link_rel=None,
                      url_schemes={"http", "https", "mailto", "data"})  # fmt: skip
    soup = BeautifulSoup(clean, "html.parser")
    _check_depth(soup)
    _footnotes(soup)
    lost = _images(soup) + [f"{count} {name} element(s)" for name, count in unread.items() if count]
    text = MarkdownConverter(
        heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False, escape_misc=False,
        table_infer_header=True, code_language_callback=_language,
    ).convert_soup(soup)  # fmt: skip
    text = "\n".join(line.rstrip() for line in str(text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n", lost


def _check_depth(soup: BeautifulSoup) -> None:
    depth = 0
    nodes: list[tuple[Any, int]] = [(soup, 0)]
    while nodes:
        node, depth = nodes.pop()
        if depth > DEEPEST:
            raise Unreadable("prd-too-complex", f"its elements are nested more than {DEEPEST} deep.")
        nodes.extend((child, depth + 1) for child in node.children if isinstance(child, Tag))


def _images(soup: BeautifulSoup) -> list[str]:
    """Put the name of each image in its place; says which there were."""
    lost: list[str] = []
    for number, image in enumerate(soup.find_all("img"), 1):
        source = str(image.get("src") or "")
        name = str(image.get("alt") or "") or ("" if source.startswith("data:") else source.rsplit("/", 1)[-1])
        label = " ".join(name.split())[:MOST_LABEL] or f"number {number}"
        lost.append(f"image: {label}")
        image.replace_with(f"[image: {label}]")
    return lost


def _footnotes(soup: BeautifulSoup) -> None:
    """Notes as Markdown has them, `[^1]`; Word's come as links to list items and back."""
    for link in soup.find_all("a", href=re.compile(r"^#(?:footnote|endnote)-\d+$")):
        link.replace_with(f"[^{_note(str(link['href']))}]")
    for item in soup.find_all("li", id=re.compile(r"^(?:footnote|endnote)-\d+$")):
        for back in item.find_all("a", href=re.compile(r"^#(?:footnote|endnote)-ref-\d+$")):
            back.decompose()
        item.name = "p"
        item.insert(0, f"[^{_note(str(item['id']))}]: ")
        for paragraph in item.find_all("p"):
            paragraph.unwrap()
        if item.parent is not None and item.parent.name == "ol":
            item.parent.name = "div"


def _note(reference: str) -> str:
    kind, number = reference.lstrip("#").split("-")
    return number if kind == "footnote" else f"e{number}"


def _language(element: Any) -> str:
    code = element.find("code") or element
    classes = " ".join(code.get("class") or [])
    found = re.search(r"(?:language|lang)-([\w+#-]{1,20})", classes)
    return found[1] if found else ""
