"""The child process of shared/checks/checker.py: one request a line on stdin, one answer a line on stdout.

It gets no setting and no secret from its parent's environment, and ends with its parent (end of stdin).
"""

import contextlib
import json
import os
import sys
import threading
from typing import Any

from shared.checks import Context, Pack, rules_of, run_one
from shared.contracts import Registry

MEMORY_BYTES = 3 * 1024**3
"""Address space a check may take (POSIX); over it, the allocation fails inside the check."""


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not mix with the answers
    _limit_memory()
    threading.Thread(target=_load_slow_parser, name="preload", daemon=True).start()
    kinds = {kind.__name__: kind for kind in (Context, Pack, Registry)}
    for line in sys.stdin.buffer:
        request: dict[str, Any] = json.loads(line)
        answers.write(json.dumps(_answer(request, kinds)) + "\n")
        answers.flush()


def _answer(request: dict[str, Any], kinds: dict[str, Any]) -> Any:
    if "rules" in request:
        return rules_of(request["rules"])
    if "report" in request:
        return _report(request["report"])
    return run_one(request["check"], kinds[request["kind"]].from_dict(request["subject"])).to_dict()


def _report(given: dict[str, Any]) -> str:
    """A run's report: rendering untrusted documents takes seconds, and may go wrong, as checking them may."""
    from shared.checks.mermaid import draw
    from shared.pack.report import ReportInput, render_report

    return render_report(ReportInput.from_dict(given), draw)


def _load_slow_parser() -> None:
    """Have the KQL parser loaded by the time the first query comes; it takes seconds. A failure shows there."""
    from shared.checks.kusto import parser

    with contextlib.suppress(parser.ParserUnavailable, parser.QueryRefused):
        parser.analyse("print 1", ())


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    main()
