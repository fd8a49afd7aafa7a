"""The type of the `design_backend` fixture."""

from typing import Protocol

from typer.testing import Result


class RunCommand(Protocol):
    """Runs `design-backend` with these arguments."""

    def __call__(self, *arguments: str, input: bytes | None = None) -> Result: ...  # noqa: A002 - CliRunner's word
