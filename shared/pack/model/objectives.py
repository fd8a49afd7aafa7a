"""Objectives followed by name: the architecture's row, its block in the plan, query, alert and tile. Pure.

Numbers keep their kind: a share, a time at a percentile, a rate. A window, a percentile or a budget is no objective.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from posixpath import basename

from shared.pack.model.documents import (
    ARCHITECTURE,
    Block,
    PackDocument,
    PackDocuments,
    Row,
    Section,
    Table,
)
from shared.pack.model.references import Reference, State

_ID = re.compile(r"\bSLO[-_ ]?(\d{1,3})\b", re.IGNORECASE)
_NUMBER = r"(\d[\d,]{0,12}(?:\.\d{1,6})?)"
_SHARE = re.compile(rf"(?<![\w.]){_NUMBER}\s{{0,2}}%")
_TIME = re.compile(rf"(?<![\w.]){_NUMBER}\s{{0,2}}(ms|milliseconds?|s|sec(?:onds?)?)\b")
_RATE = re.compile(rf"(?<![\w.]){_NUMBER}\s{{0,2}}(?:rps|requests? (?:per|a|each) second|/s)\b")
_PERCENTILE = re.compile(r"\bp(?:9\d(?:\.\d)?|50|75|80|85)\b|\b9\d(?:th|\.\d)? percentile", re.IGNORECASE)
_OBJECTIVE = re.compile(r"\b(?:objective|target|goal)s?\b[^\S\n]{0,3}[:|=]?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\.(?=\s|$)|\n|;")
_LET = re.compile(r"^\s*let\s+(?:objective|target|slo)\w*\s*=\s*([\d.]{1,12})\s*;", re.MULTILINE | re.IGNORECASE)
_KEBAB = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+){1,12}")
_QUERY_PATH = re.compile(r"\bqueries/[\w./-]{1,120}?\.k(?:ql|usto)\b")
_QUERY_NAMED = re.compile(
    r"\bquer(?:y|ies)\b[^\n.|`*]{0,30}[:|]?\s{0,9}[|:]?\s{0,9}(\*\*|`)([^`*\n]{1,120})\1", re.IGNORECASE
)
_MARKS = re.compile(r"[`*\"']")
MOST_NAMES = 300
"""Alerts of runbooks that are looked up."""
_LANGUAGES = ("kusto", "kql")
NOTHING_THERE = frozenset({"", "-", "—", "none", "n/a", "n.a."})


@dataclass(frozen=True)
class Quantity:
    """A number with its kind: `share` in percent, `time` in milliseconds, `rate` per second."""

    kind: str
    value: float

    def __str__(self) -> str:
        unit = {"share": "%", "time": " ms", "rate": "/s"}[self.kind]
        return f"{self.value:g}{unit}"


@dataclass(frozen=True)
class Objective:
    """An objective of the architecture: its id, its line, and the numbers that its objective states."""

    id: str
    line: int
    quantities: frozenset[Quantity]


def quantities(text: str) -> frozenset[Quantity]:
    """The numbers of `text` that may be an objective, with their kind; percentiles and windows are none."""
    plain = _PERCENTILE.sub(" ", text)
    found = {Quantity("share", _value(match[1])) for match in _SHARE.finditer(plain)}
    found |= {
        Quantity("time", _value(match[1]) * (1 if match[2].startswith("m") else 1000))
        for match in _TIME.finditer(plain)
    }
    return frozenset(found | {Quantity("rate", _value(match[1])) for match in _RATE.finditer(plain)})


def _value(text: str) -> float:
    return float(text.replace(",", ""))


def plain_id(text: str) -> str:
    """`SLO-1` for `slo 1`, `SLO-01` and their like; empty where there is none."""
    found = _ID.search(text)
    return f"SLO-{int(found[1])}" if found else ""


def objectives(documents: PackDocuments) -> tuple[Objective, ...]:
    """The architecture's objectives, each from the row that defines it, else from where it is first named."""
    document = documents.get(ARCHITECTURE)
    if document is None:
        return ()
    found: dict[str, Objective] = {}
    for table in document.tables:
        if (column := _objective_column(table)) is not None:
            for row in table.rows:
                first = next(iter(row.cells.values()), "")
                if len(_ID.findall(first)) == 1:
                    cell = row.cells.get(column, "")
                    found.setdefault(plain_id(first), Objective(plain_id(first), row.line, quantities(cell)))
    for number, line in document.prose:
        for match in _ID.finditer(line[:1000]):
            name = f"SLO-{int(match[1])}"
            found.setdefault(name, Objective(name, number, frozenset()))
    return tuple(found.values())


def _objective_column(table: Table) -> str | None:
    for title in table.columns:
        if re.search(r"\bobjective\b|\btarget\b|\bgoal\b", title.lower()):
            return title.lower()
    return None


@dataclass(frozen=True)
class Observed:
    """What the observability plan says of one objective: its block (None where only other places name it), the text
    that states its objective, names of its queries with whether a file has them, and whether an alert watches it."""

    line: int
    block: str
    stated: frozenset[Quantity]
    queries: tuple[Reference, ...]
    speaks_of_query: bool
    has_alert: bool


class ObservabilityPlan:
    """Queries, alerts, metrics and tiles of the observability plan by name."""

    def __init__(self, documents: PackDocuments, document: PackDocument) -> None:
        self.documents, self.document = documents, document

    @cached_property
    def query_blocks(self) -> tuple[Block, ...]:
        """Blocks that hold a query."""
        return tuple(block for block in self.document.blocks if block.language in _LANGUAGES)

    @cached_property
    def query_names(self) -> Mapping[str, Block]:
        """Queries by every name they have: path, file name, stem, label, heading."""
        found: dict[str, Block] = {}
        for block in self.documents.blocks:
            if block.language in _LANGUAGES or (block.path or "").endswith((".kql", ".kusto")):
                names = [
                    block.path or "",
                    basename(block.path or ""),
                    block.label,
                    block.heading if not block.path else "",
                ]
                names.append(basename(block.path or "").rpartition(".")[0])
                comment = re.match(r"\s*//\s*(\S{1,100})\s*$", block.content.partition("\n")[0])
                names.append(comment[1] if comment else "")
                for name in names:
                    if name:
                        found.setdefault(_MARKS.sub("", name).strip().lower(), block)
        return found

    def has_query(self, name: str) -> bool:
        """Whether a query has this name: path, stem, label."""
        key = name.lower().strip().removeprefix("./")
        stem = basename(key).removesuffix(".kql").removesuffix(".kusto")
        return key in self.query_names or stem in self.query_names

    @cached_property
    def other_names(self) -> frozenset[str]:
        """Names of metrics, events, alerts, fields: first cells of tables, and words of blocks that are no query."""
        found: set[str] = set()
        for table in self.document.tables:
            if not _is_of_uses(table):
                for row in table.rows:
                    found.update(_tokens(next(iter(row.cells.values()), "")))
        for block in self.document.blocks:
            if block.language not in _LANGUAGES:
                found.update(word.lower() for word in re.findall(r"[\w.-]{3,100}", block.content))
        return frozenset(found)

    def query_reference(self, name: str, line: int, *, certain: bool) -> Reference:
        """A query that a place names. `certain` where what stands there can be nothing but a query's name."""
        known = self.has_query(name)
        other = name.lower() in self.other_names
        state: State = (
            "resolved" if known or (other and not certain) else "missing" if certain or _is_kebab(name) else "undecided"
        )
        return Reference("query", name, self.document.name, line, state)

    def observed(self, objective: str) -> Observed | None:
        """What is said of an objective; None where no heading, row or sentence names it."""
        section = self._sections.get(objective)
        if section is None:
            return self._from_rows(objective)
        text = f"{section.title}\n{section.body}"
        references = tuple(self._queries_in(section.body, section.line))
        own = any(objective in _ids(block.content, block.path, block.label) for block in self.query_blocks)
        inside = re.search(r"^```(?:kusto|kql)", section.body, re.MULTILINE) is not None
        spoken = re.search(r"\bquer(?:y|ies)\b|\bKQL\b", section.body, re.I) is not None
        return Observed(
            section.line, text, _stated(section), references, bool(references) or own or inside or spoken,
            re.search(r"\balert", section.body, re.I) is not None or objective in self._alerted,
        )  # fmt: skip

    @cached_property
    def _alerted(self) -> frozenset[str]:
        """Objectives that an alert elsewhere names: in a row of a table of alerts, a rule in a template, a sentence."""
        found: set[str] = set()
        for _, line in self.document.prose:
            if re.search(r"\balert|burn|page|ticket", line, re.I):
                found.update(f"SLO-{int(match[1])}" for match in _ID.finditer(line))
        for table in self.document.tables:
            if table.has("alert") or table.has("severity"):
                for row in table.rows:
                    found.update(f"SLO-{int(match[1])}" for cell in row.cells.values() for match in _ID.finditer(cell))
        for block in self.document.blocks:
            if "scheduledQueryRules" in block.content:
                found.update(f"SLO-{int(match[1])}" for match in _ID.finditer(block.content))
        return frozenset(found)

    def _from_rows(self, objective: str) -> Observed | None:
        """Of a plan whose objectives are rows or sentences: nothing is proved of them but that they are named."""
        number = self._lines.get(objective)
        return None if number is None else Observed(number, "", frozenset(), (), True, True)

    @cached_property
    def _sections(self) -> Mapping[str, Section]:
        """The first block of each objective."""
        found: dict[str, Section] = {}
        for section in self.document.sections:
            if section.level > 2 and (name := plain_id(section.title)):
                found.setdefault(name, section)
        return found

    @cached_property
    def _lines(self) -> Mapping[str, int]:
        """The first line outside of code that names each objective."""
        found: dict[str, int] = {}
        for number, line in self.document.prose:
            for name in _ids(re.sub(r"`[^`\n]*`", " ", line)):
                found.setdefault(name, number)
        return found

    def _queries_in(self, text: str, line: int) -> Iterator[Reference]:
        for number, each in enumerate(text.splitlines(), line + 1):
            for path in _QUERY_PATH.findall(each):
                yield self.query_reference(path, number, certain=True)
            for _, named in _QUERY_NAMED.findall(each):
                if not _QUERY_PATH.search(named) and _KEBAB.fullmatch(named.strip()):
                    yield self.query_reference(named.strip(), number, certain=False)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Queries that blocks, alerts, tiles, runbooks and templates name."""
        found: list[Reference] = []
        for number, line in self.document.prose:
            if not re.fullmatch(r"\s*(?:#{1,6}\s+)?\*{0,2}`[^`]+`\*{0,2}:?\s*", line):
                found += [self.query_reference(path, number, certain=True) for path in _QUERY_PATH.findall(line)]
        for section in self.document.sections:
            if section.level > 2 and plain_id(section.title):
                found += [each for each in self._queries_in(section.body, section.line) if "/" not in each.name]
        for table in self.document.tables:
            column = next((title.lower() for title in table.columns if re.search(r"\bquery\b", title.lower())), None)
            for row in table.rows if column else ():
                found += list(self._in_cell(row, column or ""))
        for block in self.document.blocks:
            if block.language == "bicep":
                for match in re.finditer(r"loadTextContent\('([^'\n$]{1,200}\.k(?:ql|usto))'\)", block.content):
                    line = block.line_of(block.content.count("\n", 0, match.start()) + 1)
                    found.append(self.query_reference(match[1].lstrip("./"), line, certain=True))
        return tuple(found)

    def _in_cell(self, row: Row, column: str) -> Iterator[Reference]:
        for part in re.split(r",|/(?!\w)|\band\b|\+|;|<br>", _QUERY_PATH.sub("", row.cells.get(column, ""))):
            name = _MARKS.sub("", part).strip()
            if _is_kebab(name):
                yield self.query_reference(name, row.line, certain=False)

    @cached_property
    def alert_references(self) -> tuple[Reference, ...]:
        """Alerts that the runbook's rows name, held against everything else in the document."""
        runbooks = [table for table in self.document.tables if _is_runbook(table)]
        lines = {row.line for table in runbooks for row in table.rows}
        rest = "\n".join(line for number, line in enumerate(self.document.lines, 1) if number not in lines).lower()
        found: list[Reference] = []
        for table in runbooks:
            for row in table.rows:
                for part in re.split(r",|;|\band\b|<br>", row.cell("alert")):
                    name = _MARKS.sub("", part).strip()
                    if len(found) == MOST_NAMES or not (_is_kebab(name) or _ID.fullmatch(name)):
                        continue
                    known = re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", rest) is not None
                    found.append(
                        Reference("alert", name, self.document.name, row.line, "resolved" if known else "missing")
                    )
        return tuple(found)


def _ids(*texts: str | None) -> set[str]:
    return {f"SLO-{int(match[1])}" for text in texts if text for match in _ID.finditer(text)}


def _is_kebab(name: str) -> bool:
    return _KEBAB.fullmatch(name) is not None and not name[0].isdigit()


def _is_runbook(table: Table) -> bool:
    return table.has("alert") and (
        table.has("look") or table.has("first measure") or table.has("cause") or table.has("escalate")
    )


def _is_of_uses(table: Table) -> bool:
    """Whether the first cells of a table's rows are uses of names rather than the names' own places."""
    return _is_runbook(table) or table.has("tile")


def _tokens(cell: str) -> Iterator[str]:
    for part in re.split(r"[,;]|\band\b", cell):
        yield _MARKS.sub("", part).strip().lower()


def _stated(section: Section) -> frozenset[Quantity]:
    """The numbers of the sentence, item or row of a block that states its objective; else those of its heading."""
    prose = re.sub(r"^```.*?^```", "", section.body, flags=re.MULTILINE | re.DOTALL)
    for found in _OBJECTIVE.finditer(prose):
        rest = prose[found.end() : found.end() + 300]
        end = _SENTENCE_END.search(rest)
        if numbers := quantities(_first_cell(rest[: end.start() if end else 300])):
            return numbers
    return quantities(section.title)


def _first_cell(text: str) -> str:
    """Of a row of a table the cell after the title; else the text up to where it speaks of budget or window."""
    stripped = text.lstrip(" |*:")
    return re.split(r"\||\bbudget\b|\bwindow\b|\bover\b", stripped, maxsplit=1, flags=re.IGNORECASE)[0]


def query_objectives(block: Block) -> tuple[float, ...]:
    """Objectives that a query states in its `let` lines, as percentages."""
    values: list[float] = []
    for match in _LET.finditer(block.content):
        try:
            value = float(match[1])
        except ValueError:
            continue
        values.append(round(value * 100, 6) if value <= 1 else value)
    return tuple(values)
