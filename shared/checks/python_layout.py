"""The folder layout that the Python sample draws, held against the files that the pack shows."""

import re
from collections.abc import Iterator

from shared.checks.python_reference_rules import FILE_NOT_SHOWN
from shared.contracts import Finding, found
from shared.pack.model import PYTHON_SAMPLE, PackModel, Reference

MOST_NAMES = 12
"""Paths listed in one finding; the rest is counted."""
_TREE_LINE = re.compile(
    r"^(?P<indent>[\s│|├└─`+\-]*)(?P<name>[\w.@-]+(?:/[\w.@-]+)*/?)(?:\s+(?:#|<-|-|–|—|\().*|\s{2,}\S.*)?\s*$"
)
_WRITTEN_BY_OTHERS = re.compile(
    r"(?:^|/)(?:uv\.lock|__init__\.py|\.gitignore|\.env.*|README\.md|py\.typed|LICENSE)$|\.lock$"
)


def check_layout(model: PackModel) -> Iterator[Finding | Reference]:
    """Python files of the layout that no block shows. `__init__.py` may be empty and is made by whoever copies."""
    document = model.documents.get(PYTHON_SAMPLE)
    if document is None:
        return
    section = document.section("Folder layout")
    block = next((each for each in document.blocks if section and each.language in ("text", "txt", "", "plaintext")
                  and section.line < each.line <= section.line + section.body.count("\n") + 1), None)  # fmt: skip
    if block is None:
        return
    shown = set(model.documents.files)
    paths = list(_tree(block.content))
    tops = {path.split("/")[0] for path, _ in paths}
    root = (
        f"{next(iter(tops))}/"
        if len(tops) == 1 and not any(each.startswith(f"{next(iter(tops))}/") for each in shown)
        else ""
    )
    absent: list[tuple[str, int]] = []
    for path, line in paths:
        if not path.endswith(".py") or _WRITTEN_BY_OTHERS.search(path):
            continue
        own = path.removeprefix(root)
        is_there = any(each == own or each.endswith(f"/{own}") for each in shown)
        yield Reference("file", own, PYTHON_SAMPLE, block.line_of(line), "resolved" if is_there else "missing")
        if not is_there:
            absent.append((own, line))
    if absent:
        listed = ", ".join(path for path, _ in absent[:MOST_NAMES])
        more = f" and {len(absent) - MOST_NAMES} more" if len(absent) > MOST_NAMES else ""
        message = f"The folder layout lists {listed}{more}, which no document shows."
        mend = "Show each as a whole file, or take it out of the layout."
        yield found(FILE_NOT_SHOWN, PYTHON_SAMPLE, block.line_of(absent[0][1]), message, mend)


def _tree(content: str) -> Iterator[tuple[str, int]]:
    """Paths of a drawn folder tree, told by indentation; names that are folders end in a slash or have children."""
    entries: list[tuple[int, str, int]] = []
    for number, text in enumerate(content.splitlines(), 1):
        match = _TREE_LINE.match(text[:300])
        if match:
            entries.append((len(match["indent"]), match["name"], number))
    stack: list[tuple[int, str]] = []
    for at, (indent, name, number) in enumerate(entries):
        while stack and stack[-1][0] >= indent:
            stack.pop()
        parent = stack[-1][1] if stack else ""
        path = f"{parent}{name}"
        is_folder = name.endswith("/") or (at + 1 < len(entries) and entries[at + 1][0] > indent)
        if is_folder:
            stack.append((indent, path.rstrip("/") + "/" if path.rstrip("/") not in (".",) else ""))
        else:
            yield path, number
