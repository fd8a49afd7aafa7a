"""The pack that a run writes: its folders, its files, how each planned call ended, and the manifest."""

from dataclasses import dataclass

from shared.contracts.checks import PackCheckResult
from shared.contracts.failures import Failure
from shared.contracts.payload import Payload
from shared.contracts.references import BlobRef
from shared.contracts.runs import Call, RunInput
from shared.contracts.spending import Usage


@dataclass(frozen=True)
class FolderRequest(Payload):
    """Ask for the run's own folders. `started` is the orchestration's UTC time, ISO 8601."""

    run_id: str
    project: str
    output_root: str
    output: str | None
    started: str


@dataclass(frozen=True)
class Folders(Payload):
    """Where this run writes, inside the output container. `stamp` is YYYYMMDD-HHMMSS in UTC."""

    stamp: str
    project_folder: str
    agents_root: str
    project: str

    def deliverable_path(self, call: Call) -> str:
        """Path of a call's one file: the manifest beside the project, the rest in the agent's own folder."""
        if call.agent == "orchestrator":
            return f"{self.project_folder}/{call.deliverable}"
        return f"{self.agents_root}/{call.agent}/{self.project}-{self.stamp}/{call.deliverable}"


@dataclass(frozen=True)
class PublishRequest(Payload):
    """Copy a checked draft to its place in the output container."""

    draft: BlobRef
    path: str


@dataclass(frozen=True)
class FileEntry(Payload):
    """A file of the pack: its path in the output container, size in bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Outcome(Payload):
    """How one planned call ended. `state` is done, failed, cancelled or waiting (never reached).

    `errors`, `warnings`, `findings`, `facts` and `gist` are those of the last draft's own checks, `first_findings`
    those of the first.
    """

    key: str
    state: str
    usage: Usage
    model: str = ""
    draft: BlobRef | None = None
    file: FileEntry | None = None
    errors: int = 0
    warnings: int = 0
    findings: BlobRef | None = None
    first_findings: BlobRef | None = None
    revisions: int = 0
    failure: Failure | None = None
    facts: str = ""
    gist: str = ""


@dataclass(frozen=True)
class ManifestRequest(Payload):
    """Write MANIFEST.md. `status` is `running` for the manifest begun in phase 1, else how the run ended.

    `warming` is what putting the shared prefix into the cache of `warming_model` took.
    `across` are the last findings across documents, `first_across` those before any was mended.
    `started` and `written` are ISO 8601 UTC times of the orchestration.
    """

    run: RunInput
    folders: Folders
    status: str
    outcomes: tuple[Outcome, ...]
    started: str
    written: str
    across: PackCheckResult = PackCheckResult()
    first_across: PackCheckResult = PackCheckResult()
    warming: Usage = Usage()
    warming_model: str = ""
