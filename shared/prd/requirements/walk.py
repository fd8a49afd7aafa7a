"""Walks through a PRD's outline and decides what of it is a requirement, and of which kind. Pure.

The rules of `extraction`, applied block by block: a section's heading says what counts in it, the block's form says
how it reads, and a sentence beside a list must ask for something to count as well.
"""

import re
from dataclasses import dataclass, replace
from functools import partial

from shared.prd.requirements import words
from shared.prd.requirements.outline import LABEL_LEVEL, Block
from shared.prd.requirements.statements import (
    clean,
    cut,
    id_series,
    is_about_the_text,
    is_name,
    is_no_statement,
    is_note,
    is_remark,
    is_sentence,
    says_something,
    sentences,
    strip_label,
    take_id,
)
from shared.prd.requirements.tables import read_row
from shared.prd.requirements.words import ASKS, BUILT_WITH, MEASURE, MUST, STORY, Family, Kind, classify

_SHORT_LABEL = 6
_PLAIN = ("", "text", "txt", "plain", "plaintext", "markdown", "md")
_ITEM_LEVEL = 20
"""Items that head nested ones are scopes below all headings and labels, by their indentation."""
_PREAMBLE = Family("preamble", "said")
_TOPIC = Family("topic", "listed")
_GENEROUS = Family("anything", "all")
_ID_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"NFR|NF|QR|NFA|RNF|ENF", "quality"),
    (r"CON", "constraint"),
    (r"NG", "non_goal"),
    (r"FR|US|AC|UC|FA|RF|HU|STORY|FEAT|EPIC", "functional"),
)
_SERVICE_LEVEL = re.compile(
    r"\bp(?:50|90|95|99)\b[^.;]{0,60}?\d\s?m?s\b|\b\d[\d.,]*\s?% (?:availab|uptime|of )", re.IGNORECASE
)
_GIVEN = re.compile(r"^(?:given|angenommen|gegeben|étant donné|dad[oa])\b", re.IGNORECASE)
_THEN = re.compile(
    r"^(?:when|then|and|but|wenn|dann|und|quand|alors|et|cuando|entonces|quando|então|y|e)\b", re.IGNORECASE
)
_SCENARIO = re.compile(
    r"^\s*(?:scenario(?: outline)?|szenario|scénario|escenario|cenário)\s*:\s*(\S.*)$", re.IGNORECASE
)
_STORY_TITLE = re.compile(r"^(?:user )?story \d+\b", re.IGNORECASE)
_VALUE = re.compile(r"[:：]\s*\S")
_SHORT_NAME = re.compile(r"[^\W\d_]{2,}")
_CODE_NAME = re.compile(r"`[\w.$-]+`")
_CHAPTER = re.compile(r"^(?:\d+(?:\.\d+)*[.)]?|[IVX]+\.)\s+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One requirement before it is numbered. `text` is whole; `line` is 1-based."""

    text: str
    line: int
    kind: Kind
    source_id: str | None
    section: str


@dataclass(frozen=True, slots=True)
class _Scope:
    """A heading, label or item that what follows stands under. `prefix` is said before the items below it."""

    level: int
    title: str
    family: Family | None
    prefix: str = ""


class Walker:
    """Goes through the blocks once, keeping what stands above the current one."""

    def __init__(self, blocks: list[Block], *, generous: bool = False) -> None:
        self._blocks = blocks
        self._generous = generous
        self._take_id = partial(take_id, series=id_series(line for block in blocks for line in block.lines))
        self._titles = _titles(blocks)
        self._listing = _sections_with_lists(blocks)
        self._divided = any(block.kind == "heading" for at, block in enumerate(blocks) if at not in self._titles)
        self._section = 0
        self._scopes: list[_Scope] = []
        self._pending: Statement | None = None
        self._found: list[Statement] = []

    def walk(self) -> list[Statement]:
        """All statements that are requirements."""
        for at, block in enumerate(self._blocks):
            if block.kind != "prose":
                self._flush()
            match block.kind:
                case "heading":
                    self._heading(at, block)
                case "label":
                    self._label(block)
                case "item":
                    self._item(block)
                case "row":
                    self._row(block)
                case "code":
                    self._code(block)
                case "prose":
                    self._prose(at, block)
        self._flush()
        return self._found

    def _heading(self, at: int, block: Block) -> None:
        self._section += 1
        self._leave(block.level)
        title = clean(block.lines[0])
        source, name = self._take_id(_CHAPTER.sub("", title))
        family = None if at in self._titles or words.names_a_document(name) else classify(name)
        above = self._family()
        self._scopes.append(_Scope(block.level, name, family))
        asks = above is _PREAMBLE or above.policy in ("all", "listed")
        asked = (
            source is not None
            or STORY.match(name)
            or _STORY_TITLE.match(name)
            or (family is None and asks and is_sentence(name) and _asks_by_itself(name))
        )
        bare = above.policy == "all" and above.kind and family is None and block.level > 2 and self._is_bare(at)
        if (asked or bare) and above.policy != "none" and at not in self._titles:
            self._pending = self._statement(name, block.line, source, above if family is None else family)

    def _is_bare(self, at: int) -> bool:
        """Whether nothing stands between this heading and the next of its level or above."""
        following = self._blocks[at + 1] if at + 1 < len(self._blocks) else None
        return following is None or (following.kind == "heading" and following.level <= self._blocks[at].level)

    def _label(self, block: Block) -> None:
        self._leave(block.level)
        title = clean(block.lines[0]).rstrip(" :：")
        source, name = self._take_id(title)
        above = self._family()
        if above.policy != "none" and (source or STORY.match(name)):
            self._pending = self._statement(name, block.line, source, above)
            self._scopes.append(_Scope(block.level, name, None))
            return
        family, prefix = (words.EXAMPLE if is_about_the_text(name) else classify(name)), ""
        long = len(name.split()) > _SHORT_LABEL and family not in (words.EXAMPLE, words.NON_GOAL, words.LATER)
        if long or family is None:
            must = _must(name, above)
            asks = (must or words.THAT_DOES.search(clean(block.lines[0]))) and not above.dominates
            family, prefix = words.NEUTRAL if asks else None, name if must else ""
        self._scopes.append(_Scope(block.level, name, family, prefix))

    def _item(self, block: Block) -> None:
        level = _ITEM_LEVEL + block.level
        self._leave(level)
        raw = " ".join(block.lines)
        labelled, text = strip_label(clean(raw))
        source, text = self._take_id(text)
        if block.parent and not source and not labelled and _heads_items(text, raw):
            name = text.rstrip(" :：")
            family = classify(name)
            self._scopes.append(_Scope(level, name, family, "" if family is words.NEUTRAL else name))
            return
        family = self._family()
        named = family.policy != "all" and _CODE_NAME.fullmatch(raw.strip())
        whole = self._prefixed(text.rstrip(":："))
        if named or is_no_statement(text, raw) or not self._says_something(text, whole, family):
            return
        if self._counts(text, family, source, listed=family.policy in ("all", "listed") or family is _PREAMBLE):
            self._add(whole, block.line, source, family)

    def _says_something(self, text: str, whole: str, family: Family) -> bool:
        """Under a lead-in, or where everything counts, a short name such as `CPC` is enough."""
        short = whole != text or family.policy == "all"
        return says_something(text, in_prose=False) or (short and bool(_SHORT_NAME.search(text)))

    def _row(self, block: Block) -> None:
        family = self._family()
        row = read_row(block, "listed" if family is _PREAMBLE else family.policy)
        if row and says_something(row.text, in_prose=False) and not is_no_statement(row.text, row.text):
            self._add(row.text, block.line, row.source_id, family)

    def _code(self, block: Block) -> None:
        """Scenarios in Gherkin; in plain text only what carries an id or is a user story."""
        family = self._family()
        if family.policy == "none":
            return
        for number, line in enumerate(block.lines, start=block.line + 1):
            if block.language in ("gherkin", "feature", "cucumber"):
                if found := _SCENARIO.match(line):
                    self._add(clean(found[1]), number, None, family)
            elif block.language in _PLAIN:
                source, text = self._take_id(clean(line))
                if (source or STORY.match(text)) and says_something(text, in_prose=True):
                    self._add(text, number, source, family)

    def _prose(self, at: int, block: Block) -> None:
        if block.level < 2 and not self._follows(at, "label"):
            self._leave(LABEL_LEVEL + 1)
        if self._follows(at, "prose") and words.without_example(clean(self._blocks[at - 1].lines[-1])):
            return
        family = self._family()
        pseudo_item = family.policy == "listed" and self._is_one_of_several(at)
        beside = self._section in self._listing and not self._follows(at, "label")
        beside = beside or is_about_the_text(clean(block.lines[0]))
        for line, raw in sentences(block.lines, block.line):
            labelled, text = strip_label(clean(raw))
            source, text = self._take_id(text)
            if is_no_statement(text, raw) or not says_something(text, in_prose=family.policy != "all" and not source):
                continue
            if text.endswith((":", "：")):
                if not (shown := words.without_example(text)):
                    continue
                text = shown
            if self._complete(text, source, family):
                beside = True
                continue
            listed = (
                pseudo_item
                or (family.policy in ("all", "listed") and labelled)
                or (family.policy == "all" and not beside)
            )
            if self._counts(text, family, source, listed=listed) or (not beside and self._asks(text, family)):
                self._add(text, line, source, family)
        self._flush()

    def _complete(self, text: str, source: str | None, family: Family) -> bool:
        """Give a heading that is a requirement its first sentence; the rest must ask to be one."""
        if self._pending is None or source or STORY.match(text) or family.policy == "none":
            return False
        self._pending = replace(self._pending, text=f"{self._pending.text}: {text}")
        self._flush()
        return True

    def _counts(self, text: str, family: Family, source: str | None, *, listed: bool) -> bool:
        if family.policy == "none":
            return False
        if source or STORY.match(text):
            return True
        if is_remark(text):
            return False
        ordered = family.policy != "said" and words.ORDERS.search(text)
        return bool(ordered) or _must(text, family) or (listed and not is_note(text))

    def _asks(self, text: str, family: Family) -> bool:
        """Whether a sentence that stands beside no list asks for something."""
        if family is words.PEOPLE or is_remark(text) or is_note(text):
            return False
        asks = family.policy == "listed" and (ASKS.search(text) or MEASURE.search(text))
        return bool(asks or (family.policy in ("listed", "said") and BUILT_WITH.search(text)))

    def _is_one_of_several(self, at: int) -> bool:
        """Whether this is one of several short paragraphs in a row: a list without bullets."""
        around = [self._blocks[index] for index in (at - 1, at, at + 1) if 0 <= index < len(self._blocks)]
        short = [block.kind == "prose" and len(block.lines) == 1 and len(block.lines[0]) <= 120 for block in around]
        return sum(short) >= 2 and short[1 if at > 0 else 0]

    def _family(self) -> Family:
        """What counts here: the outermost heading that dominates, else the innermost that says something."""
        families = [scope.family for scope in self._scopes if scope.family]
        dominant = next((family for family in families if family.dominates), None)
        if dominant:
            return families[-1] if dominant is words.PEOPLE and families[-1] is words.PERMISSIONS else dominant
        if not families:
            topic = any(scope.level > 1 or scope.title not in self._title_names() for scope in self._scopes)
            family = _TOPIC if topic or not self._divided else _PREAMBLE
        else:
            family = families[-1]
        if self._generous and family.policy != "none":
            return _GENEROUS
        if family is words.NEUTRAL:
            kind = next((outer.kind for outer in reversed(families) if outer.kind), None)
            return replace(family, kind=kind)
        return family

    def _title_names(self) -> set[str]:
        return {clean(self._blocks[at].lines[0]) for at in self._titles}

    def _follows(self, at: int, kind: str) -> bool:
        return at > 0 and self._blocks[at - 1].kind == kind

    def _leave(self, level: int) -> None:
        """Close the scopes at `level` and below."""
        while self._scopes and self._scopes[-1].level >= level:
            self._scopes.pop()

    def _prefixed(self, text: str) -> str:
        prefix = next(
            (scope.prefix for scope in reversed(self._scopes) if scope.level > LABEL_LEVEL and scope.prefix), ""
        )
        return f"{cut(prefix, 120)}: {text}" if prefix else text

    def _statement(self, text: str, line: int, source: str | None, family: Family) -> Statement:
        section = " > ".join(scope.title for scope in self._scopes if scope.level < _ITEM_LEVEL)
        return Statement(text, line, _kind(text, source, family), source, cut(section, 200))

    def _add(self, text: str, line: int, source: str | None, family: Family) -> None:
        statement = self._statement(text, line, source, family)
        last = self._found[-1] if self._found else None
        if last and _GIVEN.match(last.text) and _THEN.match(text) and last.section == statement.section and not source:
            self._found[-1] = replace(last, text=f"{last.text} {text}")
        else:
            self._found.append(statement)

    def _flush(self) -> None:
        if self._pending:
            self._found.append(self._pending)
            self._pending = None


def _must(text: str, family: Family) -> bool:
    """Whether a text says what must be; in what is told as background, of the product and not of today's troubles."""
    if family.policy == "said":
        return bool(MUST.search(text)) and not words.TODAY.search(text)
    return bool(MUST.search(text))


def _asks_by_itself(title: str) -> bool:
    """Whether a heading says what must be: by its words, or by ending like a sentence."""
    return bool(MUST.search(title)) or title.endswith((".", "。"))


def _heads_items(text: str, raw: str) -> bool:
    """Whether an item only names what the items nested in it are about."""
    source = raw.strip()
    marked = bool(re.fullmatch(r"`[^`]+`:?|\*\*[^*]+\*\*:?", source))
    if words.FOLLOWING.search(text) or text.endswith((":", "：")) or marked:
        return not STORY.match(text)
    if STORY.match(text) or MUST.search(text) or _VALUE.search(text):
        return False
    return is_name(text) and not ASKS.search(text)


def _titles(blocks: list[Block]) -> set[int]:
    """Which headings name the document: a first or lone top heading; with many top headings, none but a document's."""
    headings = [at for at, block in enumerate(blocks) if block.kind == "heading"]
    top = [at for at in headings if blocks[at].level == 1]
    named = {at for at in top[:2] if words.names_a_document(clean(blocks[at].lines[0]))}
    leading = [at for number, at in enumerate(headings[:2]) if headings[: number + 1] == top[: number + 1]]
    if len(top) <= 2 and len(headings) > len(top):
        return named | set(leading)
    return named | set(headings[:1] if len(headings) == 1 else ())


def _sections_with_lists(blocks: list[Block]) -> set[int]:
    """The numbers of the sections, counted by headings, that hold list items or table rows themselves."""
    section, found = 0, set[int]()
    for block in blocks:
        section += block.kind == "heading"
        if block.kind in ("item", "row"):
            found.add(section)
    return found


def _kind(text: str, source: str | None, family: Family) -> Kind:
    if family.dominates and family.kind:
        return family.kind
    if source:
        stem = re.split(r"[-_. \d]", source)[0]
        for stems, kind in _ID_KINDS:
            if re.fullmatch(stems, stem):
                return kind
    if family.kind == "functional":
        return "quality" if _SERVICE_LEVEL.search(text) else "functional"
    if family.kind:
        return family.kind
    if BUILT_WITH.search(text):
        return "constraint"
    return "quality" if words.QUALITY_TOPIC.match(text) or MEASURE.search(text) else "functional"
