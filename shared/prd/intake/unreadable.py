"""The error of the parsers: a code of `converter.py`, and what was found. Imports nothing."""


class Unreadable(Exception):
    """The document cannot be read; `code` says in which way."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
