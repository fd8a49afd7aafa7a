"""The model of a pack: one reading of all documents into typed facts and references, which every rule asks.

`documents` takes the texts apart; further modules read files, code, tables and steps from that and add references.
May use formats, prd and contracts; passes no verdict. What a reader cannot follow is undecided, never missing.
"""

from shared.pack.model.command_files import FileUse
from shared.pack.model.csharp_builds import PackageReference, Project
from shared.pack.model.csharp_entities import Entities, Entity
from shared.pack.model.csharp_files import File, Parameter, Property, Type
from shared.pack.model.csharp_models import ApiType, ApiTypes
from shared.pack.model.csharp_project import CSharpSolution
from shared.pack.model.csharp_routes import Route, Routes, routes_of
from shared.pack.model.csharp_services import Asked, Services
from shared.pack.model.csharp_settings import Setting, settings_read
from shared.pack.model.csharp_tests import CSharpRequest, CSharpTest, CSharpTests
from shared.pack.model.csharp_uses import TypeReferences
from shared.pack.model.ddl import SqlTable, created_tables
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
from shared.pack.model.dotnet_packages import makers, packages
from shared.pack.model.events import Event, events, published
from shared.pack.model.gates import Gate, GateKind, can_hold, gates, is_confirmed, kind_of
from shared.pack.model.model import PackModel
from shared.pack.model.objectives import Objective, ObservabilityPlan, Quantity, objectives, query_objectives
from shared.pack.model.pipeline_variables import PipelineVariables
from shared.pack.model.python_project import PythonProject
from shared.pack.model.references import Reference, State, counted
from shared.pack.model.settings import Settings
from shared.pack.model.shell_variables import shell_variables
from shared.pack.model.suite_environment import SuiteEnvironment, values_given
from shared.pack.model.telemetry import LogFormatter, Telemetry

__all__ = [
    "ARCHITECTURE",
    "CSHARP_SAMPLE",
    "DELIVERY",
    "OBSERVABILITY",
    "PYTHON_SAMPLE",
    "TESTS",
    "ApiType",
    "ApiTypes",
    "Asked",
    "Block",
    "CSharpRequest",
    "CSharpSolution",
    "CSharpTest",
    "CSharpTests",
    "Delivery",
    "Entities",
    "Entity",
    "Event",
    "File",
    "FileUse",
    "Gate",
    "GateKind",
    "LogFormatter",
    "Objective",
    "ObservabilityPlan",
    "PackDocument",
    "PackDocuments",
    "PackModel",
    "PackageReference",
    "Parameter",
    "PipelineVariables",
    "Project",
    "Property",
    "PythonProject",
    "Quantity",
    "Reference",
    "Route",
    "Routes",
    "Row",
    "Section",
    "Services",
    "Setting",
    "Settings",
    "SqlTable",
    "State",
    "SuiteEnvironment",
    "Table",
    "Telemetry",
    "Type",
    "TypeReferences",
    "can_hold",
    "code_words",
    "counted",
    "created_tables",
    "events",
    "gates",
    "is_confirmed",
    "kind_of",
    "makers",
    "objectives",
    "packages",
    "published",
    "query_objectives",
    "routes_of",
    "settings_read",
    "shell_variables",
    "values_given",
]
