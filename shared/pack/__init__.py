"""A pack as read and written: documents, extracted files, ledger, report, both manifests. Pure: texts in, bytes out.

May use formats, prd, agents, runs and contracts; checks, activities and the command line import it. It says what
documents contain and passes no verdict on them.
"""

from shared.pack.code_reading import CodeFacts, Model, Request, TestFunction, code_facts, path_matches, snake
from shared.pack.composition import (
    ComposedPack,
    Material,
    begin_pack,
    compose_pack,
    registry_of,
    report_input,
    with_report,
)
from shared.pack.edits import Edit, Refusal, Revised, has_edits, in_list, revise
from shared.pack.facts import facts_of
from shared.pack.ledger import ARCHITECTURE, OBSERVABILITY, TESTS, Ledger, Row, build_ledger
from shared.pack.registration import CONTRACT, MACHINE_READABLE, registry

__all__ = [
    "ARCHITECTURE",
    "CONTRACT",
    "MACHINE_READABLE",
    "OBSERVABILITY",
    "TESTS",
    "CodeFacts",
    "ComposedPack",
    "Edit",
    "Ledger",
    "Material",
    "Model",
    "Refusal",
    "Request",
    "Revised",
    "Row",
    "TestFunction",
    "begin_pack",
    "build_ledger",
    "code_facts",
    "compose_pack",
    "facts_of",
    "has_edits",
    "in_list",
    "path_matches",
    "registry",
    "registry_of",
    "report_input",
    "revise",
    "snake",
    "with_report",
]
