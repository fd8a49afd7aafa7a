"""The rules of structure: ids, severity, reason, what each proves and leaves, and examples. Pure data."""

from shared.contracts import Rule

_GOOD = """=== notes.md
# Parcel service

## Purpose

Couriers bring parcels to a locker; their owners are told and come to fetch them. This service knows which parcel lies
in which locker, who may open it, and since when it has been lying there.

## Interfaces

```http
GET /parcels/p-1
```
"""
_EVERYTHING = "Nothing: the whole document is read."

NO_TITLE = Rule(
    "STR-001", "error", "A deliverable opens with one `#` title, so that it can be told apart.",
    proves="No line outside of blocks of code is a heading of the first level.",
    leaves="Whether the title says what the document is about.",
    bad=_GOOD.replace("# Parcel service\n\n", "", 1), good=_GOOD,
)  # fmt: skip
SECTION_MISSING = Rule(
    "STR-002", "error", "Every section of the contract must be there; readers and tools rely on it.",
    proves="The agent's file asks for a section, and no heading of the second level has its title.",
    leaves="Whether a section under another title says the same.",
    bad=_GOOD.replace("## Interfaces\n\n", ""), good=_GOOD,
)  # fmt: skip
SECTION_EMPTY = Rule(
    "STR-003", "error", "A heading without content promises what it does not hold.",
    proves="Between the heading of a section that is asked for and the next of its level stands nothing.",
    leaves="Whether what stands there is enough.",
    bad=_GOOD[: _GOOD.index("```http")], good=_GOOD,
)  # fmt: skip
_FIRST, _SECOND = _GOOD[_GOOD.index("## Purpose") : _GOOD.index("## Interfaces")], _GOOD[_GOOD.index("## Interfaces") :]
SECTION_ORDER = Rule(
    "STR-004", "warning", "Sections keep the contract's order, so that documents compare.",
    proves="The sections that are asked for are there, in another order than the agent's file has them.",
    leaves="Where sections stand that nobody asked for.",
    bad=f"=== notes.md\n# Parcel service\n\n{_SECOND}\n{_FIRST}", good=_GOOD,
)  # fmt: skip
FENCE_OPEN = Rule(
    "STR-005", "error", "An unclosed fence means the document was cut off.",
    proves="A block of code is opened and not closed before the document ends.",
    leaves=_EVERYTHING,
    bad=_GOOD.removesuffix("```\n"), good=_GOOD,
)  # fmt: skip
FENCE_UNTAGGED = Rule(
    "STR-006", "warning", "A block without a language tag cannot be checked or extracted.",
    proves="A fence opens a block and names no language.",
    leaves="Whether the language that is named is the block's own; its parser tells.",
    bad=_GOOD.replace("```http", "```"), good=_GOOD,
)  # fmt: skip
PLACEHOLDER = Rule(
    "STR-007", "error", "Placeholder text is work that was not done.",
    proves="TODO, TBD, FIXME, a line of dots, a number that ends in dots, or words such as `omitted for brevity`. The "
    "dots with which Python leaves the body of a protocol or abstract method empty are none.",
    leaves="Gaps in other words.",
    bad=_GOOD.replace("GET /parcels/p-1", "GET /parcels/p-1\n..."), good=_GOOD,
)  # fmt: skip
TOO_SHORT = Rule(
    "STR-008", "error", "A document this short cannot hold its sections.",
    proves="A whole document has fewer than 200 characters.",
    leaves="Texts that become part of a document.",
    bad="=== notes.md\n# Parcel service\n\n## Purpose\n\nParcels.\n\n## Interfaces\n\nTwo.\n", good=_GOOD,
)  # fmt: skip
TOO_LONG = Rule(
    "STR-009", "error", "A document this long is read by nobody, and by no check in full.",
    proves="The document has more than 1,500,000 characters. An example would be as long.",
    leaves="All else in such a document: no other rule of structure is held against it.",
)  # fmt: skip
LINE_TOO_LONG = Rule(
    "STR-010", "warning", "Not every check reads a line this long to its end.",
    proves="A line is longer than what every check reads of it. An example would be as long.",
    leaves="What the rest of the line says, where a check does not read it.",
)  # fmt: skip
RULES = (
    NO_TITLE, SECTION_MISSING, SECTION_EMPTY, SECTION_ORDER, FENCE_OPEN, FENCE_UNTAGGED, PLACEHOLDER, TOO_SHORT,
    TOO_LONG, LINE_TOO_LONG,
)  # fmt: skip
