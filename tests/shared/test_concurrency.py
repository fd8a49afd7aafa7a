"""What one process does at once is bounded by cores and by memory, and nobody waits for ever."""

import asyncio
import threading
import time

import pytest

from shared.concurrency import COPIES, MemoryLimit, ProcessorLimit, bytes_for
from shared.contracts import AgentRequest, BlobRef, Document

MOMENT = 0.02


async def test_as_much_work_runs_at_once_as_there_are_cores():
    cores, running, most = ProcessorLimit(2), list[int](), list[int]()
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        time.sleep(MOMENT)
        with lock:
            running.pop()

    await asyncio.gather(*(cores.run(work) for _ in range(8)))
    assert max(most) == 2


async def test_what_fails_on_a_core_frees_it():
    cores = ProcessorLimit(1)
    with pytest.raises(ZeroDivisionError):
        await cores.run(lambda: 1 // 0)
    assert await cores.run(lambda: 1) == 1


async def test_memory_is_given_in_order_and_never_more_than_there_is():
    memory, held, most, order = MemoryLimit(10), list[int](), list[int](), list[int]()

    async def hold(number: int, size: int) -> None:
        async with memory.hold(size):
            order.append(number)
            held.append(size)
            most.append(sum(held))
            await asyncio.sleep(MOMENT)
            held.remove(size)

    await asyncio.gather(*(hold(number, size) for number, size in enumerate([6, 6, 3, 10, 1])))
    assert max(most) <= 10
    assert order == [0, 1, 2, 3, 4], "a small one does not pass a large one for ever"


async def test_what_is_larger_than_all_memory_has_it_alone():
    memory = MemoryLimit(10)
    async with memory.hold(1_000):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(MOMENT), memory.hold(1):
                pass
    async with asyncio.timeout(1), memory.hold(10):
        pass


async def test_whoever_waits_for_memory_and_gives_up_takes_none():
    memory = MemoryLimit(1)
    async with memory.hold(1):
        waiting = [asyncio.create_task(_hold_briefly(memory)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting, return_exceptions=True)
        async with memory.hold(1):
            pass


async def _hold_briefly(memory: MemoryLimit) -> None:
    async with memory.hold(1):
        pass


def test_a_request_weighs_what_it_refers_to():
    prd, other = BlobRef("runs", "a", "ab" * 32, 1_000), BlobRef("runs", "b", "ab" * 32, 10)
    request = AgentRequest("r", "a", "draft", "p", "python", None, prd, "o.md", (Document("d.md", "a", other),))
    assert bytes_for(request) == COPIES * 1_010
