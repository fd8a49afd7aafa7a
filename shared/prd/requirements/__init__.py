"""The requirements of a PRD, found by code. Pure: text in, requirements out.

`outline` takes the text apart, `statements`, `tables` and `words` know how requirements read, `walk` finds them, and
`extraction` puts them together. Loaded where a PRD is read, not when functions are indexed.
"""

from shared.prd.requirements.extraction import (
    MOST_TRACED,
    Requirement,
    annotated,
    beyond_tracing,
    extract_requirements,
    traced,
)
from shared.prd.requirements.outline import LONGEST_LINE, MOST_CELLS, split_row
from shared.prd.requirements.vocabulary import MEASURE

__all__ = [
    "LONGEST_LINE",
    "MEASURE",
    "MOST_CELLS",
    "MOST_TRACED",
    "Requirement",
    "annotated",
    "beyond_tracing",
    "extract_requirements",
    "split_row",
    "traced",
]
