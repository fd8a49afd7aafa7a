"""What the manifest's last part sums up of a document, as one fingerprint. Pure.

Read are the operations of the contract, the lines of objectives, what is assumed, open or at risk, and the sections on
data stores and environments by their facts. Where none of that differs, a new version asks for no new summary.
"""

import re
from collections.abc import Iterator

from shared.agents import fingerprint
from shared.formats.markdown import fences, sections
from shared.pack.code_locations import places_in_code
from shared.pack.facts import facts_of

SUMMED_UP = ("Data model and storage", "Deployment and environments", "Environments and approvals")
"""Sections whose facts the manifest takes up."""
_MARKED = re.compile(r"\*\*(?:Assumption|Open question|Conflict|Risk|Suspicious input):\*\*")
_OBJECTIVE = re.compile(r"\bSLO-\d{1,3}\b")
_CITATION = re.compile(r"\s*\[R-\d+\],?")


def gist_of(text: str) -> str:
    """A fingerprint that stays the same where a change touches nothing that is summed up."""
    return fingerprint("\n".join(_gist(text)))


def _gist(text: str) -> Iterator[str]:
    for fence in fences(text):
        if fence.language in ("yaml", "yml", "json"):
            for operation in places_in_code(fence.content.splitlines(), fence.language, "", 1).operations:
                yield f"{operation.method} {operation.path} {operation.name}"
    for line in text.splitlines():
        if _MARKED.search(line) or (_OBJECTIVE.search(line) and line.lstrip().startswith("|")):
            yield _CITATION.sub("", line).strip()
    yield from (facts_of(section.body) for section in sections(text) if section.title in SUMMED_UP)
