"""One activity for every agent of the catalogue, each under its own name: one call to Claude, one draft.

Nothing is paid for twice. What the call gave is kept with the run before the activity returns: a repetition (activities
run at least once) finds it there. The answer is kept by what was asked: another run that asks the same finds it there.
"""

import json
import logging

import azure.durable_functions as df

from activities.prompt_inputs import prompt_of, revised
from activities.typed_activity import activity
from shared import logs, telemetry
from shared.agents import ModelSettings, Prompt, catalogue
from shared.claude import HELD_BACK, UNDER_WAY, Answer, call_key
from shared.contracts import AGAIN, BY_EDITS, WHOLE, AgentRequest, AgentResult, Begun, Failure, Interruption, Usage
from shared.errors import CallInterrupted, CallRefused, NotFound, SettingsError, VaultUnreachable
from shared.services import Services
from shared.storage import WORK

log = logs.logger(__name__)
_STEADY = (UNDER_WAY, HELD_BACK)
"""Interruptions that are no fault: nothing was sent, and the wait is known."""
EDITS_SHARE = 10
"""One in so many tokens of a document is what edits to it take, as a rule."""
bp = df.Blueprint()


async def call_agent(services: Services, request: AgentRequest) -> AgentResult:
    """Make one agent call and keep its draft. Refusals and interruptions are results: the orchestrator decides."""
    name = _name(request)
    kept = f"{request.run_id}/calls/{name}.json"
    finished = await _finished(services, kept)
    if finished is not None:
        return finished
    prompt = await prompt_of(services, request)
    chosen = services.settings.model_for(catalogue()[request.agent].tier)
    try:
        with telemetry.agent(request):
            answer = await _answer(services, prompt, chosen, request)
            if spent := answer.usage.batched:
                telemetry.batched(spent, model=chosen.model, base_url=services.settings.claude_address)
    except VaultUnreachable as fault:
        return AgentResult(Usage(), chosen.model, interruption=Interruption(fault.detail))
    except (CallRefused, SettingsError) as refused:
        log.error("refused: %s", refused.detail)
        spent = refused.spent if isinstance(refused, CallRefused) else None
        failure = Failure(refused.code, refused.detail, refused.mend)
        return AgentResult(spent or Usage(), chosen.model, failure=failure)
    except CallInterrupted as fault:
        log.log(logging.INFO if fault.code in _STEADY else logging.WARNING, "interrupted: %s", fault.detail)
        interruption = Interruption(fault.detail, fault.retry_after, steady=fault.code in _STEADY)
        return AgentResult(fault.spent or Usage(), chosen.model, interruption=interruption)
    log.info("answered by %s%s", answer.model, " for an earlier run" if answer.usage.reused else "")
    result = await _kept_draft(services, request, answer)
    await services.blobs.write(WORK, kept, json.dumps(result.to_dict()).encode(), "application/json")
    return result


def _name(request: AgentRequest) -> str:
    """The call's own name within its run: each form of a revision is a call of its own."""
    form = f"-{request.form}" if request.form in (AGAIN, WHOLE) else ""
    return f"{request.agent}-{request.task}-{request.revision}{form}"


async def _kept_draft(services: Services, request: AgentRequest, answer: Answer) -> AgentResult:
    """The draft that an answer is, or that its edits make of the one before.

    An answer whose edits do not all apply is kept too, unless the whole document was asked for: then this was the end.
    """
    name, edited = f"{request.run_id}/drafts/{_name(request)}", await revised(services, request, answer.text)
    text = _as_bytes(answer.text) if edited is None or edited.whole else edited.text.encode()
    draft = await services.blobs.write(WORK, f"{name}.md", text, "text/markdown")
    if edited is None:
        return AgentResult(answer.usage, answer.model, draft)
    log.info("%d edit(s) applied, %d refused%s", len(edited.applied), len(edited.refused), ", whole" * edited.whole)
    if not edited.refused or request.form == WHOLE:
        return AgentResult(answer.usage, answer.model, draft)
    raw = await services.blobs.write(WORK, f"{name}.answer.md", answer.text.encode(), "text/markdown")
    return AgentResult(answer.usage, answer.model, draft, answer=raw)


async def _answer(services: Services, prompt: Prompt, chosen: ModelSettings, request: AgentRequest) -> Answer:
    """Claude's answer, or the one that it gave to the same prompt before."""

    async def ask(begun: Begun) -> Answer:
        claude = await services.claude()
        expected = catalogue()[request.agent].tasks[request.task].typical_output_tokens
        if request.form in BY_EDITS:
            expected //= EDITS_SHARE
        return await claude.write(prompt, chosen, expected_tokens=expected, begun=begun)

    key = call_key(prompt, chosen, services.settings.claude_address)
    return await services.calls.answer(key, ask, holder=request.run_id, fresh=request.fresh)


async def _finished(services: Services, name: str) -> AgentResult | None:
    try:
        data, _ = await services.blobs.read(WORK, name)
    except NotFound:
        return None
    return AgentResult.from_dict(json.loads(data))


def _as_bytes(text: str) -> bytes:
    return (text.strip() + "\n").encode()


for _agent in catalogue().agents.values():
    activity(bp, name=_agent.activity)(call_agent)
