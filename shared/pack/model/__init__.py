"""The model of a pack: one reading of all documents into typed facts and references, which every rule asks.

`documents` takes the texts apart; further modules read files, code, tables and steps from that and add references.
May use formats, prd and contracts; passes no verdict. What a reader cannot follow is undecided, never missing.
"""

from shared.pack.model.documents import (
    ARCHITECTURE,
    CSHARP_SAMPLE,
    DELIVERY,
    OBSERVABILITY,
    PYTHON_SAMPLE,
    TESTS,
    Block,
    PackDocument,
    PackDocuments,
    Row,
    Section,
    Table,
    code_words,
)
from shared.pack.model.model import PackModel, read_model
from shared.pack.model.references import Reference, State, counted

__all__ = [
    "ARCHITECTURE",
    "CSHARP_SAMPLE",
    "DELIVERY",
    "OBSERVABILITY",
    "PYTHON_SAMPLE",
    "TESTS",
    "Block",
    "PackDocument",
    "PackDocuments",
    "PackModel",
    "Reference",
    "Row",
    "Section",
    "State",
    "Table",
    "code_words",
    "counted",
    "read_model",
]
