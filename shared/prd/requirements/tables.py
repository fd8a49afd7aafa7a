"""Which table rows of a PRD are requirements, and how a row reads as one statement. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from shared.prd.requirements.outline import Block
from shared.prd.requirements.statements import clean, take_id
from shared.prd.requirements.vocabulary import MUST, Policy, heading_words

type TableKind = Literal["requirements", "endpoints", "none", "unknown"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_PATH = re.compile(r"/[\w\-./{}:<>*]*")
_ENDPOINT = re.compile(rf"(?:{'|'.join(_METHODS)})\s+/\S*")
_HOLDS_NONE = re.compile(
    r"^(?:term|acronym|abbreviation|definition|version|revision|rev|date|author|milestone|phase|sprint|week|month|"
    r"quarter|risk|threat|"
    r"persona|user type|user|role|actor|dimension|solution|alternative|name|stakeholder|contact|question|"
    r"document|reference|link|competitor|resource|field|"
    r"column|attribute|"
    r"property|param(?:eter)?|key|variable|env(?:ironment)? variable|setting|error code|status code|http status|"
    r"example|begriff|risiko|"
    r"datum|リスク|課題|phase|version|terme|término|termo|термин|术语|用語|角色|姓名|役割|担当者?|阶段|里程碑|风险|日期|字段|字段名|参数|용어)\b"
)
_HOLDS_REQUIREMENTS = re.compile(
    r"requirement|specification|spezifikation|user stor|^story|feature|capabilit|acceptance|criteri|endpoint|^target|"
    r"\bslo\b|\bsli\b|\bkpi\b|^functions?$|"
    r"functionality|anforderung|funktion|exigence|fonction|requisito|funcionalidad|requisiti|funzionalità|eis\b|"
    r"wymagani|требован|"
    r"функци|permission|permiso|permiss[ãõ]|权限|權限|権限|要求|需求|功能|要件|機能|요구|기능"
)
_ASIDE_COLUMN = re.compile(
    r"^(?:id|ids|#|no\.?|nr\.?|ref|key|code|kennung|编号|番号|번호|优先级|優先度|우선순위|状态|备注|priori\w+|prio|"
    r"moscow|status|state|owner|notes?|comments?|"
    r"rationale|reason|why|effort|estimate|points|release|source|sprint|assignee|done|stand|begründung|bemerkung|"
    r"prioridad\w*|estado)\b"
)
_DOCUMENT = re.compile(r"\[[^\[\]]{1,300}\]\([^()\s]{1,500}\.(?:md|html|pdf|docx)\)")
_EMPTY_CELL = re.compile(r"\W*")
_ONLY_IDS = re.compile(r"(?:[A-Z]{1,8}[-_]?\d{1,4}(?:[.-]\d{1,3})*(?:\s*(?:,|;|&|/|and|to|bis|–|-|und)\s*|$)){2,}")
_WONT = re.compile(r"^(?:won['’]?t(?:[- ]have)?|w|will not have|out of scope)$", re.IGNORECASE)
_PRIORITY = re.compile(r"^(?:priori\w+|prio|moscow|优先级|優先度)\b")
_YES = re.compile(r"^(?:yes|y|x|✓|✔|✅|✔️|ja|sí|si|oui|sim|ya|да|是|●|allow(?:ed)?|full|r/?w|own)$", re.IGNORECASE)
_NO = re.compile(r"^(?:no|n|-|–|—|✗|✘|❌|nein|non|não|tidak|нет|否|○|denied|none|)$", re.IGNORECASE)
_WHEN = re.compile(r"^(?:date|when|dates?|target(?: date)?|due|timeline|quarter|eta|datum|termin|fecha|data|tanggal)\b")


@dataclass(frozen=True, slots=True)
class RowText:
    """A row as a statement, with its explicit id, or, in a column of what is out of scope, without one."""

    text: str
    source_id: str | None
    excluded: bool = False


def read_row(block: Block, policy: Policy) -> RowText | None:
    """The row as one statement, or None when it is none under this policy."""
    if policy == "none":
        return None
    cells = [clean(cell) for cell in block.lines]
    kind = _table_kind(block.header)
    ids = [take_id(cell, alone=True)[0] for cell in cells]
    source = next((found for found in ids if found), None)
    path = next((cell for cell in cells if _PATH.fullmatch(cell) or _ENDPOINT.fullmatch(cell)), None)
    wanted = (
        source is not None
        or (path is not None and kind != "none")
        or (policy == "all" and kind != "none")
        or (policy == "listed" and kind != "none")
        or any(MUST.search(cell) for cell in cells if kind != "none")
    )
    if not wanted or _divides(cells, block.header) or _DOCUMENT.fullmatch(block.lines[0].strip()):
        return None
    if _ONLY_IDS.fullmatch(cells[0]):
        return None
    text = _as_permission(cells, block.header) if not path and not source else None
    text = text or (_as_endpoint(cells, path) if path else _as_sentence(cells, ids, block.header))
    return RowText(text, source, _is_refused(cells, block.header)) if text else None


def read_phase(block: Block) -> tuple[str, str]:
    """A row of a roadmap as its phase and what the phase brings; both are empty where it brings nothing."""
    cells = [clean(cell) for cell in block.lines]
    names = _names(block.header, len(cells))
    told = [
        cell
        for cell, name in zip(cells[1:], names[1:], strict=False)
        if not _EMPTY_CELL.fullmatch(cell) and not _ASIDE_COLUMN.match(name) and not _WHEN.match(name)
    ]
    return (cells[0], told[0]) if told else ("", "")


def _is_refused(cells: list[str], header: tuple[str, ...]) -> bool:
    """Whether the row's priority is `Won't`."""
    names = _names(header, len(cells))
    return any(_PRIORITY.match(name) and _WONT.match(cell) for cell, name in zip(cells, names, strict=False))


def _as_permission(cells: list[str], header: tuple[str, ...]) -> str | None:
    """A row of yes and no under roles: `Register parcel: Dispatcher, Courier (own)`. None where it is another row."""
    marks = cells[1:]
    if len(marks) < 2 or len(header) < len(cells) or not any(map(_YES.match, marks)):
        return None
    if not all(_YES.match(mark) or _NO.match(mark) for mark in marks):
        return None
    roles = [
        clean(role) + (" (own)" if mark.casefold() == "own" else "")
        for role, mark in zip(header[1:], marks, strict=False)
        if _YES.match(mark)
    ]
    return f"{cells[0]}: {', '.join(roles)}" if cells[0] and all(roles) else None


def _divides(cells: list[str], header: tuple[str, ...]) -> bool:
    """Whether the row is a title over the rows below it: a first cell, and nothing in the columns that tell more."""
    if not header or _EMPTY_CELL.fullmatch(cells[0]) or any(not _EMPTY_CELL.fullmatch(cell) for cell in cells[1:]):
        return False
    return any(not _ASIDE_COLUMN.match(heading_words(clean(name))) for name in header[1:])


@lru_cache(maxsize=256)
def _table_kind(header: tuple[str, ...]) -> TableKind:
    names = [heading_words(clean(cell)) for cell in header]
    if any(_HOLDS_REQUIREMENTS.search(name) for name in names):
        return "requirements"
    if any(name in ("method", "path", "route", "url", "verb") for name in names):
        return "endpoints"
    if "default" in names and "type" not in names:
        return "requirements"
    filled = [name for name in names if name and not _ASIDE_COLUMN.match(name)]
    return "none" if filled and _HOLDS_NONE.match(filled[0]) else "unknown"


def _as_endpoint(cells: list[str], path: str) -> str:
    """`GET /orders: Search orders`."""
    method = next((cell.upper() for cell in cells if cell.upper() in _METHODS), "")
    rest = [cell for cell in cells if cell != path and cell.upper() not in _METHODS and not _EMPTY_CELL.fullmatch(cell)]
    return f"{method} {path}".strip() + (f": {'; '.join(rest)}" if rest else "")


def _as_sentence(cells: list[str], ids: list[str | None], header: tuple[str, ...]) -> str:
    """The cells that say what is wanted: `Language: Go 1.21+`."""
    names = _names(header, len(cells))
    told = [
        cell
        for cell, identifier, name in zip(cells, ids, names, strict=False)
        if not identifier and not _ASIDE_COLUMN.match(name) and not _EMPTY_CELL.fullmatch(cell)
    ]
    return told[0] + (f": {'; '.join(told[1:])}" if told[1:] else "") if told else ""


def _names(header: tuple[str, ...], at_least: int) -> list[str]:
    """The columns' names as headings are seen, filled up with empty ones."""
    return [heading_words(clean(name)) if "#" not in name else "#" for name in header] + [""] * at_least
