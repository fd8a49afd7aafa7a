"""An agent called as its activity calls it: real storage, the real SDK, the offline drafts server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from activities.agents import call_agent
from local.drafts.messages_api.server import DraftsServer
from shared import telemetry
from shared.contracts import AgentRequest, AgentResult
from shared.services import Services
from shared.settings.environment import Settings
from shared.storage.blobs import WORK

KEY = "sk-canary-0123456789"
PRD_LINE = "A canary customer must be able to place an order."


@asynccontextmanager
async def app_on(storage: str, drafts: DraftsServer) -> AsyncGenerator[Services]:
    """The app's services; `drafts` is Claude and carries out no old orders."""
    drafts.order([])
    environment = {"AzureWebJobsStorage": storage, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": drafts.url}
    services = Services(Settings.read(environment))
    try:
        yield services
    finally:
        await services.close()


async def draft(app: Services, run_id: str, agent: str = "system-architect") -> AgentResult:
    """One call for a first draft. Each run has a PRD of its own: the same call is not made twice."""
    text = f"# Orders of {run_id}\n\n- {PRD_LINE}\n"
    prd = await app.blobs.write(WORK, f"{run_id}/prd.md", text.encode(), "text/markdown")
    request = AgentRequest(run_id, agent, "draft", "orders", "python", None, prd, "orders.md")
    with telemetry.about_request(request):
        return await call_agent(app, request)
