"""The ledger: where each requirement is designed, tested, shipped and observed. Computed from the files alone. Pure.

Evidence is a citation of the requirement's id in the deliverable that answers for that aspect. The architect may
decline instead, with a reason: `- [R-031] not designed, because ...`, the same in a table row, or below a heading that
says so. A non-goal is declined by the PRD itself unless an operation cites it; so is what the PRD postpones, and a goal
that no test can show, unless the architecture cites it. Families share their evidence (`lineage`).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from shared.contracts import Payload
from shared.pack.citations import Citing, Passage, ids_in, read_citations
from shared.pack.code_locations import Operation
from shared.pack.coverage import Coverage, is_wanted
from shared.pack.lineage import Family, inherited
from shared.prd.requirements import Requirement

type Aspect = Literal["designed", "tested", "shipped", "observed"]
type Verdict = Literal["designed", "declined", "missing"]

ARCHITECTURE = "integration-architecture.md"
TESTS = "test-specifications.md"
PIPELINE = "cicd-pipeline.md"
OBSERVABILITY = "observability-plan.md"
ASPECTS: dict[str, Aspect] = {
    ARCHITECTURE: "designed",
    TESTS: "tested",
    PIPELINE: "shipped",
    OBSERVABILITY: "observed",
}
COLUMNS = (
    "id", "kind", "requirement", "line", "prd_id", "section", "verdict", "reason",
    "designed", "tested", "shipped", "observed", "hash", "parent", "postponed",
)  # fmt: skip
EXCLUDED_BY_PRD = "the PRD excludes it"
POSTPONED_BY_PRD = "the PRD postpones it"
NOT_TESTABLE = "a goal that no test can show"

_MOST_EVIDENCE = 40
"""Places kept for one requirement and aspect; the first ones tell enough."""
_NOT_DESIGNED = re.compile(
    r"\bnot (?:be |been |being )?designed\b(?=\s*(?:[,.:;|)\]—–-]|because|since|here|yet|in this|for now|$))",
    re.IGNORECASE,
)
_REASON_LEAD = re.compile(
    r"^[\s,.:;|)\]—–-]*(?:(?:because|since|as|here|yet|in this \w+|for now)\b[\s,:]*)*", re.IGNORECASE
)
_NO_ANSWER = re.compile(r"^\s*(?:[-*+]\s+)?\**(?:open question|suspicious input)s?\b", re.IGNORECASE)
_FOR_NOW = re.compile(r"\b(?:until|till|by default|meanwhile|in the meantime|for now)\b", re.IGNORECASE)
"""With an open question: what is designed as long as nobody has answered it."""
_TEST_NAME = re.compile(r"\btest_\w{1,150}")
_NOT_AN_ALIAS = re.compile(r"R-?\d|SLO")
"""Own ids of a PRD that mean something else in a deliverable: our numbering, the architect's SLOs."""
_ONLY_IDS = re.compile(r"^(?:[\s,\[\]`*–-]|R-\d+|to|and)*$")


@dataclass(frozen=True)
class Evidence(Payload):
    """One place that meets a requirement: what it is (operation, test, stage, ...), its name, file and 1-based line."""

    kind: str
    name: str
    file: str
    line: int


@dataclass(frozen=True)
class Row(Payload):
    """One requirement and its evidence. `declined_at` is the architect's line that declines it, if there is one."""

    requirement: Requirement
    verdict: str
    reason: str = ""
    declined_at: Evidence | None = None
    designed: tuple[Evidence, ...] = ()
    tested: tuple[Evidence, ...] = ()
    shipped: tuple[Evidence, ...] = ()
    observed: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class UnknownId(Payload):
    """An id that a deliverable cites and the PRD does not have, at its first place in the file."""

    id: str
    file: str
    line: int


@dataclass(frozen=True)
class Ledger:
    """All rows in the PRD's order, ids that do not exist, the contract's operations, and which files were read."""

    rows: tuple[Row, ...]
    unknown: tuple[UnknownId, ...]
    operations: tuple[Operation, ...]
    files: tuple[str, ...]

    @property
    def coverage(self) -> Coverage:
        """Counts for the manifest."""
        wanted = [row for row in self.rows if is_wanted(row.requirement)]
        apart = [row.requirement for row in self.rows if not is_wanted(row.requirement)]
        verdicts = [row.verdict for row in wanted]
        return Coverage(
            wanted=len(wanted),
            designed=verdicts.count("designed"),
            declined=verdicts.count("declined"),
            missing=verdicts.count("missing"),
            tested=sum(bool(row.tested) for row in wanted),
            shipped=sum(bool(row.shipped) for row in wanted),
            observed=sum(bool(row.observed) for row in wanted),
            non_goals=sum(one.kind == "non_goal" for one in apart),
            goals=sum(one.kind == "goal" for one in apart),
            postponed=sum(bool(one.postponed) for one in apart),
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """The rows as JSON values, the requirement's fields first."""
        return [asdict(row.requirement) | _without_requirement(asdict(row)) for row in self.rows]

    def to_csv(self) -> str:
        """The ledger as CSV with a header. Texts are quoted from the PRD: none can start a spreadsheet formula.

        Written with a byte order mark, without which Excel shows no umlaut and no Chinese.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            asked = row.requirement
            aspects = [_listed(evidence) for evidence in (row.designed, row.tested, row.shipped, row.observed)]
            values = [
                asked.id,
                asked.kind,
                asked.text,
                asked.line,
                asked.source_id or "",
                asked.section,
                row.verdict,
                row.reason,
            ]
            tree = (asked.hash, asked.parent or "", asked.postponed)
            writer.writerow([_harmless(value) for value in (*values, *aspects, *tree)])
        return out.getvalue()


def build_ledger(requirements: Sequence[Requirement], documents: Mapping[str, str]) -> Ledger:
    """Hold the deliverables, by file name, against the requirements. Paths before the names are allowed."""
    entries = {requirement.id: _Entry(requirement) for requirement in requirements}
    aliases = _aliases(requirements)
    unknown: dict[tuple[str, str], UnknownId] = {}
    operations: list[Operation] = []
    for file, text in documents.items():
        name = file.replace("\\", "/").rsplit("/", 1)[-1]
        reading = read_citations(text, aliases)
        aspect = ASPECTS.get(name)
        if aspect == "designed":
            operations += reading.operations
        source = _Source(name, aspect, frozenset(one.name for one in reading.operations), aliases)
        for citing in reading.citing:
            answer = _answer(citing, source)
            for identifier, line in citing.ids.items():
                if entry := entries.get(identifier):
                    entry.take(answer, source, line)
                else:
                    unknown.setdefault((identifier, name), UnknownId(identifier, name, line))
    _share(entries)
    rows = tuple(entry.row() for entry in entries.values())
    return Ledger(rows, tuple(unknown.values()), tuple(operations), tuple(documents))


def _share(entries: Mapping[str, "_Entry"]) -> None:
    """Let the members of each family have each other's evidence, and a refusal hold for what it is about."""
    family = Family(entry.requirement for entry in entries.values())
    refused = {
        identifier: ((entry.declined_at, entry.reason),) if entry.declined_at and entry.reason else ()
        for identifier, entry in entries.items()
    }
    declined = inherited(family, refused, is_wanted, most=1)
    for aspect in ASPECTS.values():
        own = {identifier: entry.all("designed") for identifier, entry in entries.items()}
        cited = own if aspect == "designed" else {name: entry.all(aspect) for name, entry in entries.items()}

        def counts(child: Requirement, own: Mapping[str, tuple[Evidence, ...]] = own) -> bool:
            return is_wanted(child) and (bool(own[child.id]) or not declined[child.id])

        shared = inherited(family, cited, counts, _MOST_EVIDENCE, [name for name, found in refused.items() if found])
        for identifier, evidence in shared.items():
            entries[identifier].have(aspect, evidence)
    for identifier, found in declined.items():
        if found and not entries[identifier].declined_at:
            entries[identifier].declined_at, entries[identifier].reason = found[0]


def _aliases(requirements: Iterable[Requirement]) -> dict[str, tuple[str, ...]]:
    """The PRD's own ids that can stand for ours; those that look like ours cannot."""
    found: dict[str, tuple[str, ...]] = {}
    for requirement in requirements:
        own = requirement.source_id
        if own and not _NOT_AN_ALIAS.match(own):
            found[own] = (*found.get(own, ()), requirement.id)
    return found


@dataclass(frozen=True)
class _Source:
    """A deliverable as the rows see it: what it answers for, the operations of its contract, the PRD's own ids."""

    file: str
    aspect: Aspect | None
    operations: frozenset[str]
    aliases: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Answer:
    """What one citing passage says to the ids in it. `refused` are those it declines (empty: all), if it declines."""

    section: str
    places: tuple[tuple[str, str], ...] = ()
    refused: frozenset[str] | None = None
    reason: str = ""


@dataclass
class _Entry:
    """A row in the making."""

    requirement: Requirement
    evidence: dict[Aspect, dict[tuple[str, str], Evidence]] = field(
        default_factory=dict[Aspect, dict[tuple[str, str], Evidence]]
    )
    declined_at: Evidence | None = None
    reason: str = ""

    def take(self, answer: _Answer, source: _Source, line: int) -> None:
        """Note one citation: as evidence, or as the architect's refusal."""
        if answer.refused is not None and (not answer.refused or self.requirement.id in answer.refused):
            self.declined_at = self.declined_at or Evidence("section", answer.section, source.file, line)
            self.reason = self.reason or answer.reason
        elif source.aspect:
            found = self.evidence.setdefault(source.aspect, {})
            for kind, name in answer.places:
                if len(found) < _MOST_EVIDENCE:
                    found.setdefault((kind, name), Evidence(kind, name, source.file, line))

    def have(self, aspect: Aspect, evidence: tuple[Evidence, ...]) -> None:
        """Hold what the family lends."""
        self.evidence[aspect] = {(one.kind, one.name): one for one in evidence}

    def row(self) -> Row:
        """The finished row."""
        designed = self.all("designed")
        verdict: Verdict = "designed" if designed else "declined" if self.declined_at and self.reason else "missing"
        reason = self.reason
        if self.requirement.kind == "non_goal":
            verdict = "designed" if any(one.kind == "operation" for one in designed) else "declined"
            reason = reason or (EXCLUDED_BY_PRD if verdict == "declined" else "")
        elif verdict == "missing" and not is_wanted(self.requirement):
            verdict, late = "declined", self.requirement.postponed
            reason = f"{POSTPONED_BY_PRD}: {late}" if late else NOT_TESTABLE
        return Row(
            self.requirement,
            verdict,
            reason,
            self.declined_at,
            designed,
            self.all("tested"),
            self.all("shipped"),
            self.all("observed"),
        )

    def all(self, aspect: Aspect) -> tuple[Evidence, ...]:
        """The evidence for an aspect."""
        return tuple(self.evidence.get(aspect, {}).values())


def _answer(citing: Citing, source: _Source) -> _Answer:
    passage = citing.passage
    is_open = _NO_ANSWER.match(passage.plain) and not _FOR_NOW.search(passage.plain)
    if source.aspect is None or (source.aspect == "designed" and is_open):
        return _Answer(passage.section)
    places = tuple(_places(passage, source.aspect, source.operations))[:_MOST_EVIDENCE]
    refused, reason = _refusal(passage, source.aliases) if source.aspect == "designed" else (None, "")
    return _Answer(passage.section, places, refused, reason)


def _refusal(passage: Passage, aliases: Mapping[str, tuple[str, ...]]) -> tuple[frozenset[str] | None, str]:
    """Which ids the passage declines (empty: all it cites; None: none), and the reason, empty where it gives none."""
    text = passage.plain
    if column := _column_of_reasons(passage):
        return frozenset(), column
    found = _NOT_DESIGNED.search(text)
    if not found:
        below = _NOT_DESIGNED.search(passage.topic) or _NOT_DESIGNED.search(passage.section)
        return (frozenset(), _reason(text)) if below else (None, "")
    start = max(text.rfind(mark, 0, found.start()) for mark in (". ", "; ")) + 1
    sentence = text[start : found.end() + 200].split(". ")[0]
    reason = _reason(text[found.end() :]) or _reason_before(text[start : found.start()])
    return frozenset(ids_in(sentence, aliases)), reason


def _column_of_reasons(passage: Passage) -> str:
    for name, cell in zip(passage.header, passage.cells, strict=False):
        if _NOT_DESIGNED.search(name) and (reason := _reason(cell)):
            return reason
    return ""


def _reason(text: str) -> str:
    """What a refusal says after its opening words, without ids and table rules."""
    plain = re.sub(r"\[?\bR-\d+\b\]?", "", re.sub(r"[|*`]", " ", text))
    plain = " ".join(_REASON_LEAD.sub("", " ".join(plain.split())).split())
    return plain[:300].strip(" -–—:;,") if len(re.findall(r"[^\W\d_]", plain)) >= 3 else ""


def _reason_before(text: str) -> str:
    """`Because other teams build screens, [R-031] is not designed.`"""
    found = re.search(r"\b(?:because|since|as)\b(.{3,300}?),", text, re.IGNORECASE)
    return _reason(found[1]) if found else ""


def _places(passage: Passage, aspect: Aspect, operations: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What a citing passage is evidence of: kind and name."""
    if passage.place and passage.place.kind not in ("file", "section"):
        yield passage.place.kind, passage.place.name
        return
    named = False
    if passage.cells and aspect == "designed":
        for word in re.findall(r"\w+", passage.text):
            if word in operations:
                named = True
                yield "operation", word
    if aspect == "tested":
        for test in dict.fromkeys(_TEST_NAME.findall(passage.text)):
            named = True
            yield "test", test
    if not named:
        yield _plain_place(passage, aspect)


def _plain_place(passage: Passage, aspect: Aspect) -> tuple[str, str]:
    section, topic = passage.section.casefold(), passage.topic
    if passage.place:
        return "file", passage.place.name
    if aspect == "designed":
        entity = "data model" in section and topic and not passage.cells
        return ("entity", topic) if entity else ("section", _path(passage))
    label = _row_label(passage.cells)
    if aspect == "observed":
        if re.match(r"SLO-\d+", topic or label):
            return "slo", (topic or label)[:120]
        for word, kind in (
            ("metric", "metric"),
            ("alert", "alert"),
            ("quer", "query"),
            ("log", "log event"),
            ("trac", "trace"),
        ):
            if label and word in section:
                return kind, label
    if aspect == "shipped" and label and "gate" in section:
        return "gate", label
    return "section", _path(passage) + (f": {label}" if label else "")


def _row_label(cells: tuple[str, ...]) -> str:
    """What a table row is about: its first cell, or its last where the first only cites."""
    plain = [re.sub(r"[`*]", "", cell).strip() for cell in cells]
    named = [cell for cell in plain if cell and not _ONLY_IDS.match(cell)]
    if not named:
        return ""
    return (named[0] if not _ONLY_IDS.match(plain[0]) else named[-1])[:120]


def _path(passage: Passage) -> str:
    return f"{passage.section} > {passage.topic}"[:200] if passage.topic else passage.section[:200]


def _without_requirement(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "requirement"}


def _listed(evidence: tuple[Evidence, ...]) -> str:
    return "; ".join(f"{one.kind} {one.name} ({one.file}:{one.line})" for one in evidence)


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
