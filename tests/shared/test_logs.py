"""Our log lines: fields in place of text that names the run, and no content unless it is asked for."""

import asyncio
import logging
from collections.abc import Iterator

import azure.functions as func
import pytest

from local.drafts.messages_api.faults import Fault
from local.drafts.messages_api.server import DraftsServer
from shared import logs, telemetry
from shared.services import Services
from shared.settings.environment import Settings
from tests.agent_at_work import KEY, PRD_LINE, draft
from triggers.problems import reports_problems

ENOUGH = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "ANTHROPIC_API_KEY": KEY}


@pytest.fixture
def shown_texts() -> Iterator[None]:
    logs.show_texts(True)
    yield
    logs.show_texts(False)


async def test_a_line_about_a_run_has_run_agent_task_and_request_as_fields(
    app: Services, drafts: DraftsServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    drafts.order([Fault("api-backend-tester", "529", times=1)])
    await asyncio.gather(draft(app, "lines-1"), draft(app, "lines-2", "api-backend-tester"))
    lines = {vars(record)["run_id"]: vars(record) for record in caplog.records if record.name.startswith(logs.ROOT)}
    requests = {seen.agent: seen.request_id for seen in drafts.seen[-2:]}
    for run_id, agent in (("lines-1", "system-architect"), ("lines-2", "api-backend-tester")):
        assert (lines[run_id]["agent"], lines[run_id]["task"]) == (agent, "draft")
        assert lines[run_id]["request_id"] == requests[agent]
        assert run_id not in lines[run_id]["message"], "the field is enough"
    assert lines["lines-2"]["levelname"] == "WARNING"


def test_fields_end_with_their_block_and_what_a_caller_says_wins(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    log = logs.logger("tests")
    with telemetry.about_run("lines-3"):
        log.info("inside")
        log.info("by hand", extra={"run_id": "another"})
    log.info("outside")
    inside, by_hand, outside = caplog.records
    assert vars(inside)["run_id"] == "lines-3"
    assert vars(by_hand)["run_id"] == "another"
    assert "run_id" not in vars(outside)


async def test_what_goes_wrong_over_http_is_logged_with_its_run(caplog: pytest.LogCaptureFixture):
    @reports_problems
    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        raise OSError("disk full")

    await handler(func.HttpRequest(method="GET", url="/api/runs/lines-4", route_params={"id": "lines-4"}, body=b""))
    assert [vars(record)["run_id"] for record in caplog.records] == ["lines-4"]


@pytest.mark.usefixtures("shown_texts")
async def test_texts_are_logged_where_they_are_asked_for(app: Services, caplog: pytest.LogCaptureFixture):
    result = await draft(app, "texts-1")
    assert result.draft is not None
    answer = await app.blobs.fetch(result.draft)
    texts = [record for record in caplog.records if record.name == f"{logs.ROOT}.texts"]
    assert {record.levelname for record in texts} == {"DEBUG"}
    assert {vars(record)["run_id"] for record in texts} == {"texts-1"}
    assert any(PRD_LINE in record.getMessage() for record in texts)
    assert answer[:200] in texts[-1].getMessage()
    assert len(answer) > logs.LONGEST_TEXT, "or the next line shows nothing"
    assert max(len(record.getMessage()) for record in texts) < logs.LONGEST_TEXT + 100
    assert KEY not in caplog.text


@pytest.mark.parametrize(("given", "level"), [({}, logging.CRITICAL + 1), ({"LOG_PROMPTS": "true"}, logging.DEBUG)])
async def test_the_setting_switches_texts(given: dict[str, str], level: int):
    await telemetry.start(Settings.read(ENOUGH | given))
    assert logging.getLogger(f"{logs.ROOT}.texts").level == level
    logs.show_texts(False)
