"""Real parts shared by the tests: Azurite with our three containers, the offline model, and services that use them."""

import os
from collections.abc import AsyncIterator

import pytest
from azure.storage.blob.aio import BlobServiceClient
from hypothesis import settings

from local.azurite import Azurite
from local.drafts.messages_api.server import DraftsServer
from local.log import Log
from local.state import AZURITE_CACHE
from shared.services import Services
from shared.settings.environment import Settings
from tests.agent_at_work import app_on

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
# Of the same code the tests say the same. For inputs that nobody thought of: `make fuzz`, or HYPOTHESIS_PROFILE=default.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which durable engine the end-to-end tests run on."""
    parser.addoption(
        "--engine",
        choices=("local", "azure"),
        default="local",
        help="what end-to-end tests run on: our own local engine, or Microsoft's Durable Task extension (needs dotnet)",
    )


CONTAINERS = ("prds", "designs", "runs")


@pytest.fixture(scope="session")
async def storage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Connection string of a storage account with the three containers."""
    azurite = Azurite(AZURITE_CACHE, tmp_path_factory.mktemp("storage"), Log(quiet=True))
    await azurite.spawn()
    try:
        connection = await azurite.connection_string()
        async with BlobServiceClient.from_connection_string(connection) as service:
            for name in CONTAINERS:
                await service.get_container_client(name).create_container()
        yield connection
    finally:
        await azurite.stop()


@pytest.fixture
async def services(storage: str) -> AsyncIterator[Services]:
    """Services as the app builds them, on that storage; Claude is not reachable."""
    environment = {
        "AzureWebJobsStorage": storage,
        "ANTHROPIC_API_KEY": "test",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "CLAIM_GRACE_SECONDS": "3",
    }
    built = Services(Settings.read(environment))
    yield built
    await built.close()


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
