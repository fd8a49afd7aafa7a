"""Where the app is: at a URL, or on this machine. May start and stop the local host, through `local` only."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cli.errors import CliError, Interrupted, NoHost


@dataclass(frozen=True, slots=True)
class Where:
    """What the command line says about the app's place. `state_dir` counts only without a URL."""

    url: str | None
    key: str | None = field(repr=False)
    state_dir: Path


@dataclass(frozen=True, slots=True)
class Place:
    """An app that can be talked to; `if_left` tells what becomes of a run when this command leaves it."""

    url: str
    key: str | None = field(repr=False)
    if_left: Callable[[str], str]


class _Info(Protocol):
    @property
    def url(self) -> str: ...


class _Host(Protocol):
    """What of the local host's process is used here."""

    @property
    def info(self) -> _Info: ...

    @property
    def log(self) -> Path: ...

    def stop(self) -> None: ...


@contextmanager
def place_to_work(where: Where, say: Callable[[str], None]) -> Generator[Place]:
    """The app at the URL, else the running local host, else one that lives as long as this command."""
    existing = _existing(where)
    if existing is not None:
        yield existing
        return
    say(f"Starting a local host for this command (its state is kept in {where.state_dir}) ...")
    host = _start(where.state_dir)
    try:
        yield Place(host.info.url, None, lambda run_id: _if_own_host_left(where, run_id))
    except Interrupted:
        say("Stopping the local host ...")
        raise
    except CliError as error:
        if error.exit_code == 1:
            say(f"The local host's log: {host.log}")
        raise
    finally:
        host.stop()


def place_to_ask(where: Where) -> Place:
    """The app at the URL, else the running local host; NoHost if there is neither."""
    existing = _existing(where)
    if existing is None:
        raise NoHost(
            f"no local host is running with its state in {where.state_dir}; "
            "start one with `design-backend serve`, or name a deployed app with --url"
        )
    return existing


def serve_here(state_dir: Path, port: int) -> None:
    """Run the local host in this process until Ctrl-C."""
    import asyncio

    from local.errors import HostError
    from local.host import serve

    try:
        asyncio.run(serve(port=port, state_dir=state_dir))
    except HostError as error:
        raise NoHost(str(error)) from error


def _existing(where: Where) -> Place | None:
    if where.url:
        hint = f"design-backend status {{}} --url {where.url}"
        return Place(where.url, where.key, lambda run_id: f"The run goes on: {hint.format(run_id)}")
    url = _running_url(where.state_dir)
    if url is None:
        return None
    return Place(url, None, lambda run_id: f"The run goes on: design-backend status {run_id}")


def _if_own_host_left(where: Where, run_id: str) -> str:
    return (
        f"The local host stops with this command; run {run_id} is kept in {where.state_dir}. "
        "To finish it: run the same command again, or design-backend serve."
    )


def _running_url(state_dir: Path) -> str | None:
    from local.client import running_host

    info = running_host(state_dir)
    return info.url if info is not None else None


def _start(state_dir: Path) -> _Host:
    from local.client import start_host_process
    from local.errors import HostError

    try:
        return start_host_process(state_dir)
    except HostError as error:
        raise NoHost(str(error)) from error
