"""`make bench`: time and memory of checking a pack whose contract has 200 operations, in the checks' own process."""

import asyncio
import re
import time
from pathlib import Path

from shared import markdown
from shared.checker import Checker
from shared.checks import PACK_CHECKS, Pack, PackDocument
from shared.contract import contract_blocks
from tests.golden import agents, context_for, golden

OPERATIONS = 200
ARCHITECTURE, TESTS = "integration-architecture.md", "test-specifications.md"


def large_pack() -> Pack:
    """The good pack with a contract of `OPERATIONS` operations and two tests for each."""
    pack = golden("python")
    texts = {document.name: document.text for document in pack.documents}
    (block,) = contract_blocks(texts[ARCHITECTURE])
    texts[ARCHITECTURE] = texts[ARCHITECTURE].replace(block.content, _contract(block))
    texts[TESTS] += "\n```python\n" + "\n\n".join(_tests(number) for number in range(OPERATIONS // 2)) + "\n```\n"
    return Pack(tuple(PackDocument(name, text) for name, text in texts.items()), pack.prd, pack.stack, pack.db)


def _contract(block: markdown.Fence) -> str:
    """The contract with copies of its orders paths, each with paths, ids and tags of its own."""
    match = re.search(r"^  /v1/orders:\n(?:    .*\n)+", block.content, re.MULTILINE)
    assert match
    copies = [
        match[0].replace("/v1/orders", f"/v1/orders{number}").replace("operationId: ", f"operationId: n{number}")
        for number in range(OPERATIONS // 2)
    ]
    return block.content.replace(match[0], match[0] + "".join(copies))


def _tests(number: int) -> str:
    cases = (
        (name, method, kind, code)
        for name, method, good in (("create_order", "post", 201), ("list_orders", "get", 200))
        for kind, code in (("works", good), ("refuses", 400))
    )
    return "\n\n".join(
        f"def test_n{number}{name}_{kind}(client):\n"
        f'    assert client.{method}("/v1/orders{number}").status_code == {code}\n'
        for name, method, kind, code in cases
    )


def _peak_megabytes(pid: int) -> str:
    """From /proc, where there is one."""
    status = Path(f"/proc/{pid}/status")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return str(int(peak[1]) // 1024) if peak else "unknown"


async def measure() -> None:
    """Check the large pack three times: the first one starts the process and loads every parser."""
    pack = large_pack()
    checker = Checker(timeout_seconds=120)
    for attempt in ("first", "second", "third"):
        started = time.perf_counter()
        findings = [
            finding
            for agent in agents("python")
            for finding in await checker.check(agent.checks, context_for(pack, agent))
        ]
        findings += await checker.check(PACK_CHECKS, pack)
        print(f"{attempt}: {time.perf_counter() - started:.2f} s, {len(findings)} findings")
    child = checker._child  # pyright: ignore[reportPrivateUsage] (measured from outside, used by nobody else)
    if child is not None:
        print(f"peak memory of the checks' process: {_peak_megabytes(child.pid)} MB")
    await checker.close()


if __name__ == "__main__":
    asyncio.run(measure())
