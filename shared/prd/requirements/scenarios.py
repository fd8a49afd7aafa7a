"""Scenarios in Gherkin's words, in blocks and in lists. Pure."""

import re
from collections.abc import Iterator

from shared.prd.requirements.outline import Block
from shared.prd.requirements.statements import clean

GHERKIN = ("gherkin", "feature", "cucumber")
"""Tags of code blocks."""
GIVEN = re.compile(r"^(?:given|angenommen|gegeben|étant donné|dad[oa])\b", re.IGNORECASE)
THEN = re.compile(
    r"^(?:when|then|and|but|wenn|dann|und|quand|alors|et|cuando|entonces|quando|então|y|e)\b", re.IGNORECASE
)
_SCENARIO = re.compile(
    r"^\s*(?:scenario(?: outline)?|szenario|scénario|escenario|cenário)\s*:\s*(\S.*)$", re.IGNORECASE
)


def is_scenario(lines: tuple[str, ...]) -> bool:
    """Whether a block of plain text is a scenario."""
    first = next((line.strip() for line in lines if line.strip()), "")
    return bool(GIVEN.match(first) or _SCENARIO.match(first))


def scenarios(block: Block) -> Iterator[tuple[int, str]]:
    """Scenarios with their lines: by their names, or, where they have none, by their steps."""
    numbered = [(number, clean(line)) for number, line in enumerate(block.lines, start=block.line + 1)]
    named = [(number, clean(found[1])) for number, line in numbered if (found := _SCENARIO.match(line))]
    if named:
        yield from named
        return
    steps = list[tuple[int, str]]()
    for number, line in numbered:
        if GIVEN.match(line):
            if steps:
                yield steps[0][0], " ".join(text for _, text in steps)
            steps = [(number, line)]
        elif steps and THEN.match(line):
            steps.append((number, line))
    if steps:
        yield steps[0][0], " ".join(text for _, text in steps)
