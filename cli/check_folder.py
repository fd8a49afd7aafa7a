"""Holds a pack on disk against all rules, offline, also after somebody edited it. Reads files, sends nothing.

Uses the product's own checks (`shared.checks`), each in the same child process with the same time limit as in a run.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import BadUsage
from cli.records import Json
from shared.agents import catalogue
from shared.checks import PACK_CHECKS, REGISTRY_CHECKS, Context, Pack, PackDocument
from shared.checks.checker import Checker
from shared.contracts import Finding
from shared.pack import registry

CHECK_SECONDS = 60.0
LARGEST_FILE = 50_000_000


@dataclass(frozen=True)
class FolderFinding:
    """A finding and the file on disk that it is about."""

    finding: Finding
    file: Path

    def to_json(self) -> Json:
        """As `--json` prints it."""
        return {**self.finding.to_dict(), "file": self.file.as_posix()}


@dataclass(frozen=True)
class CheckedFolder:
    """What the checks found in a run's project folder."""

    folder: Path
    deliverables: int
    findings: tuple[FolderFinding, ...]

    @property
    def errors(self) -> int:
        """Findings that block."""
        return sum(each.finding.severity == "error" for each in self.findings)

    @property
    def warnings(self) -> int:
        """Findings that are worth a look."""
        return sum(each.finding.severity == "warning" for each in self.findings)

    @property
    def unjudged(self) -> int:
        """Places that a check could not follow."""
        return len(self.findings) - self.errors - self.warnings

    @property
    def exit_code(self) -> int:
        """1 with errors; warnings are only told."""
        return 1 if self.errors else 0

    def to_json(self) -> Json:
        """As `--json` prints it."""
        return {
            "folder": self.folder.as_posix(),
            "deliverables": self.deliverables,
            "errors": self.errors,
            "warnings": self.warnings,
            "unjudged": self.unjudged,
            "findings": [each.to_json() for each in self.findings],
        }


def check_folder(folder: Path) -> CheckedFolder:
    """Run every check on the pack whose project folder is `folder`. Raises `BadUsage` where it is none."""
    return asyncio.run(_check(_read_pack(folder)))


@dataclass(frozen=True)
class _DiskPack:
    folder: Path
    manifest: str
    options: dict[str, Any]
    prd: str
    documents: dict[str, tuple[str, Path, str]]
    """By deliverable: agent, file, text."""
    files: dict[str, bytes]
    manifest_path: str


async def _check(pack: _DiskPack) -> CheckedFolder:
    checker = Checker(CHECK_SECONDS)
    findings: list[FolderFinding] = []
    try:
        for name, (agent, file, text) in pack.documents.items():
            context = Context(
                deliverable=name,
                text=text,
                sections=catalogue()[agent].tasks["draft"].sections,
                stack=pack.options["stack"],
                db=pack.options.get("db"),
                prd=pack.prd,
            )
            found = await checker.check(catalogue()[agent].checks, context)
            findings += [FolderFinding(finding, file) for finding in found]
        findings += await _check_across(checker, pack)
        wrong = await checker.check(REGISTRY_CHECKS, registry(pack.manifest, pack.manifest_path, pack.files))
        findings += [FolderFinding(finding, pack.folder / "MANIFEST.md") for finding in wrong]
    finally:
        await checker.close()
    return CheckedFolder(pack.folder, len(pack.documents), tuple(findings))


async def _check_across(checker: Checker, pack: _DiskPack) -> list[FolderFinding]:
    documents = tuple(PackDocument(name, text) for name, (_, _, text) in pack.documents.items())
    if not documents:
        return []
    subject = Pack(documents, pack.prd, pack.options["stack"], pack.options.get("db"))
    found = await checker.check(PACK_CHECKS, subject)
    return [FolderFinding(each, pack.documents[each.deliverable][1]) for each in found]


def _read_pack(folder: Path) -> _DiskPack:
    described = _describe(folder)
    root, base = _root_of(folder, described["folders"]["project"])
    documents: dict[str, tuple[str, Path, str]] = {}
    for entry in described["deliverables"]:
        agent = catalogue().agents.get(entry["agent"])
        if agent is None or agent.deliverable != entry["name"] or not entry["path"]:
            continue
        file = root / entry["path"]
        documents[agent.deliverable] = (agent.name, file, _read_text(file))
    files = {path: content for path, content in _files_of(root, described) if content is not None}
    files[f"{base}/manifest.json"] = (folder / "manifest.json").read_bytes()
    return _DiskPack(
        folder=folder,
        manifest=_read_text(folder / "MANIFEST.md"),
        options=described["options"],
        prd=_read_text(folder / "prd.md") if (folder / "prd.md").is_file() else "",
        documents=documents,
        files=files,
        manifest_path=f"{base}/MANIFEST.md",
    )


def _describe(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.is_file():
        raise BadUsage(f"{folder} is no run's project folder: it has no manifest.json.")
    try:
        described: dict[str, Any] = json.loads(_read_text(path))
        if not (described["folders"]["project"] and described["options"]["stack"] and described["deliverables"]):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise BadUsage(f"{path} is not a manifest of this product.") from None
    return described


def _root_of(folder: Path, project_folder: str) -> tuple[Path, str]:
    """The folder that stands for the output container, and the project folder's path in it."""
    resolved = folder.resolve()
    parts = Path(project_folder).parts
    if resolved.parts[-len(parts) :] != parts:
        raise BadUsage(f"{folder} was moved: its manifest.json says that it is {project_folder}.")
    return Path(*resolved.parts[: -len(parts)]), project_folder


def _files_of(root: Path, described: dict[str, Any]) -> Iterator[tuple[str, bytes | None]]:
    """Every file that the manifest speaks of, by its path in the container; None where it is gone."""
    for entry in [*described["deliverables"], *described["files"]]:
        path = entry["path"]
        if path:
            file = (root / path).resolve()
            inside = file.is_relative_to(root.resolve()) and file.is_file()
            yield path, file.read_bytes() if inside and file.stat().st_size <= LARGEST_FILE else None


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadUsage(f"{path} is larger than {LARGEST_FILE:,} bytes.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadUsage(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise BadUsage(f"{path} is not UTF-8 text.") from None
