"""The requirements of a PRD, found by code. Pure: text in, requirements out.

`outline` takes the text apart, `statements`, `tables` and `words` know how requirements read, `walk` finds them, and
`extraction` puts them together; `comparison` says what a new version changes, and `numbering` keeps ids from one to the
next. Loaded where a PRD is read, not when functions are indexed.
"""

from shared.prd.requirements.comparison import (
    ADDED,
    CHANGED,
    MOVED,
    REMOVED,
    Change,
    Comparison,
    Context,
    compare,
)
from shared.prd.requirements.extraction import (
    MOST_TRACED,
    Requirement,
    annotated,
    beyond_tracing,
    extract_requirements,
    traced,
)
from shared.prd.requirements.numbering import without_ids
from shared.prd.requirements.outline import LONGEST_LINE, MOST_CELLS, split_row
from shared.prd.requirements.vocabulary import MEASURE

__all__ = [
    "ADDED",
    "CHANGED",
    "LONGEST_LINE",
    "MEASURE",
    "MOST_CELLS",
    "MOST_TRACED",
    "MOVED",
    "REMOVED",
    "Change",
    "Comparison",
    "Context",
    "Requirement",
    "annotated",
    "beyond_tracing",
    "compare",
    "extract_requirements",
    "split_row",
    "traced",
    "without_ids",
]
