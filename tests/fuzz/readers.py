"""What reads untrusted input, with what must hold whatever it is given: it raises nothing but its own refusals."""

import importlib
import json
import re
import zlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl

import azure.functions as func
from azure.core.exceptions import ResourceNotFoundError

from shared.callbacks.protocol import callback_id, read_task
from shared.checks import DELIVERABLE_CHECKS, PACK_CHECKS, Context, Pack, PackDocument, module_of
from shared.checks.manifest import check as check_manifest
from shared.contracts import Finding
from shared.errors import BadInput
from shared.formats.file_names import safe_path
from shared.formats.located_yaml import UnreadableYamlError, load_located
from shared.pack import registry
from shared.pack.extraction import extract, extract_files
from shared.prd import read_prd
from shared.prd.intake import Converter, Text, kind_of
from shared.prd.intake.html import from_html_bytes
from shared.prd.intake.unreadable import Unreadable
from shared.prd.intake.word import from_word
from shared.prd.requirements.extraction import annotated, extract_requirements
from shared.prd.suspicion import suspicions, without_suspicious_passages
from shared.runs.options import Source, from_front_matter, from_metadata, resolve
from shared.services import Services
from shared.settings.environment import Settings
from shared.storage.blobs import BlobStore, is_addressable
from tests.fuzz import seeds
from triggers.blob_drop import error_name, is_prd
from triggers.http_callbacks import runs_of
from triggers.http_runs import request_of
from triggers.intake import run_id_for
from triggers.problems import answer, reports_problems


@dataclass(frozen=True)
class Reader:
    """What is fed, what it is fed first, and how much in a turn: so that no reader takes most of the time."""

    read: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    each_turn: int

    @property
    def name(self) -> str:
        """As reports show it."""
        return self.read.__name__.removeprefix("read_")


def read_whole(data: bytes) -> None:
    """Intake: everything that code reads out of a PRD."""
    try:
        prd = read_prd("fuzz.md", data, max_bytes=100_000)
        options = resolve(prd, from_front_matter(prd))
    except BadInput as refused:
        assert refused.detail.isprintable(), refused.detail
        assert refused.mend
        return
    assert prd.title.isprintable()
    assert safe_path(prd.project) == prd.project
    json.dumps(options.to_dict())
    assert without_suspicious_passages(prd.text).count("\n") == prd.text.count("\n")
    assert all(each.line <= each.last for each in suspicions(prd.text))
    annotated(extract_requirements(prd.text))


def read_options(data: bytes) -> None:
    """Options from any place, whatever they hold."""
    text = data[:600].decode(errors="surrogateescape")
    prd = read_prd("fuzz.md", b"# Orders\n\nThey must be taken.", max_bytes=1_000)
    for name in ("stack", "db", "output", text[:20]):
        for source in (Source("the query", {name: text}), from_metadata({name: text})):
            try:
                found = resolve(prd, source)
            except BadInput:
                continue
            assert found.output is None or safe_path(found.output) == found.output


def read_name(data: bytes) -> None:
    """Names of blobs, runs and files."""
    name = data[:1_200].decode(errors="surrogateescape")
    if not name:
        return
    assert is_addressable(error_name(name))
    assert not is_prd(error_name(name))
    assert safe_path(run_id_for("identity", name)) is not None
    path = safe_path(name)
    assert path is None or (not path.startswith("/") and ".." not in path.split("/"))


class _EmptyStorage(Services):
    """An app whose storage holds no blob."""

    @property
    def blobs(self) -> BlobStore:
        return BlobStore(cast(Any, self))

    def get_blob_client(self, *_: str) -> Any:
        """The client of a blob that is not there, as the storage SDK gives it."""
        return self

    async def download_blob(self, **_: Any) -> Any:
        raise ResourceNotFoundError


APP = _EmptyStorage(Settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true", "ANTHROPIC_API_KEY": "none"}))


class _NoChild(Converter):
    """Refuses what a child process would convert: these readers wait for nothing, and the parsers have their own."""

    async def text_of(self, name: str, data: bytes) -> Text:
        if kind_of(name, data) is not None:
            raise BadInput("pdf-broken", "not converted here")
        return Text(data)


APP.converter = _NoChild()


def _ask(data: bytes, handle: Callable[[func.HttpRequest], Coroutine[Any, Any, object]]) -> None:
    """POST what begins with an address, a line for each header and an empty line: it is answered, and no fault."""
    head, _, body = data.partition(b"\n\n")
    url, *lines = head.decode(errors="replace").split("\n")  # the host hands over text
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    params = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    faults: list[Exception] = []

    @reports_problems
    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return answer({"read": repr(await handle(req))})
        except BadInput:
            raise
        except Exception as fault:
            faults.append(fault)
            raise

    request = func.HttpRequest(method="POST", url=url, headers=headers, params=params, body=body)
    try:
        handler(request).__await__().send(None)
    except StopIteration as done:
        if faults:
            raise faults[0] from None
        assert 200 <= done.value.status_code < 500
    else:
        raise AssertionError("the function waited for something, and was not looked at any further")


def read_request(data: bytes) -> None:
    """POST /api/runs, up to where something would be started."""

    async def handle(req: func.HttpRequest) -> object:
        request, _ = await request_of(req, APP)
        assert safe_path(run_id_for(request.identity, request.prd.name)) is not None
        return json.dumps(request.options.to_dict()).encode() + request.prd.text.encode()

    _ask(data, handle)


def read_callback(data: bytes) -> None:
    """POST /api/callbacks: the task in the headers, and the runs it waits for."""

    async def handle(req: func.HttpRequest) -> object:
        task, _ = read_task(cast(Any, req.headers), APP.settings.own_servers)
        return json.dumps(task.to_dict()).encode() + callback_id(task).encode() + repr(runs_of(req)).encode()

    _ask(data, handle)


def _lines(text: str) -> int:
    return len(re.findall(r"\r\n?|\n", text)) + 1


def _hold(findings: Iterable[Finding], texts: Mapping[str, str]) -> None:
    """Each finding can be told, and stands in one of the texts that were read."""
    lines = {name: _lines(text) for name, text in texts.items()}
    for finding in findings:
        json.dumps(finding.to_dict())
        assert finding.message, finding
        assert finding.mend or finding.severity == "unjudged", finding
        assert 1 <= finding.line <= lines.get(finding.deliverable, 1), finding


def _judged(check: str, subject: Context | Pack) -> Iterable[Finding]:
    return (said for said in importlib.import_module(module_of(check)).check(subject) if isinstance(said, Finding))


def read_document(data: bytes) -> None:
    """A deliverable, under each check; the name it has follows from what it holds."""
    text = data.decode(errors="replace")
    name = seeds.NAMES[zlib.crc32(data[:200]) % len(seeds.NAMES)]
    for check in DELIVERABLE_CHECKS:
        _hold(_judged(check, Context(name, text, ("API contract",))), {name: text})
    for file in extract({name: text}):
        assert safe_path(file.path) == file.path


def read_pack(data: bytes) -> None:
    """The documents of a run and its PRD against each other, all in one input."""
    prd, *texts = [part.decode(errors="replace") for part in data.split(seeds.BETWEEN)]
    documents = dict(zip(seeds.NAMES, texts or [prd], strict=False))
    pack = Pack(tuple(PackDocument(*document) for document in documents.items()), prd, db="postgres")
    for check in PACK_CHECKS:
        _hold(_judged(check, pack), documents)
    _hold(extract_files(documents).findings, documents)


def read_manifest(data: bytes) -> None:
    """MANIFEST.md, manifest.json and the contract of a pack, in one input."""
    manifest, *beside = data.split(seeds.BETWEEN)
    names = (f"{seeds.FOLDER}/{name}" for name in ("manifest.json", "openapi.yaml", "ledger.csv"))
    files = dict(zip(names, beside, strict=False))
    text = manifest.decode(errors="replace")
    _hold(check_manifest(registry(text, f"{seeds.FOLDER}/MANIFEST.md", files)), {"MANIFEST.md": text})


def read_yaml(data: bytes) -> None:
    """YAML and JSON with the lines of their values."""
    text = data.decode(errors="surrogateescape")
    try:
        located = load_located(text)
    except UnreadableYamlError as refused:
        assert 0 <= refused.line < _lines(text)
        return
    json.dumps(located.value, allow_nan=False)
    value = cast("dict[str, object] | None", located.value)
    keys = list(value) if isinstance(value, dict) else []
    assert all(0 <= located.line((key,)) < _lines(text) for key in keys)


def read_page(data: bytes) -> None:
    """HTML, which becomes Markdown."""
    _converted(from_html_bytes, data)


def read_word(data: bytes) -> None:
    """A Word document, which becomes Markdown."""
    _converted(from_word, data)


def _converted(convert: Callable[[bytes], tuple[str, list[str]]], data: bytes) -> None:
    try:
        text, lost = convert(data)
    except (Unreadable, RecursionError):
        return
    json.dumps([text, lost])


READERS = (
    Reader(read_whole, seeds.prds, 4),
    Reader(read_options, seeds.names, 10),
    Reader(read_name, seeds.names, 10),
    Reader(read_request, seeds.requests, 10),
    Reader(read_callback, seeds.callbacks, 10),
    Reader(read_page, seeds.pages, 2),
    Reader(read_word, seeds.word_documents, 1),
    Reader(read_yaml, seeds.yaml, 4),
    Reader(read_manifest, seeds.manifests, 4),
    Reader(read_document, seeds.documents, 2),
    Reader(read_pack, seeds.packs, 1),
)
