"""The server that the tests of drafts talk to."""

from collections.abc import AsyncIterator

import pytest

from local.drafts.messages_api.server import DraftsServer


@pytest.fixture
async def server() -> AsyncIterator[DraftsServer]:
    """A drafts server that answers at once."""
    server = DraftsServer(seconds_per_answer=0.0)
    await server.start()
    yield server
    await server.stop()
