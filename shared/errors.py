"""The exception tree. Every error says what was wrong, where, and what to do. Imports nothing (but a type).

DesignBackendError
├── BadInput            what was sent cannot be used; the sender mends it (HTTP 4xx, `{prd}.error.json`)
│   └── NotFound        what was named does not exist
├── Conflict            the thing is not in a state that allows this
├── Busy                the caller has as much under way as it may have (HTTP 429)
├── StorageFault        Blob Storage is down or contradicts itself; worth repeating later (HTTP 503)
├── StorageRefused      Blob Storage refuses the app: a role or the firewall; the operator mends it, and steps go on
├── SettingsError       the deployment is incomplete or contradictory; the operator mends it
│   └── VaultUnreachable    Key Vault does not answer; worth repeating later
├── AgentFileError      an agent's Markdown file breaks the format; says file and line
├── CallRefused         Claude will not answer this call however often it is repeated
├── CallInterrupted     the call did not finish; worth repeating later
└── CallbackFailed      Azure DevOps did not take what a waiting pipeline should hear
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.contracts import Begun, Usage


class DesignBackendError(Exception):
    """Root of all errors this product raises on purpose.

    `code` is a stable slug for machines, `detail` says what was wrong and where, `mend` says what to do.
    """

    title = "Something went wrong"
    http_status = 500

    def __init__(self, code: str, detail: str, mend: str = "") -> None:
        super().__init__(f"{detail} {mend}".strip())
        self.code = code
        self.detail = detail
        self.mend = mend

    def to_dict(self) -> dict[str, str]:
        """`{code, title, detail, mend}`: what error files and failure records hold."""
        return {"code": self.code, "title": self.title, "detail": self.detail, "mend": self.mend}


class BadInput(DesignBackendError):
    """The PRD, an option or a request cannot be used as sent."""

    title = "The input cannot be used"

    def __init__(self, code: str, detail: str, mend: str = "", *, http_status: int = 400) -> None:
        super().__init__(code, detail, mend)
        self.http_status = http_status


class NotFound(BadInput):
    """What was named does not exist (HTTP 404)."""

    title = "Not found"

    def __init__(self, code: str, detail: str, mend: str = "") -> None:
        super().__init__(code, detail, mend, http_status=404)


class Conflict(DesignBackendError):
    """The thing exists but is not in a state that allows this (HTTP 409)."""

    title = "Not possible in this state"
    http_status = 409


class Busy(DesignBackendError):
    """The caller has as much under way as it may have; worth asking again after `retry_after` seconds (HTTP 429)."""

    title = "Too much at once"
    http_status = 429
    retry_after = 60


class StorageFault(DesignBackendError):
    """Blob Storage could not be used; worth asking again after `retry_after` seconds (HTTP 503)."""

    title = "Storage could not be used"
    http_status = 503
    retry_after = 10


class StorageRefused(DesignBackendError):
    """Blob Storage refuses the app. No answer to a call: its step is tried again, as a new role takes some minutes."""

    title = "Storage refuses the app"


class SettingsError(DesignBackendError):
    """Settings are missing or contradict each other; names all of them at once."""

    title = "The deployment's settings are incomplete"


class VaultUnreachable(SettingsError):
    """Key Vault cannot be reached: the settings may be wrong, or the vault or network is down for a while."""

    title = "Key Vault cannot be reached"


class AgentFileError(DesignBackendError):
    """An agent's file breaks the format of shared/agents/agent_files.py."""

    title = "An agent file is malformed"

    def __init__(self, file: str, line: int, detail: str) -> None:
        super().__init__("agent-file", f"{file}:{line}: {detail}")
        self.file = file
        self.line = line


class CallRefused(DesignBackendError):
    """A final answer: repeating the same call cannot help (400, 401, 403, 404, 413, a refusal, ...).

    `spent` is what the call took all the same, where it reached Claude.
    """

    title = "Claude refused the call"
    spent: "Usage | None" = None


class CallInterrupted(DesignBackendError):
    """A passing fault: network cut, 408, 409, 429, 5xx, overload. The orchestrator decides when to try again.

    `retry_after` is the seconds that the API asked to wait, if it did; `spent` is what the call took all the same,
    where it reached Claude, and `begun` what it gave: the finished parts of an answer that takes several.
    """

    title = "The call to Claude was interrupted"
    spent: "Usage | None" = None
    begun: "Begun | None" = None

    def __init__(self, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class CallbackFailed(DesignBackendError):
    """Azure DevOps cannot be reached, or does not take a callback: the task's token expired, or the task is over."""

    title = "The pipeline could not be told"
