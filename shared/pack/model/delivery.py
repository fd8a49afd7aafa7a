"""How the pack is built and released: steps with their scripts, and the files that steps, scripts and containers use.

Pure. A use of a file is resolved where a document shows it or a command makes it, missing where nobody does, undecided
where the pack is not all there or the file may come from elsewhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from posixpath import basename, dirname, normpath

from shared.formats.azure_pipelines import Block as PipelineBlock
from shared.formats.azure_pipelines import Pipeline, main_block, pipeline_blocks, read_pipeline
from shared.formats.azure_pipelines.located import UnreadableYaml
from shared.formats.azure_pipelines.stages import Job, Named, Stage, Step
from shared.pack.model.command_files import COMPOSE_NAMES, FileUse, makes, reads, scatters
from shared.pack.model.container_files import container_uses
from shared.pack.model.documents import (
    ARCHITECTURE,
    CSHARP_SAMPLE,
    DELIVERY,
    OBSERVABILITY,
    PYTHON_SAMPLE,
    TESTS,
    Block,
    PackDocuments,
)
from shared.pack.model.references import Reference, State
from shared.pack.model.shell import Command, Script, in_repository, is_shell, read_script, scripts_of

WHOLE_PACK = (ARCHITECTURE, TESTS, DELIVERY, OBSERVABILITY)
SHELL_TASKS = frozenset({"azurecli", "bash", "cmdline", "azurepowershell", "shellscript"})
_FILE_INPUTS = ("scriptpath", "filepath", "csmfile", "csmparametersfile", "dockerfile", "dockercomposefile", "projects")
GENERATED = frozenset({
    "uv.lock", "packages.lock.json", "poetry.lock", "package-lock.json", "pdm.lock", "requirements.lock",
    ".terraform.lock.hcl", "README.md", "LICENSE", "CHANGELOG.md", ".dockerignore", ".gitignore", ".git",
})  # fmt: skip
"""Files that a repository has without a document showing them: made by a restore, or no part of the design."""
_MADE_FOLDERS = frozenset({
    "results", "dist", "build", "out", "obj", "bin", "node_modules", ".venv", "htmlcov", "coverage", "logs",
    "TestResults", "artifacts", "sbom", "publish", ".pip", ".uv", ".cache", "reports", "tmp", "tools", ".venv-tests",
})  # fmt: skip
_BY_CONVENTION = re.compile(
    r"infra(?:/(?:.+\.(?:bicep|bicepparam|parameters\.json|tf|tfvars))?)?$|queries$|docs(?:/|$)"
)
"""What the team's conventions place in the repository and ask no document to show."""


@dataclass(frozen=True)
class PlacedStep:
    """A step with the stage and job it stands in, the script it runs and that script's first line in the document."""

    step: Step
    job: Job
    stage: Stage
    script: Script | None
    first_line: int


class Delivery:
    """The pipeline's steps and all commands of the pack, with the files they use and make."""

    def __init__(self, documents: PackDocuments) -> None:
        self.documents = documents
        delivery = documents.get(DELIVERY)
        self.pipeline_blocks = pipeline_blocks(delivery.text) if delivery else ()
        self.pipeline = _pipeline(self.pipeline_blocks)

    @cached_property
    def is_whole(self) -> bool:
        """Whether every document that may show files is there."""
        samples = any(self.documents.get(name) for name in (PYTHON_SAMPLE, CSHARP_SAMPLE))
        return samples and all(self.documents.get(name) for name in WHOLE_PACK)

    @cached_property
    def steps(self) -> tuple[PlacedStep, ...]:
        """The steps of the main pipeline, in order."""
        found: list[PlacedStep] = []
        for stage in self.pipeline.stages if self.pipeline else ():
            for job in stage.jobs:
                for step in job.steps:
                    script, line = _script_of(step)
                    found.append(PlacedStep(step, job, stage, script, line))
        return tuple(found)

    @cached_property
    def script_files(self) -> dict[str, Script]:
        """Shell scripts that documents show as files, by path."""
        return {path: scripts_of(block) for path, block in self.documents.files.items() if is_shell(block)}

    @cached_property
    def fragments(self) -> tuple[tuple[Block, Script], ...]:
        """Shell blocks that are no file: commands for a person."""
        return tuple(
            (block, scripts_of(block)) for block in self.documents.blocks if is_shell(block) and not block.path
        )

    @cached_property
    def uses(self) -> tuple[FileUse, ...]:
        """Every use of a file of the repository."""
        return tuple(self._uses())

    def _uses(self) -> Iterator[FileUse]:
        for placed in self.steps:
            for command in placed.script.commands if placed.script else ():
                yield from reads(command, DELIVERY)
            yield from _input_uses(placed.step)
        for path, script in self.script_files.items():
            for command in script.commands:
                yield from reads(command, self.documents.files[path].document)
        for block, script in self.fragments:
            for command in script.commands:
                for use in reads(command, block.document):
                    yield replace(use, fragment=True)
        yield from container_uses(self.documents)

    @cached_property
    def made(self) -> frozenset[str]:
        """Paths that some command makes, whichever step it stands in."""
        return frozenset(path for command in self.commands for path in makes(command))

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """All commands of steps, script files and fragments."""
        scripts = [placed.script for placed in self.steps if placed.script]
        scripts += [*self.script_files.values(), *(script for _, script in self.fragments)]
        return tuple(command for script in scripts for command in script.commands)

    @cached_property
    def is_scattered(self) -> bool:
        """Whether some command may bring files that nobody names."""
        scripts = [placed.script for placed in self.steps if placed.script]
        scripts += [*self.script_files.values(), *(script for _, script in self.fragments)]
        return any(script.cut for script in scripts) or any(scatters(command) for command in self.commands)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Uses of files with their state."""
        return tuple(
            Reference("file", use.path, use.document, use.line, self.state(use), use.written or use.how)
            for use in self.uses
        )

    def state(self, use: FileUse) -> State:
        """Whether the file that is used is shown, made, nobody's, or not to be told."""
        path = use.path
        if self.exists(path) or (use.implied and any(self.exists(name) for name in _others(path))):
            return "resolved"
        if basename(path) in GENERATED:
            return "resolved"
        first = path.split("/")[0]
        may_be_elsewhere = not self.is_whole or self.is_scattered or _BY_CONVENTION.match(path)
        if may_be_elsewhere or first in _MADE_FOLDERS or (use.fragment and "/" not in path and not use.implied):
            return "undecided"
        if self._is_told_apart(path) or not _is_file_or_folder(path):
            return "undecided"
        return "missing"

    def exists(self, path: str) -> bool:
        """Whether a document shows the file, or one in the folder, or a command makes it or what holds it."""
        if path in self.documents.files or path in self._folders:
            return True
        return path in self.made or any(folder in self.made for folder in _folders(path))

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Folders that hold a file that is shown or made."""
        return frozenset(folder for path in (*self.documents.files, *self.made) for folder in _folders(path))

    def _is_told_apart(self, path: str) -> bool:
        """Whether a block without a path line may be the file: its name stands just above or in the first line."""
        return any(basename(path) in text for text in self._near_blocks)

    @cached_property
    def _near_blocks(self) -> tuple[str, ...]:
        """For each block without a path that may be a file: the three lines above it and its first."""
        found: list[str] = []
        for block in self.documents.blocks:
            if block.path is None and block.language not in ("mermaid", "bash", "sh"):
                lines = self.documents.by_name[block.document].lines
                near = [*lines[max(0, block.line - 4) : block.line - 1], block.content[:200].partition("\n")[0]]
                found.append("\n".join(line[:400] for line in near))
        return tuple(found)


def _pipeline(blocks: tuple[PipelineBlock, ...]) -> Pipeline | None:
    """The main pipeline among `blocks`; None where there is none that can be read."""
    main = main_block(blocks)
    try:
        return read_pipeline(main, blocks) if main else None
    except UnreadableYaml:
        return None


def _folders(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first."""
    folder = dirname(path)
    while folder:
        yield folder
        folder = dirname(folder)


def _others(path: str) -> tuple[str, ...]:
    folder = dirname(path)
    return tuple(
        normpath(f"{folder}/{name}") if folder else name for name in COMPOSE_NAMES if basename(path) in COMPOSE_NAMES
    )


def _is_file_or_folder(path: str) -> bool:
    return (
        re.search(r"\.[A-Za-z]\w{0,15}$", path) is not None
        or "/" in path
        or basename(path) == "Dockerfile"
        or path.isidentifier()
    )


def _script_of(step: Step) -> tuple[Script | None, int]:
    """The script that is written in a step; tasks of other kinds have none."""
    source = step.script
    if not source or (step.kind == "task" and step.task not in SHELL_TASKS):
        return None, step.line
    name = (
        step.kind
        if step.kind != "task"
        else next((key for key in ("inlinescript", "inline", "script") if key in step.inputs), "")
    )
    if step.kind in ("pwsh", "powershell") or step.input("scripttype").startswith(("ps", "pwsh", "batch")):
        return None, step.line
    given = step.inputs.get(name)
    line = (given.line if given else step.line) + (1 if "\n" in source.rstrip("\n") or source.endswith("\n") else 0)
    folder = in_repository(step.input("workingdirectory") or ".", "")
    if folder is None:
        return None, line
    return read_script(source, line, folder), line


def _input_uses(step: Step) -> Iterator[FileUse]:
    """Files that a task is given by name."""
    if step.kind != "task":
        return
    for name in _FILE_INPUTS:
        given: Named | None = step.inputs.get(name)
        if given is None or re.search(r"[*?\[\n]", given.name):
            continue
        path = in_repository(given.name.strip(), "")
        if path:
            yield FileUse(
                path, DELIVERY, given.line, "run" if name in ("scriptpath", "filepath") else "read", given.name
            )
