"""Markdown that all deliverables share: title, notice, sections, fenced blocks, citations. Pure."""

from collections.abc import Iterable

from local.drafts.design.coverage import Place, met_in, operations_of, stores_of
from local.drafts.design.model import Design
from local.drafts.english import quote, table

NOTICE = (
    "> **Offline draft.** Made by fixed rules from the PRD's own text; no model wrote or reviewed it. "
    "Set `ANTHROPIC_API_KEY` to have the agents write this document."
)


def document(title: str, sections: Iterable[tuple[str, str]]) -> str:
    """One deliverable: its title, the notice, and its sections in the given order."""
    body = "\n\n".join(f"## {heading}\n\n{text.strip()}" for heading, text in sections)
    return f"# {title}\n\n{NOTICE}\n\n{body}\n"


def fence(language: str, text: str) -> str:
    """A fenced block with its language."""
    return f"```{language}\n{text.strip(chr(10))}\n```"


def file_block(path: str, language: str, text: str) -> str:
    """A file of a sample: its path on a line of its own, then its text."""
    return f"**`{path}`**\n\n{fence(language, text)}"


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def cite(ids: Iterable[str]) -> str:
    """References to requirements: `[R-001] [R-004]`."""
    return " ".join(f"[{identifier}]" for identifier in ids)


def paragraphs(*parts: str) -> str:
    """Blocks with a blank line between; empty ones vanish."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def requirements_met(design: Design, *places: Place) -> str:
    """A table of the requirements designed in a section, and how; empty where there are none."""
    rows: list[tuple[str, ...]] = []
    for requirement, mechanism in met_in(design, *places):
        names = ", ".join(f"`{one.id}`" for one in operations_of(requirement, design)[:3])
        tables = ", ".join(f"`{name}`" for name in stores_of(requirement, design)[:3])
        ways = (mechanism.designed, names and f"Operations {names}", tables and f"Rules of {tables}")
        how = next(filter(None, ways if mechanism.pattern else ways[1:]), mechanism.designed)
        rows.append((f"[{requirement.id}]", quote(requirement.text), how))
    return table(("Requirement", "The PRD says", "Met by"), rows) if rows else ""
