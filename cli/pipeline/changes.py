"""Which PRDs a push or a pull request has changed, as Git tells. Runs `git` in one repository, reads commits alone.

Contents come from the commit, never from the working tree: a link in the repository leads nowhere, and line endings
are the same on every agent.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from cli.errors import BadUsage

SUFFIXES = frozenset({".md", ".markdown", ".txt"})
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Git's name of no files at all: against it, everything is new."""
_FILES = frozenset({"100644", "100755"})
_SECONDS = 300

type Kind = Literal["new", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A PRD that was changed: its path in the repository, and how many lines came and went."""

    path: str
    kind: Kind
    added: int
    removed: int


class Repository:
    """A checkout with its history."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def content(self, path: str) -> bytes:
        """A file as it was committed."""
        return self._git("cat-file", "blob", f"HEAD:{path}")

    def since_branch(self, target: str) -> str:
        """The commit at which HEAD left the branch that it is to be merged into."""
        branch = target.removeprefix("refs/heads/")
        return self._git("merge-base", f"refs/remotes/origin/{branch}", "HEAD").decode().strip()

    def before_push(self, last_built: str | None) -> str:
        """The commit that was built last, where HEAD comes after it; else HEAD's first parent, if it has one."""
        if last_built and self._succeeds("merge-base", "--is-ancestor", last_built, "HEAD"):
            return last_built
        if self._succeeds("rev-parse", "--quiet", "--verify", "HEAD^1"):
            return self._git("rev-parse", "HEAD^1").decode().strip()
        return EMPTY_TREE

    def changes(self, path: str, base: str) -> list[Change]:
        """The PRDs below `path` that differ between `base` and HEAD, in the order of their names."""
        asked = ("-z", "--no-renames", "--no-ext-diff", "--no-textconv", base, "HEAD", "--", f":(top,literal){path}")
        lines = self._line_counts(self._git("diff", "--numstat", *asked))
        return [
            Change(name, kind, *lines.get(name, (0, 0)))
            for name, kind in _kinds(self._git("diff", "--raw", *asked))
            if PurePosixPath(name).suffix.lower() in SUFFIXES
        ]

    @staticmethod
    def _line_counts(numstat: bytes) -> dict[str, tuple[int, int]]:
        rows = [row.split("\t", 2) for row in _records(numstat)]
        return {name: (_number(added), _number(removed)) for added, removed, name in rows}

    def _succeeds(self, *arguments: str) -> bool:
        return self._run(*arguments).returncode == 0

    def _git(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip()
            raise BadUsage(f"git {arguments[0]} failed in {self._folder}: {reason}; check out with fetchDepth: 0")
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self._folder), *arguments]
        try:
            return subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except OSError as error:
            raise BadUsage(f"git cannot be run: {error}") from error


def _kinds(raw: bytes) -> Iterator[tuple[str, Kind]]:
    """Paths and what became of them; only plain files, no links and no other repositories."""
    records = _records(raw)
    for head, name in zip(records[::2], records[1::2], strict=True):
        before, after = head.lstrip(":").split(" ")[:2]
        if after in _FILES:
            yield name, "changed" if before in _FILES else "new"
        elif before in _FILES and after == "000000":
            yield name, "removed"


def _records(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _number(text: str) -> int:
    """A count of lines; Git has a dash for files that are not text."""
    return int(text) if text.isdecimal() else 0
