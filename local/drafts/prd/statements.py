"""Reads a PRD's text into statements: what is asked, what is not wanted, what is left open. Pure.

No grammar of English is needed for this: headings give each line its kind, list items and sentences are the
statements. A PRD in another language still yields its headings and list items.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

type Kind = Literal["functional", "quality", "constraint", "non_goal", "later", "question", "record", "context"]

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("context", r"goals? (and|&|/) non[- ]?goals?"),
    ("non_goal", r"non[- ]?goals?\b|out[- ]of[- ]scope|not in scope|exclusion|will not\b|won'?t"),
    ("later", r"stretch|nice[- ]to[- ]have|\bfuture|\blater\b|phase [2-9]\b|backlog"),
    ("question", r"open (question|issue|point)s?|^questions$|unresolved|to be decided|\btbd\b"),
    (
        "quality",
        r"non[- ]?functional|performance|scalab|security|reliab|availab|observab|operab|\bslos?\b|\bslas?\b|"
        r"complian|privacy|constraint|quality|\bnfrs?\b|capacity|retention|latency|throughput",
    ),
    (
        "record",
        r"timeline|roadmap|milestone|rollout|runbook|reference|appendix|glossary|success|learning|"
        r"demo|documentation|revision|history|budget|stakeholder|readiness|\bphase \d|^(user )?personas?$",
    ),
    (
        "context",
        r"background|context|problem|persona|target user|audience|introduction|executive|summary|overview|"
        r"technical design|technology|architecture|usage|risk|dependenc|depencenc|purpose|^why\b|rationale|"
        r"^flow$|^components$|storage schema|data flow",
    ),
    (
        "functional",
        r"functional|requirement|feature|user stor|acceptance|\bscope\b|\bgoals?\b|capabilit|use case|\bapis?\b|"
        r"endpoint|\bmvp\b|\bmust\b|rules|behaviou?r|\bstory|criteria|workflow|operations|interface",
    ),
)
_DOMINANT: frozenset[Kind] = frozenset({"non_goal", "later", "question", "record"})
_MODAL = re.compile(r"\b(must|shall|should|is required|are required)\b", re.IGNORECASE)
_LIST_ITEM = re.compile(r"^(\s*)(?:[-*+•]|\d+[.)]|[a-z]\))\s+(.*)$")
_NUMBERED_TITLE = re.compile(r"^\d+(?:\.\d+)*[.)]?\s+[^\W\d_][^.!?:;]{2,60}$")
_MARKED = re.compile(r"[\[*_>]")
_FENCE = re.compile(r"^\s*(```|~~~)")
_BOOKKEEPING = re.compile(
    r"^(version|date|status|author|authors|owner|priority|last updated|use case|product name|reviewers?|"
    r"[\w ]*rationale|total time)\s*:|^(think|imagine)\b",
    re.IGNORECASE,
)
_GENERIC_TITLE = re.compile(
    r"^(draft\s+)?(prd|product requirements?( documents?)?|requirements?|introduction|overview|specification|"
    r"background|goals?|features?|scope|summary|executive summary)(\s*\(prd\))?(\s+v?\d[\d.]*)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """One thing the PRD says: its text without markup, its kind, and where it stands.

    `block` counts headings: statements under one heading share it."""

    text: str
    kind: Kind
    line: int
    section: str
    block: int


@dataclass(frozen=True)
class Reading:
    """A PRD taken apart, nothing interpreted yet.

    `excluded` are the lines of what is not wanted, or not yet; `heading_lines` stand beside `headings`."""

    title: str
    headings: tuple[str, ...]
    statements: tuple[Statement, ...]
    rows: tuple[tuple[str, ...], ...]
    text: str
    excluded: frozenset[int] = frozenset()
    heading_lines: tuple[int, ...] = ()

    def block_at(self, line: int) -> int:
        """The block of a line: how many headings stand above it."""
        return bisect_right(self.heading_lines, line)


def read_prd(text: str, fallback_title: str) -> Reading:
    """Take a PRD apart. `fallback_title` names it where its own title says nothing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    walker = _Walker(lines)
    statements = _promote(tuple(walker.walk()))
    plain = "\n".join(strip_markup(line) for line in lines)
    title = _title(walker.titles, plain, fallback_title)
    return Reading(
        title,
        tuple(walker.headings),
        statements,
        tuple(walker.rows),
        plain,
        frozenset(walker.excluded),
        tuple(walker.heading_lines),
    )


def strip_markup(text: str) -> str:
    """Text without links, emphasis, checkboxes and quote marks; code spans keep their backticks."""
    if not _MARKED.search(text):
        return text.strip()
    text = re.sub(r"!?\[([^\]]*)\]\([^)\s]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:>\s*)+", "", text)
    text = re.sub(r"^\s*\[[ xX]\]\s+", "", text)
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text)
    return re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])", r"\1", text).strip()


class _Walker:
    """Goes through the lines once, keeping the headings above the current one and open list items."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._above: list[tuple[int, str]] = []
        self._parents: list[tuple[int, str]] = []
        self._fenced = False
        self._kind: Kind = "context"
        self.headings: list[str] = []
        self.heading_lines: list[int] = []
        self.titles: list[str] = []
        self.rows: list[tuple[str, ...]] = []
        self.excluded: set[int] = set()

    def walk(self) -> Iterator[Statement]:
        """Every statement in order; fills `headings` and `rows` on the way."""
        number = 0
        while number < len(self._lines):
            line, start = self._lines[number], number
            number += 1
            if self._skip(line):
                self._exclude(number)
                continue
            if self._take_heading(start):
                self.heading_lines.append(number)
                continue
            while not line.lstrip().startswith("|") and self._continues(number):
                line += " " + self._lines[number].strip()
                number += 1
            self._exclude(*range(start + 1, number + 1))
            if self._take_row(line):
                continue
            yield from self._statements(line, start + 1)

    def _exclude(self, *numbers: int) -> None:
        if self._kind in ("non_goal", "later"):
            self.excluded.update(numbers)

    def _skip(self, line: str) -> bool:
        if _FENCE.match(line):
            self._fenced = not self._fenced
            return True
        return self._fenced or not line.strip() or bool(re.fullmatch(r"\s*([-*_=]\s*){3,}", line))

    def _take_heading(self, index: int) -> bool:
        line = self._lines[index]
        found = re.match(r"^(#{1,6})\s+(.*?)\s*#*$", line)
        if found:
            self._open(len(found[1]), strip_markup(found[2]))
            return True
        text = strip_markup(line)
        if _NUMBERED_TITLE.match(text) and self._blank(index - 1) and self._blank(index + 1):
            self._open(2, text)
            return True
        following = next((line for line in self._lines[index + 1 : index + 3] if line.strip()), "")
        listed = bool(_LIST_ITEM.match(following) or _FENCE.match(following))
        label = re.fullmatch(r"([^\W\d_][\w\s/,&-]{2,48}?):?", text)
        if label and listed and not _LIST_ITEM.match(line) and len(text.split()) <= 5:
            self._open(9, label[1])
            return True
        return False

    def _open(self, level: int, text: str) -> None:
        name = re.sub(r"^\d+(\.\d+)*[.)]?\s+", "", text)
        self._above = [(depth, title) for depth, title in self._above if depth < level] + [(level, name)]
        self._parents = []
        self._kind = self._decide()
        self.headings.append(name)
        if level == 1:
            self.titles.append(name)

    def _take_row(self, line: str) -> bool:
        if not line.lstrip().startswith("|"):
            return False
        cells = tuple(strip_markup(cell) for cell in line.strip().strip("|").split("|"))
        if self._kind not in ("non_goal", "later") and not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            self.rows.append(cells)
        return True

    def _blank(self, index: int) -> bool:
        return not 0 <= index < len(self._lines) or not self._lines[index].strip()

    def _continues(self, index: int) -> bool:
        if self._blank(index):
            return False
        line = self._lines[index]
        started = _LIST_ITEM.match(line) or _FENCE.match(line) or line.lstrip().startswith(("|", "#"))
        return not started and not re.match(r"^\s*\*\*[^*]+\*\*", line)

    def _decide(self) -> Kind:
        """What the headings above say about the lines below them."""
        kinds: list[Kind] = [kind for _, title in reversed(self._above) if (kind := _classify(title))]
        dominant: list[Kind] = [kind for kind in kinds if kind in _DOMINANT]
        if dominant:
            return dominant[-1]
        return kinds[0] if kinds else "context"

    def _statements(self, line: str, number: int) -> Iterator[Statement]:
        kind, section = self._kind, self._above[-1][1] if self._above else ""
        item = _LIST_ITEM.match(line)
        if item is None:
            self._parents = []
            for sentence in _sentences(strip_markup(line)):
                yield from self._sentence(sentence, kind, number, section)
            return
        text = self._with_parent(len(item[1].expandtabs(4)), strip_markup(item[2]))
        if text and re.search(r"[^\W\d_]{3,}", text):
            kept: Kind = "functional" if kind == "context" and _MODAL.search(text) else kind
            yield Statement(text, kept, number, section, len(self.headings))

    def _sentence(self, text: str, kind: Kind, number: int, section: str) -> Iterator[Statement]:
        if _BOOKKEEPING.match(text) or text.endswith(":") or not _says_something(text):
            return
        label = re.match(r"^(user story|requirement|story|acceptance criterion)\s*:\s*", text, re.IGNORECASE)
        text = text[label.end() :] if label else text
        kept: Kind = "functional" if kind == "context" and _MODAL.search(text) else kind
        yield Statement(text, kept, number, section, len(self.headings))

    def _with_parent(self, indent: int, text: str) -> str | None:
        """The item's text under its parent's label, or None for an item that is only a label."""
        self._parents = [(depth, label) for depth, label in self._parents if depth < indent]
        label = self._parents[-1][1] if self._parents else ""
        text = re.sub(r"^(AC|Acceptance criteri(a|on))\s*:\s*", "", text)
        bare = re.fullmatch(r"`?([^`]{2,60}?)`?:?", text)
        if bare and (text.endswith(":") or text.startswith("`")) and len(text.split()) <= 5:
            self._parents.append((indent, bare[1]))
            return None
        return f"{label}: {text}" if label else text


def _promote(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Where no heading says what is asked for (other words, another language), everything unmarked is."""
    if any(one.kind in ("functional", "quality") for one in statements):
        return statements
    return tuple(replace(one, kind="functional") if one.kind == "context" else one for one in statements)


def _classify(title: str) -> Kind | None:
    return next((kind for kind, pattern in _KINDS if re.search(pattern, title, re.IGNORECASE)), None)


def _says_something(text: str) -> bool:
    return len(re.findall(r"[^\W\d_]{2,}", text)) >= 2 or len(re.findall(r"[^\W\d_]", text)) >= 8


def _sentences(text: str) -> list[str]:
    parts = re.split(r"(?<=[.!?。])\s+(?=[^\W\d_a-z]|[\"“`])", text)
    return [part.strip() for part in parts if part.strip()]


def _title(titles: list[str], plain: str, fallback: str) -> str:
    named = re.search(r"^(?:product|project|service)(?: name)?\s*:\s*(.+)$", plain, re.IGNORECASE | re.MULTILINE)
    first_line = next((line for line in plain.split("\n") if line.strip()), "")
    candidates = [named[1] if named else "", *titles[:2], "" if titles else first_line]
    for candidate in candidates:
        title = _tidy_title(candidate)
        if title and not _GENERIC_TITLE.match(title) and _classify(title) in (None, "functional"):
            return title
    return fallback


def _tidy_title(text: str) -> str:
    text = re.sub(r"^[^\w(]+", "", text)
    text = re.sub(
        r"^(?:draft\s+)?(?:prd|product requirements?(?: document)?)(?:\s+v?\d[\d.]*)?\s*[:—–-]\s*", "", text, flags=re.I
    )
    text = re.sub(r"\s*[:—–-]\s*(?:prd|product requirements?(?: document)?)\s*$", "", text, flags=re.I)
    text = re.sub(r"\s+\([^)]*\)\s*$", "", text).strip(" #*:.-")
    return text if 2 <= len(text) <= 80 else ""
