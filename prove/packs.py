"""Reads the pack that is to be proved: a run's project folder, or a folder that holds only its documents. Reads alone.

Links are not followed, so that nothing from outside the folder is copied to where the pack's code can read it.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from prove.errors import NothingToProve
from shared.pack import extract

MAXIMUM_FILES = 2_000
MAXIMUM_BYTES = 50_000_000
OWN = ("proof.json", "proof.md")
_LEFT_OUT = (".git", ".venv", "__pycache__", "node_modules")


@dataclass(frozen=True)
class Pack:
    """The files of a pack, by path relative to its project folder."""

    folder: Path
    files: Mapping[str, bytes]

    def text(self, path: str) -> str:
        """A file's text, with marks in place of what is no UTF-8; empty where there is no such file."""
        return self.files.get(path, b"").decode("utf-8", "replace")

    def below(self, folder: str, suffix: str = "") -> list[str]:
        """Paths in a folder whose names end so, in order."""
        return sorted(path for path in self.files if path.startswith(f"{folder}/") and path.endswith(suffix))

    @cached_property
    def is_python(self) -> bool:
        """Whether the sample is in Python."""
        return bool(self.below("sample", ".py")) or "sample/pyproject.toml" in self.files

    @cached_property
    def is_csharp(self) -> bool:
        """Whether the sample is in C#."""
        return bool(self.below("sample", ".csproj") or self.below("sample", ".cs"))

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file, by path, so that a later reader sees what has changed since."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in sorted(self.files.items())}


def read_pack(folder: Path) -> Pack:
    """The pack in `folder`. Raises `NothingToProve` where it is none, or too large."""
    if not folder.is_dir():
        raise NothingToProve(f"{folder} is no folder.")
    if (folder / "manifest.json").is_file():
        return Pack(folder, _files_in(folder))
    documents = {path.name: path for path in sorted(folder.glob("*.md")) if path.is_file() and not path.is_symlink()}
    if sum(path.stat().st_size for path in documents.values()) > MAXIMUM_BYTES:
        raise NothingToProve(f"The documents in {folder} are larger than {MAXIMUM_BYTES:,} bytes together.")
    texts = {name: path.read_bytes().decode("utf-8", "replace") for name, path in documents.items() if name not in OWN}
    files = {file.path: file.content.encode() for file in extract(texts)}
    if not files:
        raise NothingToProve(
            f"{folder} is no pack: it has neither a manifest.json nor documents that files can be taken from. "
            "Name a run's project folder."
        )
    return Pack(folder, files)


def _files_in(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    size = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(place) / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() or not path.is_file() or relative in OWN:
                continue
            size += path.stat().st_size
            if size > MAXIMUM_BYTES or len(found) >= MAXIMUM_FILES:
                raise NothingToProve(
                    f"{folder} holds more than {MAXIMUM_FILES:,} files or {MAXIMUM_BYTES:,} bytes: too much for a pack."
                )
            found[relative] = path.read_bytes()
    return found
