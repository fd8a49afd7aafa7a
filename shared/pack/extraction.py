"""Takes the files out of a pack's documents: contract, pipelines, queries, tests, sample, diagrams. Pure.

A file's content is its block, byte for byte. Its name comes from the document, which is untrusted: a name that could
leave its folder, or that some system could not store, is replaced by a generated one and reported. Two names that
differ only in case never stand side by side, because one of them would be lost on Windows and macOS.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from shared.contracts import Finding, Rule, found
from shared.formats import markdown
from shared.formats.azure_pipelines import main_block, pipeline_blocks
from shared.formats.file_names import path_key, safe_path, slug
from shared.formats.openapi import contract_blocks

NAME_REFUSED = Rule("XTR-001", "warning", "A file name from a document must be safe to store on any system.")
NAME_TAKEN = Rule("XTR-002", "warning", "Each path names one file, also where upper and lower case are the same.")
CUT_OFF = Rule("XTR-003", "warning", "A block that is never closed is no whole file.")
TOO_MUCH = Rule("XTR-004", "warning", "What does not fit into the limits is left out, and said so.")
NO_PLACE = Rule(
    "XTR-005", "warning", "A file that is named but belongs to no folder of the pack stays in its document."
)
RULES = (NAME_REFUSED, NAME_TAKEN, CUT_OFF, TOO_MUCH, NO_PLACE)

MAXIMUM_FILES = 500
MAXIMUM_BYTES = 20_000_000
"""All files together."""
MAXIMUM_DOCUMENT_CHARACTERS = 2_000_000

ARCHITECTURE = "integration-architecture.md"
TESTS = "test-specifications.md"
PIPELINE = "cicd-pipeline.md"
OBSERVABILITY = "observability-plan.md"
SAMPLE_SUFFIX = "-implementation.md"
CONTRACT_FILE = "openapi.yaml"
MAIN_PIPELINE = "azure-pipelines.yml"
_ORDER = (ARCHITECTURE, TESTS, PIPELINE, OBSERVABILITY)

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_PATH_LINE = re.compile(r"\*\*`([^`]+)`\*\*:?")
_LABEL = re.compile(r"\*\*(.{1,160})\*\*:?")
_TEST_MODULE = re.compile(r"^(?:async def test_|def test_|class Test)", re.MULTILINE)
_SLO = re.compile(r"\bSLO-[0-9]{1,4}\b", re.IGNORECASE)
_EXTENSIONS = {
    "bash": "sh", "bicep": "bicep", "csharp": "cs", "hcl": "tf", "http": "http", "json": "json", "kql": "kql",
    "kusto": "kql", "python": "py", "sh": "sh", "sql": "sql", "toml": "toml", "xml": "xml", "yaml": "yml", "yml": "yml",
}  # fmt: skip
_QUERY_LANGUAGES = ("kusto", "kql")


@dataclass(frozen=True)
class ExtractedFile:
    """One file: its path relative to the project folder, its content, and the block (deliverable, line) it is."""

    path: str
    content: str
    deliverable: str
    line: int


@dataclass(frozen=True)
class Extraction:
    """All files of a pack, and what had to be renamed or left out."""

    files: tuple[ExtractedFile, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Block:
    """A fenced block: `named` is the path on the line above it, `label` a bold line there, `number` its place."""

    deliverable: str
    number: int
    fence: markdown.Fence
    content: str
    closed: bool
    named: str | None
    label: str
    heading: str


@dataclass(frozen=True)
class _Wish:
    """A block that becomes a file in `folder`, under the document's name for it or else the generated one.

    `strips` says that a name that begins with the folder's own does not repeat it.
    """

    block: _Block
    folder: str
    named: str | None
    generated: str
    strips: bool = True


def extract(documents: Mapping[str, str]) -> list[ExtractedFile]:
    """The files in `documents` (texts by deliverable name), by path; `extract_files` also says what went wrong."""
    return list(extract_files(documents).files)


def extract_files(documents: Mapping[str, str]) -> Extraction:
    """The files in `documents` with findings about names that were refused or taken, and about what was left out."""
    shelf = _Shelf()
    wishes: list[_Wish] = []
    for name in sorted(documents, key=_rank):
        if len(documents[name]) > MAXIMUM_DOCUMENT_CHARACTERS:
            shelf.leave_out_document(name)
            continue
        wishes += _wishes(name, documents[name], _read_blocks(name, documents[name]), shelf)
    diagrams = [wish for wish in wishes if wish.folder == "diagrams"]
    for number, wish in enumerate(diagrams, 1):
        shelf.put(wish, f"{number:02}-{wish.generated}" if wish.generated else f"{number:02}", "mmd")
    for wish in sorted((wish for wish in wishes if wish.folder != "diagrams"), key=_is_unnamed):
        shelf.put(wish, wish.generated, _extension(wish.block))
    shelf.report_left_out()
    files = sorted(shelf.files, key=lambda file: file.path)
    return Extraction(tuple(files), tuple(shelf.findings))


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _is_unnamed(wish: _Wish) -> bool:
    """Names of the documents come before generated ones, which give way."""
    return wish.named is None or safe_path(wish.named) is None


# What becomes a file


def _wishes(name: str, text: str, blocks: list[_Block], shelf: "_Shelf") -> Iterator[_Wish]:
    diagrams = [block for block in blocks if block.fence.language == "mermaid"]
    others = [block for block in blocks if block.fence.language != "mermaid"]
    yield from (_Wish(block, "diagrams", None, slug(block.heading)) for block in diagrams)
    chosen: list[_Wish] = []
    if name == ARCHITECTURE:
        chosen += _contract(text, others)
    elif name == PIPELINE:
        chosen += _pipelines(text, others)
    elif name == OBSERVABILITY:
        chosen += (_query(block) for block in others if block.fence.language in _QUERY_LANGUAGES)
    elif name == TESTS:
        chosen += _tests(others)
    elif name.endswith(SAMPLE_SUFFIX):
        chosen += _mirrored("sample", [(block, block.named) for block in others])
    yield from chosen
    taken = {wish.block.number for wish in chosen}
    for block in others:
        if block.named and block.number not in taken:
            shelf.say(NO_PLACE, block, f"{block.named!r} is named as a file but not extracted.", _NO_PLACE_MEND)


_NO_PLACE_MEND = "Drop the line with its path, or move the file to the document it belongs to."


def _contract(text: str, blocks: list[_Block]) -> Iterator[_Wish]:
    """The block named `openapi.yaml`, else the first that holds an OpenAPI document."""
    lines = [fence.line for fence in contract_blocks(text)]
    named = [block for block in blocks if block.named and posixpath.basename(block.named) == CONTRACT_FILE]
    chosen = named or [block for block in blocks if block.fence.line in lines]
    yield from (_Wish(block, "", CONTRACT_FILE, CONTRACT_FILE) for block in chosen[:1])


def _pipelines(text: str, blocks: list[_Block]) -> list[_Wish]:
    """Named blocks; where no block is, those that the text around them names, and the main pipeline."""
    if any(block.named for block in blocks):
        return _mirrored("pipelines", [(block, block.named) for block in blocks])
    known = pipeline_blocks(text)
    main = main_block(known)
    paths = {one.line - 1: one.path for one in known if one.path}
    if main and not main.path:
        paths[main.line - 1] = MAIN_PIPELINE
    return _mirrored("pipelines", [(block, paths.get(block.fence.line)) for block in blocks])


def _mirrored(folder: str, blocks: list[tuple[_Block, str | None]]) -> list[_Wish]:
    """Files that refer to each other by path keep their tree: `folder` is the repository's root.

    Only where all of them lie in a folder of that name already is it not repeated.
    """
    named = [(block, name) for block, name in blocks if name]
    safe = [path for _, name in named if (path := safe_path(name))]
    strips = all(path.startswith(f"{folder}/") for path in safe)
    return [_Wish(block, folder, name, _numbered("file", block), strips) for block, name in named]


def _query(block: _Block) -> _Wish:
    """By its path line, else by its SLO's id, else by the nearest label or heading."""
    slo = _SLO.search(block.label) or _SLO.search(block.heading)
    generated = slo[0].lower() if slo else slug(block.label) or slug(block.heading) or _numbered("query", block)
    return _Wish(block, "queries", block.named, generated)


def _tests(blocks: list[_Block]) -> Iterator[_Wish]:
    """Named blocks, and Python blocks without a name that hold tests."""
    for block in blocks:
        if block.named:
            yield _Wish(block, "tests", block.named, _numbered("file", block))
        elif block.fence.language == "python" and _TEST_MODULE.search(block.content):
            yield _Wish(block, "tests", None, _numbered("test_block", block))


def _numbered(stem: str, block: _Block) -> str:
    separator = "_" if "_" in stem else "-"
    return f"{stem}{separator}{block.number:02}"


def _extension(block: _Block) -> str:
    return _EXTENSIONS.get(block.fence.language, "txt")


# Where it goes


@dataclass
class _Shelf:
    """The files placed so far, and the names and limits that later ones must respect."""

    files: list[ExtractedFile] = field(default_factory=list[ExtractedFile])
    findings: list[Finding] = field(default_factory=list[Finding])
    _taken: set[str] = field(default_factory=set[str])
    _folders: set[str] = field(default_factory=set[str])
    _bytes: int = 0
    _left_out: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def put(self, wish: _Wish, generated: str, extension: str) -> None:
        """Place one file, or say why not."""
        block = wish.block
        size = len(block.content.encode(errors="surrogatepass"))
        if not block.closed:
            self.say(CUT_OFF, block, "The block is never closed, so no file is made of it.", "Close the block.")
        elif len(self.files) >= MAXIMUM_FILES or self._bytes + size > MAXIMUM_BYTES:
            self._left_out.setdefault(block.deliverable, []).append(block.fence.line)
        else:
            self._bytes += size
            path = self._free_path(wish, generated, extension)
            self._take(path)
            self.files.append(ExtractedFile(path, block.content, block.deliverable, block.fence.line))

    def say(self, rule: Rule, block: _Block, message: str, mend: str) -> None:
        """Report something about a block."""
        self.findings.append(found(rule, block.deliverable, block.fence.line, message, mend))

    def leave_out_document(self, name: str) -> None:
        """Report a document that is too long to be read."""
        message = f"The document has more than {MAXIMUM_DOCUMENT_CHARACTERS:,} characters; no file was taken from it."
        self.findings.append(found(TOO_MUCH, name, 1, message, "Shorten the document."))

    def report_left_out(self) -> None:
        """One finding for each document of which blocks did not fit."""
        limits = f"a pack holds at most {MAXIMUM_FILES} files and {MAXIMUM_BYTES:,} bytes"
        for name, lines in self._left_out.items():
            message = f"{len(lines)} file(s) were left out, the first from this line: {limits}."
            self.findings.append(found(TOO_MUCH, name, lines[0], message, "Give fewer or smaller files."))

    def _free_path(self, wish: _Wish, generated: str, extension: str) -> str:
        named = safe_path(wish.named) if wish.named else None
        path = _below(wish.folder, named, wish.strips) if named else ""
        if wish.named and not named:
            mend = "Use a relative path of plain names, as in `app/main.py`."
            self.say(NAME_REFUSED, wish.block, f"The file name {wish.named[:200]!r} is refused.", mend)
        if not path or self._is_below_a_file(path):
            name = safe_path(f"{generated}.{extension}") or f"{_numbered('file', wish.block)}.{extension}"
            path = posixpath.join(wish.folder, name)
        free = self._suffixed(path)
        if named and free != _below(wish.folder, named, wish.strips):
            message = f"{named!r} is taken by another file or folder; this one became {free!r}."
            self.say(NAME_TAKEN, wish.block, message, "Give each file a path of its own.")
        return free

    def _suffixed(self, path: str) -> str:
        """`path`, or the first of `path-2`, `path-3`, ... that is free (before the extension)."""
        stem, extension = posixpath.splitext(path)
        free, number = path, 1
        while path_key(free) in self._taken or path_key(free) in self._folders:
            number += 1
            free = f"{stem}-{number}{extension}"
        return free

    def _is_below_a_file(self, path: str) -> bool:
        return any(path_key(parent) in self._taken for parent in _parents(path))

    def _take(self, path: str) -> None:
        self._taken.add(path_key(path))
        self._folders.update(map(path_key, _parents(path)))


def _below(folder: str, path: str, strips: bool) -> str:
    if strips and folder and path.startswith(f"{folder}/"):
        return path
    return posixpath.join(folder, path)


def _parents(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


# Blocks with what stands above them


def _read_blocks(name: str, text: str) -> list[_Block]:
    lines = cast("list[str]", _LINE.findall(text))
    blocks: list[_Block] = []
    heading, end = "", 0
    for number, fence in enumerate(markdown.fences(text), 1):
        above = [line.strip() for line in lines[end : fence.line - 1] if line.strip()]
        heading = next((found for line in reversed(above) if (found := _heading(line))), heading)
        last = above[-1] if above else ""
        path, label = _PATH_LINE.fullmatch(last), _LABEL.fullmatch(last)
        end = fence.line + fence.content.count("\n")
        closed = "".join(lines[end : end + 1]).strip(" \t>\r\n")
        blocks.append(
            _Block(
                deliverable=name,
                number=number,
                fence=fence,
                content=_as_written(fence, lines),
                closed=closed[:3] in ("```", "~~~") and not closed.strip(closed[0]),
                named=path[1] if path else None,
                label=label[1] if label else "",
                heading=heading,
            )
        )
        end += blocks[-1].closed
    return blocks


def _heading(line: str) -> str:
    marks = len(line) - len(line.lstrip("#"))
    return line.strip("#").strip() if 0 < marks <= 6 and line[marks : marks + 1].isspace() else ""


def _as_written(fence: markdown.Fence, lines: list[str]) -> str:
    """The block with the line ends of its document, which the parser makes uniform; dedented where it is nested."""
    written = "".join(lines[fence.line : fence.line + fence.content.count("\n")])
    uniform = written.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return written if uniform == fence.content else fence.content
