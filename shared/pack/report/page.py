"""Puts the report together: one file that needs no network and no script. Pure.

Its Content-Security-Policy lets in nothing but this file's own style and script, by their hashes, and pictures that
stand in it. The script only filters, folds and copies.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self, cast

from shared.formats import markdown
from shared.formats.openapi_objects import mapping, sequence, text_of
from shared.pack.report.anchors import Anchors, slug
from shared.pack.report.api import api
from shared.pack.report.code import code_block
from shared.pack.report.documents import Draw, Rendering, is_renderable, render, toc, undrawn
from shared.pack.report.findings import findings
from shared.pack.report.markup import Html, counted, el, join, link, text
from shared.pack.report.requirements import MOST_ROWS, requirements
from shared.pack.report.timeline import timeline
from shared.pack.report.verdict import begin_with, figures, needs_people, verdict

LARGEST = 12_000_000
"""Characters of rendered documents; those beyond are linked to instead."""
SHORTEST_LEAD, LONGEST_LEAD = 30, 420
LARGEST_FILE = 200_000
MOST_FILES = 60
"""Queries and pipelines that the page shows."""
HEAD = 2_000
"""Characters of a page that hold its policy."""
_STYLE = re.compile(r"style-src (?:'|&#x27;)(sha256-[A-Za-z0-9+/]{43}=)(?:'|&#x27;)")
_HERE = Path(__file__).parent
_OPEN = ("Open questions", "Risks", "Assumptions")
_SUMS = ("Non-goals", "API surface", "Data stores", "Environments", "SLOs")
_PRD = "The PRD"
_SHOWN = {"kql": "kql", "yml": "yaml", "yaml": "yaml"}


@dataclass(frozen=True)
class ReportInput:
    """What a report shows: manifest.json, the documents by name (prd.md among them), the extracted files by path."""

    manifest: dict[str, Any]
    documents: dict[str, str]
    files: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"manifest": self.manifest, "documents": self.documents, "files": self.files}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        documents, files = (cast("dict[str, str]", mapping(data.get(name))) for name in ("documents", "files"))
        return cls(mapping(data.get("manifest")), documents, files)


def render_report(given: ReportInput, draw: Draw = undrawn) -> str:
    """The page. `draw` draws diagrams; without it their source is shown."""
    shown = {name: f"doc-{slug(name.removesuffix('.md'))}" for name, source in given.documents.items()
             if is_renderable(source)}  # fmt: skip
    rows = sequence(mapping(given.manifest.get("ledger")).get("rows"))[:MOST_ROWS]
    known = {text_of(mapping(row).get("id")) for row in rows}
    anchors = Anchors(shown, _links(given.manifest), known)
    sections = list(_sections(given, anchors, draw))  # documents come last: only then all links into them are known
    return _page(given, sections, anchors)


def render_brief(given: ReportInput) -> str:
    """The page without documents and reference, for where those cannot be rendered: quick whatever they hold."""
    return render_report(ReportInput(given.manifest, {}, {}))


@dataclass(frozen=True)
class _Section:
    id: str
    title: str
    body: Html
    parts: tuple[tuple[str, str], ...] = ()
    """Titles and ids of what the navigation lists below the section."""


def _links(manifest: dict[str, Any]) -> dict[str, str]:
    listed = [*sequence(manifest.get("deliverables")), *sequence(manifest.get("files"))]
    links = {"MANIFEST.md": "MANIFEST.md", "manifest.json": "manifest.json"}
    for one in map(mapping, listed):
        link_ = text_of(one.get("link"))
        if link_:
            links[text_of(one.get("name")) or link_] = link_
    return links


def _sections(given: ReportInput, anchors: Anchors, draw: Draw) -> Iterator[_Section]:
    manifest = given.manifest
    yield _open_for_people(manifest, anchors)
    yield _Section("agents", "Agents", timeline(manifest))
    yield _Section("requirements", "Requirements", requirements(manifest, anchors))
    yield _Section("findings", "Findings", findings(manifest, anchors))
    sums = [join((el("h3", name), _written(manifest, name, anchors))) for name in _SUMS if _has(manifest, name)]
    if sums:
        yield _Section("summary", "Design at a glance", join(sums))
    documents = list(_documents(given, anchors, draw))
    if documents:
        parts = tuple(
            (_PRD if name == "prd.md" else name.removesuffix(".md"), anchors.documents[name])
            for name in given.documents
            if name in anchors.documents
        )
        yield _Section("documents", "Documents", join(documents), parts)
    else:
        why = "The documents are not shown here: they could not be rendered in time. All of them are listed below."
        yield _Section("documents", "Documents", el("p", why, cls="alert"))
    if "openapi.yaml" in given.files:
        yield _Section("api", "API reference", api(given.files["openapi.yaml"]))
    yield _Section("files", "Files", _files(given, anchors))


def _has(manifest: dict[str, Any], name: str) -> bool:
    return bool(mapping(manifest.get("sections")).get(name))


def _written(manifest: dict[str, Any], name: str, anchors: Anchors) -> Html:
    """A section of the orchestrator agent's."""
    source = text_of(mapping(manifest.get("sections")).get(name))
    if not anchors.documents:  # the brief page reads no Markdown, whose rendering can take long
        return code_block(source, "")
    if not is_renderable(source):
        return el("p", "Too long to show; see ", link("MANIFEST.md", anchors.file("MANIFEST.md")), ".")
    return render(source, Rendering(f"said-{slug(name)}", anchors, undrawn))


def _open_for_people(manifest: dict[str, Any], anchors: Anchors) -> _Section:
    parts: list[Html] = []
    missing = [mapping(one) for one in sequence(manifest.get("missing"))]
    if missing:
        parts.append(join((el("h3", "What is missing", id="missing"), el("ul", join(map(_missing, missing))))))
    suspicions = [mapping(one) for one in sequence(manifest.get("suspicions"))]
    if suspicions:
        items = join(
            el("li", link(f"line {one.get('line')} of the PRD", anchors.line("prd.md", int(one.get("line") or 1))),
               ": ", one.get("reason")) for one in suspicions[:100]
        )  # fmt: skip
        note = el("p", "These passages speak to whoever processes the PRD. They were treated as text like any other.")
        parts.append(join((el("h3", "Suspicious input", id="suspicious"), note, el("ul", items))))
    for name in _OPEN:
        if _has(manifest, name):
            body = el("div", _written(manifest, name, anchors), cls="worklist")
            parts.append(join((el("h3", name, id=slug(name)), body)))
    body = join(parts) if parts else el("p", "Nothing is open: no question, risk or assumption was written down.")
    return _Section("people", "Open for people", body)


def _missing(one: dict[str, Any]) -> Html:
    failure = mapping(one.get("failure"))
    why = f"{text_of(failure.get('detail'))} {text_of(failure.get('mend'))}".strip() or "not started."
    return el("li", el("strong", one.get("deliverable")), f" ({one.get('task')}): {why}")


def _documents(given: ReportInput, anchors: Anchors, draw: Draw) -> Iterator[Html]:
    size = 0
    for name, source in given.documents.items():
        title = _PRD if name == "prd.md" else markdown.title(source) or name
        head = el("summary", el("h3", title), el("span", name, cls="note"))
        if name not in anchors.documents or size > LARGEST:
            yield el("p", title, ": too long to show here; see ", link(name, anchors.file(name)), ".",
                     id=anchors.documents.get(name))  # fmt: skip
            continue
        rendering = Rendering(anchors.documents[name], anchors, draw, anchors.marks(name))
        body = render(source, rendering)
        size += len(body)
        raw = el("p", link(f"Open {name}", anchors.file(name)), cls="note")
        inside = el("div", raw, toc(rendering.headings), body, cls="prose")
        yield el("details", head, inside, cls="document", id=anchors.documents[name], open=True)


def _files(given: ReportInput, anchors: Anchors) -> Html:
    shown = [path for path in given.files if path.split("/")[0] in ("pipelines", "queries")][:MOST_FILES]
    parts: list[Html] = []
    for path in sorted(shown):
        source = given.files[path]
        if len(source) > LARGEST_FILE:
            continue
        language = _SHOWN.get(path.rsplit(".", 1)[-1], "")
        head = el("summary", el("code", path), " ", el("span", counted(source.count("\n") + 1, "line"), cls="says"))
        raw = el("p", link("Open the file", anchors.file(path)), cls="note")
        inside = el("div", raw, code_block(source, language), cls="inside")
        parts.append(el("details", head, inside, cls="operation"))
    head = el("h3", "Queries and pipeline") if parts else Html()
    items = join(el("li", link(name, anchors.file(name))) for name in anchors.links)
    return join((head, *parts, el("h3", "Every file"), el("ul", items, cls="files")))


def _page(given: ReportInput, sections: list[_Section], anchors: Anchors) -> str:
    manifest = given.manifest
    title = text_of(mapping(manifest.get("run")).get("title")) or "Design"
    style, script = _asset("report.css"), _asset("report.js")
    policy = _policy(_hash(style))
    head = join((
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"{title}: design report"),
        el("style", Html(style)),
    ))  # fmt: skip
    body = join((
        el("a", "Skip to the verdict", href="#main", cls="skip"),
        el("div", _navigation(sections), el("main", _top(given, title, anchors), *map(_shown, sections), id="main"),
           cls="page"),
        el("script", Html(script)),
    ))  # fmt: skip
    page = f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>{body}</body>\n</html>\n'
    return page.encode("utf-8", "replace").decode()


def _shown(section: _Section) -> Html:
    return el("section", el("h2", section.title, id=f"{section.id}-title"), section.body, id=section.id,
              aria_labelledby=f"{section.id}-title")  # fmt: skip


def _navigation(sections: list[_Section]) -> Html:
    items = [el("li", link("Verdict", "#main"))]
    for one in sections:
        below = el("ul", join(el("li", link(name, f"#{at}")) for name, at in one.parts))
        items.append(el("li", link(one.title, f"#{one.id}"), below if one.parts else ""))
    return el("nav", el("ul", join(items)), aria_label="Report")


def _top(given: ReportInput, title: str, anchors: Anchors) -> Html:
    manifest = given.manifest
    tone, said, why = verdict(manifest)
    run, prd = mapping(manifest.get("run")), mapping(manifest.get("prd"))
    people = join(needs_people(manifest))
    return join((
        el("header", el("p", "Design report", cls="label"), el("h1", title), _lead(given.documents.get("prd.md", "")),
           _options(manifest, run, prd)),
        el("div", el("p", said, cls="said"), el("p", why), cls=f"verdict {tone}"),
        figures(manifest),
        el("div",
           el("div", el("h2", "Needs a person"), el("ul", people) if people else el("p", "Nothing."), cls="card"),
           el("div", el("h2", "Where to begin"), el("ol", join(begin_with(manifest, anchors))), cls="card"),
           cls="cards"),
    ))  # fmt: skip


def _lead(prd: str) -> Html:
    """What the PRD is about, in its own words: its first paragraph, after front matter and headings."""
    body = re.sub(r"\A---\n.*?\n---\n", "", prd[:20_000], flags=re.DOTALL)
    for part in re.split(r"\n[ \t]*\n", body):
        words = " ".join(line for line in part.splitlines() if not line.lstrip().startswith("#")).split()
        said = re.sub(r"[*_`]", "", " ".join(words))
        if said and said[0].isalnum() and len(said) > SHORTEST_LEAD:
            return el(
                "p", said if len(said) <= LONGEST_LEAD else f"{said[:LONGEST_LEAD].rsplit(' ', 1)[0]} …", cls="lead"
            )
    return Html()


def _options(manifest: dict[str, Any], run: dict[str, Any], prd: dict[str, Any]) -> Html:
    options = mapping(manifest.get("options"))
    shown = (
        ("PRD", prd.get("name")),
        ("Stack", options.get("stack")),
        ("Database", options.get("db") or "the architect's choice"),
        ("Written", text_of(run.get("written"))[:16].replace("T", " ") + " UTC"),
        ("Run", run.get("id")),
    )
    return el(
        "dl", join(el("div", el("dt", name), el("dd", text(value))) for name, value in shown if value), cls="about"
    )


def policy_of(report: str) -> str:
    """The policy under which the app itself shows a stored report: in a sandbox that has no origin, framed by nobody.

    Its style may be of an older release, as the page itself says; a script runs only where it is today's.
    """
    written_with = _STYLE.search(report[:HEAD])
    style = written_with[1] if written_with else _hash(_asset("report.css"))
    return f"{_policy(style)}; frame-ancestors 'none'; sandbox allow-scripts"


def _policy(style: str) -> str:
    script = _hash(_asset("report.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
