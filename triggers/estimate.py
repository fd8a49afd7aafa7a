"""Estimates a run before it starts: its calls, models, input tokens and prices. Asks Claude to count the tokens."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from shared import logs
from shared.agents import Prompt, catalogue, estimated_tokens, prefix, reading_of
from shared.contracts import Call, Converted, Options, Prices
from shared.errors import BadInput, CallInterrupted, CallRefused, SettingsError
from shared.prd import Prd, shown
from shared.runs import Plan, make_plan, priced_for
from shared.services import Services
from shared.settings import Settings
from triggers.earlier_pack import Found, find_earlier

COUNT_SECONDS = 2.0
"""How long a plan waits for Claude to count; then it goes by the rule of thumb."""
ROLE_TOKENS = 10_000
"""More than any role prompt takes."""
ALWAYS_READ = 150_000
"""Tokens that every model reads at once: up to here nobody need be asked."""
log = logs.logger(__name__)


@dataclass(frozen=True)
class Estimate:
    """The calls of a run with their models, the length of what all of them read, and the prices in force.

    `earlier` is the pack that the run goes on from, if there is one.
    """

    calls: tuple[Call, ...]
    prefix_tokens: int
    counted: bool
    prices: Prices
    requirements: int
    untraced_from: int
    earlier: Found | None = None

    def plan(self, options: Options, converted: Converted | None = None) -> Plan:
        """The Execution Plan Summary."""
        base = self.earlier.base("plan", self.calls) if self.earlier else None
        plan = make_plan(self.calls, options, self.prefix_tokens, counted=self.counted, prices=self.prices, base=base)
        return replace(plan, requirements=self.requirements, untraced_from=self.untraced_from, converted=converted)

    def to_json(self, options: Options, converted: Converted | None = None) -> dict[str, Any]:
        """The summary with what the PRD changes since the earlier pack."""
        from shared.pack import lines_of_plan  # here: indexing reads no document

        plan = self.plan(options, converted).to_dict()
        if self.earlier is None:
            return plan
        weighed = self.earlier.weighed
        return plan | {"changes": weighed.to_json(), "text": "\n".join([plan["text"], *lines_of_plan(weighed)])}


async def estimate_run(services: Services, prd: Prd, options: Options, *, fresh: bool = False) -> Estimate:
    """Plan the calls for a PRD. Claude counts what they share, where it answers within `COUNT_SECONDS`.

    A `fresh` run goes on from no earlier pack.

    Raises `BadInput` for a PRD that does not fit into what the models read at once: no call is paid for it.
    """
    calls = _calls(services.settings, options.stack)
    reading = await services.cores.run(reading_of, prd.text)
    prompt = prefix(reading)
    counted = await _counted(services, prompt, calls[0].model)
    tokens = estimated_tokens(prompt) if counted is None else counted
    await _check_length(services, prd.name, tokens, calls)
    prices = priced_for((call.model for call in calls), services.settings.prices)
    earlier = None if fresh else await find_earlier(services, prd, options, calls)
    return Estimate(calls, tokens, counted is not None, prices, reading.found, reading.untraced_from, earlier)


async def _check_length(services: Services, name: str, prefix_tokens: int, calls: tuple[Call, ...]) -> None:
    """The longest prompt holds what all calls read, every document, and the role."""
    longest = prefix_tokens + sum(call.estimated_output_tokens for call in calls) + ROLE_TOKENS
    if longest <= ALWAYS_READ:
        return
    models = sorted({call.model for call in calls})
    most = min(await asyncio.gather(*(_most_read(services, model) for model in models)))
    if longest > most:
        detail = f"{shown(name)} takes about {prefix_tokens:,} tokens; with what a run adds that is {longest:,}"
        mend = "Shorten the PRD, split it into one PRD per service, or choose a model that reads more."
        raise BadInput("prd-too-long", f"{detail}, and {', '.join(models)} reads {most:,}.", mend, http_status=413)


async def _most_read(services: Services, model: str) -> int:
    try:
        async with asyncio.timeout(COUNT_SECONDS):
            told = await (await services.claude()).most_read(model)
    except (CallInterrupted, CallRefused, SettingsError, TimeoutError):
        told = None  # the setting holds, and the call itself will say what is wrong
    return told or services.settings.max_input_tokens


def _calls(settings: Settings, stack: str) -> tuple[Call, ...]:
    agents = catalogue()
    return tuple(
        replace(call, model=settings.model_for(agents[call.agent].tier).model) for call in agents.calls_for(stack)
    )


async def _counted(services: Services, prompt: Prompt, model: str) -> int | None:
    try:
        async with asyncio.timeout(COUNT_SECONDS):
            return await (await services.claude()).count(prompt, model)
    except (CallInterrupted, CallRefused, SettingsError, TimeoutError) as fault:
        log.info("tokens are estimated, not counted (%s)", getattr(fault, "code", "timeout"))
        return None
