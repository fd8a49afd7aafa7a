"""The anchors of the report page: links to documents and their lines, and to files beside the page. Pure.

Only lines that something links to get an id, so whatever links is made first and the documents last.
"""

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote


def slug(title: str) -> str:
    """A heading as a part of an id, as GitHub makes it."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.strip().lower()))[:100]


@dataclass
class Anchors:
    """`documents` are the ids of the documents that the page shows, `links` all files by name, seen from the page.

    `requirements` are the ids of the ledger's rows, which are their ids in the page too; `wanted` collects which lines
    are linked to.
    """

    documents: Mapping[str, str]
    links: Mapping[str, str]
    requirements: Collection[str] = ()
    wanted: dict[str, set[int]] = field(default_factory=dict[str, set[int]])

    def line(self, name: str, line: int) -> str | None:
        """The address of a line; of its document's file where the page does not show it; None where there is none."""
        name = posixpath.basename(name)
        document = self.documents.get(name)
        if document is None:
            return self.file(name)
        self.wanted.setdefault(name, set()).add(line)
        return f"#{document}-L{line}"

    def document(self, name: str) -> str | None:
        """The address of a document in the page, or else of its file."""
        shown = self.documents.get(posixpath.basename(name))
        return f"#{shown}" if shown else self.file(name)

    def file(self, name: str) -> str | None:
        """The address of a file of the pack."""
        target = self.links.get(name)
        return quote(target) if target else None

    def marks(self, name: str) -> list[tuple[int, str]]:
        """The lines of a document that are linked to, with their ids, which no heading has: those are in lower case."""
        return [(line, f"{self.documents[name]}-L{line}") for line in sorted(self.wanted.get(name, ()))]
