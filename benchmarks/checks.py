"""`make bench`: time and memory of checking a pack whose contract has 200 operations, in the checks' own process.

Cold is a new process: it loads every parser. Ready is one that has loaded them, as the app's has when the first draft
comes. Revised is the same process with every document a little changed, as
after a revision. Warm is the same pack once more. Each is told in seconds on the clock, and of the child's CPU.
"""

import asyncio
import os
import re
import time
from pathlib import Path

from shared.checks import PACK_CHECKS, Pack, PackDocument
from shared.checks.checker import Checker
from shared.formats import markdown
from shared.formats.openapi import contract_blocks
from tests.golden import agents, context_for, golden

OPERATIONS = 200
LOADING_SECONDS = 8
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


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from /proc, where there is one."""
    stat = Path(f"/proc/{pid}/stat")
    fields = stat.read_text().rpartition(")")[2].split() if stat.exists() else []
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _revised(pack: Pack) -> Pack:
    """Every document with a line more, and a query with another name in it."""
    changed = (
        PackDocument(each.name, f"{each.text.replace('let objective', 'let  objective')}\nRevised.\n")
        for each in pack.documents
    )
    return Pack(tuple(changed), pack.prd, pack.stack, pack.db)


async def _check(checker: Checker, pack: Pack) -> int:
    """How many findings the whole pack has."""
    findings = await checker.check(PACK_CHECKS, pack)
    for agent in agents("python"):
        findings += await checker.check(agent.checks, context_for(pack, agent))
    return len(findings)


async def measure() -> None:
    """Check the large pack cold, ready, revised and warm."""
    pack = large_pack()
    cold = Checker(timeout_seconds=120)
    started = time.perf_counter()
    findings = await _check(cold, pack)
    print(f"cold: {time.perf_counter() - started:.2f} s, {findings} findings")
    await cold.close()
    checker = Checker(timeout_seconds=120)
    await checker.start()
    await asyncio.sleep(LOADING_SECONDS)  # the KQL parser loads beside it
    child = checker._child  # pyright: ignore[reportPrivateUsage] (measured from outside, used by nobody else)
    assert child is not None
    for name, subject in (("ready", pack), ("revised", _revised(pack)), ("warm", _revised(pack))):
        started, cpu = time.perf_counter(), _cpu_seconds(child.pid)
        findings = await _check(checker, subject)
        spent = _cpu_seconds(child.pid) - cpu
        print(f"{name}: {time.perf_counter() - started:.2f} s, {spent:.2f} s of CPU, {findings} findings")
    print(f"peak memory of the checks' process: {_peak_megabytes(child.pid)} MB")
    await checker.close()


if __name__ == "__main__":
    asyncio.run(measure())
