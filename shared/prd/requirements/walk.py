"""Walks through a PRD's outline and decides what of it is a requirement, of which kind, and part of what. Pure.

The rules of `extraction`, applied block by block: a section's heading says what counts in it, the block's form says
how it reads, and a sentence beside a list must ask for something to count as well. A story owns what stands below it.
"""

import re
from functools import partial

from shared.prd.requirements import vocabulary
from shared.prd.requirements.abilities import is_ability
from shared.prd.requirements.block_context import ABILITY, PREAMBLE, BlockContext
from shared.prd.requirements.goals import is_wish
from shared.prd.requirements.kinds import kind_of
from shared.prd.requirements.outline import LABEL_LEVEL, Block
from shared.prd.requirements.phases import opening_phase
from shared.prd.requirements.scenarios import GHERKIN, GIVEN, THEN, is_scenario, scenarios
from shared.prd.requirements.scopes import ITEM_LEVEL, Scope, Statement
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
from shared.prd.requirements.stories import names_scenario, names_story
from shared.prd.requirements.tables import read_phase, read_row
from shared.prd.requirements.vocabulary import ASKS, BUILT_WITH, MEASURE, MUST, STORY, Family, classify

_SHORT_LABEL = 6
_PLAIN = ("", "text", "txt", "plain", "plaintext", "markdown", "md")
_QUESTION_WORD = re.compile(
    r"^(?:how|what|who|why|when|where|which|wie|was|wer|warum|comment|cómo|qué|bagaimana)\b", re.I
)
_RUN_IN_HEADING = re.compile(r"(\*\*|__)[^*_]{2,60}[.。]\1")
_TIME = re.compile(
    r"\b\d+ (?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|Tagen?|Stunden?|Minuten?|hari|jam)\b", re.I
)
_VALUE = re.compile(r"[:：]\s*\S")
_SHORT_NAME = re.compile(r"[^\W\d_]{2,}")
_CODE_NAME = re.compile(r"`[\w.$-]+`")
_CHAPTER = re.compile(r"^(?:\d+(?:\.\d+)*[.)]?|[IVX]+\.)\s+")
_HAS_TO = re.compile(r"\b(?:ha(?:s|ve)|needs?|ought) to\b", re.IGNORECASE)


class Walker:
    """Goes through the blocks once, keeping what stands above the current one."""

    def __init__(self, blocks: list[Block], *, generous: bool = False) -> None:
        self._blocks = blocks
        self._take_id = partial(take_id, series=id_series(line for block in blocks for line in block.lines))
        self._titles = _titles(blocks)
        self._listing = _sections_with_lists(blocks)
        divided = any(block.kind == "heading" for at, block in enumerate(blocks) if at not in self._titles)
        names = {clean(blocks[at].lines[0]) for at in self._titles}
        self._under = BlockContext(names, divided=divided, generous=generous)
        self._section = 0
        self._pending: tuple[Statement, Scope] | None = None
        self._keep_name = False
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
        self._under.leave(block.level)
        title = clean(block.lines[0])
        source, name = self._take_id(_CHAPTER.sub("", title))
        above = self._under.family()
        named = at not in self._titles and names_story(name, source) and not STORY.match(name)
        hides = named or at in self._titles or vocabulary.names_a_document(name)
        family = None if hides else classify(name)
        scope = Scope(block.level, name, family, names_story=named, source_id=source)
        self._under.enter(scope)
        if above.policy == "none" or at in self._titles:
            return
        if named:
            self._name_of_a_story(at, block, scope, above)
        elif source is not None or STORY.match(name) or self._asks_as_heading(at, block, name, above):
            self._pending = (self._statement(name, block.line, source, above if family is None else family), scope)

    def _name_of_a_story(self, at: int, block: Block, scope: Scope, above: Family) -> None:
        """A name waits for its story. Only one that stands alone asks itself."""
        if names_scenario(scope.title) and not self._is_bare(at):
            return
        following = self._blocks[at + 1] if at + 1 < len(self._blocks) else None
        bare = self._is_bare(at)
        if bare or (following is not None and following.kind == "prose"):
            self._pending = (self._statement(scope.title, block.line, scope.source_id, above), scope)
            self._keep_name = bare

    def _asks_as_heading(self, at: int, block: Block, name: str, above: Family) -> bool:
        if classify(name) is not None:
            return False
        asks = above is PREAMBLE or above.policy in ("all", "listed")
        asked = asks and is_sentence(name) and _asks_by_itself(name) and not _QUESTION_WORD.match(name)
        bare = above.policy == "all" and above.kind and block.level > 2 and self._is_bare(at)
        return bool(asked or bare)

    def _is_bare(self, at: int) -> bool:
        """Whether nothing stands between this heading and the next of its level or above."""
        following = self._blocks[at + 1] if at + 1 < len(self._blocks) else None
        return following is None or (following.kind == "heading" and following.level <= self._blocks[at].level)

    def _label(self, block: Block) -> None:
        self._under.leave(block.level)
        title = clean(block.lines[0]).rstrip(" :：")
        source, name = self._take_id(title)
        above = self._under.family()
        named = names_story(name, source) and not STORY.match(name)
        if above.policy != "none" and (source or named or STORY.match(name)):
            scope = Scope(block.level, name, None, names_story=named, source_id=source)
            self._under.enter(scope)
            if source or not named:
                self._pending, self._keep_name = (self._statement(name, block.line, source, above), scope), True
            return
        family, prefix = (vocabulary.EXAMPLE if is_about_the_text(name) else classify(name)), ""
        long = len(name.split()) > _SHORT_LABEL and family not in (
            vocabulary.EXAMPLE,
            vocabulary.NON_GOAL,
            vocabulary.LATER,
        )
        if long or family is None:
            must = _must(name, above)
            asks = (must or vocabulary.THAT_DOES.search(clean(block.lines[0]))) and not above.dominates
            family, prefix = vocabulary.NEUTRAL if asks else None, name if must else ""
        self._under.enter(Scope(block.level, name, family, prefix))

    def _item(self, block: Block) -> None:
        level = ITEM_LEVEL + block.level
        self._under.leave(level)
        raw = " ".join(block.lines)
        labelled, text = strip_label(clean(raw))
        source, text = self._take_id(text)
        family = self._under.family()
        if block.parent and not source and not labelled and _heads_items(text, raw):
            name = text.rstrip(" :：")
            opened = classify(name)
            self._under.enter(Scope(level, name, opened, "" if opened is vocabulary.NEUTRAL else name))
            return
        if family is vocabulary.ROADMAP:
            self._phase_of(text, block.line)
            return
        role = self._under.role() if family is vocabulary.PEOPLE else ""
        if role and is_ability(text) and not is_no_statement(text, raw):
            self._add(f"{role}: {text}", block.line, source, ABILITY).coarse = "ability"
            return
        named = family.policy != "all" and _CODE_NAME.fullmatch(raw.strip())
        whole = self._prefixed(text.rstrip(":："))
        if named or is_no_statement(text, raw) or not self._says_something(text, whole, family):
            return
        if self._counts(text, family, source, listed=family.policy in ("all", "listed") or family is PREAMBLE):
            statement = self._add(whole, block.line, source, family)
            if block.parent:
                scope = Scope(level, text, None)
                self._under.enter(scope)
                self._under.own(statement, scope)

    def _phase_of(self, text: str, line: int) -> None:
        """An item of a roadmap: under a phase, or with a phase of its own before its colon."""
        phase, content = opening_phase(text)
        late = self._under.postponed_to(phase) if phase else self._under.phase()
        if late:
            self._postpone(content, line, late)

    def _postpone(self, text: str, line: int, late: str) -> None:
        if says_something(text, in_prose=False) and not is_no_statement(text, text):
            statement = self._add(text.rstrip(":："), line, None, vocabulary.LATER)
            statement.postponed, statement.coarse, statement.parent = late, "phase", None

    def _says_something(self, text: str, whole: str, family: Family) -> bool:
        """Under a lead-in, or where everything counts, a short name such as `CPC` is enough."""
        short = whole != text or family.policy == "all"
        return says_something(text, in_prose=False) or (short and bool(_SHORT_NAME.search(text)))

    def _row(self, block: Block) -> None:
        family = self._under.family()
        if family is vocabulary.ROADMAP:
            phase, content = read_phase(block)
            late = self._under.phase() or (self._under.postponed_to(phase) if phase else "")
            if late:
                self._postpone(content, block.line, late)
            return
        row = read_row(block, "listed" if family is PREAMBLE else family.policy)
        if row and says_something(row.text, in_prose=False) and not is_no_statement(row.text, row.text):
            statement = self._add(row.text, block.line, row.source_id, family)
            if row.excluded:
                statement.kind = "non_goal"
            if block.header and vocabulary.heading_words(clean(block.header[0])) in ("goal", "goals", "objective"):
                statement.coarse = "goal"

    def _code(self, block: Block) -> None:
        """Scenarios in Gherkin; in plain text only what carries an id or is a user story."""
        family = self._under.family()
        if family.policy == "none":
            return
        if block.language in GHERKIN or (block.language in _PLAIN and is_scenario(block.lines)):
            for line, text in scenarios(block):
                self._add(text, line, None, family)
        elif block.language in _PLAIN:
            for number, line in enumerate(block.lines, start=block.line + 1):
                source, text = self._take_id(clean(line))
                if (source or STORY.match(text)) and says_something(text, in_prose=True):
                    self._add(text, number, source, family)

    def _prose(self, at: int, block: Block) -> None:
        if block.level < 2 and not self._follows(at, "label"):
            self._under.leave(LABEL_LEVEL + 1)
        if self._follows(at, "prose") and vocabulary.without_example(clean(self._blocks[at - 1].lines[-1])):
            return
        family = self._under.family()
        if family is vocabulary.ROADMAP:
            for line, raw in sentences(block.lines, block.line):
                self._phase_of(clean(raw), line)
            return
        pseudo_item = family.policy == "listed" and self._is_one_of_several(at)
        beside = self._section in self._listing and not self._follows(at, "label")
        beside = beside or is_about_the_text(clean(block.lines[0]))
        for line, raw in sentences(block.lines, block.line):
            labelled, text = strip_label(clean(raw))
            source, text = self._take_id(text)
            if _RUN_IN_HEADING.fullmatch(raw):
                continue
            if is_no_statement(text, raw) or not says_something(text, in_prose=family.policy != "all" and not source):
                continue
            if text.endswith((":", "：")):
                if not (shown := vocabulary.without_example(text)):
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
                self._add(text, line, source, family, in_prose=True)
        self._flush()

    def _complete(self, text: str, source: str | None, family: Family) -> bool:
        """Give a heading that is a requirement its first sentence; the rest must ask to be one."""
        if self._pending is None or family.policy == "none":
            return False
        statement, scope = self._pending
        if STORY.match(text) and scope.names_story and not source:
            self._pending = None
            return False
        if source or STORY.match(text):
            return False
        statement.text, self._keep_name = f"{statement.text}: {text}", True
        self._flush()
        return True

    def _counts(self, text: str, family: Family, source: str | None, *, listed: bool) -> bool:
        if family.policy == "none":
            return False
        if source or STORY.match(text):
            return True
        if is_remark(text):
            return False
        ordered = family.policy != "said" and vocabulary.ORDERS.search(text)
        wished = is_wish(text) and (_HAS_TO.search(text) or MUST.search(text))
        return bool(ordered or wished) or _must(text, family) or (listed and not is_note(text))

    def _asks(self, text: str, family: Family) -> bool:
        """Whether a sentence that stands beside no list asks for something."""
        if family is vocabulary.PEOPLE or is_remark(text) or is_note(text):
            return False
        asks = family.policy == "listed" and (ASKS.search(text) or MEASURE.search(text) or _TIME.search(text))
        return bool(asks or (family.policy in ("listed", "said") and BUILT_WITH.search(text)))

    def _is_one_of_several(self, at: int) -> bool:
        """Whether this is one of several short paragraphs in a row: a list without bullets."""
        around = [self._blocks[index] for index in (at - 1, at, at + 1) if 0 <= index < len(self._blocks)]
        short = [block.kind == "prose" and len(block.lines) == 1 and len(block.lines[0]) <= 120 for block in around]
        return sum(short) >= 2 and short[1 if at > 0 else 0]

    def _follows(self, at: int, kind: str) -> bool:
        return at > 0 and self._blocks[at - 1].kind == kind

    def _prefixed(self, text: str) -> str:
        prefix = self._under.prefix()
        return f"{cut(prefix, 120)}: {text}" if prefix else text

    def _statement(self, text: str, line: int, source: str | None, family: Family) -> Statement:
        kind = kind_of(text, source, family)
        put_off = self._under.put_off() if family is vocabulary.LATER and kind == "constraint" else ""
        section = self._under.section()
        return Statement(text, line, kind, source, section, coarse=self._under.coarse(), postponed=put_off)

    def _add(self, text: str, line: int, source: str | None, family: Family, *, in_prose: bool = False) -> Statement:
        statement = self._statement(text, line, source, family)
        last = self._found[-1] if self._found else None
        if last and GIVEN.match(last.text) and THEN.match(text) and last.section == statement.section and not source:
            last.text = f"{last.text} {text}"
            return last
        self._under.tell(statement, in_prose=in_prose)
        self._found.append(statement)
        return statement

    def _flush(self) -> None:
        """Let a heading that asks be a requirement, and what stands below it be part of it."""
        if self._pending:
            statement, scope = self._pending
            if self._keep_name or not scope.names_story:
                self._found.append(statement)
                self._under.own(statement, scope)
        self._pending, self._keep_name = None, False


def _must(text: str, family: Family) -> bool:
    """Whether a text says what must be; in what is told as background, of the product and not of today's troubles."""
    if family.policy == "said":
        return bool(MUST.search(text)) and not vocabulary.TODAY.search(text)
    return bool(MUST.search(text))


def _asks_by_itself(title: str) -> bool:
    """Whether a heading says what must be: by its words, or by ending like a sentence."""
    return bool(MUST.search(title)) or title.endswith((".", "。"))


def _heads_items(text: str, raw: str) -> bool:
    """Whether an item only names what the items nested in it are about."""
    source = raw.strip()
    marked = bool(re.fullmatch(r"`[^`]+`:?|\*\*[^*]+\*\*:?", source))
    if vocabulary.FOLLOWING.search(text) or text.endswith((":", "：")) or marked:
        return not STORY.match(text)
    if STORY.match(text) or MUST.search(text) or _VALUE.search(text):
        return False
    return is_name(text) and not ASKS.search(text)


def _titles(blocks: list[Block]) -> set[int]:
    """Which headings name the document: a first or lone top heading; with many top headings, none but a document's."""
    headings = [at for at, block in enumerate(blocks) if block.kind == "heading"]
    top = [at for at in headings if blocks[at].level == 1]
    named = {at for at in top[:2] if vocabulary.names_a_document(clean(blocks[at].lines[0]))}
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
