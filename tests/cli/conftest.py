"""The command, run in a folder of its own against a pretended app."""

import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app as command
from tests.cli.fake_design_app import FakeDesignApp
from tests.cli.run_command import RunCommand


@pytest.fixture
def app() -> Generator[FakeDesignApp]:
    with FakeDesignApp() as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a PRD in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("DESIGN_BACKEND_URL", "DESIGN_BACKEND_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "order-service.md").write_bytes(b"# Order Service\n\nTakes orders.\n")
    return tmp_path


@pytest.fixture
def design_backend(folder: Path) -> RunCommand:
    """The real command in this process, in `folder`."""

    def run(*arguments: str, input: bytes | None = None) -> Result:  # noqa: A002 - CliRunner's word
        return CliRunner().invoke(command, arguments, input=input)

    return run


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C is what Python makes of it, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
