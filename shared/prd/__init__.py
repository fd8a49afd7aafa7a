"""PRDs: `document` reads one, and is all that is loaded here. For `shared.requirements`, `outline` takes its text
apart, `statements`, `tables` and `words` know how requirements read, and `walk` finds them. Pure.
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

__all__ = [
    "Prd",
    "check_size",
    "content_hash",
    "find_stack",
    "find_title",
    "read_prd",
    "shown",
    "slug",
    "split_front_matter",
]
