"""The Claude API key in memory: how long it is kept, and what happens when Claude rejects it.

Touches the clock and nothing else: whoever builds a `CachedKey` says how the key is read. A key's value stays out of
`repr`, so that no log, traceback or crash report shows it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Key:
    """A key, and the number of the reading that it came from."""

    value: str = field(repr=False)
    reading: int = 0


class KeySource(Protocol):
    """Where calls get their key."""

    async def current(self) -> Key:
        """The key for a call that is made now."""
        ...

    async def instead_of(self, rejected: Key) -> Key | None:
        """The key that has taken the place of `rejected`; None while there is no other."""
        ...


class FixedKey:
    """A key that was given once and never changes."""

    def __init__(self, value: str) -> None:
        self._key = Key(value)

    async def current(self) -> Key:
        """The key."""
        return self._key

    async def instead_of(self, rejected: Key) -> Key | None:
        """None: there is only one."""
        return None


class CachedKey:
    """A key that can be rotated: read at the first call, kept for `lifetime_seconds`, read again once rejected.

    Calls that need a reading at the same time share one, and its failure too.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[str]],
        lifetime_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._lifetime = lifetime_seconds
        self._clock = clock
        self._key: Key | None = None
        self._fresh_until = 0.0
        self._readings = 0
        self._under_way: asyncio.Task[Key] | None = None

    async def current(self) -> Key:
        """The key as it was read less than a lifetime ago. Raises what `read` raises; no stale key stands in."""
        if self._key is None or self._clock() >= self._fresh_until:
            return await self._read_again()
        return self._key

    async def instead_of(self, rejected: Key) -> Key | None:
        """The newer key, read now unless that was done since `rejected` was; None where it is still the same one.

        However many calls were rejected together, the key is read once: a later reading than theirs settles it.
        """
        key = self._key
        if key is None or key.reading <= rejected.reading:
            self._fresh_until = 0.0  # should this reading fail, the rejected key is still not used again
            key = await self._read_again()
        return key if key.value != rejected.value else None

    async def _read_again(self) -> Key:
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._take_reading())
        # Shielded: a call that is cancelled does not take the reading away from the others.
        return await asyncio.shield(self._under_way)

    async def _take_reading(self) -> Key:
        try:
            value = await self._read()
            self._readings += 1
            self._key = Key(value, self._readings)
            self._fresh_until = self._clock() + self._lifetime
            return self._key
        finally:
            self._under_way = None


def is_sendable(key: str) -> bool:
    """Whether a key can travel in an HTTP header as it is: visible ASCII, without blanks.

    Anything else fails deep in the HTTP library, whose message then quotes the key.
    """
    return key.isascii() and key.isprintable() and bool(key) and " " not in key
