"""What a pack's manifest must register: every file with size and hash, and the text of those it sums up. Pure."""

import hashlib
import posixpath
from collections.abc import Mapping

from shared.contracts import RegisteredFile, Registry

CONTRACT, MACHINE_READABLE = "openapi.yaml", "manifest.json"


def registry(manifest: str, path: str, files: Mapping[str, bytes]) -> Registry:
    """What `check` needs to know of the manifest at `path` and the pack's `files` by path, all from one root."""
    folder = posixpath.dirname(path)

    def registered(name: str, content: bytes) -> RegisteredFile:
        beside = name.removeprefix(f"{folder}/") if folder else name
        is_read = beside in (CONTRACT, MACHINE_READABLE) or (name.endswith(".md") and beside == name)
        text = content.decode(errors="replace") if is_read else ""
        return RegisteredFile(name, len(content), hashlib.sha256(content).hexdigest(), text)

    return Registry(manifest, path, tuple(registered(*file) for file in files.items()))
