"""Fuzzing of what reads untrusted input: `python -m tests.fuzz SECONDS` feeds it mutated PRDs, names and documents.

Coverage is not measured; the inputs start from real ones and from what has once been trouble, and are mutated, so that
most get past the first check. The seed is printed: FUZZ_SEED repeats a run. The short form runs with the tests.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from shared.blobs import is_addressable
from shared.checks import Context
from shared.checks.active import check as check_active
from shared.checks.structure import check as check_structure
from shared.contracts import Payload
from shared.errors import BadInput
from shared.extract import extract
from shared.file_names import safe_path
from shared.options import Source, from_front_matter, from_metadata, resolve
from shared.prd import read_prd
from shared.requirements import annotated, extract_requirements
from shared.suspicion import calm, suspicions
from tests.bad_prds import BAD_PRDS, USABLE_PRDS
from tests.hostile_prd import HARMLESS, PASSAGES
from triggers.blob_drop import error_name, is_prd
from triggers.intake import run_id_for

EXAMPLES = Path(__file__).parents[1] / "examples/prds"
GOLDEN = Path(__file__).parent / "golden"
SLOW_SECONDS = 5.0
"""No input here is longer than 40 kB: what takes this long is an attack that works."""
MARKS = [
    *"-*_#>|`~[](){}<>!&:;=+\\/%\"'.,0aZ\n\t \r\0\x0b\x1b\x85\u00a0\u200b\u202e\u2028\ufeff\ufffe\U000e0041é注🦊",
    "---\n", "```", "<!--", "]: ", "](", "&#", "!!", "*a", "&a", "<<: ", "? ", "R-001", "..", "%2e", "must ", "- [ ] ",
]  # fmt: skip


def mutated(source: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """`source` with some of its parts doubled, moved, cut, replaced, or taken from another input."""
    data = bytearray(source)
    for _ in range(chance.randint(1, 6)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.choice((1, 4, 40, 400)))
        kind = chance.randrange(6)
        if kind == 0:
            data[start:end] = b""
        elif kind == 1:
            data[start:start] = data[start:end] * chance.choice((1, 2, 50))
        elif kind == 2:
            data[start:end] = chance.choice(MARKS).encode("utf-8", "surrogatepass") * chance.choice((1, 1, 3, 300))
        elif kind == 3:
            data[start:end] = chance.randbytes(chance.randint(1, 8))
        elif kind == 4:
            other = chance.choice(others)
            cut = chance.randint(0, len(other))
            data[start:start] = other[cut : cut + 500]
        else:
            data[start:end] = bytes(reversed(data[start:end]))
    return bytes(data[:40_000])


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
    assert calm(prd.text).count("\n") == prd.text.count("\n")
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


def read_document(data: bytes) -> None:
    """A deliverable, as far as it needs no parser in a process of its own."""
    text = data.decode(errors="replace")
    context = Context("integration-architecture.md", text, ("Overview and service boundaries",))
    for finding in (*check_active(context), *check_structure(context)):
        assert isinstance(finding, Payload)
    for file in extract({"test-specifications.md": text}):
        assert safe_path(file.path) == file.path


READERS: tuple[Callable[[bytes], None], ...] = (read_whole, read_options, read_name, read_document)


def corpus() -> list[bytes]:
    """What mutation starts from."""
    files = [*EXAMPLES.glob("*.md"), *GOLDEN.rglob("prd.md")]
    known = [data for data, _ in BAD_PRDS.values()] + list(USABLE_PRDS.values())
    texts = [*PASSAGES.values(), *HARMLESS, "a/b c.md", "nul.", "..\\x", "designs/billing"]
    documents = [path.read_bytes()[:20_000] for path in GOLDEN.rglob("*-architecture.md")]
    return [path.read_bytes() for path in files] + known + [text.encode() for text in texts] + documents


def fuzz(seconds: float, seed: int) -> dict[str, int]:
    """Feed all readers until the time is up; how many inputs each took. What fails raises, with the input in a note."""
    chance, sources = random.Random(seed), corpus()
    taken = dict.fromkeys((reader.__name__ for reader in READERS), 0)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = mutated(chance.choice(sources), sources, chance)
        for reader in READERS:
            started = time.process_time()
            try:
                reader(data)
                took = time.process_time() - started
                assert took < SLOW_SECONDS, f"{took:.1f} s"
            except Exception as error:
                error.add_note(f"{reader.__name__}, seed {seed}: {data!r}")
                raise
            taken[reader.__name__] += 1
    return taken


if __name__ == "__main__":
    chosen = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FUZZ_SEED={chosen}", flush=True)
    print(fuzz(float(sys.argv[1]), chosen))
