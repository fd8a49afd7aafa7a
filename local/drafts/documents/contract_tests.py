"""Writes the pytest code of contract tests: for each operation its good answer, an error, and its conflicts. Pure."""

import json
import re
from typing import Any

from local.drafts.design.model import Design, Operation
from local.drafts.design.openapi import is_identifier
from local.drafts.design.schemas import answer_of, example, request_of
from local.drafts.documents.seeding import seeded_path
from local.drafts.english import snake

UNKNOWN_ID = "0198c7a2-0000-7000-8000-000000000000"


def contract_tests(design: Design, tag: str) -> str:
    """One module: every operation of a tag, its good answer, one error, and the conflicts that it declares."""
    operations = [one for one in design.operations if one.tag == tag]
    tests = [test for one in operations for test in (_good_test(one, design), _error_test(one), *_conflict_tests(one))]
    head = f'"""Contract tests: {tag}."""'
    imports = (
        ["from concurrent.futures import ThreadPoolExecutor"] if any("ThreadPool" in each for each in tests) else []
    )
    if any("@pytest." in test for test in tests):
        imports += [*([""] if imports else []), "import pytest"]
    if imports:
        head += "\n\n" + "\n".join(imports)
    return "\n\n\n".join([head, *tests])


def test_name(operation: Operation) -> str:
    """The name of an operation's contract test."""
    return f"test_{snake(operation.id)}_answers_{operation.success}_as_the_contract_says"


def error_test_name(operation: Operation) -> str:
    """The name of an operation's error test."""
    return f"test_{snake(operation.id)}_{_error_case(operation)[1]}"


def call(operation: Operation, *, path: str = "", body: Any = None, keyed: bool = False) -> str:
    """The expression that sends a request."""
    arguments = [path or seeded_path(operation.path)]
    if operation.query and not path:
        arguments.append(f"params={_literal({field.name: example(field) for field in operation.query})}")
    if body is not None:
        arguments.append(f"json={_literal(body)}")
    if keyed:
        arguments.append('headers={"Idempotency-Key": key}')
    return f"client.{operation.method.lower()}({', '.join(arguments)})"


def covered_statuses(one: Operation) -> str:
    """The statuses that an operation's tests expect."""
    expected = {one.success, _error_case(one)[0]}
    expected |= {409} & set(one.errors)
    expected |= {422} & set(one.errors) if takes_key(one) else set[int]()
    return ", ".join(map(str, sorted(expected)))


def good_call(operation: Operation) -> str:
    """The expression that sends a good request."""
    request = request_of(operation)
    return call(operation, body=request[2] if request else None, keyed=takes_key(operation))


def takes_key(operation: Operation) -> bool:
    """Whether the contract asks for an idempotency key."""
    return operation.method == "POST" and operation.action in ("create", "act")


def is_smoke(one: Operation) -> bool:
    """Whether an operation's test only reads and needs no data of its own, so that it may run anywhere."""
    return one.action in ("probe", "list") and "{" not in one.path


def _good_test(one: Operation, design: Design) -> str:
    lines = ["@pytest.mark.smoke"] if is_smoke(one) else []
    lines += [
        f"def {test_name(one)}(client, contract{_seeded(one)}{_keyed(one)}):",
        f"    response = {good_call(one)}",
        f"    assert response.status_code == {one.success}",
    ]
    if one.redirects:
        return "\n".join([*lines, '    assert response.headers["Location"]'])
    if answer_of(one, design) is None:
        return "\n".join([*lines, '    assert response.content == b""'])
    lines.append(f'    contract.check(response, "{one.id}")')
    if one.action == "create":
        lines.append('    assert response.headers["Location"].endswith(response.json()["id"])')
    if one.action == "list":
        lines.append('    assert len(response.json()["items"]) <= 25')
    return "\n".join(lines)


def _error_test(one: Operation) -> str:
    status, _, expression = _error_case(one)
    fixtures = "client" + (", seeded" if "seeded[" in expression else "") + (", contract")
    fixtures = fixtures.replace("client", "anonymous", 1) if "anonymous" in expression else fixtures
    fixtures += ", key" if ": key}" in expression else ""
    fixtures += ", database_stopped" if status == 503 else ""
    return "\n".join(
        [
            f"def {error_test_name(one)}({fixtures}):",
            f"    response = {expression}",
            f"    assert response.status_code == {status}",
            '    assert response.headers["content-type"].startswith("application/problem+json")',
            f'    contract.check(response, "{one.id}")',
        ]
    )


def conflict_test_names(one: Operation) -> list[str]:
    """The names of the tests of an operation's conflicts."""
    return [re.findall(r"def (\w+)", test)[0] for test in _conflict_tests(one)]


def _conflict_tests(one: Operation) -> list[str]:
    """Tests of the conflicts that an operation declares: calls at once (409), and a key with another body (422)."""
    tests: list[str] = []
    name, fixtures = f"test_{snake(one.id)}", f"client{_seeded(one)}{_keyed(one)}"
    if 409 in one.errors:
        tests.append(
            f"def {name}_sent_eight_times_at_once_wins_or_conflicts({fixtures}):\n"
            "    with ThreadPoolExecutor(8) as threads:\n"
            f"        answers = list(threads.map(lambda _: {good_call(one)}, range(8)))\n"
            f"    assert {{answer.status_code for answer in answers}} <= {{{one.success}, 409}}"
        )
    if 422 in one.errors and _error_case(one)[0] != 422 and takes_key(one):
        body = {"not_the_first": True}
        tests.append(
            f"def {name}_refuses_a_key_that_was_used_with_another_body({fixtures}):\n"
            f"    {good_call(one)}\n"
            f"    response = {call(one, body=body, keyed=True)}\n"
            "    assert response.status_code == 422"
        )
    return tests


def _error_case(one: Operation) -> tuple[int, str, str]:
    """The most telling error of an operation: (status, how the test's name ends, the request)."""
    body = request_of(one)
    if 503 in one.errors:
        return 503, "reports_503_while_the_database_is_down", call(one)
    if one.open and one.query and not body:
        return 400, "asks_for_its_parameters", call(one, path=f'"{one.path}"')
    if one.open and not body:
        return 405, "refuses_another_method", f'client.request("DELETE", "{one.path}")'
    if one.action in ("create", "update", "call") and body and one.method != "GET":
        return 422, "names_the_faulty_field", call(one, body={"not_in_the_contract": True}, keyed=takes_key(one))
    if one.action == "act":
        return 400, "asks_for_an_idempotency_key", call(one)
    if "{" in one.path:
        path = re.sub(r"\{([^}]+)\}", lambda name: UNKNOWN_ID if is_identifier(name[1]) else "not-there", one.path)
        return 404, "answers_404_for_an_unknown_one", call(one, path=f'"{path}"')
    if one.action == "list":
        return 400, "refuses_a_page_of_no_items", call(one, path=f'"{one.path}?limit=0"')
    return 401, "asks_for_credentials", call(one).replace("client.", "anonymous.", 1)


def _seeded(one: Operation) -> str:
    return ", seeded" if "{" in one.path else ""


def _keyed(one: Operation) -> str:
    return ", key" if takes_key(one) else ""


def _literal(value: Any) -> str:
    """A Python literal: JSON's text but for its three words."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r'"(?:[^"\\]|\\.)*"|\b(true|false|null)\b', _word, text)


def _word(found: re.Match[str]) -> str:
    words = {"true": "True", "false": "False", "null": "None"}
    return words[found[1]] if found[1] else found[0]
