"""Findings and what was not judged, by document, each with a link to its line. Pure."""

from typing import Any

from shared.formats.openapi_objects import mapping, text_of
from shared.pack.report.anchors import Anchors
from shared.pack.report.markup import Html, counted, el, join, link, ticked
from shared.pack.report.verdict import Manifest, said_by_checks

MOST_SHOWN = 300
"""Findings of one document; manifest.json has them all."""
_ORDER = {"error": 0, "warning": 1}
_NAMES = {"error": "Error", "warning": "Warning"}


def findings(manifest: Manifest, anchors: Anchors) -> Html:
    """The findings that are left, grouped by document, errors first."""
    listed = said_by_checks(manifest)
    parts = [_unchecked(manifest)]
    if not listed:
        parts.append(el("p", "No check found anything, and none had to give up anywhere."))
    by_document: dict[str, list[dict[str, Any]]] = {}
    for one in listed:
        by_document.setdefault(text_of(one.get("deliverable")), []).append(one)
    worst_first = sorted(by_document, key=lambda name: min(_weight(one) for one in by_document[name]))
    parts += [_document(name, by_document[name], anchors) for name in worst_first]
    return join(parts)


def _unchecked(manifest: Manifest) -> Html:
    failure = mapping(manifest.get("unchecked"))
    if not failure:
        return Html()
    return el("p", el("strong", "The documents were not held against each other. "), failure.get("detail"), cls="alert")


def _weight(one: dict[str, Any]) -> int:
    return _ORDER.get(text_of(one.get("severity")), 2)


def _document(name: str, listed: list[dict[str, Any]], anchors: Anchors) -> Html:
    ordered = sorted(listed, key=lambda one: (_weight(one), one.get("line") or 0))
    severities = [text_of(one.get("severity")) for one in listed]
    errors, warnings = severities.count("error"), severities.count("warning")
    counts = [counted(errors, "error")] * bool(errors) + [counted(warnings, "warning")] * bool(warnings)
    counts += [f"{len(listed) - errors - warnings} not judged"] * (len(listed) > errors + warnings)
    items = [_finding(name, one, anchors) for one in ordered[:MOST_SHOWN]]
    if len(ordered) > MOST_SHOWN:
        items.append(el("li", f"{len(ordered) - MOST_SHOWN} more are in manifest.json."))
    heading = el("h3", link(name, anchors.document(name)), " ", el("span", ", ".join(counts), cls="note"))
    return join((heading, el("ul", join(items), cls="found")))


def _finding(name: str, one: dict[str, Any], anchors: Anchors) -> Html:
    severity, line = text_of(one.get("severity")), one.get("line")
    number = line if isinstance(line, int) else 1
    return el(
        "li",
        el("p", el("span", _NAMES.get(severity, "Not judged"), cls=f"badge {severity}"), " ",
           link(f"line {number}", anchors.line(name, number)), " ", el("code", one.get("rule"), cls="rule"),
           cls="head"),
        el("p", ticked(one.get("message"))),
        el("p", ticked(one.get("mend")), cls="mend") if one.get("mend") else "",
    )  # fmt: skip
