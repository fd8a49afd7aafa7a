"""The manifest held against its files: what a pack's registry lists, and what lies there."""

from dataclasses import dataclass

from shared.contracts.payload import Payload


@dataclass(frozen=True)
class RegisteredFile(Payload):
    """A file as the manifest should register it: path, size in bytes and SHA-256; `text` only where it is read."""

    path: str
    size: int
    sha256: str
    text: str = ""


@dataclass(frozen=True)
class Registry(Payload):
    """MANIFEST.md, its path, and the files of its pack; all paths are from one root."""

    manifest: str
    path: str
    files: tuple[RegisteredFile, ...]
