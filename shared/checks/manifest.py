"""Holds MANIFEST.md against the files of its pack: links, registry, counts, operations, and that nothing is copied.

It sees the size and SHA-256 of every file, and the text of those that the manifest might have copied or must agree
with. Pure.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from shared.checks.copies import copied_lines, stretches
from shared.contracts import Finding, RegisteredFile, Registry, Rule, found
from shared.formats import markdown
from shared.formats.located_yaml import UnreadableYamlError
from shared.formats.openapi import Contract, read_contract
from shared.formats.openapi_objects import mapping, sequence
from shared.pack import CONTRACT, MACHINE_READABLE

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINK_BROKEN = Rule("MAN-001", "error", "A link that leads nowhere makes the manifest no registry.")
LINK_WITHOUT_TARGET = Rule("MAN-002", "warning", "A document in square brackets is meant as a link.")
UNREGISTERED = Rule("MAN-003", "error", "What the manifest does not list is not part of the pack.")
MISREGISTERED = Rule("MAN-004", "error", "Size and SHA-256 prove that a file is the one that was checked.")
MISCOUNTED = Rule("MAN-005", "error", "A reader trusts the manifest's numbers without counting again.")
OPERATIONS_DIFFER = Rule("MAN-006", "error", "The manifest's API surface is the contract's, no more and no less.")
COPIED = Rule("MAN-007", "error", "The manifest links and never copies, because a copy grows stale.")
JSON_DIFFERS = Rule("MAN-008", "error", "manifest.json says the same as MANIFEST.md.")
NOT_READ = Rule("MAN-009", "error", "What is too long to be looked at has not passed.")
RULES = (
    LINK_BROKEN, LINK_WITHOUT_TARGET, UNREGISTERED, MISREGISTERED, MISCOUNTED, OPERATIONS_DIFFER, COPIED, JSON_DIFFERS,
    NOT_READ,
)  # fmt: skip

MAXIMUM_CHARACTERS = 1_000_000
MAXIMUM_BRACKETS = 20_000
"""Opening ones: each may begin a link, and a parser looks far for its end."""
MAXIMUM_DOCUMENT_CHARACTERS = 5_000_000
MAXIMUM_FINDINGS = 50
"""Of one kind; how many more there are is said in a last one."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")
_HTML_LINK = re.compile(r"(?:href|src)\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,2000})", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\[([\w.-]{1,100}\.md)\]")
_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")
_SIZE = re.compile(r"([0-9][0-9,]{0,20})(?: bytes)?")
_VERDICT = re.compile(r"(?:\*\*)?(?:passed|failing)\b")
_TALLY = re.compile(r"\b([0-9]{1,7}) (error|warning)")
_RULE_ID = re.compile(r"[A-Z]{3}-[0-9]{3}")
_STATED_OPERATIONS = re.compile(r"\b([0-9][0-9,]{0,9}) operations?\b", re.IGNORECASE)
_OPERATION = re.compile(r"\b(GET|PUT|POST|DELETE|OPTIONS|HEAD|PATCH|TRACE)[`\s|]{1,9}(/[^\s`|?#,;)]{0,500})")
_WORD = re.compile(r"[\w-]{1,200}")


def check(registry: Registry) -> Iterator[Finding]:
    """Every finding about the manifest."""
    manifest, manifest_path = registry.manifest, registry.path
    brackets = manifest.count("[")
    if len(manifest) > MAXIMUM_CHARACTERS or brackets > MAXIMUM_BRACKETS:
        message = f"The manifest has {len(manifest):,} characters and {brackets:,} brackets, which is too much to read."
        yield _found(NOT_READ, manifest_path, 1, message, "Move what is not a registry into the deliverables.")
        return
    pack = _Pack(manifest, manifest_path, {file.path: file for file in registry.files}, _read(manifest))
    for each in (
        _check_links,
        _check_registry,
        _check_tallies,
        _check_operations,
        _check_copies,
        _check_json,
    ):
        yield from _bounded(each(pack))


def _bounded(findings: Iterator[Finding]) -> Iterator[Finding]:
    yield from islice(findings, MAXIMUM_FINDINGS)
    rest = list(findings)
    for rule in dict.fromkeys(finding.rule for finding in rest):
        of_rule = [finding for finding in rest if finding.rule == rule]
        message = f"{len(of_rule)} more of {rule} are not listed; the first: {of_rule[0].message}"
        yield replace(of_rule[0], message=message[:500])


def _found(rule: Rule, path: str, line: int, message: str, mend: str) -> Finding:
    return found(rule, posixpath.basename(path), line, message, mend)


# Reading


@dataclass(frozen=True)
class _Link:
    target: str
    line: int


@dataclass
class _Row:
    """A table row: its cells as written, the targets of its links, and the `##` section it stands in."""

    line: int
    section: str
    cells: list[str] = field(default_factory=list[str])
    links: list[str] = field(default_factory=list[str])


@dataclass
class _Reading:
    """What the manifest's Markdown amounts to; `loose` are document names in brackets without a target."""

    links: list[_Link] = field(default_factory=list[_Link])
    loose: list[_Link] = field(default_factory=list[_Link])
    rows: list[_Row] = field(default_factory=list[_Row])


@dataclass(frozen=True)
class _Pack:
    """The manifest's text, place and reading, and the files that it speaks of."""

    text: str
    path: str
    files: Mapping[str, RegisteredFile]
    reading: _Reading

    def finding(self, rule: Rule, line: int, message: str, mend: str) -> Finding:
        return _found(rule, self.path, line, message, mend)

    def beside(self, name: str) -> str:
        """The path of a file in the manifest's folder."""
        return posixpath.join(posixpath.dirname(self.path), name)

    def resolve(self, target: str) -> str | None:
        """The path a relative link leads to; None for one that leaves the pack's root."""
        path = unquote(re.split("[?#]", target, maxsplit=1)[0])
        joined = posixpath.normpath(self.beside(path))
        return None if path.startswith("/") or joined.split("/")[0] == ".." else joined

    def registered(self) -> dict[str, _Row]:
        """The row that registers each path: it links to the file first and holds a SHA-256."""
        rows: dict[str, _Row] = {}
        for row in self.reading.rows:
            path = self.resolve(row.links[0]) if row.links else None
            if path and any(map(_SHA256.search, row.cells)):
                rows.setdefault(path, row)
        return rows


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _read(manifest: str) -> _Reading:
    reading, section, row, previous = _Reading(), "", None, ""
    for token in _parser().parse(manifest):
        line = (token.map or [0])[0] + 1
        if token.type == "tr_open":
            row = _Row(line, section)
            reading.rows.append(row)
        elif token.type == "tr_close":
            row = None
        elif token.type == "inline":
            section = token.content.strip() if previous == "h2" else section
            links = list(_links_in(token, line))
            reading.links += links
            reading.loose += _loose_in(token, line)
            if row:
                row.cells.append(token.content)
                row.links += [link.target for link in links]
        elif token.type == "html_block":
            reading.links += (_Link(target, line) for target in _HTML_LINK.findall(token.content))
        previous = token.tag if token.type == "heading_open" else ""
    return reading


def _links_in(inline: "Token", line: int) -> Iterator[_Link]:
    for token in inline.children or ():
        line += token.type in ("softbreak", "hardbreak")
        target = token.attrGet("href") or token.attrGet("src")
        if target is not None:
            yield _Link(str(target), line)
        elif token.type == "html_inline":
            yield from (_Link(found, line) for found in _HTML_LINK.findall(token.content))


def _loose_in(inline: "Token", line: int) -> Iterator[_Link]:
    for token in inline.children or ():
        line += token.type in ("softbreak", "hardbreak")
        if token.type == "text":
            yield from (_Link(name, line) for name in _IN_BRACKETS.findall(token.content))


# Links and registry


def _check_links(pack: _Pack) -> Iterator[Finding]:
    folders = {parent for path in pack.files for parent in _parents(path)}
    seen: set[str] = set()
    for link in pack.reading.links:
        path = pack.resolve(link.target)
        skipped = link.target.startswith("#") or _SCHEME.match(link.target) or link.target in seen
        if skipped or path in pack.files or path in folders or path == pack.path:
            continue
        seen.add(link.target)
        message = f"The link {link.target[:200]!r} leads to no file of the pack."
        yield pack.finding(LINK_BROKEN, link.line, message, "Correct the link, or register what it should lead to.")
    for loose in pack.reading.loose:
        message = f"[{loose.target}] is written as a link but has no target."
        yield pack.finding(LINK_WITHOUT_TARGET, loose.line, message, "Say that the document is missing, or link it.")


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
        if path == "/":
            return


def _check_registry(pack: _Pack) -> Iterator[Finding]:
    rows = pack.registered()
    for path, file in pack.files.items():
        if path == pack.path:
            continue
        name = path.removeprefix(pack.beside(""))[-200:]
        row = rows.get(path)
        if row is None:
            message = f"{name!r} is in the pack, but no row links to it and gives its SHA-256."
            yield pack.finding(UNREGISTERED, 1, message, "Register the file with its size and SHA-256.")
            continue
        sizes = [size[1] for cell in row.cells if (size := _SIZE.fullmatch(cell.strip()))]
        if str(file.size) not in {size.replace(",", "") for size in sizes}:
            stated = f"{sizes[0]} bytes" if sizes else "no size"
            message = f"{name!r} has {file.size:,} bytes; the manifest gives {stated}."
            yield pack.finding(MISREGISTERED, row.line, message, "Register the file as it is.")
        if not any(file.sha256 in cell for cell in row.cells):
            message = f"{name!r} has another SHA-256 than the manifest gives: {file.sha256}."
            yield pack.finding(MISREGISTERED, row.line, message, "Restore the file, or run the checks on it again.")


# Counts


def _check_tallies(pack: _Pack) -> Iterator[Finding]:
    """The findings counted for a deliverable are the findings listed for it."""
    listed = [row.cells for row in pack.reading.rows if row.cells and _RULE_ID.fullmatch(row.cells[0].strip())]
    for path, row in pack.registered().items():
        verdict = next((cell for cell in row.cells if _VERDICT.match(cell)), None)
        if verdict is None:
            continue
        stated = {kind: int(number) for number, kind in _TALLY.findall(verdict)}
        name = posixpath.basename(path)
        for kind in ("error", "warning"):
            number = sum(kind in cells and name in cells for cells in listed)
            if stated.get(kind, 0) != number:
                message = f"{name} is said to have {stated.get(kind, 0)} {kind}(s); {number} are listed."
                yield pack.finding(MISCOUNTED, row.line, message, "Count the findings that are listed.")


def _check_operations(pack: _Pack) -> Iterator[Finding]:
    """The section `API surface` has the contract's operations, and says how many."""
    contract = _contract(pack)
    section = next((one for one in markdown.sections(pack.text) if one.title == "API surface"), None)
    if contract is None or section is None or _is_placeholder(section.body):
        return
    actual = {(one.method, one.path): one.operation_id for one in contract.operations}
    stated = [int(number.replace(",", "")) for number in _STATED_OPERATIONS.findall(section.body)]
    if stated and len(actual) not in stated:
        message = f"{stated[0]} operations are stated; the contract has {len(actual)}."
        yield pack.finding(MISCOUNTED, section.line, message, "State the contract's number of operations.")
    named = set(cast("list[tuple[str, str]]", _OPERATION.findall(section.body)))
    words = set(cast("list[str]", _WORD.findall(section.body)))
    for (method, path), operation_id in actual.items():
        if (method, path) not in named and operation_id not in words:
            message = f"{method} {path[:200]} is in the contract but not in the API surface."
            yield pack.finding(OPERATIONS_DIFFER, section.line, message, "Add the operation to the table.")
    for row in pack.reading.rows:
        if row.section == "API surface":
            invented = set(_OPERATION.findall(" | ".join(row.cells))) - actual.keys()
            for method, path in sorted(invented):
                message = f"{method} {path[:200]} is not in the contract."
                yield pack.finding(OPERATIONS_DIFFER, row.line, message, "Name the contract's operations only.")


def _contract(pack: _Pack) -> Contract | None:
    source = pack.files.get(pack.beside(CONTRACT))
    if source is None:
        return None
    try:
        return read_contract(markdown.Fence("yaml", 0, source.text, closed=True))
    except UnreadableYamlError:
        return None


def _is_placeholder(body: str) -> bool:
    """`_Written when the run ends._` and its like."""
    return "\n" not in body and body.startswith("_") and body.endswith("_")


# Copies


def _check_copies(pack: _Pack) -> Iterator[Finding]:
    """Nothing from the deliverables, which lie outside the manifest's folder; the PRD beside it may be quoted."""
    copied: dict[int, str] = {}
    for path, file in pack.files.items():
        if not path.endswith(".md") or path.startswith(pack.beside("")):
            continue
        name, text = posixpath.basename(path), file.text
        if len(text) > MAXIMUM_DOCUMENT_CHARACTERS:
            message = (
                f"{name} has more than {MAXIMUM_DOCUMENT_CHARACTERS:,} characters; copies from it were not looked for."
            )
            yield pack.finding(NOT_READ, 1, message, "Shorten the document.")
            continue
        for number in copied_lines(pack.text, text):
            copied.setdefault(number, name)
    for first, last in stretches(copied):
        message = f"Lines {first} to {last} stand in {copied[first]} as well."
        yield pack.finding(COPIED, first, message, f"Link to {copied[first]} instead.")


# The other manifest


def _check_json(pack: _Pack) -> Iterator[Finding]:
    path = pack.beside(MACHINE_READABLE)
    if path not in pack.files:
        return
    try:
        data = mapping(json.loads(pack.files[path].text))
    except (ValueError, RecursionError):
        yield pack.finding(JSON_DIFFERS, 1, "manifest.json is no JSON that can be read.", "Write it anew.")
        return
    entries = _entries([*sequence(data.get("deliverables")), *sequence(data.get("files"))])
    for name, file in pack.files.items():
        if name in (path, pack.path):
            continue
        if entries.get(name) != (file.size, file.sha256):
            how = "with another size or SHA-256" if name in entries else "not at all"
            message = f"manifest.json lists {name[-200:]!r} {how}."
            yield pack.finding(JSON_DIFFERS, 1, message, "Write both manifests from the same files.")
    for name in sorted(entries.keys() - pack.files.keys()):
        message = f"manifest.json lists {name[-200:]!r}, which is not in the pack."
        yield pack.finding(JSON_DIFFERS, 1, message, "Write both manifests from the same files.")


def _entries(listed: list[Any]) -> dict[str, tuple[Any, Any]]:
    entries = [mapping(one) for one in listed]
    return {str(one["path"]): (one.get("size"), one.get("sha256")) for one in entries if one.get("path")}
