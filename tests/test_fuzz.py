"""The fuzzer finds what only coverage leads to, tells the input, and says the same of the same seed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import Fuzzer
from tests.fuzz.coverage import Coverage
from tests.fuzz.readers import Reader

MAZE = """
def read_maze(data):
    words = data.split()
    if words[:1] == [b"delta"]:
        if words[1:2] == [b"gamma"]:
            if words[2:3] == [b"beta"]:
                raise RuntimeError("the end of the maze")
"""
TURNS = 1_000


def maze(folder: Path) -> Callable[[bytes], None]:
    """A reader that fails on one order of words alone."""
    names: dict[str, Callable[[bytes], None]] = {}
    exec(compile(MAZE, folder / "maze.py", "exec"), names)
    return names["read_maze"]


def walk(folder: Path, coverage: Coverage, turns: int = TURNS) -> Fuzzer:
    """A fuzzer that has gone through the maze, as far as it came."""
    fuzzer = Fuzzer(1, [Reader(maze(folder), lambda: [b"alpha beta gamma delta"], 10)], coverage)
    with coverage.measured():
        fuzzer.start()
        for _ in range(turns):
            fuzzer.turn()
    return fuzzer


def test_what_reaches_a_new_place_is_changed_further_until_it_fails(tmp_path: Path):
    with pytest.raises(RuntimeError, match="the end of the maze") as failed:
        walk(tmp_path, Coverage((f"{tmp_path}/",)))
    assert "delta" in failed.value.__notes__[0]


def test_without_coverage_the_same_inputs_do_not_get_there(tmp_path: Path):
    blind = walk(tmp_path, Coverage(("/nowhere/",)))
    assert blind.taken["maze"] == 10 * TURNS
    assert blind.reach().kept == 1


def test_both_ways_of_a_branch_are_places(tmp_path: Path):
    coverage = Coverage((f"{tmp_path}/",))
    read = maze(tmp_path)
    with coverage.measured():
        read(b"alpha")
        assert (len(coverage.lines), len(coverage.ways)) == (2, 1)
        read(b"delta")
        assert (len(coverage.lines), len(coverage.ways)) == (3, 3)
        read(b"delta beta")
        assert (len(coverage.lines), len(coverage.ways)) == (3, 3)


def test_a_seed_repeats_a_run(tmp_path: Path):
    first, second = (walk(tmp_path, Coverage((f"{tmp_path}/",)), turns=20) for _ in range(2))
    assert first.reach() == second.reach()
    assert first.reach().kept > 1
