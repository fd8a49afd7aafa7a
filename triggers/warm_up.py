"""Azure calls this when it adds an instance: import what the first run would otherwise wait for, look at the models."""

import asyncio
import importlib

import azure.durable_functions as df
from azure.functions.warmup import WarmUpContext

from shared import logs, services, telemetry
from shared.agents import TIERS
from shared.errors import DesignBackendError
from shared.services import Services

SLOW_IMPORTS = ("azure.storage.blob.aio", "shared.prd.requirements", "anthropic", "shared.pack")
"""What indexing leaves out, in the order in which a run needs it."""

bp = df.Blueprint()
log = logs.logger(__name__)


@bp.warm_up_trigger(arg_name="warmup")  # pyright: ignore[reportUnknownMemberType, reportUntypedFunctionDecorator] (untyped in the package)
async def warm_up(warmup: WarmUpContext) -> None:
    """Import in a thread, so that requests are answered meanwhile. The checks load their parsers in their process."""
    await asyncio.gather(services.current().checker.start(), _get_ready_to_ask())


async def _get_ready_to_ask() -> None:
    await telemetry.start(services.current().settings)
    for module in SLOW_IMPORTS:
        await asyncio.to_thread(importlib.import_module, module)
    await look_at_models(services.current())


async def look_at_models(app: Services) -> None:
    """Log what is wrong with the models in use, such as that one is deprecated, before a run finds out."""
    claude = await app.claude()
    for chosen in dict.fromkeys(app.settings.model_for(tier) for tier in TIERS):
        try:
            await claude.check(chosen)
        except DesignBackendError as fault:
            log.warning("model %s cannot be used as things are: %s", chosen.model, fault)
