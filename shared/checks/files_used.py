"""Files that steps, scripts, containers and templates use: each is shown by a document or made by a command before."""

from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.pack_model import delivery_of
from shared.checks.reference_examples import EXAMPLES
from shared.contracts import Finding, Rule, found, unjudged
from shared.pack import FileUse, Reference

FILE_MISSING = Rule(
    "REF-040", "error", "What runs, reads, copies or includes a file that nobody writes fails when it is first used.",
    proves="A step, script, Dockerfile, compose file, template or list names a path of the repository; no document of "
    "the whole pack shows it, no command makes it, and no convention leaves it to a tool.",
    leaves="Paths put together at run time, packs that lack a document, folders that results are written to, what the "
    "conventions place in `infra/`, scripts after archives are unpacked, bare names in commands for a person.",
    bad=EXAMPLES["REF-040"].bad, good=EXAMPLES["REF-040"].good,
)  # fmt: skip
RULES = (FILE_MISSING,)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """One finding for each root: a path, or all paths that one word stands for."""
    delivery = delivery_of(pack)
    missing: dict[tuple[str, str], list[FileUse]] = {}
    open_: dict[str, set[str]] = {}
    for use in delivery.uses:
        state = delivery.state(use)
        yield Reference("file", use.path, use.document, use.line, state)
        if state == "missing":
            root = use.written if "|" in use.written else use.path
            missing.setdefault((use.document, root), []).append(use)
        elif state == "undecided":
            open_.setdefault(use.document, set()).add(use.path)
    for (document, _), uses in missing.items():
        paths = list(dict.fromkeys(use.path for use in uses))
        lines = sorted({use.line for use in uses})
        also = f" (also lines {', '.join(map(str, lines[1:12]))})" if len(lines) > 1 else ""
        named = ", ".join(f"`{path}`" for path in paths[:8])
        what = "a file" if len(paths) == 1 else "files"
        message = f"{named}: {uses[0].how} here{also}, {what} that no document shows and no command makes."
        mend = f"Show {'it' if len(paths) == 1 else 'them'} as a whole file after a line with the path, or do without."
        yield found(FILE_MISSING, document, lines[0], message, mend)
    for document, paths in open_.items():
        some = ", ".join(f"`{path}`" for path in sorted(paths)[:6])
        message = f"{len(paths)} of the files that are used could not be followed to their origin: {some}."
        yield unjudged(FILE_MISSING, document, 1, message)
