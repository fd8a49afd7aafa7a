"""Renders docs/rules.md, the table of rules, and a page for each that says what it proves, with examples. Pure."""

import re
from collections.abc import Iterable

from shared.contracts import Rule

EXAMPLE_SECTIONS = ("Purpose", "Interfaces")
"""The sections that documents must have in examples of rules about a single document."""
PRD = "prd.md"
_DOCUMENT = re.compile(r"^=== (\S+)\n", re.MULTILINE)

HEAD = """# Rules

Every deliverable and every pack is held against these rules. An **error** is a proof, and blocks: the deliverable goes
back to its agent, and what still fails is delivered as failing. A **warning** is reported. What a rule cannot follow is
**not judged**: it is counted by rule and shown to people, blocks nothing, and no agent is sent it.

A rule with a page of its own says there what it proves and what it leaves unjudged, and shows documents that break it
and documents that do not. `make docs` writes these pages from the rules in `shared/checks/`.

| rule | severity | why |
|---|---|---|
"""
_TESTED = "These examples are tests: of the rules of its check, the bad one breaks exactly this one, the good one none."
_SECTIONS = f"A document must have the sections {' and '.join(EXAMPLE_SECTIONS)} here."
_OTHERS = "Documents of the pack that an example leaves out are there, with nothing but a title."


def pages(rules: Iterable[Rule]) -> dict[str, str]:
    """All pages by their path below docs/: the table of rules, then a page for each rule that tells of itself."""
    listed = list(rules)
    told = {f"rules/{rule.id}.md": _page(rule) for rule in listed if rule.proves}
    return {"rules.md": HEAD + "".join(f"{_row(rule)}\n" for rule in listed)} | told


def documents_of(example: str) -> dict[str, str]:
    """The documents of an example by name. `ValueError` where text stands before the first `=== NAME`."""
    before, *parts = _DOCUMENT.split(example)
    if before.strip():
        raise ValueError(f"an example begins with a line `=== NAME`, not with {before[:40]!r}")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _row(rule: Rule) -> str:
    name = f"[{rule.id}](rules/{rule.id}.md)" if rule.proves else rule.id
    return f"| {name} | {rule.severity} | {rule.reason} |"


def _page(rule: Rule) -> str:
    parts = [f"# {rule.id}", f"{rule.severity.capitalize()}. {rule.reason}", f"**Proves:** {rule.proves}"]
    if rule.leaves:
        parts.append(f"**Leaves unjudged:** {rule.leaves}")
    shown: dict[str, str] = {}
    for title, example in (("Bad", rule.bad), ("Good", rule.good)):
        documents = documents_of(example)
        parts += [f"## {title}"] * bool(documents)
        for name, text in documents.items():
            parts.append(f"`{name}` as above." if shown.get(name) == text else _document(name, text))
        shown |= documents
    if rule.bad:
        alone = rule.id.startswith("STR")
        parts.append(f"{_TESTED} {_SECTIONS if alone else _OTHERS}")
    return "\n\n".join([*parts, "[All rules](../rules.md)"]) + "\n"


def _document(name: str, text: str) -> str:
    """A document as it stands, in a fence that none of its own can close."""
    longest = max((len(fence) for fence in re.findall(r"~{3,}", text)), default=0)
    fence = "~" * max(4, longest + 1)
    return f"`{name}`\n\n{fence}markdown\n{text.rstrip()}\n{fence}"
