"""Limits of what one process does at once: threads that compute, and bytes that activities hold in memory.

Activities that wait for Claude cost next to nothing, so the host runs many of them; these limits bound the rest.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass
from typing import Any, cast

from shared.contracts import BlobRef

MOST_BYTES = 512 * 1024 * 1024
"""Memory that all activities together may use for what they read: a quarter of the smallest instance."""
COPIES = 6
"""How often a text is held while it is worked with: bytes, text, readings, prompt, the request's body."""


class ProcessorLimit:
    """Work that uses the processor, in threads: as much at once as there are cores."""

    def __init__(self, count: int | None = None) -> None:
        self._free = asyncio.Semaphore(count or os.process_cpu_count() or 1)

    async def run[**P, T](self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """What `work` returns; the event loop goes on meanwhile."""
        async with self._free:
            return await asyncio.to_thread(work, *args, **named)


class MemoryLimit:
    """Room for so many bytes, given in the order in which it was asked for."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = self._left = most
        self._waiting = deque[tuple[int, asyncio.Future[None]]]()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncGenerator[None]:
        """Have room for `size` bytes inside. What is larger than all there is has it alone."""
        size = min(size, self._most)
        await self._take(size)
        try:
            yield
        finally:
            self._give(size)

    async def _take(self, size: int) -> None:
        if not self._waiting and size <= self._left:
            self._left -= size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give(size)
            raise

    def _give(self, size: int) -> None:
        self._left += size
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.cancelled():
                if size > self._left:
                    return
                self._left -= size
                turn.set_result(None)
            self._waiting.popleft()


def bytes_for(request: object) -> int:
    """The memory that an activity takes for what its request refers to."""
    return COPIES * _referred(request)


def _referred(value: object) -> int:
    if isinstance(value, BlobRef):
        return value.size
    if isinstance(value, tuple):
        return sum(map(_referred, cast(tuple[object, ...], value)))
    if is_dataclass(value):
        return sum(_referred(getattr(value, field.name)) for field in fields(cast(Any, value)))
    return 0
