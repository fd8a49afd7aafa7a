"""Holds what C# asks for at run time against what the sample gives: services, settings, tests that tables name."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.csharp_pack import Undecided, solution_of
from shared.contracts import Finding, Rule, found
from shared.pack.model import (
    CSHARP_SAMPLE,
    CSharpSolution,
    CSharpTests,
    Services,
    code_words,
    routes_of,
    settings_read,
)

UNKNOWN_TEST = Rule("REF-026", "error", "A test that a table names and no file has proves nothing.")
UNREGISTERED = Rule("REF-027", "error", "A service that nobody registers fails at the first request.")
UNKNOWN_SETTING = Rule("REF-028", "error", "A setting that is read and given nowhere is empty when the service runs.")
RULES = (UNKNOWN_TEST, UNREGISTERED, UNKNOWN_SETTING)

_TEST_COLUMN = re.compile(r"\b(?:tests?|test (?:name|case|class|method))\b", re.IGNORECASE)
_TEST_NAME = re.compile(r"(?:[A-Z]\w{0,150}\.)?[A-Z]\w{2,200}")
_LOOKS_LIKE_TEST = re.compile(r"(?:Tests?|Specs?|Facts)$|_\w+_|^[A-Z][a-z]+(?:_\w+){2,}|Should")


def check(pack: Pack) -> Iterator[Finding]:
    """Apply every rule to the C# sample, if there is one."""
    solution = solution_of(pack)
    if solution is None or not solution.files:
        return
    yield from _check_tests(solution)
    yield from _check_services(solution)
    yield from _check_settings(solution)


def _check_tests(solution: CSharpSolution) -> Iterator[Finding]:
    """Names in the column for tests of the sample's tables."""
    document = solution.documents.get(CSHARP_SAMPLE)
    tests = CSharpTests(solution)
    if document is None:
        return
    unknown = Undecided(UNKNOWN_TEST)
    everything = "\n".join(each.text for each in solution.documents)
    for table in document.tables:
        column = next((title for title in table.columns if _TEST_COLUMN.search(title)), None)
        if column is None:
            continue
        for row in table.rows:
            for name in code_words(row.cells.get(column.lower(), "")):
                if not _TEST_NAME.fullmatch(name) or not _LOOKS_LIKE_TEST.search(name) or name in tests.names:
                    continue
                last = name.rpartition(".")[2]
                if not solution.is_whole:
                    unknown.note(document.name, row.line, f"the test {name}, since not all files are read")
                elif last not in solution.types and not re.search(rf"\b(?:void|Task|def|class)\s+{last}\b", everything):
                    message = f"The table names the test {name}, which no file has."
                    yield found(
                        UNKNOWN_TEST, document.name, row.line, message, "Write it, or name the test that is there."
                    )
    yield from unknown.findings()


def _check_services(solution: CSharpSolution) -> Iterator[Finding]:
    services = Services(solution, routes_of(solution))
    unknown = Undecided(UNREGISTERED)
    for each in services.unregistered():
        if services.is_open:
            unknown.note(each.document, each.line, f"who registers {each.service.name}")
        else:
            message = f"{each.by} asks for {each.service.name}, which no file registers."
            mend = f"Register an implementation: services.AddScoped<{each.service.name}, ...>()."
            yield found(UNREGISTERED, each.document, each.line, message, mend)
    yield from unknown.findings()


def _check_settings(solution: CSharpSolution) -> Iterator[Finding]:
    """A key must stand somewhere besides the place that reads it: in a settings file, a table, a step, a template."""
    sources = [block for block in solution.documents.blocks if block.language not in ("csharp", "cs", "c#")]
    given = "\n".join(block.content for block in sources)
    given += "\n".join(line for document in solution.documents for _, line in document.prose)
    seen: set[str] = set()
    for each in settings_read(solution):
        if each.optional or each.key in seen or _is_given(each.key, given):
            continue
        seen.add(each.key)
        message = f"The setting {each.key} is read, and no settings file, table, step or template has it."
        yield found(
            UNKNOWN_SETTING, each.document, each.line, message, "Give it a value, or read the one that is given."
        )


def _is_given(key: str, given: str) -> bool:
    """Whether the key, or its last part as a name of its own, stands in the text."""
    forms = {key, key.replace(":", "__"), key.replace(":", "--"), key.replace(":", "."), key.rpartition(":")[2]}
    return any(re.search(rf"(?i)(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])", given) for form in forms)
