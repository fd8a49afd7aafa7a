"""Azure calls this when it adds an instance: import what the first run would otherwise wait for."""

import asyncio
import importlib

import azure.durable_functions as df
from azure.functions.warmup import WarmUpContext

from shared import services, telemetry

SLOW_IMPORTS = ("azure.storage.blob.aio", "shared.requirements", "anthropic", "shared.pack")
"""What indexing leaves out, in the order in which a run needs it."""

bp = df.Blueprint()


@bp.warm_up_trigger(arg_name="warmup")  # pyright: ignore[reportUnknownMemberType, reportUntypedFunctionDecorator] (untyped in the package)
async def warm_up(warmup: WarmUpContext) -> None:
    """Import in a thread, so that requests are answered meanwhile. The checks load their parsers in their process."""
    await services.current().checker.start()
    await telemetry.start(services.current().settings)
    for module in SLOW_IMPORTS:
        await asyncio.to_thread(importlib.import_module, module)
