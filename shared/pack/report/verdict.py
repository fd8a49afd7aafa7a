"""What a lead needs first: the verdict in words, what needs a person, where to begin, the figures. Pure.

Everything is taken from manifest.json; nothing is judged anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.formats.openapi_objects import mapping, sequence, text_of
from shared.pack.report.anchors import Anchors
from shared.pack.report.markup import Html, counted, el, join, link

type Manifest = dict[str, Any]


@dataclass(frozen=True)
class Tally:
    """How much of everything there is."""

    errors: int
    warnings: int
    unjudged: int
    wanted: int
    designed: int
    missing: int
    declined: int
    written: int
    deliverables: int


def said_by_checks(manifest: Manifest) -> list[dict[str, Any]]:
    """Errors and warnings, then what was not judged, which manifest.json lists apart."""
    return [mapping(one) for name in ("findings", "not_judged") for one in sequence(manifest.get(name))]


def tally(manifest: Manifest) -> Tally:
    """Count what the manifest lists."""
    severities = [text_of(one.get("severity")) for one in said_by_checks(manifest)]
    coverage = mapping(mapping(manifest.get("ledger")).get("coverage"))
    states = [mapping(one).get("path") for one in sequence(manifest.get("deliverables"))]
    errors, warnings = severities.count("error"), severities.count("warning")
    return Tally(
        errors, warnings, len(severities) - errors - warnings,
        *(int(coverage.get(name) or 0) for name in ("wanted", "designed", "missing", "declined")),
        written=sum(bool(path) for path in states), deliverables=len(states),
    )  # fmt: skip


def verdict(manifest: Manifest) -> tuple[str, str, str]:
    """Its tone (good, care, bad), itself, and the sentence that explains it."""
    count, status = tally(manifest), text_of(manifest.get("status"))
    if status == "failed":
        return "bad", "There is no design", "The architecture is missing, and everything else builds on it."
    if status == "cancelled":
        return "bad", "Cancelled before it was finished", f"{_written(count)} Do not build from this pack."
    if status == "partial" or count.written < count.deliverables:
        return "bad", "Incomplete: not yet fit to build from", f"{_written(count)} See below what is missing, and why."
    if count.errors:
        proven = f"{counted(count.errors, 'proven error')} {'is' if count.errors == 1 else 'are'} left"
        return "bad", "Mend before you build", f"Every document is there, but {proven} in them."
    if manifest.get("unchecked"):
        return "care", "Read with care", "The documents were not held against each other, so they may disagree."
    if count.missing:
        those = counted(count.missing, "requirement is", "requirements are")
        return "care", "Nearly ready: requirements are missing", f"All checks passed, but {those} not designed."
    rest = f" {counted(count.warnings, 'warning is', 'warnings are')} worth a look." if count.warnings else ""
    return "good", "Ready for review", f"Every document was written, and no check proves an error in any.{rest}"


def _written(count: Tally) -> str:
    return f"{count.written} of {counted(count.deliverables, 'document')} were written."


@dataclass(frozen=True)
class Need:
    """What no machine can settle: how much of it, what it is, and the part of the page that lists it."""

    number: int
    what: str
    part: str


def needs(manifest: Manifest) -> list[Need]:
    """What needs a person, the most pressing first."""
    count = tally(manifest)
    suspicions = len(sequence(manifest.get("suspicions")))
    listed = (
        (len(sequence(manifest.get("missing"))), "piece of work that was not done", "pieces of work that were not done",
         "missing"),
        (count.errors, "error to mend", "errors to mend", "findings"),
        (count.missing, "requirement that nothing designs", "requirements that nothing designs", "requirements"),
        (_points(manifest, "Open questions"), "open question to answer", "open questions to answer", "open-questions"),
        (_points(manifest, "Risks"), "risk to weigh", "risks to weigh", "risks"),
        (count.declined, "requirement left out with a reason", "requirements left out, each with its reason",
         "requirements"),
        (suspicions, "passage of the PRD that speaks to the pipeline", "passages of the PRD that speak to the pipeline",
         "suspicious"),
        (count.warnings, "warning to look at", "warnings to look at", "findings"),
        (count.unjudged, "place that no check could judge", "places that no check could judge", "findings"),
    )  # fmt: skip
    return [Need(number, one if number == 1 else many, part) for number, one, many, part in listed if number]


def needs_people(manifest: Manifest) -> Iterator[Html]:
    """The same for the page, each with a link to its place."""
    for need in needs(manifest):
        yield el("li", link(f"{need.number:,} {need.what}", f"#{need.part}"))


def verdict_json(manifest: Manifest) -> dict[str, Any]:
    """The verdict and what needs a person, for manifest.json."""
    tone, said, why = verdict(manifest)
    people = [{"number": need.number, "what": need.what} for need in needs(manifest)]
    return {"tone": tone, "verdict": said, "reason": why, "needs": people}


def _points(manifest: Manifest, section: str) -> int:
    """How many points a section makes: its list items, or the rows of its table."""
    lines = text_of(mapping(manifest.get("sections")).get(section)).splitlines()
    points = sum(line.startswith(("- ", "* ", "+ ")) or line.split(". ")[0].isdigit() for line in lines)
    rows = sum(line.startswith("|") for line in lines)
    return points or max(0, rows - 2)


def begin_with(manifest: Manifest, anchors: Anchors) -> Iterator[Html]:
    """Where a reader begins: the architecture, the API, what was assumed, the files to build from."""
    names = [text_of(mapping(one).get("name")) for one in sequence(manifest.get("deliverables"))]
    if "integration-architecture.md" in names and "integration-architecture.md" in anchors.documents:
        yield el("li", link("The architecture", anchors.document("integration-architecture.md")),
                 ": what is built, and why so.")  # fmt: skip
    if mapping(manifest.get("api")).get("operations"):
        yield el(
            "li",
            link("The API", "#api" if anchors.documents else anchors.file("openapi.yaml")),
            ": every operation, with its schemas and errors.",
        )
    if mapping(manifest.get("sections")).get("Assumptions"):
        yield el("li", link("The assumptions", "#assumptions"), ": object before work is built on them.")
    yield el("li", link("The files", "#files"), ": contract, pipeline, queries and tests to start from.")


def figures(manifest: Manifest) -> Html:
    """The pack in a row of numbers."""
    count, accounts = tally(manifest), mapping(manifest.get("accounting"))
    passed = sum(mapping(one).get("passed") is True for one in sequence(manifest.get("deliverables")))
    operations = mapping(manifest.get("api")).get("operations")
    cost = accounts.get("total_cost_usd")
    shown = (
        (f"{passed}/{count.deliverables}", "documents passed"),
        (f"{count.designed}/{count.wanted}", "requirements designed"),
        (str(len(sequence(operations))), "API operations"),
        (f"{count.errors}", "errors"),
        (f"{count.warnings}", "warnings"),
        (f"{count.unjudged}", "not judged"),
        (f"${cost:,.2f}" if isinstance(cost, int | float) else "unknown", "cost"),
    )
    return el("dl", join(el("div", el("dt", name), el("dd", number)) for number, name in shown), cls="figures")
