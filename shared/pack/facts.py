"""What other documents may rest on in a document: its names, paths, numbers and schemas, as one fingerprint. Pure.

Read are headings, blocks of code (the contract is one), rows of tables, and in prose what stands in backticks and every
number. Left out are citations of requirements, comments, descriptions, and how prose is worded and broken into lines.
What cannot be told apart counts as changed: a description of several lines, a sentence that was moved.
"""

import re
from collections.abc import Iterator

from shared.agents import fingerprint

_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_CITATION = re.compile(r"\s*\[[A-Z][A-Za-z]{0,11}-\d{1,6}\](?:\s*,)?")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)\s.*$")
_DESCRIBED = re.compile(r"(\s*(?:-\s+)?(?:description|summary|title):\s+)[^|>\s].*")
_FACT = re.compile(r"`[^`]+`|\d+(?:[.,:]\d+)*(?:\s?(?:%|[a-zA-Zµ]+\b))?")


def facts_of(text: str) -> str:
    """A fingerprint that stays the same where a change touches none of them."""
    return fingerprint("\n".join(_facts(text)))


def _facts(text: str) -> Iterator[str]:
    fence = ""
    for line in re.split(r"\r\n?|\n", text):
        opened = _FENCE.match(line)
        if fence:
            closed = opened and opened[1].startswith(fence) and not line.strip().strip(fence[0])
            yield "```" if closed else _coded(line)
            fence = "" if closed else fence
        elif opened:
            fence = opened[1]
            yield line.strip()
        else:
            yield from _written(_CITATION.sub("", line).strip())


def _coded(line: str) -> str:
    """A line of code without comments; of a description, what prose would tell."""
    line = _COMMENT.sub("", line).rstrip()
    described = _DESCRIBED.fullmatch(line)
    return described[1] + " ".join(_FACT.findall(line)) if described else line


def _written(line: str) -> Iterator[str]:
    if line.startswith(("|", "#")):
        yield " ".join(line.split())
    else:
        yield from _FACT.findall(line)
