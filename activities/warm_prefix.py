"""Puts the prompt prefix that the specialists share into Claude's cache, before they all start at once."""

from collections import Counter
from dataclasses import replace

import azure.durable_functions as df

from activities.prompt_inputs import assignment_of, read
from activities.typed_activity import activity
from shared import logs
from shared.agents import ModelSettings, Reading, catalogue, compose, prefix, saves_tokens
from shared.claude import HELD_BACK, call_key
from shared.contracts import AgentRequest, Usage, WarmRequest, WarmResult
from shared.errors import CallInterrupted, CallRefused, SettingsError
from shared.services import Services

log = logs.logger(__name__)
bp = df.Blueprint()


@activity(bp)
async def warm_prefix(services: Services, request: WarmRequest) -> WarmResult:
    """Warm where it pays off. A warm-up that fails costs the run nothing but the saving.

    One that the rate limits hold back is raised, and so tried again: the calls behind it would wait as well.
    """
    reading = await read(services, request.first.prd, request.first.documents)
    calls = [replace(request.first, agent=agent) for agent in request.agents]
    chosen, readers = await _most_common_settings(services, reading, calls)
    prompt = prefix(reading)
    if not chosen or not chosen.can_be_warmed or not saves_tokens(prompt, readers):
        return WarmResult(Usage())
    try:
        warmed = await (await services.claude()).warm(prompt, chosen)
    except (CallInterrupted, CallRefused, SettingsError) as fault:
        if fault.code == HELD_BACK:
            raise
        log.warning("prefix not warmed: %s", fault.detail)
        return WarmResult(Usage())
    return WarmResult(warmed.usage, warmed.model)


async def _most_common_settings(
    services: Services, reading: Reading, calls: list[AgentRequest]
) -> tuple[ModelSettings | None, int]:
    """The settings with which most of `calls` will read the prefix, and how many: only equal ones share a cache.

    A call whose answer is kept from an earlier run reads nothing.
    """
    settings, readers = services.settings, Counter[ModelSettings]()
    for call in calls:
        chosen = settings.model_for(catalogue()[call.agent].tier)
        key = call_key(compose(reading, assignment_of(call)), chosen, settings.claude_address)
        if call.fresh or not await services.calls.has(key):
            readers[replace(chosen, max_tokens=0)] += 1
    (most,) = readers.most_common(1) or [(None, 0)]
    return most
