"""The model of a pack: one reading of all documents into typed facts and references, which every rule asks.

`documents` takes the texts apart; further modules read files, code, tables and steps from that and add references.
May use formats, prd and contracts; passes no verdict. What a reader cannot follow is undecided, never missing.
"""

from shared.pack.model.command_files import FileUse
from shared.pack.model.delivery import Delivery
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
from shared.pack.model.events import Event, events, published
from shared.pack.model.gates import Gate, GateKind, can_hold, gates, is_confirmed, kind_of
from shared.pack.model.model import PackModel
from shared.pack.model.objectives import Objective, ObservabilityPlan, Quantity, objectives, query_objectives
from shared.pack.model.pipeline_variables import PipelineVariables
from shared.pack.model.python_project import PythonProject
from shared.pack.model.references import Reference, State, counted
from shared.pack.model.settings import Settings
from shared.pack.model.shell_variables import shell_variables

__all__ = [
    "ARCHITECTURE",
    "CSHARP_SAMPLE",
    "DELIVERY",
    "OBSERVABILITY",
    "PYTHON_SAMPLE",
    "TESTS",
    "Block",
    "Delivery",
    "Event",
    "FileUse",
    "Gate",
    "GateKind",
    "Objective",
    "ObservabilityPlan",
    "PackDocument",
    "PackDocuments",
    "PackModel",
    "PipelineVariables",
    "PythonProject",
    "Quantity",
    "Reference",
    "Row",
    "Section",
    "Settings",
    "State",
    "Table",
    "can_hold",
    "code_words",
    "counted",
    "events",
    "gates",
    "is_confirmed",
    "kind_of",
    "objectives",
    "published",
    "query_objectives",
    "shell_variables",
]
