"""Before its first run, an instance looks at the models that it is set to use."""

import pytest

from local.drafts.messages_api.models import model_info
from local.drafts.messages_api.server import DraftsServer
from shared.services import Services
from shared.settings.environment import Settings
from triggers.warm_up import look_at_models

RETIRES = {"lifecycle": "deprecated", "retires_at": "2027-03-01T00:00:00Z"}


async def looked_at(drafts: DraftsServer, caplog: pytest.LogCaptureFixture, **settings: str) -> list[str]:
    """What was logged about the models."""
    environment = {"AzureWebJobsStorage": "x", "ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": drafts.url}
    app = Services(Settings.read(environment | settings))
    try:
        await look_at_models(app)
    finally:
        await app.close()
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


async def test_a_deprecated_model_is_warned_of_at_the_start(drafts: DraftsServer, caplog: pytest.LogCaptureFixture):
    drafts.models = {"claude-sonnet-5-5": model_info("claude-sonnet-5-5") | RETIRES}
    told = await looked_at(drafts, caplog)
    assert told == ["model claude-sonnet-5-5 is deprecated and retires on 2027-03-01: name a current one"]
    assert drafts.seen == [], "nothing was paid for"


async def test_settings_that_no_run_can_use_are_told_and_stop_nothing(
    drafts: DraftsServer, caplog: pytest.LogCaptureFixture
):
    told = await looked_at(
        drafts, caplog, ANTHROPIC_MODEL_FAST="claude-haiku-9", ANTHROPIC_MODEL_STRONG="claude-opus-9"
    )
    assert [line.split(":")[0] for line in told] == [
        "model claude-opus-9 cannot be used as things are",
        "model claude-haiku-9 cannot be used as things are",
    ]


async def test_models_in_order_and_a_claude_out_of_reach_are_nothing_to_warn_of(
    drafts: DraftsServer, caplog: pytest.LogCaptureFixture
):
    assert await looked_at(drafts, caplog) == []
    await drafts.stop()
    assert await looked_at(drafts, caplog) == []
