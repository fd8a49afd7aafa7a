"""What a deployment lacks, looked at from inside: settings, storage, engine, model, events. Tells no secret.

`design-backend doctor` asks for it. Each look is bounded in time, and one that fails hides no other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial

import azure.durable_functions as df
import azure.functions as func

from shared import VERSION, logs, services
from shared.agents import TIERS
from shared.errors import DesignBackendError, SettingsError
from shared.runs import price_of
from shared.services import Services
from shared.storage import DESIGNS, PRDS, WORK, read_queue, run_index
from triggers.intake import read_claim
from triggers.problems import answer, reports_problems

SECONDS = 15.0
RECENT_RUNS = 20
_PROBE = "diagnosis/probe"
log = logs.logger(__name__)
bp = df.Blueprint()


@dataclass(frozen=True)
class Look:
    """One thing that was looked at: `state` is good, missing, or unknown where nobody can tell from here."""

    name: str
    state: str
    detail: str
    mend: str = ""


type Looker = Callable[[], Awaitable[Look]]


@bp.function_name("diagnose")
@bp.route(route="diagnosis", methods=["GET"])
@bp.durable_client_input(client_name="client")
@reports_problems
async def diagnose(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Every look at this deployment, each with what to do where something is missing."""
    try:
        current = services.current()
    except SettingsError as error:
        looks = [Look("settings", "missing", error.detail, error.mend)]
    else:
        lookers: dict[str, Looker] = {
            "storage": partial(_storage, current),
            "engine": partial(_engine, client),
            "model": partial(_model, current),
            "events": partial(_events, current),
            "queue": partial(_queue, current),
        }
        looks = [Look("settings", "good", "All settings can be read and agree.")]
        looks += await asyncio.gather(*(_bounded(name, looker) for name, looker in lookers.items()))
    return answer({"version": VERSION, "looks": [asdict(look) for look in looks]})


async def _bounded(name: str, look: Looker) -> Look:
    try:
        async with asyncio.timeout(SECONDS):
            return await look()
    except TimeoutError:
        return Look(name, "missing", f"It did not answer within {SECONDS:g} s.", "Look at its firewall and its state.")
    except DesignBackendError as error:
        return Look(name, "missing", error.detail, error.mend)
    except Exception:
        log.exception("the look at %s failed", name)
        return Look(name, "unknown", "The look itself failed.", "See the app's log.")


async def _storage(current: Services) -> Look:
    """All three containers can be listed, and a blob of the work container written, read and deleted."""
    for container in (PRDS, DESIGNS, WORK):
        async for _ in current.blobs.list(container, "diagnosis/"):
            break
    await current.blobs.write(WORK, _PROBE, b"{}", "application/json")
    await current.blobs.read(WORK, _PROBE)
    await current.blobs.delete(WORK, _PROBE)
    return Look("storage", "good", f"The containers {PRDS}, {DESIGNS} and {WORK} can be used.")


async def _engine(client: df.DurableFunctionsClient) -> Look:
    await client.get_orchestration_state("diagnosis", fetch_payloads=False)
    return Look("engine", "good", "The orchestration store answers.")


async def _model(current: Services) -> Look:
    """The key is accepted and each model is known, as far as the Models API tells; prices are there."""
    claude = await current.claude()
    chosen = {model.model: model for model in map(current.settings.model_for, TIERS)}
    for model in chosen.values():
        await claude.check(model)
    unpriced = [name for name in chosen if price_of(name, current.settings.prices) is None]
    if unpriced:
        detail = f"{', '.join(chosen)} can be used, but the price of {', '.join(unpriced)} is unknown."
        return Look("model", "good", detail, "Add it to PRICES to see costs.")
    return Look("model", "good", f"{', '.join(chosen)} can be used at {current.settings.claude_address}.")


async def _events(current: Services) -> Look:
    """Whether drops came by their events: those that the sweep had to find had none, or lost it."""
    sources: list[str] = []
    async for run in run_index.runs(current.blobs):
        claim, _ = await read_claim(current.blobs, run.run_id)
        sources.append(claim.source)
        if len(sources) == RECENT_RUNS:
            break
    drops, swept = sources.count("drop"), sources.count("sweep")
    if not drops + swept:
        return Look("events", "unknown", "No PRD was dropped lately.", "Drop one into the container prds to see.")
    if not drops:
        mend = "See that the event subscription exists and names this app: python -m infra.after_deploy makes it."
        return Look("events", "missing", f"The last {swept} drop(s) started by the sweep, none by its event.", mend)
    return Look("events", "good", f"Of the last {drops + swept} drop(s), {drops} started by their events.")


async def _queue(current: Services) -> Look:
    queue = await read_queue(current.blobs)
    active, most = len(queue.taken), current.settings.max_active_runs
    return Look("queue", "good", f"{active} of {most or 'any number of'} run(s) active, {len(queue.waiting)} waiting.")
