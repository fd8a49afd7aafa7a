"""Asks an agent and waits out interruptions on durable timers: no worker is held while Claude is throttled or down."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from orchestrators.active_run import ActiveRun, Steps
from orchestrators.steps import step
from shared.contracts import AgentRequest, AgentResult, Call, Failure, Interruption, Patience, Usage

MOST_TRIES = 100
"""A bound for the loop whatever the settings say."""


def ask(active: ActiveRun, call: Call, request: AgentRequest, *, paid: bool = False) -> Steps[AgentResult]:
    """The agent's answer, or why there is none: the run's cap, the end of its patience. Usage of all tries adds up.

    An answer that is `paid` for already, by a batch, is taken whatever the cap.
    """
    patience = active.run.patience
    waited, spent = 0.0, Usage()
    for attempt in range(1, MOST_TRIES):
        if not (paid and attempt == 1) and (refusal := active.spending.refusal()):
            return AgentResult(spent, call.model, failure=refusal)
        result = yield from step(active.context, active.run, call.activity, request, AgentResult)
        active.spending.add(result.usage, result.model)
        spent = spent + result.usage
        if result.interruption is None:
            return replace(result, usage=spent)
        wait = seconds_to_wait(patience, result.interruption, attempt, f"{active.run.run_id}/{call.key}")
        if waited + wait > patience.total_seconds or attempt == MOST_TRIES - 1:
            return AgentResult(spent, result.model, failure=_given_up(result.interruption, attempt, waited))
        waited += wait
        until = active.context.current_utc_datetime + timedelta(seconds=wait)
        active.status.postpone(call, until, result.interruption.detail)
        yield active.context.create_timer(until)
        active.status.enter(call, "drafting" if request.revision == 0 else "revising")
    raise AssertionError("the last try gives up")


def seconds_to_wait(patience: Patience, interruption: Interruption, attempt: int, seed: str) -> float:
    """What the API asked for, else doubling waits, never more than the longest one, spread by a quarter.

    Steady waits stay as asked for ten tries and then grow slowly, so that they outlast what they wait for.

    The spread derives from `seed` and `attempt`: replay waits the same, while runs do not all come back at once.
    """
    doubled = 0.0 if interruption.steady else patience.first_seconds * 2.0 ** min(attempt - 1, 30)
    growth = 1 + attempt // 10 if interruption.steady else 1
    asked = max((interruption.retry_after or 0.0) * growth, doubled)
    digest = hashlib.sha256(f"{seed}/{attempt}".encode()).digest()
    spread = int.from_bytes(digest[:4]) / 2**32 / 4
    if asked * 1.25 < patience.longest_seconds:
        return round(asked * (1 + spread), 3)
    return round(patience.longest_seconds * (1 - spread), 3)


def _given_up(interruption: Interruption, attempts: int, waited: float) -> Failure:
    return Failure(
        code="given-up",
        detail=f"{interruption.detail} Tried {attempts} times; waited {waited:.0f} s in all.",
        mend="Start the run again when Claude answers; finished calls are not repeated.",
    )
