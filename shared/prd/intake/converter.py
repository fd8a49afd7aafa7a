"""Has documents converted in a child process, each in one of its own, which ends with it. Only starts processes.

What the child cannot read, it says with a code; what it does not answer in time is refused as too much work.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from shared.contracts import Converted
from shared.errors import BadInput
from shared.prd.document import shown
from shared.prd.intake.kinds import SHOWN, kind_of

SECONDS = 40.0
AT_ONCE = 2
"""Documents that are converted at the same time: each may take a core and `child.MEMORY_BYTES`."""
LARGEST_ANSWER = 64 * 1024 * 1024
_MENDS = {
    "pdf-encrypted": "Remove its password and send it again.",
    "pdf-scanned": "It is pictures of pages: have the text recognised (OCR), or send the document it was made from.",
    "pdf-broken": "Export the PDF again, or send the document it was made from.",
    "pdf-too-long": "Split it into one PRD per service.",
    "word-broken": "Open it in Word, save it again as .docx, and send that.",
    "word-too-large": "Remove embedded files and pictures, or send the text alone.",
    "html-broken": "Save the page again, or send its text.",
    "prd-too-complex": "Shorten or simplify it, or send its text.",
    "prd-not-text": "Save the PRD as UTF-8 text, Markdown, Word or PDF.",
}


@dataclass(frozen=True)
class Text:
    """A document as Markdown, and what its conversion was; `converted` is None for what was text already."""

    data: bytes
    converted: Converted | None = None


class Converter:
    """Converts what is no text; hands text on as it is."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._free = asyncio.Semaphore(AT_ONCE)

    async def text_of(self, name: str, data: bytes) -> Text:
        """The document as UTF-8 text. `BadInput` says why it cannot be read, and what to do."""
        kind = kind_of(name, data)
        if kind is None:
            return Text(data)
        async with self._free:
            answer = await self._ask(kind, name, data)
        if code := answer.get("code"):
            detail = f"{shown(name)}: {str(answer.get('detail'))[:500]}"
            raise BadInput(str(code), detail, _MENDS.get(str(code), ""), http_status=415)
        digest = hashlib.sha256(data).hexdigest()
        lost = tuple(str(each) for each in answer["lost"])
        return Text(str(answer["text"]).encode(), Converted(SHOWN[kind], len(data), digest, lost))

    async def _ask(self, kind: str, name: str, data: bytes) -> dict[str, Any]:
        # The worker extends sys.path with the app's packages; the child needs the same, and nothing else.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.environ.get("PATH", "")}
        if "SYSTEMROOT" in os.environ:  # Windows cannot start Python without it
            environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shared.prd.intake.child", kind,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=environment, limit=LARGEST_ANSWER,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._seconds):
                answer, _ = await child.communicate(data)
            return json.loads(answer)
        except TimeoutError:
            detail = f"{shown(name)}: converting it took more than {self._seconds:g} s."
            mend = "Shorten or simplify it, or send its text."
            raise BadInput("prd-too-complex", detail, mend, http_status=413) from None
        except ValueError:  # it ended without an answer, as at its limit of memory
            detail = f"{shown(name)}: converting it took more than it may."
            mend = "Shorten or simplify it, or send its text."
            raise BadInput("prd-too-complex", detail, mend, http_status=413) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
