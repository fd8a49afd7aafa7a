"""Fuzzing of all that reads untrusted input, guided by coverage: `python -m tests.fuzz SECONDS`.

Each reader starts from real inputs and from what has once been trouble. What makes it reach a line or a branch of the
product that nothing has reached before is kept and changed further. The short form runs with the tests.

The seed is printed. With FUZZ_SEED and the same PYTHONHASHSEED (sets have an order) a run on the same code takes the
same inputs, as far as the time goes; the input that fails is told, and needs neither.
"""

import math
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.fuzz.coverage import Coverage
from tests.fuzz.mutation import mutated
from tests.fuzz.readers import READERS, Reader

SLOW_SECONDS = 5.0
"""CPU time. No input is long: what takes this long is an attack that works."""


@dataclass(frozen=True)
class Reach:
    """How far a run has come: lines and ways of branches of the product, and inputs that are kept."""

    lines: int
    ways: int
    kept: int


class Fuzzer:
    """Feeds readers, and keeps for each what led somewhere new."""

    def __init__(
        self,
        seed: int,
        readers: Sequence[Reader] = READERS,
        coverage: Coverage | None = None,
        most_seeds: int | None = None,
    ) -> None:
        self.coverage = Coverage() if coverage is None else coverage
        self.taken = Counter[str]()
        self._seed, self._chance = seed, random.Random(seed)
        self._readers = readers
        self._kept = {reader.name: self._some(list(reader.seeds()), most_seeds) for reader in readers}

    def start(self) -> None:
        """Feed the seeds. What only the first input costs, such as loading a parser, is not held against it."""
        for reader in self._readers:
            self._feed(reader, self._kept[reader.name][0], math.inf)
            for data in self._kept[reader.name]:
                self._feed(reader, data)

    def turn(self) -> None:
        """Feed each reader changed inputs, more to those that are quick."""
        for reader in self._readers:
            kept = self._kept[reader.name]
            for _ in range(reader.each_turn):
                newer = max(self._chance.randrange(len(kept)), self._chance.randrange(len(kept)))
                data = mutated(kept[newer], self._chance.choice(kept), self._chance)
                before = len(self.coverage)
                self._feed(reader, data)
                self.taken[reader.name] += 1
                if len(self.coverage) > before:
                    kept.append(data)

    def reach(self) -> Reach:
        """How far this has come."""
        return Reach(len(self.coverage.lines), len(self.coverage.ways), sum(map(len, self._kept.values())))

    def _some(self, seeds: list[bytes], most: int | None) -> list[bytes]:
        """All, or the first, which loads what is slow to load, and others by chance."""
        return seeds if most is None else seeds[:1] + self._chance.sample(seeds[1:], min(most, len(seeds)) - 1)

    def _feed(self, reader: Reader, data: bytes, most_seconds: float = SLOW_SECONDS) -> None:
        started = time.process_time()
        try:
            reader.read(data)
            took = time.process_time() - started
            assert took < most_seconds, f"{took:.1f} s"
        except Exception as error:
            error.add_note(f"{reader.name}, seed {self._seed}: {data!r}")
            raise


@dataclass(frozen=True)
class Report:
    """What a run has done: changed inputs by reader, and how far it was after the seeds and at the end."""

    taken: dict[str, int]
    start: Reach
    end: Reach


def fuzz(seconds: float, seed: int, most_seeds: int | None = None) -> Report:
    """Feed all readers until the time is up, first their seeds (or `most_seeds` of each), which the time leaves out.

    What fails raises, with the input in a note.
    """
    fuzzer = Fuzzer(seed, most_seeds=most_seeds)
    with fuzzer.coverage.measured():
        fuzzer.start()
        start, until = fuzzer.reach(), time.monotonic() + seconds
        fuzzer.turn()
        while time.monotonic() < until:
            fuzzer.turn()
    return Report(dict(fuzzer.taken), start, fuzzer.reach())
