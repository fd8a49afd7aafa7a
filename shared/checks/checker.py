"""Runs checks in a child process, so that each has a time limit that nothing in a document can outwit.

Deliverables are untrusted: a parser may hang or eat memory on them. The child reads one request a line and answers one
line; when an answer is late, the child is killed, a new one is started for the next request, and the late check is a
finding. A run's report is rendered there too. Only this module and shared/prd/intake/ start processes in the app.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.checks import (
    CHECK_CRASHED,
    CHECK_TIMED_OUT,
    DELIVERABLE_CHECKS,
    PACK_CHECKS,
    Context,
    Judgement,
    Pack,
    PackDocument,
    Subject,
    place_of,
)
from shared.contracts import Finding, Rule, found

if TYPE_CHECKING:  # what reads packs is imported at first use: indexing the app reads none
    from shared.pack.report import ReportInput

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer line."""
_SAMPLE = Path(__file__).parent / "sample.md"


class Checker:
    """One child process for checks, started at the first one. Checks queue for it."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._turn = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def check(self, names: Iterable[str], subject: Subject) -> list[Finding]:
        """What the named checks find; each has the whole time limit to itself."""
        return list((await self.judge(names, subject)).findings)

    async def judge(self, names: Iterable[str], subject: Subject) -> Judgement:
        """Run the named checks; each has the whole time limit to itself."""
        judgement = Judgement()
        for name in names:
            async with self._turn:
                judgement += await self._check_one(name, subject)
        return judgement

    async def count_rules(self, names: Iterable[str]) -> int:
        """How many rules the named checks hold; 0 where the child does not answer. It has them loaded."""
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout):
                    return int(await self._answer({"rules": list(names)}))
            except (TimeoutError, EOFError, OSError, ValueError):
                await self._end_child()
                return 0

    async def report(self, given: "ReportInput") -> str:
        """The report of a pack; the brief one, without documents, where rendering them all took too long or failed."""
        from shared.pack.report import render_brief

        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout):
                    return str(await self._answer({"report": given.to_dict()}))
            except (TimeoutError, EOFError, OSError, ValueError):
                await self._end_child()
        return await asyncio.to_thread(render_brief, given)

    async def start(self) -> None:
        """Start the child ahead of its first use, and have it load its parsers: by reading a sample of everything."""
        text = _SAMPLE.read_text(encoding="utf-8")
        await self.check(DELIVERABLE_CHECKS, Context(_SAMPLE.name, text, ()))
        names = ("integration-architecture.md", "test-specifications.md")
        await self.check(PACK_CHECKS, Pack(tuple(PackDocument(name, text) for name in names), text))

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            await self._end_child()

    async def _check_one(self, name: str, subject: Subject) -> Judgement:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._ask(name, subject)
        except TimeoutError:
            await self._end_child()
            message = f"The {name} check took more than {self._timeout:g} s."
            return _without_answer(CHECK_TIMED_OUT, subject, message)
        except (EOFError, OSError, ValueError):
            await self._end_child()
            message = f"The {name} check ended without an answer."
            return _without_answer(CHECK_CRASHED, subject, message)

    async def _ask(self, name: str, subject: Subject) -> Judgement:
        request = {"check": name, "kind": type(subject).__name__, "subject": subject.to_dict()}
        return Judgement.from_dict(await self._answer(request))

    async def _answer(self, request: dict[str, Any]) -> Any:
        child = await self._living_child()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(request).encode() + b"\n")
        await child.stdin.drain()
        line = await child.stdout.readline()
        if not line:
            raise EOFError
        return json.loads(line)

    async def _living_child(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            # The worker extends sys.path with the app's packages; the child needs the same.
            environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.environ.get("PATH", "")}
            if "SYSTEMROOT" in os.environ:  # Windows cannot start Python without it
                environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "shared.checks.child",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                env=environment, limit=LARGEST_ANSWER,
            )  # fmt: skip
        return self._child

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _without_answer(rule: Rule, subject: Subject, message: str) -> Judgement:
    return Judgement((found(rule, place_of(subject), 1, message, "Simplify what the check reads."),))
