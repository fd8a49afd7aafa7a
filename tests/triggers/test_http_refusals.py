"""What HTTP refuses: problem details with a reason, nothing of the app's inside, and nothing started."""

import asyncio
import json
import logging
from collections import Counter
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest

from shared import services as shared_services
from shared.contracts import Claim
from shared.errors import StorageFault
from shared.services import Services
from shared.storage.blobs import PRDS, WORK
from tests.bad_prds import BAD_PRDS, LARGEST, TOO_LARGE, USABLE_PRDS
from tests.triggers.conftest import Door, RecordingClient
from triggers.callers import BODY_BESIDES, BODY_PER_PRD_BYTE
from triggers.problems import HEADERS

PRD = "# Order Service\n\nOrders must be taken."


@pytest.fixture
def small(services: Services, door: Door, monkeypatch: pytest.MonkeyPatch) -> Door:
    """The HTTP functions with a small limit for PRDs."""
    services.settings = replace(services.settings, max_prd_bytes=LARGEST)
    return door


def problem_of(answer: func.HttpResponse) -> dict[str, Any]:
    """The problem document of an answer, which must be one."""
    body = json.loads(answer.get_body())
    assert answer.mimetype == "application/problem+json"
    assert body["status"] == answer.status_code
    assert body["detail"]
    for told in ("Traceback", "site-packages", ".py", "AccountKey"):
        assert told not in answer.get_body().decode()
    return body | {"code": body["type"].removeprefix("urn:design-backend:problem:")}


@pytest.mark.parametrize("kind", [*BAD_PRDS, "too large"])
async def test_a_bad_prd_is_a_problem_with_its_mend(small: Door, kind: str):
    data, code = BAD_PRDS.get(kind, (TOO_LARGE, "prd-too-large"))
    answer = await small.ask("start_run", data, {"content-type": "text/markdown"})
    problem = problem_of(answer)
    assert problem["code"] == code
    assert problem["mend"]
    assert 400 <= problem["status"] < 500
    planned = problem_of(await small.ask("make_plan", data, {"content-type": "text/markdown"}))
    assert planned == problem
    assert small.client.started == {}


@pytest.mark.parametrize("kind", USABLE_PRDS)
async def test_an_odd_prd_is_planned(small: Door, kind: str):
    assert (await small.ask("make_plan", USABLE_PRDS[kind], {"content-type": "text/plain"})).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad-json"),
        (b"{not json", 400, "bad-json"),
        (b"\xff\xfe{", 400, "bad-json"),
        (b'{"prd": ' + b"[" * 100_000, 400, "bad-json"),
        (b'{"prd": ' + b"9" * 5_000 + b"}", 400, "bad-json"),
        (b"[]", 400, "no-prd"),
        (b'{"db": "postgres"}', 400, "no-prd"),
        (b'{"prd": 5}', 400, "bad-prd"),
        (b'{"prd": {}}', 400, "bad-prd"),
        (b'{"prd": {"blob": 7}}', 400, "bad-prd"),
        (b'{"prd": "# Orders \\ud800 must be taken"}', 400, "prd-not-text"),
        (b'{"prd": {"blob": "nowhere.md"}}', 404, "no-blob"),
        (b'{"prd": {"blob": "../designs/x"}}', 400, "bad-blob-name"),
        (b'{"prd": {"blob": "a\\\\..\\\\b"}}', 400, "bad-blob-name"),
        (b'{"prd": {"blob": "\\ud800"}}', 400, "bad-blob-name"),
        (b'{"prd": {"blob": "' + b"x" * 1_025 + b'"}}', 400, "bad-blob-name"),
        (b'{"prd": "# Orders", "stack": "java"}', 400, "bad-stack"),
        (b'{"prd": "# Orders", "stack": ["python"]}', 400, "bad-stack"),
        (b'{"prd": "# Orders", "stak": "python"}', 400, "unknown-option"),
        (b'{"prd": "# Orders", "code": "x"}', 400, "unknown-option"),
        (b'{"prd": "# Orders", "output": "../x"}', 400, "bad-output"),
        (b'{"prd": "# Orders", "db": "\\ud800"}', 400, "bad-db"),
        (b'{"prd": "# Orders", "fresh": "perhaps"}', 400, "bad-fresh"),
        (b'{"prd": "# Orders", "name": 7}', 400, "bad-name"),
        (b'{"prd": "# Orders", "name": "a\\u0000b"}', 400, "bad-name"),
        (b'{"prd": "# Orders", "name": "a\\u0085b"}', 400, "bad-name"),
        (b'{"prd": "# Orders", "name": "\\udfff"}', 400, "bad-name"),
        (b'{"prd": "# Orders", "name": "' + b"x" * 1_025 + b'"}', 400, "bad-name"),
    ],
    ids=lambda value: str(value)[:48],
)
async def test_a_bad_request_is_a_problem(door: Door, body: bytes, status: int, code: str):
    answer = await door.post(body)
    assert (answer.status_code, problem_of(answer)["code"]) == (status, code)
    assert door.client.started == {}


async def test_a_body_a_header_or_an_address_without_end_is_refused(small: Door):
    body = b" " * (LARGEST * BODY_PER_PRD_BYTE + BODY_BESIDES + 1)
    headers = {f"x-{number}": "x" * 1_000 for number in range(17)}
    answers = (
        await small.post(body),
        await small.post({"prd": PRD}, headers=headers),
        await small.post({"prd": PRD}, url="http://localhost/api/runs?x=" + "x" * 8_192),
    )
    assert [answer.status_code for answer in answers] == [413, 431, 414]
    assert [problem_of(answer)["code"] for answer in answers] == ["body-too-large", "headers-too-large", "url-too-long"]


async def test_a_blob_over_the_limit_is_refused_by_its_size(small: Door, services: Services):
    await services.blobs.write(PRDS, "http-too-large.md", TOO_LARGE, "text/markdown")
    problem = problem_of(await small.post({"prd": {"blob": "http-too-large.md"}}))
    assert problem["code"] == "prd-too-large"
    assert f"{len(TOO_LARGE):,}" in problem["detail"]
    await services.blobs.delete(PRDS, "http-too-large.md")


async def test_a_prd_longer_than_the_models_read_is_refused_before_any_call(door: Door, services: Services):
    services.settings = replace(services.settings, max_input_tokens=160_000)
    problem = problem_of(await door.post({"prd": "word " * 160_000}))
    assert (problem["code"], problem["status"]) == ("prd-too-long", 413)


@pytest.mark.parametrize("fault", [RuntimeError, KeyError, ValueError, RecursionError])
async def test_an_unexpected_error_tells_the_caller_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: type[Exception]
):
    def fails() -> Services:
        raise fault("AccountKey=hidden /home/app/shared/x.py")

    monkeypatch.setattr(shared_services, "current", fails)
    with caplog.at_level(logging.ERROR):
        answer = await door.post({"prd": PRD})
    assert problem_of(answer)["code"] == "internal"
    assert "hidden" not in answer.get_body().decode()
    assert "failed" in caplog.text, "the log says what the answer does not"


@pytest.mark.parametrize("host", ["[1]", "[", "[::1%x]", "a]b"])
async def test_an_address_whose_host_is_none_is_answered_like_any_other(door: Door, host: str):
    problem = problem_of(await door.post(b"", url=f"http://{host}/api/runs?x=/y#z"))
    assert (problem["code"], problem["instance"]) == ("bad-json", "/api/runs")


async def test_every_answer_forbids_to_run_frame_or_keep_it(door: Door):
    answers = (
        await door.ask("health"),
        await door.post({"prd": PRD}),
        await door.post(b""),
        await door.ask("get_run", url="http://localhost/api/runs/none", id="none"),
    )
    for answer in answers:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'none'")


async def test_a_redirecting_header_only_ever_leads_into_the_app(door: Door):
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example", "referer": "https://evil.example/"}
    answer = await door.post({"prd": PRD, "name": "//evil.example/a.md"}, headers=headers)
    assert answer.headers["Location"].startswith("/api/runs/")
    assert "evil.example" not in answer.get_body().decode()


@pytest.mark.parametrize("given", [{"x-functions-key": "one"}, {}], ids=["key in a header", "key in the address"])
async def test_a_caller_with_enough_runs_under_way_is_asked_to_wait(door: Door, services: Services, given: Any):
    services.settings = replace(services.settings, runs_per_caller=2)
    url, prd = "http://localhost/api/runs" + ("" if given else "?code=one"), f"{PRD} {bool(given)}"
    first = [await door.post({"prd": f"{prd} {number}"}, headers=given, url=url) for number in range(2)]
    assert [answer.status_code for answer in first] == [202, 202]
    refused = await door.post({"prd": f"{prd} 3"}, headers=given, url=url)
    assert (problem_of(refused)["code"], refused.status_code) == ("too-many-runs", 429)
    assert int(refused.headers["Retry-After"]) > 0
    same = await door.post({"prd": f"{prd} 1"}, headers=given, url=url)
    assert same.status_code == 200, "a run that is there is no new one"
    other = await door.post({"prd": f"{prd} 3"}, headers={"x-functions-key": "two"})
    assert other.status_code == 202, "callers do not hinder each other"


async def test_requests_of_one_moment_count_too(door: Door, services: Services):
    services.settings = replace(services.settings, runs_per_caller=3)
    caller = {"x-functions-key": "all at once"}
    answers = await asyncio.gather(
        *(door.post({"prd": f"{PRD} moment {number}"}, headers=caller) for number in range(12))
    )
    assert Counter(answer.status_code for answer in answers) == {202: 3, 429: 9}


async def test_a_run_counts_once_while_it_is_being_started(door: Door, services: Services):
    services.settings = replace(services.settings, runs_per_caller=25)
    caller = {"x-functions-key": "in bursts"}
    for burst in range(2):
        answers = await asyncio.gather(
            *(door.post({"prd": f"{PRD} burst {burst} {number}"}, headers=caller) for number in range(12))
        )
        assert {answer.status_code for answer in answers} == {202}


async def test_storage_that_is_down_or_contradicts_itself_is_asked_again_later(
    door: Door, services: Services, monkeypatch: pytest.MonkeyPatch
):
    async def taken(*_: object) -> bool:
        return False

    async def down(*_: object) -> bool:
        raise StorageFault("storage-down", "Blob Storage answered 503 ServerBusy.", "Ask again in a moment.")

    for broken in (taken, down):
        with monkeypatch.context() as while_it_does:
            while_it_does.setattr(services.blobs, "create", broken)
            refused = await door.post({"prd": f"{PRD} contradicted"})
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert problem_of(refused)["mend"] == "Ask again in a moment."
    assert (await door.post({"prd": f"{PRD} contradicted"})).status_code == 202


@pytest.mark.parametrize("checked", [True, False])
async def test_who_signed_in_is_believed_only_where_azure_checks_it(door: Door, services: Services, checked: bool):
    services.settings = replace(services.settings, runs_per_caller=1, signs_in=checked)
    statuses = [
        (await door.post({"prd": f"{PRD} {name} {checked}"}, headers={"x-ms-client-principal-id": name})).status_code
        for name in ("anna", "ben")
    ]
    assert statuses == [202, 202 if checked else 429]


async def test_a_function_key_stays_out_of_records_answers_and_logs(
    door: Door, services: Services, caplog: pytest.LogCaptureFixture
):
    canary = "canary-Zm9vYmFyYmF6cXV4"
    with caplog.at_level(logging.DEBUG):
        answers = [
            await door.post({"prd": f"{PRD} canary"}, headers={"x-functions-key": canary}),
            await door.post({"prd": f"{PRD} canary 2"}, url=f"http://localhost/api/runs?code={canary}"),
            await door.post({"prd": 5}, url=f"http://localhost/api/runs?code={canary}"),
            await door.ask("start_run", b"", {"content-type": "text/plain"}, url=f"http://x/api/runs?code={canary}"),
        ]
    run_id = json.loads(answers[0].get_body())["id"]
    record = (await services.blobs.read(WORK, f"{run_id}/claim.json"))[0].decode()
    assert Claim.from_dict(json.loads(record)).run.caller.startswith("key-")
    told = [record, json.dumps(door.client.started), caplog.text, *(str(answer.get_body()) for answer in answers)]
    assert not [text for text in told if canary in text]


async def test_a_wrong_storage_key_is_told_by_nobody(
    services: Services, storage: str, client: RecordingClient, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    canary = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
    parts = [f"AccountKey={canary}" if part.startswith("AccountKey=") else part for part in storage.split(";")]
    locked_out = Services(replace(services.settings, storage_connection=";".join(parts)))
    monkeypatch.setattr(shared_services, "current", lambda: locked_out)
    with caplog.at_level(logging.DEBUG):
        answer = await Door(client).post({"prd": PRD})
    await locked_out.close()
    assert problem_of(answer)["status"] == 500
    assert "Blob Storage refuses the app (403" in caplog.text, "the operator reads why"
    assert canary not in caplog.text + answer.get_body().decode() + repr(locked_out.settings)
