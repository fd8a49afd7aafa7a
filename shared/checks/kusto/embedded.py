"""Finds the queries that alert rules and saved searches carry in Bicep, Terraform and ARM templates. Pure.

What is put together only at deployment cannot be read here; it is found as well, without a text.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.formats import markdown

_CARRIES = re.compile(r"scheduledQueryRules|savedSearches|scheduled_query_rules|saved_search", re.IGNORECASE)
_BICEP = re.compile(
    r"""\bquery:[ \t]{0,9}(?:'''(?P<block>(?:[^']|'(?!''))*)'''|'(?P<text>(?:[^'\\\n]|\\[^\n])*)'"""
    r"""|(?P<name>[A-Za-z_]\w{0,99})(?=[ \t]*(?:\}|\r?$))|(?P<other>[^\s'][^\n]{0,300}))""",
    re.MULTILINE,
)
_VARIABLE = (
    r"^[ \t]*var[ \t]+{name}[ \t]*=[ \t]*(?:'''(?P<block>(?:[^']|'(?!''))*)'''|'(?P<text>(?:[^'\\\n]|\\[^\n])*)')"
)
_FILE = re.compile(r"loadTextContent\('(?:[^'\n]{0,200}/)?([^'/\n]{1,100})'\)")
_ITEM = re.compile(r"([A-Za-z_]\w{0,99})\.([A-Za-z_]\w{0,99})(?=[ \t]*(?:[},\]]|\r?$))", re.MULTILINE)
_BICEP_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))")
_SPACES = {"n": "\n", "r": "\r", "t": "\t"}
_HCL = re.compile(
    r"\bquery[ \t]*=[ \t]*(?:<<-?(?P<end>\w{1,40})[ \t]*\n(?P<block>.*?)\n[ \t]*(?P=end)\b"
    r'|(?P<text>"(?:[^"\\\n]|\\[^\n])*")|(?P<other>[^\s"<][^\n]{0,300}))',
    re.DOTALL,
)
_JSON = re.compile(r'"query"\s*:\s*(?P<text>"(?:[^"\\\n]|\\[^\n])*")')


@dataclass(frozen=True)
class Embedded:
    """A query; `text` is None where it is known only at deployment. `line` is its 0-based line in the block.

    `spread` says that the query's line breaks are the block's.
    """

    text: str | None
    line: int
    spread: bool = False


def embedded_queries(fence: markdown.Fence, document: str) -> Iterator[Embedded]:
    """The queries of one block; `document` may hold the files that it loads."""
    readers = {"bicep": _in_bicep, "hcl": _in_hcl, "terraform": _in_hcl, "tf": _in_hcl, "json": _in_json}
    if fence.language in readers and _CARRIES.search(fence.content):
        yield from readers[fence.language](fence.content, document)


def _in_bicep(source: str, document: str) -> Iterator[Embedded]:
    for found in _BICEP.finditer(source):
        if found["name"]:
            variable = re.search(_VARIABLE.format(name=found["name"]), source, re.MULTILINE)
            yield _bicep_string(source, variable) if variable else Embedded(None, _line(source, found.start()))
        elif found["other"]:
            # A block of its own is read there.
            if not (_is_shown(found["other"], document) or _is_loop_over_shown(found["other"], source, document)):
                yield Embedded(None, _line(source, found.start()))
        else:
            yield _bicep_string(source, found)


def _is_shown(value: str, document: str) -> bool:
    """Whether a value loads a file that the document gives as a block."""
    file = _FILE.match(value)
    return bool(file) and f"{file[1]}`**" in document


def _is_loop_over_shown(value: str, source: str, document: str) -> bool:
    """Whether a value is a loop's `item.key`, and every `key` of the template loads a file that the document shows."""
    item = _ITEM.match(value)
    if not item or not re.search(rf"\bfor[ \t]+(?:{item[1]}|\([ \t]*{item[1]},[ \t]*\w+[ \t]*\))[ \t]+in\b", source):
        return False
    values = re.findall(rf"\b{item[2]}:[ \t]{{0,9}}([^\n]{{1,300}})", source)
    given = [one for one in values if not one.startswith(item[0])]
    return bool(given) and all(_is_shown(one, document) for one in given)


def _bicep_string(source: str, found: re.Match[str]) -> Embedded:
    if found["block"] is not None:
        return Embedded(found["block"], _line(source, found.start("block")), spread=True)
    line, text = _line(source, found.start("text")), found["text"]
    if re.search(r"(?<!\\)(?:\\\\)*\$\{", text):
        return Embedded(None, line)
    return Embedded(_BICEP_ESCAPE.sub(_unescaped, text), line)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(min(int(escape[1], 16), 0x10FFFF))
    return _SPACES.get(escape[2], escape[2])


def _in_hcl(source: str, document: str) -> Iterator[Embedded]:
    for found in _HCL.finditer(source):
        line = _line(source, found.start())
        text = found["block"] if found["block"] is not None else _json_text(found["text"])
        if text is None or "${" in text or "%{" in text:
            yield Embedded(None, line)
        elif found["block"] is not None:
            yield Embedded(text, _line(source, found.start("block")), spread=True)
        else:
            yield Embedded(text, line)


def _in_json(source: str, document: str) -> Iterator[Embedded]:
    for found in _JSON.finditer(source):
        text = _json_text(found["text"])
        is_expression = text is not None and text.startswith("[") and not text.startswith("[[")
        yield Embedded(None if is_expression else text, _line(source, found.start()))


def _json_text(quoted: str | None) -> str | None:
    try:
        return str(json.loads(quoted)) if quoted else None
    except ValueError:
        return None


def _line(source: str, offset: int) -> int:
    return source.count("\n", 0, offset)
