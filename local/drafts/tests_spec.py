"""Renders `test-specifications.md`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import re

from local.drafts.contract_tests import call, contract_tests, error_test_name, good_call, takes_key, test_name
from local.drafts.document import bullets, cite, document, fence, file_block, paragraphs
from local.drafts.load_test import locust
from local.drafts.mechanisms import Gate, mechanism_of, operations_of
from local.drafts.shapes import Design
from local.drafts.targets import number
from local.drafts.words import quote, snake, table

CONFTEST = '''"""Fixtures that all tests share."""

import os
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

BASE_URL = os.environ.get("BASE_URL", "http://localhost:8000")


class Contract:
    """The released OpenAPI document, as a judge of answers."""

    def __init__(self, path: Path) -> None:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry = Registry().with_resource("urn:contract", resource)

    def check(self, body: object, schema: str) -> None:
        """Fail with the first violation of the named schema."""
        reference = {"$ref": f"urn:contract#/components/schemas/{schema}"}
        Draft202012Validator(reference, registry=self._registry).validate(body)


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(Path(__file__).parent / "openapi.yaml")


@pytest.fixture
def client():
    headers = {"Authorization": f"Bearer {os.environ['TEST_TOKEN']}"}
    with httpx.Client(base_url=BASE_URL, headers=headers, timeout=5.0) as client:
        yield client


@pytest.fixture
def anonymous():
    with httpx.Client(base_url=BASE_URL, timeout=5.0) as client:
        yield client


@pytest.fixture
def key() -> str:
    """A fresh idempotency key."""
    return str(uuid4())


@pytest.fixture(scope="session")
def seeded() -> dict[str, str]:
    """Identifiers of the records that the seeding job wrote, by path parameter."""
    return dict(pair.split("=", 1) for pair in os.environ["SEEDED"].split(","))


@pytest.fixture
def database_stopped():
    """The environment's control endpoint pauses the database for one test."""
    control = os.environ["CONTROL_URL"]
    httpx.post(f"{control}/database/pause").raise_for_status()
    yield
    httpx.post(f"{control}/database/resume").raise_for_status()'''


def render_tests(design: Design) -> str:
    """The tester's document for a design."""
    return document(
        f"Test specifications: {design.title}",
        [
            ("Contract tests", _contract(design)),
            ("Integration tests", _integration(design)),
            ("Load tests", _load(design)),
            ("Security tests", _security(design)),
            ("Fixtures and environments", _fixtures(design)),
            ("CI integration", _ci(design)),
        ],
    )


def _contract(design: Design) -> str:
    rows = [
        (f"`{one.method} {one.path}`", f"`{test_name(one)}`", f"`{error_test_name(one)}`", cite(one.requirements))
        for one in design.operations
    ]
    tags = list(dict.fromkeys(one.tag for one in design.operations))
    files = [file_block(f"tests/contract/test_{snake(tag)}.py", "python", contract_tests(design, tag)) for tag in tags]
    return paragraphs(
        f"Each of the {len(design.operations)} operations of the contract has one test of its good answer and one of its "
        "most telling error. Answers are judged by the contract's own schemas, not by a copy of them.",
        table(("Operation", "Good answer", "Error", "Requirements"), rows),
        *files,
        _requirement_tests(design, "contract"),
    )


def _requirement_tests(design: Design, *gates: Gate) -> str:
    """The requirements that a kind of test proves, and what it does."""
    rows: list[tuple[str, ...]] = []
    for one in design.brief.requirements:
        mechanism = mechanism_of(one)
        if mechanism.gate in gates:
            names = ", ".join(f"`{operation.id}`" for operation in operations_of(one, design)[:2])
            proof = mechanism.tested + (f" ({names})" if names else "")
            rows.append((f"[{one.id}]", quote(one.text, 120), proof))
    return table(("Requirement", "The PRD says", "Proved by"), rows) if rows else ""


def _integration(design: Design) -> str:
    parts = [
        f"**Database:** a real {design.database} in a container, migrated from empty; each test in its own transaction or tenant."
    ]
    parts += (
        [f"**Cache:** a real {design.cache}, flushed between tests; one test runs with it stopped."]
        if design.cache
        else []
    )
    parts += (
        [f"**Messaging:** a real {design.broker}; tests wait on the effect with a deadline, never on a fixed sleep."]
        if design.broker
        else []
    )
    parts += [
        f"**{one.name}:** a loopback stand-in that records calls and can answer slowly, wrongly or not at all."
        for one in design.partners
    ]
    return paragraphs(
        bullets(parts),
        file_block("tests/integration/test_flows.py", "python", _flow_tests(design)),
        _requirement_tests(design, "integration", "smoke", "build"),
    )


def _flow_tests(design: Design) -> str:
    tests = ['"""Integration tests: what holds across requests, stores and messages."""']
    creating = next((one for one in design.business if takes_key(one) and one.action == "create"), None)
    reading = next(
        (one for one in design.business if creating and one.action == "read" and one.resource == creating.resource),
        None,
    )
    if creating:
        tests.append(_same_key_test(good_call(creating), snake(creating.id), "seeded" if "{" in creating.path else ""))
    if creating and reading and creating.path.count("{") == 0:
        path = re.sub(r"\{[^}]+\}", "{created}", reading.path)
        tests.append(
            f"def test_what_{snake(creating.id)}_wrote_can_be_read_back(client, key):\n"
            f'    created = {good_call(creating)}.json()["id"]\n'
            f'    response = client.get(f"{path}")\n'
            f'    assert response.status_code == 200\n    assert response.json()["id"] == created'
        )
    if creating and design.broker and creating.resource:
        noun = snake(creating.resource.noun)
        tests.append(
            f"def test_{noun}_created_is_published_once_after_the_broker_was_away(client, broker, key{', seeded' if '{' in creating.path else ''}):\n"
            f"    with broker.stopped():\n        response = {good_call(creating)}\n    assert response.status_code == 201\n"
            f'    messages = broker.received("{noun.replace("_", "-")}.created", within_seconds=10)\n'
            f'    assert [message["{noun}_id"] for message in messages] == [response.json()["id"]]'
        )
    if not creating:
        first = design.business[0] if design.business else design.operations[0]
        tests.append(
            f"def test_{snake(first.id)}_gives_the_same_answer_from_every_instance(instances{', seeded' if '{' in first.path else ''}):\n"
            f"    statuses = {{{good_call(first)}.status_code for client in instances}}\n    assert statuses == {{{first.success}}}"
        )
    return "\n\n\n".join(tests)


def _same_key_test(expression: str, name: str, seeded: str) -> str:
    fixtures = f"client, key{', ' + seeded if seeded else ''}"
    return (
        f"def test_{name}_with_the_same_key_has_one_effect({fixtures}):\n    first = {expression}\n    second = {expression}\n"
        '    assert first.json()["id"] == second.json()["id"]'
    )


def _load(design: Design) -> str:
    rows = [
        (level.id, level.target.name, level.target.shown, _from(level.target.requirement)) for level in design.levels
    ]
    load = design.loads[0]
    return paragraphs(
        table(("SLO", "About", "Threshold: the build fails beyond it", "From"), rows),
        bullets(
            [
                f"**Expected load:** {load.shown} ({_from(load.requirement)}), held for 15 minutes after a 5 minute ramp.",
                "**Baseline:** the first green run on stage; later runs may be at most 10 % slower at the same percentile.",
                f"**Stress:** {number(load.value * 2)} per second until something saturates: errors must stay 429 or 503, and end with the load.",
                "**Soak:** half the expected load for 4 hours; memory and connections must stay level.",
                f"**Fairness:** one caller beyond {design.rate_limit.shown} gets 429 while the others keep their latency.",
            ]
        ),
        file_block("tests/load/locustfile.py", "python", locust(design)),
        _requirement_tests(design, "load"),
    )


def _from(requirement: str) -> str:
    return f"[{requirement}]" if requirement else "assumed, the PRD gives no number"


def _security(design: Design) -> str:
    rows = [
        (
            "Authentication",
            "no token, malformed, expired, foreign issuer, foreign audience, `alg: none`",
            "401, and nothing is told about why",
        ),
        ("Authorization", "each operation with every scope but its own", "403"),
        (
            "Tenancy" if design.tenancy else "Ownership",
            "identifiers of another " + ("tenant" if design.tenancy else "owner"),
            "404",
        ),
        (
            "Input validation",
            "unknown fields, wrong types, oversized bodies, deep nesting, control characters",
            "422 or 413",
        ),
        (
            "Injection",
            "SQL, template, header and log injection in every text field",
            "stored as text or refused; never run",
        ),
        ("Rate limit", f"more than {design.rate_limit.shown}", "429 with `Retry-After`"),
        (
            "Abuse",
            "enumeration of identifiers, replayed idempotency keys, many failed sign-ins",
            "same answer and time for all; lock-out by caller",
        ),
        (
            "Known weaknesses",
            "OWASP API Security Top 10 by ZAP against stage; dependencies and image by scanners",
            "no high finding",
        ),
    ]
    return paragraphs(
        table(("Area", "Tried", "Expected"), rows),
        file_block("tests/security/test_abuse.py", "python", _security_tests(design)),
        _requirement_tests(design, "security"),
    )


def _security_tests(design: Design) -> str:
    closed = [one for one in design.business if not one.open]
    plain = [one for one in closed if "{" not in one.path] or closed
    paths = ",\n    ".join(
        f'("{one.method}", "{re.sub(r"\{[^}]+\}", "0198c7a2-0000-7000-8000-000000000000", one.path)}")'
        for one in closed
    )
    tests = [
        '"""Security tests: credentials, validation, limits and abuse."""\n\nimport pytest\n\n'
        f'CLOSED = [\n    {paths},\n]\nHOSTILE = ["\' OR \'1\'=\'1", "{{{{7*7}}}}", "../../etc/passwd", "<script>alert(1)</script>", "a\\r\\nX-Injected: 1"]'.replace(
            "{{{{", "{{"
        ).replace("}}}}", "}}"),
        '@pytest.mark.parametrize(("method", "path"), CLOSED)\ndef test_every_closed_operation_asks_for_credentials(anonymous, method, path):\n'
        "    assert anonymous.request(method, path).status_code == 401",
        '@pytest.mark.parametrize("token", ["", "Bearer", "Bearer not.a.token", "Basic YTpi"])\ndef test_a_malformed_token_is_refused(anonymous, token):\n'
        f'    response = anonymous.{plain[0].method.lower() if plain else "get"}("{plain[0].path if plain else "/"}", headers={{"Authorization": token}})\n'
        "    assert response.status_code == 401",
    ]
    writing = next((one for one in plain if one.method == "POST"), None)
    if writing:
        keyed = takes_key(writing)
        fixture = ", key" if keyed else ""
        expression = call(writing, body={"name": "@"}, keyed=keyed).replace('"@"', "text")
        tests.append(
            f'@pytest.mark.parametrize("text", HOSTILE)\ndef test_hostile_text_never_breaks_the_service(client, text{fixture}):\n    response = {expression}\n    assert response.status_code in (201, 200, 400, 422)'
        )
        big = call(writing, body={"name": "@"}, keyed=keyed).replace('"@"', '"x" * 5_000_000')
        tests.append(
            f"def test_an_oversized_body_is_refused(client{fixture}):\n    response = {big}\n    assert response.status_code in (413, 422)"
        )
    reading = next((one for one in plain if one.method == "GET"), plain[0] if plain else design.operations[0])
    burst = max(20, round(design.rate_limit.value * 3))
    tests.append(
        f"def test_a_burst_beyond_the_rate_limit_gets_429(client):\n    statuses = [{good_call(reading)}.status_code for _ in range({min(burst, 2000)})]\n    assert 429 in statuses"
    )
    return "\n\n\n".join(tests)


def _fixtures(design: Design) -> str:
    names = sorted({name for one in design.operations for name in re.findall(r"\{([^}]+)\}", one.path)})
    services = [design.database, *([design.cache] if design.cache else []), *([design.broker] if design.broker else [])]
    rows = [
        ("local", f"containers: {', '.join(services)}", "seeded from `tests/seed.sql` before each session"),
        ("ci", "the same containers as services of the job", "as local; nothing is shared between jobs"),
        ("stage", "the deployed environment", "synthetic tenants, removed after the run"),
    ]
    seeds = ", ".join(f"`{name}`" for name in names) or "none: no path has a parameter"
    return paragraphs(
        table(("Environment", "Runs against", "Data"), rows),
        f"Seeded identifiers, passed as `SEEDED=name=value,name=value`: {seeds}. `TEST_TOKEN` is a token of the test identity, from Key Vault.",
        file_block("tests/conftest.py", "python", _conftest(design)),
    )


def _conftest(design: Design) -> str:
    extra = _stand_ins(design)
    return (
        CONFTEST.replace("import os\n", "import contextlib\nimport os\n", 1) if "contextlib" in extra else CONFTEST
    ) + extra


def _stand_ins(design: Design) -> str:
    creates = any(takes_key(one) and one.action == "create" for one in design.business)
    if design.broker and creates:
        return '''


class Broker:
    """The environment's broker, through its control endpoint."""

    def __init__(self, control: str) -> None:
        self._control = httpx.Client(base_url=control, timeout=30.0)

    @contextlib.contextmanager
    def stopped(self):
        self._control.post("/broker/pause").raise_for_status()
        try:
            yield
        finally:
            self._control.post("/broker/resume").raise_for_status()

    def received(self, name: str, within_seconds: int) -> list[dict[str, str]]:
        """Messages of one name, as soon as there is one, or none at the deadline."""
        answer = self._control.get(f"/broker/messages/{name}", params={"wait": within_seconds})
        return answer.raise_for_status().json()


@pytest.fixture
def broker() -> Broker:
    return Broker(os.environ["CONTROL_URL"])'''
    if not creates:
        return '''


@pytest.fixture
def instances():
    """One client per running instance."""
    headers = {"Authorization": f"Bearer {os.environ['TEST_TOKEN']}"}
    clients = [httpx.Client(base_url=url, keyed=keyed) for url in os.environ["INSTANCE_URLS"].split(",")]
    yield clients
    for client in clients:
        client.close()'''
    return ""


def _ci(design: Design) -> str:
    rows = [
        ("contract, integration", "every commit", "JUnit XML, published; any failure stops"),
        ("security (pytest)", "every commit", "JUnit XML; any failure stops"),
        ("load", "after the deployment to stage", "exit code of locust; thresholds above"),
        ("ZAP, dependency and image scans", "every commit and nightly", "no high finding"),
        ("smoke", "after each deployment", "health, readiness, version and one read"),
    ]
    command = "pytest tests/contract tests/integration tests/security --junitxml=results/tests.xml --cov=app --cov-report=xml:results/coverage.xml"
    return paragraphs(
        table(("Tests", "When", "Gate"), rows),
        fence("bash", command),
        "Line coverage is gated at 80 %. A flaky test is mended or removed within a day, never retried into passing.",
    )
