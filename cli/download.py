"""Downloads a run's files below one folder. Judges every path before anything is written.

The paths come from a server, so they are treated as hostile: a file is written only if its path is a plain
relative one, and gets its name only after its size and SHA-256 were found to be what the run registered.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.errors import FileRefused
from cli.records import RunFile

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
LONGEST_PATH = 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """A file of the run and where it lies now; `kept_as` is where an earlier, different one was moved."""

    file: RunFile
    path: Path
    kept_as: Path | None = None


def paths_below(folder: Path, files: Iterable[RunFile]) -> list[tuple[RunFile, Path]]:
    """Where each file goes. All are judged before one is written: FileRefused if any is unsafe."""
    return [(file, path_below(folder, file.path)) for file in files]


def path_below(folder: Path, path: str) -> Path:
    """Where a container path lies below `folder`, on every system; FileRefused if it might not."""
    parts = path.split("/")
    if not all(_is_plain(part) for part in parts) or len(path) > LONGEST_PATH:
        raise FileRefused(f"the run lists a file with an unsafe path; none was written: {path[:200]!r}")
    target = folder.joinpath(*parts)
    if not target.resolve().is_relative_to(folder.resolve()):
        raise FileRefused(f"{target} leads out of {folder} through a link; none was written")
    return target


def save(file: RunFile, target: Path, fetch: Callable[[RunFile], Iterator[bytes]]) -> Saved:
    """Bring one file to its place. A right copy that is there is left alone, a different one kept as .bak."""
    try:
        if target.is_file() and _is(file, target):
            return Saved(file, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return Saved(file, target, _write(file, target, fetch(file)))
    except OSError as error:
        raise FileRefused(f"{target} cannot be written: {error.strerror or error}") from error


def _is_plain(part: str) -> bool:
    """Whether a path's segment names one file or folder, on Windows too: no '..', drive, stream or device."""
    if part in ("", ".", "..") or part.endswith((".", " ")) or part.startswith(" "):
        return False
    return not _FORBIDDEN.search(part) and not _DEVICE.fullmatch(part)


def _is(file: RunFile, target: Path) -> bool:
    if target.stat().st_size != file.size:
        return False
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256


def _write(file: RunFile, target: Path, chunks: Iterator[bytes]) -> Path | None:
    """Write beside the place and move there once the bytes are known to be right."""
    part = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as stream:
            for chunk in _verified(file, chunks):
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        kept_as = _keep(target)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return kept_as


def _verified(file: RunFile, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, then FileRefused unless their size and digest were what the run registered."""
    digest = hashlib.sha256()
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > file.size:
            break
        digest.update(chunk)
        yield chunk
    if size != file.size:
        how = "more" if size > file.size else "fewer"
        raise FileRefused(f"{file.path} has {how} bytes than the {file.size:,} registered; it was not written")
    if digest.hexdigest() != file.sha256:
        raise FileRefused(
            f"{file.path} is not what the run registered (SHA-256 {digest.hexdigest()[:12]}..., "
            f"registered {file.sha256[:12]}...); it was not written"
        )


def _keep(target: Path) -> Path | None:
    """Move what lies at the place aside: somebody may have worked on it."""
    if not target.exists():
        return None
    kept = target.with_name(f"{target.name}.bak")
    target.replace(kept)
    return kept
