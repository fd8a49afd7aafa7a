"""The child process of converter.py: a document on stdin, one JSON answer on stdout; the kind is its argument.

It gets no setting and no secret from its parent's environment, and has limits of memory and processor time.
"""

import json
import os
import sys
from typing import Any

from shared.prd.intake.unreadable import Unreadable

MEMORY_BYTES = 1024**3
"""Address space that a conversion may take (POSIX)."""
PROCESSOR_SECONDS = 30
MOST_CHARACTERS = 20_000_000
MOST_LOST = 50
"""Things that are named as lost; the rest is counted."""


def main() -> None:
    """Read a document, answer, end."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not mix with the answer
    _limit()
    answers.write(json.dumps(_answer(sys.argv[1], sys.stdin.buffer.read())))
    answers.flush()


def _answer(kind: str, data: bytes) -> dict[str, Any]:
    try:
        text, lost = _convert(kind, data)
    except Unreadable as error:
        return {"code": error.code, "detail": str(error)}
    except (RecursionError, MemoryError):
        return {"code": "prd-too-complex", "detail": "its parts are nested too deeply, or it is too large."}
    more = len(lost) - MOST_LOST
    return {"text": text[:MOST_CHARACTERS], "lost": lost[:MOST_LOST] + ([f"and {more} more"] if more > 0 else [])}


def _convert(kind: str, data: bytes) -> tuple[str, list[str]]:
    if kind == "word":
        from shared.prd.intake.word import from_word  # each parser is imported where its kind is read

        return from_word(data)
    if kind == "pdf":
        from shared.prd.intake.pdf import from_pdf

        return from_pdf(data)
    from shared.prd.intake.html import from_html_bytes

    return from_html_bytes(data)


def _limit() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))


if __name__ == "__main__":
    main()
