"""An incremental run: the earlier pack that it goes on from, and what moved in its architecture."""

from dataclasses import dataclass

from shared.contracts.payload import Payload
from shared.contracts.references import BlobRef, Document

SURE, MAYBE = "sure", "maybe"
"""How surely a change of the PRD reaches a text: it must be revised, or only if what it uses moves."""


@dataclass(frozen=True)
class BaseText(Payload):
    """A text of the earlier pack: of which call, its copy in the work container, and what is stale in it.

    `level` is `SURE`, `MAYBE` or empty; `sections` are the stale ones, as far as it says of the matter already.
    `errors` counts the findings that the earlier pack was delivered with; with `edited`, somebody has changed the file
    since. `gist` is that of `CheckResult`.
    """

    key: str
    text: BlobRef
    level: str = ""
    sections: tuple[str, ...] = ()
    errors: int = 0
    gist: str = ""
    edited: bool = False


@dataclass(frozen=True)
class Base(Payload):
    """The earlier pack of a run's project: its run, where it lies, its texts, and what the PRD changes since.

    `changes` is a work blob: a `Weighed` of `shared/pack/incremental.py`. The ids are those of requirements.
    """

    run_id: str
    stamp: str
    folder: str
    changes: BlobRef
    texts: tuple[BaseText, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    context: int = 0

    def text_of(self, key: str) -> BaseText | None:
        """The earlier text of a call; None where there is none."""
        return next((text for text in self.texts if text.key == key), None)


@dataclass(frozen=True)
class MovesRequest(Payload):
    """Ask which names of the architecture moved between two versions, and which `documents` use one."""

    run_id: str
    before: BlobRef
    after: BlobRef
    documents: tuple[Document, ...]


@dataclass(frozen=True)
class Moves(Payload):
    """Names that moved, and the deliverables that use one of them."""

    names: tuple[str, ...] = ()
    deliverables: tuple[str, ...] = ()
