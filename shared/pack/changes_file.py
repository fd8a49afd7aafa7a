"""CHANGES.md: what became of the earlier pack's requirements, sections and API. Pure: texts in, Markdown out.

What it quotes was written elsewhere, and is quoted as code, in which nothing acts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts import Base
from shared.formats.markdown import sections
from shared.pack.api_changes import LEVELS, ApiChange, api_changes
from shared.prd.requirements import Comparison

MOST_LISTED = 200
LONGEST_QUOTE = 200
CHANGED, ADDED, REMOVED = "changed", "added", "removed"

type Pair[T] = tuple[T, T]
"""Before and after."""


@dataclass(frozen=True)
class SectionChange:
    """A section of a deliverable that was changed, added or removed; `section` is empty for what stands before all."""

    deliverable: str
    section: str
    kind: str


@dataclass(frozen=True)
class PackChanges:
    """Everything that differs from the earlier pack. `api` is None where a contract is missing or cannot be read."""

    comparison: Comparison
    sections: tuple[SectionChange, ...]
    api: tuple[ApiChange, ...] | None

    def to_json(self) -> dict[str, Any]:
        """As manifest.json has it."""
        return {
            "requirements": [change.to_dict() for change in self.comparison.changes],
            "sections": [
                {"deliverable": one.deliverable, "section": one.section, "kind": one.kind} for one in self.sections
            ],
            "api": None if self.api is None else [change.to_dict() for change in self.api],
        }


def pack_changes(
    comparison: Comparison, documents: Pair[Mapping[str, str]], contracts: Pair[str | None]
) -> PackChanges:
    """Hold the new documents and contract against the earlier ones."""
    before, after = contracts
    api = None if before is None or after is None else api_changes(before, after)
    return PackChanges(comparison, tuple(_sections(*documents)), api)


def render_changes(changes: PackChanges, base: Base) -> str:
    """The file."""
    parts = [
        f"# Changes since run {base.run_id}",
        f"The earlier design lies in `{base.folder}`.",
        "## Requirements",
        "\n".join(_requirements(changes.comparison)),
        "## API",
        "\n".join(_api(changes.api)),
        "## Sections",
        "\n".join(_changed_sections(changes.sections)),
    ]
    return "\n\n".join(parts) + "\n"


def _sections(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[SectionChange]:
    for name in dict.fromkeys((*before, *after)):
        olds, news = _parts(before.get(name, "")), _parts(after.get(name, ""))
        for title in dict.fromkeys((*news, *olds)):
            if olds.get(title) != news.get(title):
                kind = ADDED if title not in olds else REMOVED if title not in news else CHANGED
                yield SectionChange(name, title, kind)


def _parts(text: str) -> dict[str, str]:
    """What stands below each heading, and what stands before the first."""
    found = sections(text)
    head = "".join(text.splitlines(keepends=True)[: found[0].line - 1]) if found else text
    return ({"": head} if head.strip() else {}) | {section.title: section.body for section in found}


def _requirements(comparison: Comparison) -> Iterator[str]:
    listed = comparison.changes[:MOST_LISTED]
    for change in listed:
        words = f": {_quoted(change.before)} became {_quoted(change.after)}"
        if not change.before or not change.after or change.kind == "moved":
            words = f": {_quoted(change.after or change.before)}"
        yield f"- **{change.id}** {change.kind}{words}"
    if more := len(comparison.changes) - len(listed):
        yield f"- and {more} more"
    for context in comparison.context:
        yield f"- text {'added' if context.after else 'taken out'}: {_quoted(context.after or context.before)}"
    if not comparison.changes and not comparison.context:
        yield "Nothing is asked for that was not."


def _api(changes: tuple[ApiChange, ...] | None) -> Iterator[str]:
    if changes is None:
        yield "The two contracts could not be compared."
    elif not changes:
        yield "No change that callers could notice."
    else:
        counts = [(level, sum(change.level == level for change in changes)) for level in LEVELS]
        yield ", ".join(f"{count} {level}" for level, count in counts) + ".\n"
        yield "| class | operation | change |\n|---|---|---|"
        for change in changes[:MOST_LISTED]:
            operation = _quoted(change.operation) if change.operation else ""
            yield f"| {change.level} | {operation} | {_quoted(change.what)} |"


def _changed_sections(changes: tuple[SectionChange, ...]) -> Iterator[str]:
    for change in changes[:MOST_LISTED]:
        where = f": {_quoted(change.section)}" if change.section else ": its head"
        yield f"- {change.kind}, {change.deliverable}{where}"
    if not changes:
        yield "None: every document is the earlier one, to the byte."


def _quoted(text: str) -> str:
    """As code on one line, safe inside a table."""
    plain = " ".join(text.replace("`", "'").replace("|", "/").split())
    return f"`{plain[:LONGEST_QUOTE].strip()}`" if plain else "(nothing)"
