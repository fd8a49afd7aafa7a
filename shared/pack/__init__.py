"""A pack as read and written: documents, extracted files, ledger, report, both manifests. Pure: texts in, bytes out.

May use formats, prd, agents, runs and contracts; checks, activities and the command line import it. It says what
documents contain and judges none of them: the verdict of a run counts what checks have found.
"""

from shared.pack.composition import (
    ComposedPack,
    EarlierMaterial,
    Material,
    begin_pack,
    compose_pack,
    registry_of,
    report_input,
    with_report,
)
from shared.pack.edits import Edit, Refusal, Revised, has_edits, in_list, revise
from shared.pack.extraction import ExtractedFile, extract
from shared.pack.facts import facts_of
from shared.pack.gist import gist_of
from shared.pack.incremental import EarlierPack, Weighed, base_text, in_words_for, lines_of_plan, weigh
from shared.pack.ledger import ARCHITECTURE, OBSERVABILITY, TESTS, Ledger, Row, build_ledger
from shared.pack.model import (
    Delivery,
    Event,
    FileUse,
    Gate,
    GateKind,
    Objective,
    ObservabilityPlan,
    PackDocuments,
    PipelineVariables,
    PythonProject,
    Quantity,
    Reference,
    Settings,
    can_hold,
    events,
    gates,
    is_confirmed,
    kind_of,
    objectives,
    published,
    query_objectives,
    shell_variables,
)
from shared.pack.moves import moved_names, using
from shared.pack.registration import CONTRACT, MACHINE_READABLE, registry
from shared.pack.staleness import Stale, Staleness, find_stale
from shared.pack.verdict import Checked, in_words

__all__ = [
    "ARCHITECTURE",
    "CONTRACT",
    "MACHINE_READABLE",
    "OBSERVABILITY",
    "TESTS",
    "Checked",
    "ComposedPack",
    "Delivery",
    "EarlierMaterial",
    "EarlierPack",
    "Edit",
    "Event",
    "ExtractedFile",
    "FileUse",
    "Gate",
    "GateKind",
    "Ledger",
    "Material",
    "Objective",
    "ObservabilityPlan",
    "PackDocuments",
    "PipelineVariables",
    "PythonProject",
    "Quantity",
    "Reference",
    "Refusal",
    "Revised",
    "Row",
    "Settings",
    "Stale",
    "Staleness",
    "Weighed",
    "base_text",
    "begin_pack",
    "build_ledger",
    "can_hold",
    "compose_pack",
    "events",
    "extract",
    "facts_of",
    "find_stale",
    "gates",
    "gist_of",
    "has_edits",
    "in_list",
    "in_words",
    "in_words_for",
    "is_confirmed",
    "kind_of",
    "lines_of_plan",
    "moved_names",
    "objectives",
    "published",
    "query_objectives",
    "registry",
    "registry_of",
    "report_input",
    "revise",
    "shell_variables",
    "using",
    "weigh",
    "with_report",
]
