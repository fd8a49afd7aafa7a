"""Single statements of a PRD: cleaned of markup, split into sentences, with their explicit ids; what is none. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator

LONGEST_TEXT = 300
"""Characters of a requirement's text; the hash covers all of it."""

_IMAGE = re.compile(r"!\[[^\[\]]{0,300}\]\([^()\s]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]]{1,300})\](?:\([^()\n]{0,2000}\)|\[[^\[\]]{0,100}\])")
_REFERRAL = re.compile(r"\[[^\[\]]{1,300}\]\([^()\s]{1,500}\.(?:md|html|pdf|docx)(?:#[^()\s]{0,200})?\)\W*$")
_WORDS = re.compile(r"\w+")
_REFERS_WITHIN = 24
_BARE_LINK = re.compile(r"^<?https?://\S+>?$")
_TAG = re.compile(r"</?(?:br|b|i|u|em|strong|p|sup|sub|span|div|a|li|ul|ol|code|kbd|mark|details|summary|td|tr|"
                  r"h\d)\b[^<>]{0,200}>", re.I)  # fmt: skip
_BOX = re.compile(r"^(?:\[[ xX~-]?\]\s*|[☐☑✓✔✅❌✗⬜]\uFE0F?\s*)+")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]{1,600}?)(?<=[^\s*])\1(?![\w*])")
_UNDERLINED = re.compile(r"(?<![\w_])(_{1,2})(?=[^\s_])([^\n]{1,120}?)(?<=[^\s_])\1(?![\w_])")
_LABELLED = re.compile(
    r"^(?:user stor(?:y|ies)|story|requirements?|(?:exceptions?|alternatives?)(?: flows?)?|(?:business )?rules?|"
    r"acceptance criteri(?:on|a)|ac|description|statement|"
    r"epic|(?:primary |main |overall |secondary )?(?:goal|objective))\s*[:：]\s*(?=\S)", re.I
)  # fmt: skip

_KNOWN_STEM = re.compile(
    r"(?:N?FR|US|AC|REQ|UC|[BTSQIDPU]R|RQ|NF|NG|CON|EX|N?FA|R?N?F|ENF|EF|HU|CU|CA|RNF|RN|OBJ|SLO|STORY|FEAT|EPIC|"
    r"[FRCGN])"
)
_FOREIGN_STEM = re.compile(r"(?:SHA|UTF|RFC|ISO|IEC|HTTPS?|AES|RSA|TLS|SSL|IEEE|IPV?|EC|SOC|MD|PCI|NIST|BASE|X|P|V|Q|"
                           r"S|H|COVID|SP|ES|EN|UTC|GMT|ADR)")  # fmt: skip
_ID = re.compile(r"([A-Z]{1,8})((?:[-_][A-Z]{1,8}){0,2})([-_. ]?)(\d{1,4}(?:[.-]\d{1,3}){0,2}[a-z]?)")
_LEADING_ID = re.compile(rf"^([\[(]?)({_ID.pattern})([\])]?)(\s*[:：|]\s*|\s*[.)–—-]+\s+|\s+|$)")

_SERIES, _ID_WITHIN = 3, 60

_BOOKKEEPING = re.compile(
    r"^(?:version|date|status|authors?|owners?|priority|prio|effort|estimate[ds]?|story points|points|"
    r"last (?:updated?|changed?|modified|review(?:ed)?)|"
    r"updated|created|product name|(?:document|doc) type|prepared (?:by|for)|产品名称?|"
    r"project(?: name)?|reviewers?|approvers?|stakeholders?|team|sprint|milestone|target release|release|document|"
    r"total time|depends on|"
    r"dependencies|related|links?|tags?|complexity|moscow|confidence|duration|deadline|contact|e-?mail|persona|"
    r"actors?|auftraggeber|auftragnehmer|projektart|projektleiter|"
    r"priorität|autor|datum|stand|statut|auteur|prioridad|estado|fecha|prioridade|data|优先级|状态|作者|版本|日期|"
    r"負責人|优先度)\s*[:：]",
    re.I,
)  # fmt: skip
_REMARK = re.compile(
    r"^(?:examples?|e\.g\.|for example|rationale|[\w ]{0,30} rationale|reason(?:ing)?|why|benefits?|purpose|"
    r"problem being solved|background|context|use cases?|source|"
    r"see(?: also)?|详见|詳細|reference|problem|pain points?|current(?: state| behaviou?r)?|beispiel|begründung|"
    r"exemple|ejemplo|"
    r"示例|例)\s*[:：]|^see (?:also|section|chapter|appendix|below|above|the (?:section|document|appendix))\b|"
    r"^(?:think|imagine)\b",
    re.I,
)  # fmt: skip
_NOTE = re.compile(r"^(?:notes?|hinweis|remarque|nota|注|备注|说明)\s*[:：]", re.I)
_ABOUT_THE_TEXT = re.compile(
    r"^(?:this|the) (?:document|section|prd|chapter|page|specification)\b|^(?:the following|below)\b"
    r"|^(?:dieses|das) (?:dokument|kapitel)\b|^(?:dieser|der) abschnitt\b|^(?:este|el|esta|la) (?:documento|sección|"
    r"capítulo|seção)\b|^(?:ce|le) (?:document|chapitre)\b|^questo documento\b|^(?:этот|данный|настоящий) документ\b"
    r"|^本(?:文档|文件|文书|文書|書|章|节|節|資料|文)(?!件)",
    re.I,
)
_EMPTY = re.compile(
    r"^\W*(?:tbd|todo|n/?a|none|tba|nothing|keine?|aucun\w*|ningun\w*|无|なし|없음|to be (?:defined|decided|"
    r"done))\W*$",
    re.I,
)
_BREAK = re.compile(r"[.!?][\"”’)\]*_]{0,3}\s+(?=[^\W\d_a-zà-öø-ÿа-я]|[\"“«(`\[\d*_])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|approx|incl|resp|cf|no|nr|fig|dr|mr|ms|st|max|min|ca|bzw|z\. ?b|d\. ?h|u\. ?a|"
    r"usw|p\. ?ex|\d+)\.$",
    re.I,
)
_NO = re.compile(r"\bno\.$", re.I)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def clean(raw: str) -> str:
    """One line without markup: links and code give their text, checkboxes and tags go."""
    text = " ".join(raw.split())
    text = _LINK.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    text = _TAG.sub(" ", text)
    if text.startswith(">"):
        text = text.lstrip("> ")
    text = _BOX.sub("", text)
    text = _UNDERLINED.sub(r"\2", _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text)))
    text = re.sub(r"\\([\\`*_{}\[\]()#+.!|<>-])", r"\1", text.replace("`", "").replace("**", ""))
    return " ".join(_BOX.sub("", text.strip()).split())


def cut(text: str, width: int) -> str:
    """The text, shortened to `width` characters where it is longer."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def take_id(text: str, *, alone: bool = False, series: Collection[str] = ()) -> tuple[str | None, str]:
    """An explicit id at the start of a statement, as in `FR-1: ...`, and the rest; `alone` for a table's cell.

    `series` are the stems that `id_series` found to number this document's statements.
    """
    found = _LEADING_ID.match(text)
    if found is None:
        return None, text
    _, name, stem, more, joint, number, closing, separator = found.groups()
    known = bool(_KNOWN_STEM.fullmatch(stem)) or stem in series
    marked = alone or bool(closing) or separator.strip() != "" or number.count(".") > 1
    plausible = (
        (len(stem) > 1 or joint in ("-", "_") or more or marked)
        if known
        else (joint in ("-", "_") or alone) and not _FOREIGN_STEM.fullmatch(stem) and (marked or len(stem) > 1)
    )
    if not plausible or (alone and found.end() != len(text)):
        return None, text
    return name.replace(" ", "-"), text[found.end() :].strip() or text


def id_series(lines: Iterable[str]) -> frozenset[str]:
    """Stems that head several lines with different numbers and a colon or bracket: `A01: ...`, `A02: ...`."""
    numbers: dict[str, set[str]] = {}
    for line in lines:
        found = _LEADING_ID.match(clean(line[:_ID_WITHIN]).lstrip("-*+# "))
        if found and (found[7] or found[8].strip()):
            numbers.setdefault(found[3], set()).add(found[6])
    return frozenset(
        stem for stem, found in numbers.items() if len(found) >= _SERIES and not _FOREIGN_STEM.fullmatch(stem)
    )


def strip_label(text: str) -> tuple[bool, str]:
    """Whether the text is labelled a requirement (`User story: ...`), and what follows the label."""
    found = _LABELLED.match(text)
    return bool(found), text[found.end() :] if found else text


def says_something(text: str, *, in_prose: bool) -> bool:
    """Whether there are words enough for a statement; a list item may be one word."""
    if _CJK.search(text):
        return sum(character.isalpha() for character in text[:LONGEST_TEXT]) >= (4 if in_prose else 2)
    words = re.findall(r"[^\W\d_]{2,}", text[:LONGEST_TEXT])
    return len(words) >= (3 if in_prose else 2) or (not in_prose and any(len(word) >= 4 for word in words))


def is_name(text: str) -> bool:
    """A few words that name something; scripts without spaces are counted by their characters."""
    return len(text) <= 15 if _CJK.search(text) else len(text.split()) <= 4 and len(text) <= 40


def is_sentence(text: str) -> bool:
    """Words enough to say what must be, rather than to name it."""
    return len(text) >= 15 if _CJK.search(text) else len(text.split()) >= 4


def is_no_statement(text: str, raw: str) -> bool:
    """Bookkeeping, questions, bare links, struck-out text, placeholders, talk about the document itself."""
    source = " ".join(raw.split())
    return bool(
        text.endswith(("?", "？"))
        or _BOOKKEEPING.match(text)
        or _ABOUT_THE_TEXT.search(text)
        or _EMPTY.match(text)
        or _BARE_LINK.match(text)
        or (source.startswith("~~") and source.endswith("~~"))
        or _only_refers(source)
        or (source.startswith("[") and source.endswith("]") and source.count("[") == 1)
        or re.fullmatch(r"(?:\[[^\[\]]*\]\([^()]*\)[\s,·|]*)+", source)
    )


def _only_refers(source: str) -> bool:
    """A link to another text with at most a word before it, as in `See [the contract](contract.md).`"""
    found = _REFERRAL.search(source)
    before = source[: found.start()] if found else ""
    return found is not None and len(_WORDS.findall(before)) <= 1 and len(before) <= _REFERS_WITHIN


def is_about_the_text(text: str) -> bool:
    """Talk about the document itself; what follows it in a paragraph is an introduction."""
    return bool(_ABOUT_THE_TEXT.search(text))


def is_remark(text: str) -> bool:
    """An example or a reason: said beside a requirement, asking for nothing itself, whatever its words."""
    return bool(_REMARK.match(text))


def is_note(text: str) -> bool:
    """A note: no requirement unless its words ask for something."""
    return bool(_NOTE.match(text))


def sentences(lines: tuple[str, ...], first: int) -> Iterator[tuple[int, str]]:
    """The sentences of a paragraph with their lines; where each line stands for itself, the lines."""
    stripped = [line.strip() for line in lines]
    if _stand_alone(stripped):
        for number, line in enumerate(stripped):
            yield first + number, line
        return
    text = " ".join(stripped)
    starts, offset = list[int](), 0
    for line in stripped:
        starts.append(offset)
        offset += len(line) + 1
    begin, line = 0, 0
    for end in [*_ends(text), len(text)]:
        while line + 1 < len(starts) and starts[line + 1] <= begin:
            line += 1
        if text[begin:end].strip():
            yield first + line, text[begin:end].strip()
        begin = end


def _ends(text: str) -> Iterator[int]:
    for found in _BREAK.finditer(text):
        number_follows = text[found.end() : found.end() + 1].isdigit()
        answer = _NO.search(text, max(0, found.start() - 4), found.start() + 1) and not number_follows
        if answer or not _ABBREVIATION.search(text, max(0, found.start() - 8), found.start() + 1):
            yield found.end()


def _stand_alone(lines: list[str]) -> bool:
    """Several short lines of which none runs on into the next: a list without bullets."""
    if len(lines) < 2 or any(len(line) > 140 for line in lines):
        return False
    runs_on = any(line[:1].islower() for line in lines[1:])
    closed = sum(line.endswith((".", ":", ";", "。", "!", "；")) for line in lines)
    return not runs_on and (closed == len(lines) or max(map(len, lines)) <= 70)
