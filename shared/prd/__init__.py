"""A PRD as read: its text, title, stack and front matter, and passages that speak to this pipeline. Pure.

`shared.prd.intake` makes text of other formats, in a child process. `shared.prd.requirements`, loaded only where a PRD
is read through, finds what it asks for. May use contracts, errors and formats.
"""

from shared.prd.document import (
    Prd,
    check_size,
    content_hash,
    find_stack,
    find_title,
    read_prd,
    shown,
    slug,
    split_front_matter,
)
from shared.prd.suspicion import Suspicion, suspicions, without_suspicious_passages

__all__ = [
    "Prd",
    "Suspicion",
    "check_size",
    "content_hash",
    "find_stack",
    "find_title",
    "read_prd",
    "shown",
    "slug",
    "split_front_matter",
    "suspicions",
    "without_suspicious_passages",
]
