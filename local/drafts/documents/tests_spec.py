"""Renders `test-specifications.md`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import re

from local.drafts.design.coverage import Gate, mechanism_of, operations_of
from local.drafts.design.model import Design, Operation
from local.drafts.documents.containers import is_guessed, services
from local.drafts.documents.contract_tests import (
    UNKNOWN_ID,
    call,
    conflict_test_names,
    contract_tests,
    covered_statuses,
    error_test_name,
    good_call,
    takes_key,
    test_name,
)
from local.drafts.documents.load_test import locust
from local.drafts.documents.markdown import bullets, cite, document, fence, file_block, paragraphs
from local.drafts.documents.objectives import operation_of
from local.drafts.documents.seeding import seeds
from local.drafts.documents.suite_support import PROPERTY_TESTS, REQUIREMENTS, compose, conftest, service_module
from local.drafts.english import quote, snake, table
from local.drafts.prd.analysis import Requirement
from local.drafts.prd.targets import number


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
        (
            f"`{one.id}`",
            f"`{test_name(one)}`",
            ", ".join(f"`{name}`" for name in (error_test_name(one), *conflict_test_names(one))),
            covered_statuses(one),
            cite(one.requirements),
        )
        for one in design.operations
    ]
    tags = list(dict.fromkeys(one.tag for one in design.operations))
    files = [file_block(f"tests/contract/test_{snake(tag)}.py", "python", contract_tests(design, tag)) for tag in tags]
    return paragraphs(
        f"Each of the {len(design.operations)} operations of the contract has one test of its good answer and one of its "
        "most telling error. Answers are judged by the contract's own schemas, read when the test runs.",
        table(("operationId", "Success test", "Error tests", "Statuses", "Requirements"), rows),
        *files,
        "The property-based pass tries the whole contract with generated input, on `stage`, within 20 minutes:",
        file_block("tests/property/test_contract.py", "python", PROPERTY_TESTS),
        _requirement_tests(design, "contract"),
    )


def _requirement_tests(design: Design, *gates: Gate) -> str:
    """The requirements that a kind of test proves, and what it does."""
    rows: list[tuple[str, ...]] = []
    for one in design.requirements:
        mechanism = mechanism_of(one)
        if mechanism.gate in gates:
            names = ", ".join(f"`{operation.id}`" for operation in _proving(one, design))
            proof = mechanism.tested + (f" ({names})" if names else "")
            rows.append((f"[{one.id}]", quote(one.text, 120), proof))
    return table(("Requirement", "The PRD says", "Proved by"), rows) if rows else ""


def _proving(requirement: Requirement, design: Design) -> list[Operation]:
    """The operations that show whether a requirement holds: those under its objective, or those it is about."""
    levels = (level for level in design.levels if level.target.requirement == requirement.id)
    aimed = [one for level in levels if (one := operation_of(level, design))]
    return aimed or list(operations_of(requirement, design)[:2])


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
    creating = next((one for one in design.business if takes_key(one) and one.action == "create"), None)
    if creating is None:
        return _at_once_test(design)
    seeded = ", seeded" if "{" in creating.path else ""
    tests = [
        '"""Integration tests: what holds across requests, stores and messages."""',
        _same_key_test(creating, seeded),
    ]
    reading = next(
        (one for one in design.business if one.action == "read" and one.resource == creating.resource and one.path.count("{") == 1),
        None,
    )  # fmt: skip
    name = snake(creating.id)
    if reading:
        path = re.sub(r"\{[^}]+\}", "{created}", reading.path)
        tests.append(
            f"def test_what_{name}_wrote_can_be_read_back(client, key{seeded}):\n"
            f'    created = {good_call(creating)}.json()["id"]\n'
            f'    response = client.get(f"{path}")\n'
            f'    assert response.status_code == 200\n    assert response.json()["id"] == created'
        )
    if "broker" in services(design):
        tests.append(
            f"def test_{name}_succeeds_while_the_broker_is_away(client, broker_stopped, key{seeded}):\n"
            f"    response = {good_call(creating)}\n    assert response.status_code == {creating.success}"
        )
    return "\n\n\n".join(tests)


def _same_key_test(creating: Operation, seeded: str) -> str:
    expression, name = good_call(creating), snake(creating.id)
    text = (
        f"def test_{name}_with_the_same_key_has_one_effect(client, key{seeded}):\n    first = {expression}\n    second = {expression}\n"
        '    assert first.json()["id"] == second.json()["id"]'
    )
    other = call(creating, body={"not_the_first": True}, keyed=True)
    return text + (
        f"\n\n\ndef test_{name}_refuses_a_key_that_was_used_with_another_body(client, key{seeded}):\n    {expression}\n"
        f"    response = {other}\n    assert response.status_code in (409, 422)"
    )


def _at_once_test(design: Design) -> str:
    first = design.business[0] if design.business else design.operations[0]
    seeded = ", seeded" if "{" in first.path else ""
    return (
        '"""Integration tests: what holds across requests."""\n\nfrom concurrent.futures import ThreadPoolExecutor\n\n\n'
        f"def test_{snake(first.id)}_answers_eight_callers_at_once(client{seeded}):\n"
        f"    with ThreadPoolExecutor(8) as pool:\n        answers = list(pool.map(lambda _: {good_call(first)}, range(8)))\n"
        f"    assert {{answer.status_code for answer in answers}} == {{{first.success}}}"
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
        _other_numbers(design),
    )


def _other_numbers(design: Design) -> str:
    """Qualities with a number that no load shows: said here, so that nobody looks for them in vain."""
    levels = {level.target.requirement for level in design.levels}
    rows = [
        (f"[{one.id}]", quote(one.text, 120), f"{mechanism_of(one).gate} tests: {mechanism_of(one).tested}")
        for one in design.requirements
        if one.kind == "quality" and re.search(r"\d", one.text)
        and mechanism_of(one).gate != "load" and one.id not in levels
    ]  # fmt: skip
    shown = table(("Requirement", "The PRD says", "Proved by"), rows)
    return paragraphs("Numbers that are proved elsewhere, because load does not show them:", shown) if rows else ""


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
    paths = ",\n    ".join(f'("{one.method}", "{re.sub(r"\{[^}]+\}", UNKNOWN_ID, one.path)}")' for one in closed)
    tests = [
        '"""Security tests: credentials, validation, limits and abuse."""\n\nimport pytest\n\nfrom tests.service import issue_token\n\n'
        f'CLOSED = [\n    {paths},\n]\nHOSTILE = ["\' OR \'1\'=\'1", "{{{{7*7}}}}", "../../etc/passwd", "<script>alert(1)</script>", "a\\r\\nX-Injected: 1"]'.replace(
            "{{{{", "{{"
        ).replace("}}}}", "}}"),
        '@pytest.mark.parametrize(("method", "path"), CLOSED)\ndef test_every_closed_operation_asks_for_credentials(anonymous, method, path):\n'
        "    assert anonymous.request(method, path).status_code == 401",
        '@pytest.mark.parametrize(("method", "path"), CLOSED)\ndef test_a_token_without_permissions_is_refused(anonymous, method, path):\n'
        '    headers = {"Authorization": f"Bearer {issue_token(\'\')}"}\n'
        "    assert anonymous.request(method, path, headers=headers).status_code == 403",
        '@pytest.mark.parametrize("token", ["", "Bearer", "Bearer not.a.token", "Basic YTpi"])\ndef test_a_malformed_token_is_refused(anonymous, token):\n'
        f'    response = anonymous.{plain[0].method.lower() if plain else "get"}("{plain[0].path if plain else "/"}", headers={{"Authorization": token}})\n'
        "    assert response.status_code == 401",
    ]
    writing = next((one for one in plain if one.method == "POST"), None)
    if writing:
        keyed = takes_key(writing)
        fixture = (", key" if keyed else "") + (", seeded" if "{" in writing.path else "")
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
    fixtures = "client" + (", key" if takes_key(reading) else "") + (", seeded" if "{" in reading.path else "")
    tests.append(
        f"def test_a_burst_beyond_the_rate_limit_gets_429({fixtures}):\n    statuses = [{good_call(reading)}.status_code for _ in range({min(burst, 2000)})]\n    assert 429 in statuses"
    )
    return "\n\n\n".join(tests)


def _fixtures(design: Design) -> str:
    running = ", ".join(f"`{name}` ({one.image})" for name, one in services(design).items())
    rows = [
        ("local", "the service on port 8000, its dependencies in containers", "made by the tests, gone with the containers"),
        ("Test stage", "the same, beside the job", "as local; nothing is shared between jobs"),
        ("dev, prod", "the deployed environment, smoke tests only", "none: they only read"),
        ("stage", "the deployed environment, load and property-based tests too", "synthetic, removed after the run"),
    ]  # fmt: skip
    variables = [
        ("`TEST_BASE_URL`", "where the service answers", "`http://localhost:8000`"),
        ("`TEST_TOKEN_URL`", "the issuer's token endpoint", "the issuer of `compose.yaml`"),
        ("`TEST_CLIENT_SECRET`", "secret of the test client: `test-client-secret` in Key Vault", "any"),
        ("`TEST_PASSWORD`", "password of the containers", "generated by whoever starts them"),
        *(
            (f"`{one.variable}`", f"the `{one.key}` of a record that no operation creates", f"`{one.default}`")
            for one in seeds(design)
            if one.creator is None
        ),
    ]
    guessed = (
        f"**Assumption:** {design.database} has an image of its own name; name another in `compose.yaml` if not."
        if is_guessed(design.database)
        else ""
    )
    return paragraphs(
        table(("Where", "Runs against", "Data"), rows),
        f"Containers: {running}.",
        guessed,
        _absent_containers(design),
        file_block("compose.yaml", "yaml", compose(design)),
        file_block("tests/requirements.txt", "text", REQUIREMENTS),
        file_block("tests/service.py", "python", service_module(design)),
        file_block("tests/conftest.py", "python", conftest(design)),
        table(("Variable", "Meaning", "When it is not set"), variables),
    )


def _absent_containers(design: Design) -> str:
    if design.broker is None or "broker" in services(design):
        return ""
    return f"{design.broker} has no container here: locally the service keeps its messages in the outbox, and `dev` is where they are delivered."


def _ci(design: Design) -> str:
    command = "python -m pytest tests/{0} --junitxml=results/{0}.xml".format
    rows = [
        ("contract", "Test", f"`{command('contract')}`", "`results/contract.xml`", "10 min", "yes"),
        ("integration", "Test", f"`{command('integration')}`", "`results/integration.xml`", "15 min", "yes"),
        ("security", "Test", f"`{command('security')}`", "`results/security.xml`", "10 min", "yes"),
        ("load", "DeployStage", "`python -m locust --headless --locustfile tests/load/locustfile.py --users 200 --spawn-rate 20 --run-time 20m --host URL`", "exit code", "25 min", "yes"),
        ("property-based", "DeployStage", f"`{command('property')}`", "`results/property.xml`", "20 min", "yes"),
        ("smoke", "every deployment", "`python -m pytest tests/contract -m smoke --junitxml=results/smoke.xml`", "`results/smoke.xml`", "2 min", "rolls back"),
    ]  # fmt: skip
    return paragraphs(
        table(("Suite", "Stage", "Command", "Result", "Limit", "Blocks"), rows),
        fence(
            "bash",
            "set -euo pipefail\nexport TEST_PASSWORD=Aa1$(openssl rand -hex 16)\ndocker compose up --detach --wait\n"
            "python -m pip install --requirement tests/requirements.txt\n"
            "python -m pytest tests/contract tests/integration tests/security\ndocker compose down --volumes",
        ),
        "Line coverage of the unit tests is gated at 80 %. A flaky test is mended or removed within a day by the owner of its file, never retried into passing. Results and container logs are kept with the run.",
    )
