"""The architecture alone against the PRD: each functional requirement is designed, or declined with a reason.

Held as soon as the architecture is written, so that it is mended before others build on it. What takes several
documents is the ledger's.
"""

from collections.abc import Iterator

from shared.checks import Context
from shared.checks.ledger import bounded, not_answered
from shared.checks.ledger_rules import NOT_ANSWERED
from shared.contracts import Finding
from shared.pack import ARCHITECTURE, build_ledger
from shared.prd.requirements import extract_requirements, traced

RULES = (NOT_ANSWERED,)


def check(context: Context) -> Iterator[Finding]:
    """One finding for each family of requirements, or the part of it, that the architecture does not answer."""
    if context.whole and context.deliverable == ARCHITECTURE and context.prd:
        documents = {ARCHITECTURE: context.text}
        yield from bounded(list(not_answered(build_ledger(traced(extract_requirements(context.prd)), documents))))
