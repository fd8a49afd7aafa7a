"""The token of a waiting pipeline is kept as long as it is needed, in one blob, and no longer."""

import pytest

from shared.contracts import AwaitedRun, Callback, CallbackOutcome, PipelineTask
from shared.credentials import Key
from shared.errors import CallbackFailed, NotFound
from shared.services import Services
from shared.storage.blobs import WORK

TASK = PipelineTask("https://dev.azure.com/contoso", *(["0"] * 6))


def waiting(name: str) -> Callback:
    return Callback(f"callback-{name}", (AwaitedRun("orders-1", "orders.md"),), "2026-01-01T00:00:00+00:00", 10, 8, 5)


async def test_a_closed_callback_has_an_outcome_and_no_token(services: Services):
    store, callback = services.callbacks, waiting("closed")
    assert await store.claim(callback, TASK)
    assert not await store.claim(callback, TASK)
    await store.keep_token(callback.callback_id, Key("canary"))
    assert await store.task_and_token(callback.callback_id) == (TASK, Key("canary"))
    outcome = CallbackOutcome(callback.callback_id, callback.runs, "succeeded")
    await store.close(outcome)
    assert await store.outcome(callback.callback_id) == outcome
    with pytest.raises(CallbackFailed, match="no longer kept"):
        await store.task_and_token(callback.callback_id)


async def test_tokens_that_were_left_behind_are_forgotten_and_nothing_else(services: Services):
    store, callback = services.callbacks, waiting("left")
    await store.claim(callback, TASK)
    await store.keep_token(callback.callback_id, Key("canary"))
    assert await store.forget_tokens(older_than_hours=1) == 0
    assert await store.forget_tokens(older_than_hours=-1) == 1
    assert not await services.blobs.exists(WORK, f"callbacks/{callback.callback_id}/token")
    assert await store.callback(callback.callback_id) == callback


async def test_a_callback_that_nobody_took_up_is_not_found(services: Services):
    with pytest.raises(NotFound):
        await services.callbacks.callback("callback-none")
    assert await services.callbacks.outcome("callback-none") is None
