"""Proof of the contract, with a generator that says what the real one (0.29.0) said of such contracts."""

import json
from collections.abc import Mapping

import pytest

from prove import Proof
from tests.prove.conftest import ProveOne

CLIENT = {"__init__.py": "", "models/order.py": "class Order:\n    pass\n"}
INVALID = """Error(s) encountered while generating, client was not created

Failed to parse OpenAPI document

76 validation errors for OpenAPI
components.schemas.Order.type
  Input should be 'string' or 'null' [type=enum, input_value='strung', input_type=str]
"""
YAML = "Invalid YAML from provided source: while parsing a flow node\nIf you believe this was a mistake, open an issue"
DANGLING = """Warning(s) encountered while generating. Client was generated, but some pieces may be missing

WARNING parsing POST /v1/orders within orders. Endpoint will not be generated.

Could not find reference in parsed models or enums
"""


def generated(prove_one: ProveOne, says: str = "", code: int = 0, makes: Mapping[str, str] = CLIENT) -> Proof:
    contract = json.dumps({"says": says, "exit": code, "makes": makes})
    return prove_one("contract-generates", {"openapi.yaml": contract})


def test_a_client_that_is_generated_and_imports_is_proved(prove_one: ProveOne):
    proof = generated(prove_one)
    assert proof.outcome == "proved", proof
    assert proof.reason == "a typed client is generated, and its 2 modules import"


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (INVALID, "at components.schemas.Order.type: Input should be 'string' or 'null' (76 such errors)"),
        (YAML, "no client can be generated: Invalid YAML from provided source: while parsing a flow node"),
    ],
)
def test_a_contract_that_no_client_can_be_generated_of_is_refuted(prove_one: ProveOne, says: str, reason: str):
    proof = generated(prove_one, says, 1, {})
    assert proof.outcome == "refuted"
    assert proof.reason.endswith(reason)


def test_a_reference_to_nothing_is_refuted_with_its_operation(prove_one: ProveOne):
    proof = generated(prove_one, DANGLING)
    assert proof.outcome == "refuted"
    assert "parsing POST /v1/orders" in proof.reason


def test_a_client_that_does_not_import_is_refuted(prove_one: ProveOne):
    proof = generated(prove_one, makes={**CLIENT, "models/item.py": "from .nowhere import Order\n"})
    assert proof.outcome == "refuted"
    assert "models/item.py: No module named 'contract_client.models.nowhere'" in proof.reason


def test_what_the_generator_cannot_do_refutes_nothing(prove_one: ProveOne):
    assert generated(prove_one, "WARNING parsing PUT /v1/files. Unsupported content type").outcome == "not provable"
    assert generated(prove_one, "Unexpected", 1, {}).outcome == "not provable"
