"""What mutation starts from: real inputs, and what has once been trouble. No longer than that a change of it counts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from shared.agents.agent_files import catalogue
from shared.formats import markdown
from tests.bad_prds import BAD_PRDS, USABLE_PRDS
from tests.documents import ORDERS, as_html, as_word
from tests.fuzz.mutation import LONGEST
from tests.golden import STACKS, golden
from tests.hostile_prd import HARMLESS, PASSAGES
from tests.shared.checks.test_manifest_check import PROJECT as FOLDER
from tests.shared.checks.test_manifest_check import Pack as GoodPack

PROJECT = Path(__file__).parents[2]
GOOD = PROJECT / "tests/shared/checks"
NAMES = sorted({agent.deliverable for agent in catalogue().agents.values() if agent.deliverable})
BETWEEN = b"\n%%%\n"
"""Stands between the texts of an input that is several."""


def prds() -> list[bytes]:
    """PRDs, bad ones too, and passages that speak to the pipeline."""
    files = [*(PROJECT / "examples/prds").glob("*.md"), *(PROJECT / "tests/golden").rglob("prd.md")]
    known = [data for data, _ in BAD_PRDS.values()] + list(USABLE_PRDS.values())
    texts = [*PASSAGES.values(), *HARMLESS]
    return [path.read_bytes() for path in sorted(files)] + known + [text.encode() for text in texts]


def pages() -> list[bytes]:
    """HTML of a PRD, and markup that is trouble."""
    odd = [
        b"<table><tr><td colspan=99999999>x",
        b"<div>" * 300,
        b"<a href='#footnote-1'>1</a><li id=footnote-1>x",
        b"<img src=x>",
    ]
    return [as_html(ORDERS).encode(), *odd]


def word_documents() -> list[bytes]:
    """A Word document with everything that the converter looks at."""
    return [as_word(ORDERS)]


def names() -> list[bytes]:
    """Names and values of options."""
    return [b"a/b c.md", b"nul.", b"..\\x", b"designs/billing", b"postgres", b"python", b"\xed\xa0\x80.md"]


def requests() -> list[bytes]:
    """`POST /api/runs` as an address, headers and a body: JSON, or the PRD itself."""
    prd = "# Order Service\n\nOrders must be taken."
    bodies: list[object] = [
        {"prd": prd, "name": "orders.md", "stack": "python", "db": "postgres", "fresh": True},
        {"prd": {"blob": "teams/a/orders.md"}, "output": "billing", "economy": "true"},
        [prd], {"db": None}, {"prd": ["\ud800"], "name": 7},
    ]  # fmt: skip
    asked = b"http://localhost/api/runs\ncontent-type: application/json\nx-functions-key: a\n\n"
    plain = b"http://localhost/api/runs?name=orders.md&stack=csharp&fresh=1&code=x\ncontent-type: text/markdown\n\n"
    return [asked + json.dumps(body).encode() for body in bodies] + [plain + data for data in USABLE_PRDS.values()]


def callbacks() -> list[bytes]:
    """`POST /api/callbacks` as the task of a pipeline sends it."""
    guid = "3a7e60dc-c5b0-5009-86eb-0f217c12e2ea"
    ids = [f"{name}: {guid}" for name in ("ProjectId", "PlanId", "JobId", "TimelineId", "TaskInstanceId")]
    head = ["http://localhost/api/callbacks", "PlanUrl: https://dev.azure.com/contoso/", "HubName: build", *ids]
    asked = "\n".join([*head, "AuthToken: eyJ0.canary.token"])
    return [f"{asked}\n\n{body}".encode() for body in ('{"runs": ["orders-1", "b-2"]}', '{"runs": "a, b-1\\nc"}')]


def yaml() -> list[bytes]:
    """Contracts, pipelines and what expands."""
    bombs = [data for name, (data, _) in BAD_PRDS.items() if "front matter" in name]
    return [path.read_bytes() for path in sorted(GOOD.glob("good_*/*.yml"))] + [_contract()] + bombs


def documents() -> list[bytes]:
    """Deliverables by section and in excerpts, and each good contract and pipeline in a block."""
    whole = [document.text for stack in STACKS for document in golden(stack).documents]
    parts = [f"# Title\n\n{part}" for text in whole for part in re.split(r"(?m)^(?=## )", text)[1:]]
    blocks = [f"# Title\n\n## Pipeline\n\n```yaml\n{data.decode()}```\n" for data in yaml()]
    known = [path.read_text(encoding="utf-8") for path in sorted((GOOD / "good_documents").glob("*.md"))]
    excerpts = [excerpt(text, kept_lines=60) for text in whole]
    texts = [f"{_sample()}\n```kusto\nprint 1\n```\n", *known, *parts, *blocks, *excerpts]
    return [data for text in texts if len(data := text.encode()) <= LONGEST // 2]


def excerpt(text: str, kept_lines: int) -> str:
    """The document with only the first lines of each of its blocks."""
    lines = text.split("\n")
    for fence in reversed(markdown.fences(text)):
        del lines[fence.line + kept_lines : fence.line + fence.content.count("\n")]
    return "\n".join(lines)


def packs() -> list[bytes]:
    """PRD and documents, in the order of `NAMES`: excerpts of the good packs, and one sample as each document."""
    sampled = [_sample()] * (1 + len(NAMES))
    return [BETWEEN.join(text.encode() for text in texts) for texts in (sampled, *map(_excerpts, STACKS))]


def _excerpts(stack: str) -> list[str]:
    """Of each section the first lines: all that refers to another document, though less of it."""
    pack = golden(stack)
    texts = (excerpt(pack.text(name) or "", kept_lines=20) for name in NAMES)
    return [pack.prd, *("\n".join(_heads(text)) for text in texts)]


def _heads(text: str) -> Iterator[str]:
    for section in re.split(r"(?m)^(?=## )", text):
        head = "\n".join(section[:1_200].split("\n")[:-1])
        yield head + ("\n```\n" if head.count("\n```") % 2 else "\n")


def manifests() -> list[bytes]:
    """A manifest, and what it must agree with."""
    manifest, files = GoodPack().write()
    return [
        BETWEEN.join((manifest.encode(), *(files[f"{FOLDER}/{name}"] for name in ("manifest.json", "openapi.yaml"))))
    ]


def _sample() -> str:
    """A little of everything that checks read, but queries."""
    return (PROJECT / "shared/checks/sample.md").read_text(encoding="utf-8")


def _contract() -> bytes:
    return (GOOD / "good_contract.yaml").read_bytes()
