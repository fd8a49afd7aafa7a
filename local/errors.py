"""What can go wrong with the local host.

HostError               shown to the user as it is: it says what to do
├── StateInUse          another host owns the state folder
├── AppError            the app folder cannot be loaded (its own error is in the message)
└── WorkerLost          the worker process ended while a call was under way; the call may be repeated
"""


class HostError(Exception):
    """The local host cannot do what was asked; the message is written for the user."""


class StateInUse(HostError):
    """The state folder belongs to a host that is alive. `url` is where that one listens, if it is ready."""

    def __init__(self, folder: str, url: str | None) -> None:
        where = f"at {url}" if url else "and is still starting"
        super().__init__(f"A local host already runs on {folder}, {where}. Use that one, stop it, or name "
                         "another folder with --state.")  # fmt: skip
        self.url = url


class AppError(HostError):
    """The worker could not load the app folder."""


class WorkerLost(HostError):
    """The worker ended before it answered."""

    def __init__(self) -> None:
        super().__init__("the worker process ended before it answered")
