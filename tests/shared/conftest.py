"""Claude as a loopback server, and the app's services with it."""

from collections.abc import AsyncIterator

import pytest

from local.drafts.server import DraftsServer
from shared.services import Services
from tests.agent_at_work import app_on


@pytest.fixture
async def drafts() -> AsyncIterator[DraftsServer]:
    """An offline model that answers at once."""
    server = DraftsServer(seconds_per_answer=0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def app(storage: str, drafts: DraftsServer) -> AsyncIterator[Services]:
    """Services on real storage, for which `drafts` is Claude."""
    async with app_on(storage, drafts) as services:
        yield services
