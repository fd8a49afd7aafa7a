"""Writes what all black-box suites stand on: the contract as a judge, tokens, seeds, fixtures, containers. Pure."""

# A line of the deliverable stays on one line.
# ruff: noqa: E501

from local.drafts.design.model import Design
from local.drafts.design.openapi import scopes
from local.drafts.design.schemas import request_of
from local.drafts.documents.containers import services
from local.drafts.documents.seeding import seeded_path, seeds
from local.drafts.documents.yaml_text import to_yaml

REQUIREMENTS = """httpx==0.28.1
jsonschema==4.25.1
locust==2.42.1
pytest==8.4.2
PyYAML==6.0.3
referencing==0.37.0
schemathesis==4.32.5"""

_SERVICE = '''"""The service as the suites see it: its contract, a token for it, and records to work on."""

import os
from functools import cache
from pathlib import Path
from uuid import uuid4

import httpx
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SCOPES = "@SCOPES@"


class Contract:
    """The OpenAPI document of the repository, as a judge of answers."""

    def __init__(self, path: Path) -> None:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry = Registry().with_resource("urn:contract", resource)
        self._responses = document["components"]["responses"]
        items = [item for path in document["paths"].values() for item in path.values() if isinstance(item, dict)]
        self._operations = {item["operationId"]: item for item in items if "operationId" in item}

    def check(self, response: httpx.Response, operation: str) -> None:
        """Fail unless status, media type and body are what the contract gives for this operation."""
        declared = self._operations[operation]["responses"]
        answer = declared.get(str(response.status_code), declared["default"])
        if "$ref" in answer:
            answer = self._responses[answer["$ref"].rpartition("/")[2]]
        media_type = response.headers["content-type"].partition(";")[0]
        schema = {"$ref": "urn:contract" + answer["content"][media_type]["schema"]["$ref"]}
        checker = Draft202012Validator.FORMAT_CHECKER
        Draft202012Validator(schema, registry=self._registry, format_checker=checker).validate(response.json())

    def example(self, operation: str) -> object:
        """The body that the contract shows for an operation."""
        return self._operations[operation]["requestBody"]["content"]["application/json"]["example"]


@cache
def released_contract() -> Contract:
    """The contract that the service must keep."""
    return Contract(Path(__file__).parents[1] / "openapi.yaml")


def issue_token(scopes: str = SCOPES) -> str:
    """A token of the test client with `scopes`. The issuer of `compose.yaml` takes any secret; a deployed one has its own."""
    url = os.environ.get("TEST_TOKEN_URL", "http://localhost:8090/default/token")
    secret = os.environ.get("TEST_CLIENT_SECRET", str(uuid4()))
    form = {"grant_type": "client_credentials", "client_id": "tests", "client_secret": secret, "scope": scopes}
    return httpx.post(url, data=form, timeout=10.0).raise_for_status().json()["access_token"]


def seed(client: httpx.Client) -> dict[str, str]:
    """The identifiers that paths need, by parameter: records made for this run, or named by the environment."""
    made: dict[str, str] = {}
@SEEDS@
    return made
'''

_CREATE = '''


def create(client: httpx.Client, path: str, operation: str) -> str:
    """Make one record with the contract's own example and return its id."""
    body, headers = released_contract().example(operation), {"Idempotency-Key": str(uuid4())}
    response = client.post(path, json=body, headers=headers)
    response.raise_for_status()
    return response.json()["id"]'''

_CONFTEST = '''"""Fixtures that all black-box suites share. The environment is read when a test runs, not at import."""

import os
@SUBPROCESS@from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.service import Contract, issue_token, released_contract, seed


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "smoke: only reads; may run in any environment")


@pytest.fixture(scope="session")
def base_url() -> str:
    return os.environ.get("TEST_BASE_URL", "http://localhost:8000")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return released_contract()


@pytest.fixture(scope="session")
def client(base_url: str) -> Iterator[httpx.Client]:
    """A caller with every scope."""
    headers = {"Authorization": f"Bearer {issue_token()}"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=5.0) as client:
        yield client


@pytest.fixture(scope="session")
def anonymous(base_url: str) -> Iterator[httpx.Client]:
    """A caller without credentials."""
    with httpx.Client(base_url=base_url, timeout=5.0) as client:
        yield client


@pytest.fixture
def key() -> str:
    """A fresh idempotency key."""
    return str(uuid4())


@pytest.fixture(scope="session")
def seeded(client: httpx.Client) -> dict[str, str]:
    """Identifiers of records to work on, by path parameter."""
    return seed(client)
'''

_STOPPED = '''

@pytest.fixture
def @NAME@_stopped() -> Iterator[None]:
    """The @NAME@ does not answer during the test; only where its container is ours to pause."""
    if "TEST_BASE_URL" in os.environ:
        pytest.skip("others use this environment's @NAME@")
    subprocess.run(["docker", "compose", "pause", "@NAME@"], check=True)
    yield
    subprocess.run(["docker", "compose", "unpause", "@NAME@"], check=True)
'''

_NOT_OURS = '''

@pytest.fixture
def database_stopped() -> None:
    """A store inside the service's own process cannot be stopped from outside."""
    pytest.skip("the store is part of the process")
'''

PROPERTY_TESTS = '''"""The whole contract, tried with generated input (Schemathesis): fifty examples for each operation."""

import os
from pathlib import Path

import schemathesis
from hypothesis import settings

from tests.service import issue_token

schema = schemathesis.openapi.from_path(Path(__file__).parents[2] / "openapi.yaml")


@schema.parametrize()
@settings(max_examples=50, deadline=None)
def test_every_answer_keeps_the_contract(case):
    base_url = os.environ.get("TEST_BASE_URL", "http://localhost:8000")
    response = case.call(base_url=base_url, headers={"Authorization": f"Bearer {issue_token()}"})
    case.validate_response(response)
    assert response.status_code < 500'''


def service_module(design: Design) -> str:
    """The whole `tests/service.py`."""
    lines = [_seed_line(design, index) for index in range(len(seeds(design)))]
    text = _SERVICE.replace("@SCOPES@", " ".join(scopes(design)))
    text = text.replace("@SEEDS@\n    return made", "\n".join([*lines, "    return made"]))
    return text.rstrip() + (_CREATE if any(one.creator for one in seeds(design)) else "")


def _seed_line(design: Design, index: int) -> str:
    one = seeds(design)[index]
    creator = one.creator
    if creator is None or request_of(creator) is None:
        return f'    made["{one.key}"] = os.environ.get("{one.variable}", "{one.default}")'
    return f'    made["{one.key}"] = create(client, {seeded_path(creator.path, "made")}, "{creator.id}")'


def conftest(design: Design) -> str:
    """The whole `tests/conftest.py`."""
    running = services(design)
    stopped = [_STOPPED.replace("@NAME@", name) for name in ("database", "broker") if name in running]
    text = _CONFTEST + "".join(stopped) + ("" if "database" in running else _NOT_OURS)
    return text.replace("@SUBPROCESS@", "import subprocess\n" if stopped else "")


def compose(design: Design) -> str:
    """The whole `compose.yaml`."""
    return to_yaml({"services": {name: one.to_service() for name, one in services(design).items()}})
