"""The ledger as people read it: by section of the PRD, each cell with links to the very places. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.formats.openapi_objects import mapping, sequence, text_of
from shared.pack.report.anchors import Anchors
from shared.pack.report.markup import Html, counted, el, join, link, scrolling
from shared.pack.report.verdict import Manifest

MOST_ROWS = 1_000
FOLDED_PLACES = 12
"""Places in one cell below the first; ledger.csv has them all."""
ASPECTS = ("designed", "tested", "shipped", "observed")
_KINDS = {"functional": "functional", "quality": "quality", "constraint": "constraint", "non_goal": "non-goal"}


def requirements(manifest: Manifest, anchors: Anchors) -> Html:
    """Coverage in a sentence, the filters, and the tree."""
    ledger = mapping(manifest.get("ledger"))
    rows = [mapping(one) for one in sequence(ledger.get("rows"))]
    if not rows:
        return el("p", "The PRD states no requirement that code could find.")
    shown = rows[:MOST_ROWS]
    parts = [_coverage(mapping(ledger.get("coverage"))), _filters(), _table(shown, anchors)]
    if len(rows) > len(shown):
        parts.append(
            el("p", f"{len(rows) - len(shown)} more are in ", link("ledger.csv", anchors.file("ledger.csv")), ".")
        )
    unknown = [mapping(one) for one in sequence(ledger.get("unknown_ids"))]
    if unknown:
        listed = join(
            el("li", el("code", one.get("id")), " in ", _place(one.get("file"), one.get("line"), anchors))
            for one in unknown[:100]
        )
        parts.append(join((el("h3", "Cited, but not in the PRD"), el("ul", listed))))
    return join(parts)


def _coverage(coverage: Mapping[str, Any]) -> Html:
    wanted = int(coverage.get("wanted") or 0)
    bars: list[Html] = []
    for aspect in ASPECTS:
        number = int(coverage.get(aspect) or 0)
        meter = el("meter", f"{number} of {wanted}", min="0", max=max(1, wanted), value=number,
                   aria_label=f"{aspect}: {number} of {wanted}")  # fmt: skip
        bars.append(el("div", el("dt", aspect.capitalize()), el("dd", f"{number} of {wanted}", meter)))
    return el("dl", join(bars), cls="coverage")


def _filters() -> Html:
    """Controls that the page's script shows."""
    kinds = join(el("option", shown, value=kind) for kind, shown in _KINDS.items())
    states = (("missing", "not designed"), ("declined", "left out with a reason"), ("untested", "designed, not tested"))
    verdicts = join(el("option", shown, value=value) for value, shown in states)
    return el(
        "div",
        el("label", "Find", el("input", type="search", id="find", autocomplete="off")),
        el("label", "Kind", el("select", el("option", "all", value=""), kinds, id="kind")),
        el("label", "State", el("select", el("option", "all", value=""), verdicts, id="state")),
        el("p", "", id="shown", role="status"),
        cls="filters",
        hidden=True,
    )


def _table(rows: list[dict[str, Any]], anchors: Anchors) -> Html:
    head = el(
        "tr", join(el("th", name, scope="col") for name in ("Requirement", *(one.capitalize() for one in ASPECTS)))
    )
    bodies = join(_section(section, held, anchors) for section, held in _by_section(rows))
    return scrolling(el("table", el("thead", head), bodies, cls="ledger", id="ledger"), "Requirements and their places")


def _by_section(rows: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    held: list[dict[str, Any]] = []
    for row in rows:
        if held and held[-1].get("section") != row.get("section"):
            yield text_of(held[0].get("section")), held
            held = []
        held.append(row)
    if held:
        yield text_of(held[0].get("section")), held


def _section(title: str, rows: list[dict[str, Any]], anchors: Anchors) -> Html:
    wanted = sum(row.get("kind") != "non_goal" for row in rows)
    designed = sum(row.get("verdict") == "designed" for row in rows if row.get("kind") != "non_goal")
    tail = f"{designed} of {wanted} designed" if wanted else counted(len(rows), "non-goal")
    heading = el("th", title or "The PRD", " ", el("span", tail, cls="note"), colspan="5", scope="colgroup")
    return el("tbody", el("tr", heading, cls="section"), join(_row(row, anchors) for row in rows))


def _row(row: dict[str, Any], anchors: Anchors) -> Html:
    kind, verdict = text_of(row.get("kind")), text_of(row.get("verdict"))
    name = text_of(row.get("id"))
    line = row.get("line")
    asked = el(
        "th",
        el("span", link(name, anchors.line("prd.md", line) if isinstance(line, int) else None), " ",
           el("span", _KINDS.get(kind, kind), cls="kind"), cls="id"),
        el("span", row.get("text"), cls="asked"),
        el("span", f"Left out: {row.get('reason')}", cls="reason") if row.get("reason") else "",
        scope="row",
    )  # fmt: skip
    untested = verdict == "designed" and not row.get("tested")
    state = " ".join([verdict, *(["untested"] if untested else [])])
    cells = join(_cell(row, aspect, anchors) for aspect in ASPECTS)
    return el("tr", asked, cells, id=name or None, data_kind=kind, data_state=state)


def _cell(row: dict[str, Any], aspect: str, anchors: Anchors) -> Html:
    evidence = [mapping(one) for one in sequence(row.get(aspect))]
    label = aspect.capitalize()
    if not evidence:
        is_gap = aspect == "designed" and row.get("verdict") == "missing"
        declined = mapping(row.get("declined_at"))
        if aspect == "designed" and declined:
            return el(
                "td", _place(declined.get("file"), declined.get("line"), anchors, "declined here"), data_label=label
            )
        shown = el("span", "Missing", cls="bad") if is_gap else el("span", "none", cls="none")
        return el("td", shown, data_label=label)
    ordered = sorted(evidence, key=lambda one: one.get("kind") == "section")  # what is named tells more
    first, *others = [_evidence(one, anchors) for one in ordered[: 1 + FOLDED_PLACES]]
    more = len(evidence) - 1
    rest = el("details", el("summary", f"{more} more"), el("ul", join(el("li", one) for one in others))) if more else ""
    return el("td", el("div", first, rest), data_label=label)


def _evidence(one: Mapping[str, Any], anchors: Anchors) -> Html:
    """A place by its name, which may break where its words do."""
    name = join(re.split(r"(?<=[_/.])|(?<=[a-z])(?=[A-Z])", text_of(one.get("name"))[:90]), Html("<wbr>"))
    return join((el("span", one.get("kind"), cls="kind"), " ", _place(one.get("file"), one.get("line"), anchors, name)))


def _place(file: object, line: object, anchors: Anchors, label: object = "") -> Html:
    name, number = text_of(file), line if isinstance(line, int) else 1
    return link(label or f"{name}:{number}", anchors.line(name, number))
