"""The model of one pack: each part is read when a rule first asks for it, and once. Pure."""

from collections.abc import Mapping
from functools import cached_property

from shared.formats.openapi import Contract, find_contract
from shared.pack.model.delivery import Delivery
from shared.pack.model.documents import ARCHITECTURE, TESTS, PackDocuments
from shared.pack.model.operations import OperationTests
from shared.pack.model.python_project import PythonProject
from shared.pack.model.python_routes import PythonApi
from shared.pack.model.python_tests import TestReader


class PackModel:
    """Facts of all documents of a pack, by subject."""

    def __init__(self, texts: Mapping[str, str], stack: str = "python", db: str | None = None) -> None:
        self.documents = PackDocuments(texts)
        self.stack, self.db = stack, db

    @cached_property
    def contract(self) -> Contract | None:
        """The OpenAPI document of the architecture; None where there is none that can be read."""
        architecture = self.documents.get(ARCHITECTURE)
        return find_contract(architecture.text) if architecture else None

    @cached_property
    def delivery(self) -> Delivery:
        """How the pack is built and released."""
        return Delivery(self.documents)

    @cached_property
    def python(self) -> PythonProject:
        """All Python files."""
        return PythonProject(self.documents)

    @cached_property
    def python_tests(self) -> TestReader:
        """All Python tests with what they ask and expect."""
        return TestReader(self.python, self.contract.operation_ids if self.contract else frozenset())

    @cached_property
    def python_api(self) -> PythonApi:
        """What the Python sample serves."""
        return PythonApi(self.python)

    @cached_property
    def operation_tests(self) -> OperationTests | None:
        """How the black-box suites judge each operation of the contract; None without a contract."""
        if self.contract is None:
            return None
        suites = [test for test in self.python_tests.tests if test.module.block.document == TESTS]
        return OperationTests(self.contract, suites, self.python)
