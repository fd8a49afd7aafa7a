"""What can go wrong in the command line, as typed errors that end as one line on stderr. Touches nothing.

CliError
├── BadUsage        exit 2       what was asked for cannot be right
├── Unreachable     exit 1       no answer from the app; worth another try
├── Refused         exit 1 or 2  the app answered with a problem (RFC 9457)
├── BadAnswer       exit 1       the app answered something that is not its interface
├── NoHost          exit 1       no local host, or it would not start
├── FileRefused     exit 1       a file's path is unsafe, or its bytes are not the registered ones
└── Interrupted     exit 130     Ctrl-C
"""

NOT_THE_INPUT = frozenset({408, 409, 429})


class CliError(Exception):
    """An expected failure: its text is all the user needs, so no stack trace is shown."""

    exit_code: int = 1
    transient: bool = False
    retry_after: float = 0.0


class BadUsage(CliError):
    """The command was given something that cannot be right; the text says what would be."""

    exit_code = 2


class Unreachable(CliError):
    """The app gave no answer: it is not there, too slow, or the connection broke."""

    transient = True


class Refused(CliError):
    """The app answered with an error. `title`, `detail` and `mend` are its own words where it had any."""

    def __init__(self, status: int, title: str, detail: str = "", mend: str = "", retry_after: float = 0.0) -> None:
        super().__init__(" ".join(part for part in (f"{title}: {detail}" if detail else title, mend) if part))
        self.status = status
        self.title = title
        self.detail = detail
        self.mend = mend
        self.retry_after = retry_after
        self.transient = status in (408, 429) or status >= 500
        is_input = 400 <= status < 500 and status not in NOT_THE_INPUT
        self.exit_code = 2 if is_input else 1


class BadAnswer(CliError):
    """An answer that does not follow the app's interface: another service, or another version of it."""


class NoHost(CliError):
    """There is no local host to talk to."""


class FileRefused(CliError):
    """A file of the run was not written, because its path or its content cannot be trusted."""


class Interrupted(CliError):
    """Ctrl-C; the text says what becomes of the run."""

    exit_code = 130
