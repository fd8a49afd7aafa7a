"""HTML as values: text is escaped wherever it becomes markup, so that nothing of a pack can act in the page. Pure."""

import html
import re
from collections.abc import Iterable

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that show nothing, or turn the direction in which their neighbours are read."""


class Html(str):
    """Markup that may stand in the page as it is."""

    __slots__ = ()


def text(value: object) -> Html:
    """`value` as text: markup stays as it is, all else is escaped."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(_UNSEEN.sub("\ufffd", str(value))))


def join(parts: Iterable[object], between: str = "") -> Html:
    """All parts after each other."""
    return Html(text(between).join(text(part) for part in parts))


def el(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. `cls` is its class, `_` in a name is `-`; an attribute that is None or False is left out."""
    shown = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in ("br", "hr", "img", "input", "meta"):
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{join(children)}</{name}>")


def link(label: object, href: str | None, **attributes: object) -> Html:
    """A link, or its label alone where it leads nowhere."""
    return el("a", label, href=href, **attributes) if href else text(label)


def table(head: Iterable[object], rows: Iterable[Iterable[object]], label: str, cls: str = "") -> Html:
    """A table that scrolls by itself where it is too wide; the first cell of a row heads it."""
    headings = join(el("th", cell, scope="col") for cell in head)
    body = join(
        el("tr", *(el("th", cell, scope="row") if not number else el("td", cell) for number, cell in enumerate(row)))
        for row in rows
    )
    whole = el("table", el("thead", el("tr", headings)), el("tbody", body), cls=cls or None)
    return scrolling(whole, label)


def scrolling(content: Html, label: str) -> Html:
    """Content that is scrolled sideways, also by the keyboard."""
    return el("div", content, cls="scroll", role="group", aria_label=label, tabindex="0")


def ticked(said: object) -> Html:
    """Text whose names in backticks are code."""
    return join(el("code", part) if number % 2 else text(part) for number, part in enumerate(str(said).split("`")))


def counted(number: int, word: str, plural: str = "") -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def _attribute(key: str, value: object) -> str:
    name = "class" if key == "cls" else key.strip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'
