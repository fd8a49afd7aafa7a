"""The picture of the rooms in docs/architecture.md is what the import graph says."""

import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
TOP = ("activities", "cli", "local", "orchestrators", "prove", "shared", "triggers")
EVERYWHERE = {"shared.contracts", "shared.errors", "shared.logs", "shared.credentials", "shared.concurrency", "shared"}
"""The ground that all rooms stand on, which the picture leaves out."""

type Arrows = frozenset[tuple[str, str]]


def room_of(module: str) -> str:
    """`shared.pack` for `shared.pack.model.shell`; the package itself outside `shared`."""
    return ".".join(module.split(".")[:2]) if module.startswith("shared.") else module.split(".")[0]


def imports_between_rooms() -> Arrows:
    graph = grimp.build_graph(*TOP, cache_dir=None)
    pairs = {
        (room_of(importer), room_of(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    }
    return frozenset(pair for pair in pairs if pair[0] != pair[1] and not EVERYWHERE & set(pair))


def picture() -> Arrows:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = text.split("## Layers", 1)[1].split("```mermaid", 1)[1].split("```", 1)[0]
    names = {path.stem for path in (ROOT / "shared").iterdir()}
    arrows = {
        (one, other)
        for ones, others in re.findall(r"^ *(\w+(?: & \w+)*) --> (\w+(?: & \w+)*)$", drawn, re.MULTILINE)
        for one in ones.split(" & ")
        for other in others.split(" & ")
    }
    return frozenset(
        (f"shared.{one}" if one in names else one, f"shared.{other}" if other in names else other)
        for one, other in arrows
    )


def below(room: str, arrows: Arrows) -> set[str]:
    """All rooms that arrows lead to from `room`."""
    found, waiting = set[str](), [room]
    while waiting:
        here = waiting.pop()
        reached = {other for one, other in arrows if one == here} - found
        found |= reached
        waiting.extend(reached)
    return found


@pytest.fixture(scope="module")
def imports() -> Arrows:
    return imports_between_rooms()


def test_every_arrow_of_the_picture_is_an_import(imports: Arrows):
    assert picture() - imports == set()


def test_every_import_between_rooms_follows_arrows_of_the_picture(imports: Arrows):
    drawn = picture()
    assert {pair for pair in imports if pair[1] not in below(pair[0], drawn)} == set()


def test_the_rooms_form_no_circle(imports: Arrows):
    rooms = {room for pair in imports for room in pair}
    assert {room for room in rooms if room in below(room, imports)} == set()
