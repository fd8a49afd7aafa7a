"""Finds the app that a command talks to: a deployed one by its URL, or the local host, which it may start and stop."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cli.errors import CliError, Interrupted, NoHost


@dataclass(frozen=True, slots=True)
class AppAddress:
    """What the options of a command say about the app's address. `state_dir` counts only without a URL."""

    url: str | None
    key: str | None = field(repr=False)
    state_dir: Path


@dataclass(frozen=True, slots=True)
class AppEndpoint:
    """An app that answers. `if_left(run_id)` says what becomes of a run when this command is interrupted."""

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
def endpoint_for_run(address: AppAddress, say: Callable[[str], None]) -> Generator[AppEndpoint]:
    """The app at the URL, else the running local host, else one that lives as long as this command."""
    existing = known_endpoint(address)
    if existing is not None:
        yield existing
        return
    say(f"Starting a local host for this command (its state is kept in {address.state_dir}) ...")
    host = _start(address.state_dir)
    try:
        yield AppEndpoint(host.info.url, None, lambda run_id: _if_own_host_left(address, run_id))
    except Interrupted:
        say("Stopping the local host ...")
        raise
    except CliError as error:
        if error.exit_code == 1:
            say(f"The local host's log: {host.log}")
        raise
    finally:
        host.stop()


def existing_endpoint(address: AppAddress) -> AppEndpoint:
    """The app at the URL, else the running local host; NoHost if there is neither."""
    existing = known_endpoint(address)
    if existing is None:
        raise NoHost(
            f"no local host is running with its state in {address.state_dir}; "
            "start one with `design-backend serve`, or name a deployed app with --url"
        )
    return existing


def serve_local_host(state_dir: Path, port: int) -> None:
    """Run the local host in this process until Ctrl-C."""
    import asyncio

    from local.errors import HostError
    from local.host import serve

    try:
        asyncio.run(serve(port=port, state_dir=state_dir))
    except HostError as error:
        raise NoHost(str(error)) from error


def known_endpoint(address: AppAddress) -> AppEndpoint | None:
    """The app at the URL, else the running local host; None if there is neither."""
    if address.url:
        hint = f"design-backend status {{}} --url {address.url}"
        return AppEndpoint(address.url, address.key, lambda run_id: f"The run goes on: {hint.format(run_id)}")
    url = _running_url(address.state_dir)
    if url is None:
        return None
    return AppEndpoint(url, None, lambda run_id: f"The run goes on: design-backend status {run_id}")


def _if_own_host_left(address: AppAddress, run_id: str) -> str:
    return (
        f"The local host stops with this command; run {run_id} is kept in {address.state_dir}. "
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
