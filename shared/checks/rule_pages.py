"""Renders docs/rules.md from the rules: a table of all, and for each what it proves and leaves, with examples. Pure."""

import re
from collections.abc import Iterable

from shared.contracts import Rule

EXAMPLE_SECTIONS = ("Purpose", "Interfaces")
"""The sections that documents must have in examples of rules about a single document."""
PRD = "prd.md"
_DOCUMENT = re.compile(r"^=== (\S+)\n", re.MULTILINE)

HEAD = f"""# Rules

Every deliverable and every pack is held against these rules. An **error** is a proof, and blocks: the deliverable goes
back to its agent, and what still fails is delivered as failing. A **warning** is reported. What a rule cannot follow is
**not judged**: it is counted by rule and shown to people, blocks nothing, and no agent is sent it.

Below the table each rule says what it proves, what it leaves unjudged, and shows documents that break it and documents
that do not. The examples are tests: of the rules of its check, the bad one breaks exactly this one, the good one none.
Documents in examples of rules about a single document must have the sections {" and ".join(EXAMPLE_SECTIONS)}.
`make docs` writes this page from the rules in `shared/checks/`.
"""


def as_markdown(rules: Iterable[Rule]) -> str:
    """The text of docs/rules.md."""
    listed = list(rules)
    rows = ["| rule | severity | why |", "|---|---|---|", *map(_row, listed)]
    return "\n\n".join([HEAD.strip(), "\n".join(rows), *(_page(rule) for rule in listed if rule.proves)]) + "\n"


def documents_of(example: str) -> dict[str, str]:
    """The documents of an example by name. `ValueError` where text stands before the first `=== NAME`."""
    before, *parts = _DOCUMENT.split(example)
    if before.strip():
        raise ValueError(f"an example begins with a line `=== NAME`, not with {before[:40]!r}")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _row(rule: Rule) -> str:
    name = f"[{rule.id}](#{rule.id.lower()})" if rule.proves else rule.id
    return f"| {name} | {rule.severity} | {rule.reason} |"


def _page(rule: Rule) -> str:
    parts = [f"## {rule.id}", f"{rule.severity.capitalize()}. {rule.reason}", f"**Proves:** {rule.proves}"]
    if rule.leaves:
        parts.append(f"**Leaves unjudged:** {rule.leaves}")
    for title, example in (("Bad", rule.bad), ("Good", rule.good)):
        if example:
            parts += [f"**{title}**", *(_document(name, text) for name, text in documents_of(example).items())]
    return "\n\n".join(parts)


def _document(name: str, text: str) -> str:
    """A document as it stands, in a fence that none of its own can close."""
    longest = max((len(fence) for fence in re.findall(r"~{3,}", text)), default=0)
    fence = "~" * max(4, longest + 1)
    return f"`{name}`\n\n{fence}markdown\n{text.rstrip()}\n{fence}"
