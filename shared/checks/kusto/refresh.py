"""Replaces the vendored Kusto parser by another version: `npm pack @kusto/language-service-next@VERSION`, then

    python -m shared.checks.kusto.refresh kusto-language-service-next-VERSION.tgz

Maintenance only, never part of a run. Touches this folder; reads the archive it is given and nothing else.
"""

import argparse
import hashlib
import json
import lzma
import tarfile
from pathlib import Path

from shared.checks.kusto.parser import FILES, FOLDER, RECORD


def refresh(archive: Path, folder: Path = FOLDER) -> None:
    """Compress the parser's files out of npm's `archive` into `folder` and record version and SHA-256."""
    with tarfile.open(archive, "r:gz") as package:
        version = json.loads(_content(package, "package/package.json"))["version"]
        contents = {name: _content(package, f"package/{name}") for name in FILES}
    for name, content in contents.items():
        (folder / f"{name}.xz").write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    record = {
        "package": "@kusto/language-service-next",
        "version": version,
        "archive_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8", newline="\n")


def _content(package: tarfile.TarFile, name: str) -> bytes:
    member = package.extractfile(name)
    if member is None:
        raise SystemExit(f"{name} is no file in the archive.")
    return member.read()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Replace the vendored Kusto parser.")
    arguments.add_argument("archive", type=Path, help="what `npm pack @kusto/language-service-next@VERSION` wrote")
    refresh(arguments.parse_args().archive)
