"""The ledger's rules: no requirement is lost on the way from the PRD to design, tests and observation. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from shared.checks import Pack
from shared.checks.ledger_rules import (
    NO_REQUIREMENT,
    NON_GOAL_BUILT,
    NOT_ANSWERED,
    NOT_OBSERVED,
    NOT_READ,
    NOT_TESTED,
    RULES,
    UNKNOWN_ID,
)
from shared.contracts import Finding, found
from shared.pack import ARCHITECTURE, OBSERVABILITY, TESTS, Ledger, Row, build_ledger
from shared.prd.requirements import LONGEST_LINE, MEASURE, MOST_CELLS, Requirement, extract_requirements, traced

__all__ = ["MAXIMUM_FINDINGS", "RULES", "check", "check_ledger"]

MAXIMUM_FINDINGS = 100
"""Findings for each rule; the last one says how many more there are."""
_AMOUNT = re.compile(
    r"\d\s?(?:%|(?:ms|s|sec(?:ond)?s?|min(?:ute)?s?|h|hours?|days?|[kKMG]i?B|rps|tps"
    r"|(?:Milli)?[Ss]ekunden?|Minuten?|Stunden?|Tagen?|(?:mili)?segundos?|minutos?|horas?|d[ií]as?|secondes?|heures?"
    r"|jours?|secondi|minuti|секунд\w*|минут\w*|час\w*)\b|毫秒|秒|分钟|分間?|小时|時間|天|日|초|분|시간)"
)
_LONG_STEM = 6
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_EXPLAINED = re.compile(r"\([^()]{0,300}\)|\s[–—-]\s.*|[:;].*")
_ALTERNATIVES = re.compile(r"\s*(?:,|/|\bor\b|\band\b|&|\+)\s*")
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an the of for in on to with by at from into as is are be it its any all no not we our this that
        these those they beyond via etc such like which full fully complex advanced simple custom own native
        new other third party support supported system feature features management service services
        integration integrations functionality capability flow flows version first phase mvp api apis using
        based per get list create update delete put post patch""",
    )
)


def check(pack: Pack) -> Iterator[Finding]:
    """Extract the PRD's requirements, build the ledger of the pack, and hold it against the rules."""
    documents = {document.name: document.text for document in pack.documents}
    yield from _not_read(pack.prd)
    yield from check_ledger(build_ledger(traced(extract_requirements(pack.prd)), documents))


def check_ledger(ledger: Ledger) -> Iterator[Finding]:
    """Hold a ledger against the rules; at most `MAXIMUM_FINDINGS` of each."""
    if not ledger.rows:
        message = "No requirement was found in the PRD."
        yield found(
            NO_REQUIREMENT, ARCHITECTURE, 1, message, "List in the PRD what the service must do, one item a line."
        )
    if ledger.rows and not _has(ledger, ARCHITECTURE):
        message = f"{len(ledger.rows)} requirements are not designed: there is no architecture."
        yield found(NOT_ANSWERED, ARCHITECTURE, 1, message, "Write the architecture.")
    for rule in (_unknown, _not_tested, _not_observed, _non_goals):
        yield from bounded(list(rule(ledger)))


def _not_read(prd: str) -> Iterator[Finding]:
    """Lines of the PRD of which only the beginning is read."""
    lines = list(enumerate(prd.splitlines(), 1))
    for what, numbers in (
        (f"more than {LONGEST_LINE:,} characters", [number for number, line in lines if len(line) > LONGEST_LINE]),
        (f"more than {MOST_CELLS} cells", [number for number, line in lines if line.count("|") > MOST_CELLS + 1]),
    ):
        if numbers:
            message = f"{len(numbers)} line(s) of the PRD, first line {numbers[0]}, have {what}; the rest was not read."
            yield found(NOT_READ, ARCHITECTURE, 1, message, "Divide the line or the table in the PRD.")


def bounded(findings: list[Finding]) -> Iterator[Finding]:
    """At most `MAXIMUM_FINDINGS`; the last one says how many more there are."""
    yield from findings[:MAXIMUM_FINDINGS]
    if rest := findings[MAXIMUM_FINDINGS:]:
        yield replace(rest[0], message=f"{len(rest)} more of these, from {rest[0].message}"[:500])


def not_answered(ledger: Ledger) -> Iterator[Finding]:
    """Functional requirements that the architecture neither designs nor declines with a reason."""
    missing = _roots_of(ledger, lambda row: row.requirement.kind == "functional" and row.verdict == "missing")
    for row in missing:
        cited = f"[{row.requirement.id}]"
        mend = f"Cite {cited} where it is designed, or write `- {cited} not designed, because` and the reason."
        asked = _quoted(row.requirement)
        if row.declined_at:
            yield found(
                NOT_ANSWERED, ARCHITECTURE, row.declined_at.line, f"{asked} is declined without a reason.", mend
            )
        else:
            yield found(NOT_ANSWERED, ARCHITECTURE, 1, f"{asked} is neither designed nor declined.", mend)


def _unknown(ledger: Ledger) -> Iterator[Finding]:
    for unknown in ledger.unknown:
        message = f"{unknown.id} is cited, but the PRD has no such requirement."
        yield found(UNKNOWN_ID, unknown.file, unknown.line, message, "Cite the requirement that is meant, or none.")


def _not_tested(ledger: Ledger) -> Iterator[Finding]:
    if not _has(ledger, TESTS):
        return
    for row in _roots_of(ledger, _is_untested):
        message = f"{_quoted(row.requirement)} is designed, but no test cites it."
        yield found(NOT_TESTED, TESTS, 1, message, f"Cite [{row.requirement.id}] at the test that shows it.")


def _is_untested(row: Row) -> bool:
    return row.requirement.kind == "functional" and row.verdict == "designed" and not row.tested


def _roots_of(ledger: Ledger, lacks: Callable[[Row], bool]) -> list[Row]:
    """The rows that lack something, once a family: the parent where all of it lacks it, else the children that do."""
    lacking = {row.requirement.id: row for row in ledger.rows if lacks(row)}
    children: dict[str, list[Row]] = {}
    for row in ledger.rows:
        if row.requirement.parent:
            children.setdefault(row.requirement.parent, []).append(row)
    told = list[Row]()
    for identifier, row in lacking.items():
        parts = [one for one in children.get(identifier, ()) if not one.requirement.restates]
        some = [one for one in parts if one.requirement.id in lacking]
        above = row.requirement.parent or ""
        covered = above in lacking and (row.requirement.restates or _all_lack(above, children, lacking))
        if not covered and (not some or len(some) == len(parts)):
            told.append(row)
    return told


def _all_lack(parent: str, children: Mapping[str, list[Row]], lacking: Mapping[str, Row]) -> bool:
    parts = [one.requirement for one in children[parent] if not one.requirement.restates]
    return all(one.id in lacking for one in parts)


def _not_observed(ledger: Ledger) -> Iterator[Finding]:
    if not _has(ledger, OBSERVABILITY):
        return
    for row in ledger.rows:
        asked = row.requirement
        measured = MEASURE.search(asked.text) or _AMOUNT.search(asked.text)
        if asked.kind == "quality" and measured and row.verdict != "declined" and not (row.observed or asked.restates):
            message = f"{_quoted(asked)} has a number that no metric, query or alert watches."
            yield found(NOT_OBSERVED, OBSERVABILITY, 1, message, f"Cite [{asked.id}] at the SLO, metric or alert.")


def _non_goals(ledger: Ledger) -> Iterator[Finding]:
    """By citation, or by words: all significant words of a non-goal occur in one operation's name and path, and in no
    functional requirement."""
    operations = [(operation, _stems(f"{operation.name} {operation.path}")) for operation in ledger.operations]
    wanted = [_stems(row.requirement.text) for row in ledger.rows if row.requirement.kind == "functional"]
    for row in ledger.rows:
        if row.requirement.kind != "non_goal":
            continue
        cited = next((one for one in row.designed if one.kind == "operation"), None)
        if cited:
            yield _built(row, cited.name, cited.line)
            continue
        for words in _alternatives(row.requirement.text):
            hit = next((operation for operation, stems in operations if words <= stems), None)
            if hit and not any(words <= stems for stems in wanted):
                yield _built(row, hit.name, hit.line)
                break


def _alternatives(text: str) -> list[frozenset[str]]:
    """The things a non-goal names, as stems: two significant words or more; a single long word only where it names
    nothing but single words (`Payments / vouchers`), since it may else be half of a phrase."""
    parts = [_stems(part) for part in _ALTERNATIVES.split(_EXPLAINED.sub("", text)[:200])]
    if all(len(words) <= 1 for words in parts):
        return [words for words in parts if any(len(word) >= _LONG_STEM for word in words)]
    return [words for words in parts if len(words) > 1]


def _stems(text: str) -> frozenset[str]:
    words = (word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", text)))
    return frozenset(_stem(word) for word in words if word not in _EMPTY_WORDS and len(word) > 1)


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ions", "ion", "ies", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def _built(row: Row, operation: str, line: int) -> Finding:
    message = f"{operation} looks like {_quoted(row.requirement)}, which the PRD excludes."
    mend = f"Leave {operation} out, or say in the architecture why it is not what [{row.requirement.id}] excludes."
    return found(NON_GOAL_BUILT, ARCHITECTURE, line, message, mend)


def _has(ledger: Ledger, name: str) -> bool:
    return any(file.replace("\\", "/").endswith(name) for file in ledger.files)


def _quoted(requirement: Requirement) -> str:
    return f"{requirement.id} (line {requirement.line}: “{requirement.text[:120]}”)"
