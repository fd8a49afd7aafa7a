"""The analysis of a PRD: numbered requirements, endpoints, targets, technologies and open questions. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from local.drafts.prd.declined import reason_to_decline
from local.drafts.prd.numbering import Numbered, adopt, number
from local.drafts.prd.statements import Reading, Statement, read_prd
from local.drafts.prd.targets import Target, find_targets
from local.drafts.prd.technology import Technology, find_technologies
from local.drafts.prompt import Listed

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NAMED = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE)\b[`\s:|]+(/[\w\-./{}:<>]*)")
_BARE = re.compile(r"`(/[a-z][\w\-./{}:]*)[^`]*`|(?:\b(?:in|to|at|call|via)\s+)(/[a-z][\w\-/{}]*)(?=\s|$|[,.;)])")
_VAGUE = re.compile(
    r"\b(possibly|potentially|could offer|maybe|somehow|as appropriate|etc\.?|and so on|to be decided|tbd)\b", re.I
)
_UNSET = re.compile(
    r"\b(?:N|X) (?:minutes|seconds|hours|days|times|consecutive|attempts|retries)\b|> threshold|above threshold"
)


@dataclass(frozen=True)
class Requirement:
    """One numbered requirement, in the order of the PRD. Exclusions have no id where the prompt lists none."""

    id: str
    text: str
    kind: str
    line: int
    block: int


@dataclass(frozen=True)
class Endpoint:
    """A path that the PRD names: method, the words about it, the requirements naming it, its query parameters."""

    method: str
    path: str
    purpose: str
    requirements: tuple[str, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrdAnalysis:
    """Everything the drafts know about a PRD.

    `requirements` are to be designed; `declined` are those that no backend design meets, each with the reason."""

    title: str
    summary: str
    statements: tuple[Numbered, ...]
    requirements: tuple[Requirement, ...]
    declined: tuple[tuple[Requirement, str], ...]
    non_goals: tuple[Requirement, ...]
    later: tuple[Requirement, ...]
    questions: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    targets: tuple[Target, ...]
    technologies: tuple[Technology, ...]

    def says(self, pattern: str) -> bool:
        """Whether what the PRD asks for (not what it excludes) matches a pattern."""
        return re.search(pattern, self._said, re.IGNORECASE) is not None

    @cached_property
    def _said(self) -> str:
        """All statements, one a line: searched as one text, because there are many questions to it."""
        return "\n".join(statement.text for _, statement in self.statements)

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Ids of the requirements whose text matches a pattern."""
        return tuple(one.id for one in self.requirements if re.search(pattern, one.text, re.IGNORECASE))


def analyse_prd(text: str, fallback_title: str, listed: Sequence[Listed] = (), stack: str = "python") -> PrdAnalysis:
    """Read a PRD's text. The same text always gives the same brief.

    `listed` are the requirements that the prompt numbers; without them the brief numbers its own."""
    reading = read_prd(text, fallback_title)
    paired = list(adopt(reading, listed) if listed else number(reading))
    everything = tuple(_requirement(*pair) for pair in paired if pair[0] or pair[1].kind in ("non_goal", "later"))
    asked = [one for one in everything if one.kind not in ("non_goal", "later", "context")]
    declined = tuple((one, reason) for one in asked if (reason := reason_to_decline(one.text, stack)))
    requirements = tuple(one for one in asked if all(one is not other for other, _ in declined))
    statements = tuple(_statements(paired, {one.id for one in requirements}))
    relevant = [statement.text for _, statement in statements] + [" ".join(row) for row in reading.rows]
    non_goals = _of_kind(everything, "non_goal")
    reading = replace(reading, excluded=reading.excluded | {one.line for one in non_goals})
    return PrdAnalysis(
        title=reading.title,
        summary=_summary(reading),
        statements=statements,
        requirements=requirements,
        declined=declined,
        non_goals=non_goals,
        later=_of_kind(everything, "later"),
        questions=tuple(_questions(reading)),
        endpoints=_endpoints(reading, requirements),
        targets=_targets(requirements),
        technologies=find_technologies("\n".join([reading.title, *relevant])),
    )


def _requirement(identifier: str, one: Statement) -> Requirement:
    return Requirement(identifier, one.text, one.kind, one.line, one.block)


def _of_kind(everything: Iterable[Requirement], kind: str) -> tuple[Requirement, ...]:
    """The exclusions of a kind, each text once."""
    return tuple({one.text: one for one in everything if one.kind == kind}.values())


def _statements(paired: Iterable[Numbered], designed: set[str]) -> Iterator[Numbered]:
    """What the PRD says that bears on the design. What is declined still tells what the product is about."""
    for identifier, one in paired:
        if identifier in designed or one.kind == "context":
            yield identifier, one
        elif one.kind not in ("non_goal", "later"):
            yield "", replace(one, kind="context")


def _summary(reading: Reading) -> str:
    """The PRD's own opening sentence, if it has one that says something."""
    for statement in reading.statements:
        if statement.kind in ("context", "functional") and len(statement.text.split()) >= 8:
            return statement.text
    return f"{reading.title}: the PRD gives no more than its title."


def _questions(reading: Reading) -> Iterator[str]:
    """What the PRD itself leaves open: its questions, its maybes and its numbers without a value."""
    for statement in reading.statements:
        text = statement.text
        if statement.kind in ("non_goal", "later", "record"):
            continue
        if statement.kind == "question":
            yield text
        elif "?" in re.sub(r"/\w+\?|`[^`]*`", "", text):
            yield f"The PRD asks (line {statement.line}): {text}"
        elif _UNSET.search(text):
            yield f"Which value is meant (line {statement.line}): {text}"
        elif statement.kind != "context" and (vague := _VAGUE.search(text)):
            yield f'How firm is "{vague[0]}" (line {statement.line}): {text}'


def _endpoints(reading: Reading, requirements: tuple[Requirement, ...]) -> tuple[Endpoint, ...]:
    found: dict[tuple[str, str], str] = {}
    for line in _wanted_lines(reading):
        for method, path in _NAMED.findall(line.replace("`", " ")):
            found.setdefault((method, _tidy(path)), "")
    for row in reading.rows:
        _take_row(row, found)
    known = {path for _, path in found}
    wanted = (one for one in reading.statements if one.line not in reading.excluded)
    for line in (statement.text for statement in wanted):
        for quoted, plain in _BARE.findall(line):
            path = _tidy((quoted or plain).split("?")[0])
            if path not in known and not re.search(r"\.\w{1,5}$", path) and len(path) > 2:
                known.add(path)
                found.setdefault(("GET" if re.search(r"return|read|list|fetch|get", line, re.I) else "POST", path), "")
    return tuple(
        Endpoint(method, path, purpose, _naming(method, path, requirements), _query(path, reading.text))
        for (method, path), purpose in found.items()
    )


def _wanted_lines(reading: Reading) -> Iterator[str]:
    """The PRD's lines without what it excludes: a path named there is no part of the contract."""
    for at, line in enumerate(reading.text.split("\n"), start=1):
        if at not in reading.excluded:
            yield line


def _query(path: str, text: str) -> tuple[str, ...]:
    """Query parameters that the PRD shows after a path: `/authorize?client_id=X&scope=Y`."""
    shown = re.findall(rf"{re.escape(path)}\?([\w=&%.-]+)", text)
    return tuple(dict.fromkeys(re.findall(r"(?:^|&)([a-z][a-z0-9_]*)=", "&".join(shown))))


def _take_row(row: tuple[str, ...], found: dict[tuple[str, str], str]) -> None:
    """An endpoint table's row: one cell is a method, one a path, the last other one says what for."""
    cells = [cell.strip("` ") for cell in row]
    method = next((cell.upper() for cell in cells if cell.upper() in METHODS), None)
    path = next((cell for cell in cells if re.fullmatch(r"/[\w\-./{}:<>]+", cell)), None)
    together = next((match for cell in cells if (match := _NAMED.fullmatch(cell))), None)
    if together:
        method, path = together[1], together[2]
    if method and path:
        rest = [cell for cell in cells if cell.upper() != method and path not in cell and len(cell) > 3]
        found[method, _tidy(path)] = rest[-1] if rest else ""


def _tidy(path: str) -> str:
    path = re.sub(r":(\w+)|<(\w+)>", r"{\1\2}", path.rstrip(".:,;/")) or "/"
    return re.sub(r"\{[^}]*$", "", path)


def _naming(method: str, path: str, requirements: Iterable[Requirement]) -> tuple[str, ...]:
    exact = re.compile(rf"(?<![\w/}}]){re.escape(path)}(?![\w/{{-])")
    hits = [one for one in requirements if exact.search(_colons(one.text))]
    verbs = [
        one.id
        for one in hits
        if not (named := re.findall(r"\b(GET|POST|PUT|PATCH|DELETE)\b", one.text)) or method in named
    ]
    return tuple(verbs)


def _colons(text: str) -> str:
    return re.sub(r"/:(\w+)|/<(\w+)>", r"/{\1\2}", text)


def _targets(requirements: tuple[Requirement, ...]) -> tuple[Target, ...]:
    """All targets; the first statement of a number wins over its repetitions."""
    found: dict[tuple[str, float, str], Target] = {}
    for requirement in requirements:
        for target in find_targets(requirement.text, requirement.id):
            name = "" if target.measure in ("ratio", "throughput") else target.name.lower()
            found.setdefault((target.measure, target.value, name), target)
    return tuple(found.values())
