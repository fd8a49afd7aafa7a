"""Economy mode: has calls made as one batch and waits for it on durable timers, looking ever more rarely.

What a batch gave lies in the call store: whoever asks for it afterwards finds it there, and makes the call live where
the batch gave nothing. So nothing but this wait tells economy mode from any other.
"""

from datetime import timedelta

from durabletask.task import TaskFailedError

from orchestrators.active_run import ActiveRun, Steps
from orchestrators.steps import step
from shared.contracts import AgentRequest, BatchLook, BatchRequest, BatchState, Call, Payload, Polling

LONGEST = timedelta(hours=25)
"""A batch ends by itself after 24 hours; whoever has not heard of that by then asks live."""
MOST_LOOKS = 10_000
"""A bound for the loop whatever the settings say."""


def in_batch(active: ActiveRun, name: str, *asked: tuple[Call, AgentRequest]) -> Steps[bool]:
    """Have calls made as one batch, in economy mode and within the cap; whether all are answered then.

    `name` is the batch's own within the run.
    """
    if not active.run.options.economy or not asked or active.spending.refusal():
        return False
    look = BatchLook(active.run.run_id, f"{active.run.run_id}/batches/{name}.json")
    active.batches[look.batch] = None
    since = active.context.current_utc_datetime
    submission = BatchRequest(look.run_id, look.batch, tuple(request for _, request in asked))
    state = yield from _advance(active, "submit_batch", submission)
    for number in range(MOST_LOOKS):
        now = active.context.current_utc_datetime
        if state.ended or now - since > LONGEST:
            break
        next_look = now + seconds_to_next_look(active.run.polling, number)
        active.status.await_batch([call for call, _ in asked], state, since, next_look)
        yield active.context.create_timer(next_look)
        state = yield from _advance(active, "poll_batch", look)
    del active.batches[look.batch]
    return state.ended and not state.unanswered


def call_off_batches(active: ActiveRun) -> Steps[None]:
    """Call off what a run that was cancelled is still waiting for. What cannot be called off ends by itself."""
    for name in list(active.batches):
        yield from _advance(active, "cancel_batch", BatchLook(active.run.run_id, name))
        del active.batches[name]


def seconds_to_next_look(polling: Polling, looks: int) -> timedelta:
    """The wait after so many looks."""
    longest = polling.longest_seconds
    grown = polling.first_seconds * polling.growth ** min(looks, 200)
    return timedelta(seconds=round(min(longest, grown), 3))


def _advance(active: ActiveRun, activity: str, request: Payload) -> Steps[BatchState]:
    """A step that failed has told nothing: the batch's record knows, and the next look reads it."""
    try:
        return (yield from step(active.context, active.run, activity, request, BatchState))
    except TaskFailedError:
        return BatchState(ended=False, detail="The batch could not be looked at.")
