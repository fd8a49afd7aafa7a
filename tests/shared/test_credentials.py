"""The key in memory: read as seldom as possible, replaced as soon as it is rejected, never shown."""

import asyncio

import pytest

from shared.credentials import CachedKey, FixedKey, Key, is_sendable


class Store:
    """Where the key is read from: it can be rotated, broken, and counts its readings. `clock` is its time."""

    def __init__(self) -> None:
        self.value = "first"
        self.now = 0.0
        self.readings = 0
        self.broken = False
        self.keys = CachedKey(self.read, 900, clock=lambda: self.now)

    async def read(self) -> str:
        self.readings += 1
        await asyncio.sleep(0.01)
        if self.broken:
            raise ConnectionError
        return self.value


@pytest.fixture
def store() -> Store:
    return Store()


async def test_many_calls_read_once(store: Store):
    keys = await asyncio.gather(*(store.keys.current() for _ in range(20)))
    assert {key.value for key in keys} == {"first"}
    await store.keys.current()
    assert store.readings == 1


async def test_a_key_is_read_again_when_its_time_is_up(store: Store):
    await store.keys.current()
    store.value, store.now = "second", 899.0
    assert (await store.keys.current()).value == "first"
    store.now = 900.0
    assert (await store.keys.current()).value == "second"
    assert store.readings == 2


async def test_no_stale_key_stands_in_for_one_that_cannot_be_read(store: Store):
    await store.keys.current()
    store.now, store.broken = 900.0, True
    with pytest.raises(ConnectionError):
        await store.keys.current()


async def test_a_failed_reading_is_shared_and_the_next_call_tries_again(store: Store):
    store.broken = True
    failed = await asyncio.gather(*(store.keys.current() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(each, ConnectionError) for each in failed)
    assert store.readings == 1
    store.broken = False
    assert (await store.keys.current()).value == "first"


async def test_calls_rejected_together_read_once_and_get_the_new_key(store: Store):
    old = await store.keys.current()
    store.value = "second"
    newer = await asyncio.gather(*(store.keys.instead_of(old) for _ in range(20)))
    assert {key and key.value for key in newer} == {"second"}
    assert store.readings == 2


async def test_a_call_rejected_after_the_others_reads_nothing(store: Store):
    old = await store.keys.current()
    store.value = "second"
    await store.keys.instead_of(old)
    late = await store.keys.instead_of(old)
    assert late is not None
    assert late.value == "second"
    assert store.readings == 2


async def test_a_rejected_key_that_is_still_the_one_in_the_vault_has_no_successor(store: Store):
    old = await store.keys.current()
    newer = await asyncio.gather(*(store.keys.instead_of(old) for _ in range(20)))
    assert set(newer) == {None}
    assert await store.keys.instead_of(old) is None, "the reading since then has settled it"
    assert store.readings == 2


async def test_a_rejected_key_is_not_used_again_when_the_reading_after_it_fails(store: Store):
    old = await store.keys.current()
    store.broken = True
    with pytest.raises(ConnectionError):
        await store.keys.instead_of(old)
    store.broken, store.value = False, "second"
    assert (await store.keys.current()).value == "second"


async def test_a_cancelled_call_does_not_take_the_reading_from_the_others(store: Store):
    hasty, patient = (asyncio.create_task(store.keys.current()) for _ in range(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert (await patient).value == "first"
    assert hasty.cancelled()
    assert store.readings == 1


async def test_a_fixed_key_has_no_successor():
    keys = FixedKey("only")
    key = await keys.current()
    assert key.value == "only"
    assert await keys.instead_of(key) is None


async def test_no_repr_shows_a_key(store: Store):
    await store.keys.current()
    for shown in (Key("first"), FixedKey("first"), store.keys):
        assert "first" not in repr(shown)


@pytest.mark.parametrize("key", ["sk-ant-api03-AbC_d-9", "x"])
def test_a_key_of_visible_ascii_can_be_sent(key: str):
    assert is_sendable(key)


@pytest.mark.parametrize("key", ["", "two words", "two\nlines", "tab\t", "nul\0", "schlüssel", "null\u200bbreit"])
def test_anything_else_cannot(key: str):
    assert not is_sendable(key)
