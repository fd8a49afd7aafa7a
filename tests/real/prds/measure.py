"""Holds what is extracted from the labelled PRDs against their labels. `python -m tests.real.prds.measure` prints it."""

import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.prd.requirements import Requirement, extract_requirements

DOCUMENTS = Path(__file__).parent / "documents"


@dataclass(frozen=True)
class Label:
    """A statement as a person sees it."""

    line: int
    until: int
    text: str
    kind: str
    family: int | None

    def fits(self, found: Requirement) -> bool:
        """Whether a requirement is this statement: it stands there, and shares half of the words."""
        ours, theirs = _words(self.text), _words(found.text)
        shared = len(ours & theirs) * 2 >= min(len(ours), len(theirs))
        return self.line <= found.line <= self.until and (shared or self.until > self.line)


@dataclass(frozen=True)
class Measured:
    """One PRD: how many statements are `asked`, which were `missed`, which requirements are `spurious`, and which
    have another kind or another family than the label says."""

    name: str
    kept_out: bool
    asked: int
    extracted: int
    missed: tuple[Label, ...]
    spurious: tuple[Requirement, ...]
    other_kind: tuple[tuple[Label, Requirement], ...]
    other_family: tuple[tuple[Label, Requirement], ...]


@dataclass(frozen=True)
class Figures:
    """Shares of several PRDs: found of what is asked; spurious, and of another kind or family, of what was extracted."""

    found: float
    spurious: float
    kind: float
    family: float


def measure(name: str) -> Measured:
    """Extract one document's requirements and hold them against its labels."""
    said = tomllib.loads((DOCUMENTS / f"{name}.toml").read_text("utf-8"))
    labels = [_label(table) for table in said["asked"]]
    extracted = extract_requirements((DOCUMENTS / f"{name}.md").read_text("utf-8"))
    pairs, spurious = _pair(labels, extracted)
    families = {label.line: found.id for label, found in pairs if label.kind != "restated"}
    above = {one.id: one.parent for one in extracted}
    apart = [
        (label, found)
        for label, found in pairs
        if _root(found.id, above) != _root(families.get(label.family or 0, found.id), above)
        or (label.family is None and found.parent is not None and found.parent not in _heads(labels, families))
    ]
    asked = [label for label in labels if label.kind != "restated"]
    matched = {id(label) for label, _ in pairs}
    return Measured(
        name,
        said["kept_out"],
        len(asked),
        len(extracted),
        tuple(label for label in asked if id(label) not in matched),
        (*spurious, *(found for label, found in apart if label.kind == "restated")),
        tuple((label, found) for label, found in pairs if label.kind not in ("restated", found.kind)),
        tuple((label, found) for label, found in apart if label.kind != "restated"),
    )


def figures(measured: Iterable[Measured]) -> Figures:
    """The shares of several PRDs together."""
    all_of = list(measured)
    asked, extracted = sum(one.asked for one in all_of), sum(one.extracted for one in all_of)
    return Figures(
        found=1 - sum(len(one.missed) for one in all_of) / asked,
        spurious=sum(len(one.spurious) for one in all_of) / extracted,
        kind=sum(len(one.other_kind) for one in all_of) / extracted,
        family=sum(len(one.other_family) for one in all_of) / extracted,
    )


def names() -> list[str]:
    """All labelled documents."""
    return sorted(path.stem for path in DOCUMENTS.glob("*.toml"))


def _label(table: dict[str, Any]) -> Label:
    return Label(table["line"], table.get("until", table["line"]), table["text"], table["kind"], table.get("family"))


def _pair(
    labels: list[Label], extracted: Iterable[Requirement]
) -> tuple[list[tuple[Label, Requirement]], list[Requirement]]:
    """Each requirement with the first label that fits and is free; those for which there is none."""
    free, pairs, spurious = list(labels), list[tuple[Label, Requirement]](), list[Requirement]()
    for found in extracted:
        label = next((label for label in free if label.fits(found)), None)
        if label is None:
            spurious.append(found)
        else:
            free.remove(label)
            pairs.append((label, found))
    return pairs, spurious


def _heads(labels: list[Label], families: dict[int, str]) -> set[str]:
    """The ids of what has a family by its labels."""
    return {families.get(label.family, "") for label in labels if label.family} | {
        families.get(label.line, "") for label in labels if label.family
    }


def _root(identifier: str, above: dict[str, str | None]) -> str:
    while parent := above.get(identifier):
        identifier = parent
    return identifier


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _show(one: Measured) -> None:
    print(f"{one.name}: {one.asked} asked, {one.extracted} extracted")
    for label in one.missed:
        print(f"  missed    {label.line}: {label.text}")
    for found in one.spurious:
        print(f"  spurious  {found.line}: {found.id} {found.text}")
    for label, found in one.other_kind:
        print(f"  kind      {label.line}: {found.id} is {found.kind}, not {label.kind}: {label.text}")
    for label, found in one.other_family:
        print(f"  family    {label.line}: {found.id} below {found.parent}: {label.text}")


def main() -> None:
    """Print each document's differences, and the figures; with `--seen`, nothing of those that are kept out."""
    seen = "--seen" in sys.argv
    measured = [one for one in map(measure, names()) if not (seen and one.kept_out)]
    for one in measured:
        _show(one)
    for title, kept in (("seen", False), ("kept out", True)):
        if group := [one for one in measured if one.kept_out == kept]:
            shares = figures(group)
            print(
                f"{title}: found {shares.found:.1%}, spurious {shares.spurious:.1%}, "
                f"other kind {shares.kind:.1%}, other family {shares.family:.1%}"
            )


if __name__ == "__main__":
    main()
