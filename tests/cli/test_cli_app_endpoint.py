"""Which app the command talks to: a URL, a local host that runs, or one of its own; and what Ctrl-C leaves behind."""

import _thread
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from local.errors import HostError
from tests.cli.fake_design_app import MANIFEST, RUN_ID, Answer, FakeDesignApp
from tests.cli.run_command import RunCommand


@dataclass
class PretendedHosts:
    """Stands for `local.client`: which host runs, which were started, and with which state folder."""

    url: str
    running: bool = False
    fault: str = ""
    log: list[tuple[str, Path]] = field(default_factory=list[tuple[str, Path]])

    def running_host(self, state_dir: Path) -> SimpleNamespace | None:
        return SimpleNamespace(url=self.url) if self.running else None

    def start_host_process(self, state_dir: Path, port: int = 0, app_dir: Path | None = None) -> SimpleNamespace:
        if self.fault:
            raise HostError(self.fault)
        self.log.append(("start", state_dir))
        info = SimpleNamespace(url=self.url)
        log = state_dir / "host.log"
        return SimpleNamespace(info=info, log=log, stop=lambda: self.log.append(("stop", state_dir)))


@pytest.fixture
def hosts(app: FakeDesignApp, monkeypatch: pytest.MonkeyPatch) -> PretendedHosts:
    pretended = PretendedHosts(app.url)
    module = ModuleType("local.client")
    names = {"running_host": pretended.running_host, "start_host_process": pretended.start_host_process}
    module.__dict__.update(names)
    monkeypatch.setitem(sys.modules, "local.client", module)
    return pretended


def test_a_run_without_a_host_starts_one_says_so_and_stops_it(
    hosts: PretendedHosts, design_backend: RunCommand, folder: Path
) -> None:
    result = design_backend("run", "order-service.md", "--state", "my-state")
    assert result.exit_code == 0, result.output
    assert hosts.log == [("start", Path("my-state")), ("stop", Path("my-state"))]
    assert result.stdout.splitlines()[0].startswith("Starting a local host for this command")
    assert (folder / MANIFEST).is_file()


def test_a_running_host_is_used_and_left_running(hosts: PretendedHosts, design_backend: RunCommand) -> None:
    hosts.running = True
    assert design_backend("run", "order-service.md", "--key", "of-another-app").exit_code == 0
    assert design_backend("list").exit_code == 0
    assert hosts.log == []


def test_the_key_of_a_deployed_app_is_not_sent_to_a_local_host(
    hosts: PretendedHosts, app: FakeDesignApp, design_backend: RunCommand
) -> None:
    hosts.running = True
    design_backend("list", "--key", "of-another-app")
    assert "x-functions-key" not in app.seen[0].headers


def test_the_host_is_stopped_when_the_run_fails(
    hosts: PretendedHosts, app: FakeDesignApp, design_backend: RunCommand
) -> None:
    app.refuse("POST /api/runs", Answer(400, {"title": "The input cannot be used", "detail": "Empty."}))
    assert design_backend("run", "order-service.md").exit_code == 2
    assert [what for what, _ in hosts.log] == ["start", "stop"]


def test_a_fault_of_the_commands_own_host_names_its_log(
    hosts: PretendedHosts, app: FakeDesignApp, design_backend: RunCommand
) -> None:
    app.refuse("POST /api/runs", Answer(500))
    result = design_backend("run", "order-service.md", "--state", "my-state")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == f"The local host's log: {Path('my-state', 'host.log')}"


def test_a_plan_on_a_host_of_its_own_still_prints_nothing_but_the_plan(
    hosts: PretendedHosts, design_backend: RunCommand
) -> None:
    result = design_backend("plan", "order-service.md", "--json")
    assert "plan" in json.loads(result.stdout)
    assert [what for what, _ in hosts.log] == ["start", "stop"]


def test_asking_without_any_host_starts_none_and_says_how(hosts: PretendedHosts, design_backend: RunCommand) -> None:
    for arguments in (["list"], ["status", RUN_ID], ["cancel", RUN_ID]):
        result = design_backend(*arguments)
        assert result.exit_code == 1
        assert "design-backend serve" in result.stderr
    assert hosts.log == []


def test_a_host_that_does_not_start_is_said_in_its_own_words(hosts: PretendedHosts, design_backend: RunCommand) -> None:
    hosts.fault = "port 7071 is taken"
    result = design_backend("run", "order-service.md")
    assert result.exit_code == 1
    assert result.stderr == "Error: port 7071 is taken\n"


def test_serve_runs_the_host_with_its_port_and_state_and_reports_its_faults(
    design_backend: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(*, port: int, state_dir: Path) -> None:
        raise HostError(f"port {port} is taken, says {state_dir}")

    module = ModuleType("local.host")
    module.__dict__["serve"] = serve
    monkeypatch.setitem(sys.modules, "local.host", module)
    result = design_backend("serve", "--port", "7071", "--state", "my-state")
    assert (result.exit_code, result.stderr) == (1, "Error: port 7071 is taken, says my-state\n")


def test_a_missing_prd_is_found_before_a_host_is_started(hosts: PretendedHosts, design_backend: RunCommand) -> None:
    assert design_backend("run", "missing.md").exit_code == 2
    assert hosts.log == []


def test_ctrl_c_on_a_deployed_app_says_how_to_look_again(app: FakeDesignApp, design_backend: RunCommand) -> None:
    app.on_poll, app.polls_until_end = _thread.interrupt_main, 100
    result = design_backend("run", "order-service.md", "--url", app.url)
    assert result.exit_code == 130
    assert result.stderr == f"Interrupted. The run goes on: design-backend status {RUN_ID} --url {app.url}\n"


def test_ctrl_c_stops_the_commands_own_host_and_says_how_to_finish(
    hosts: PretendedHosts, app: FakeDesignApp, design_backend: RunCommand
) -> None:
    app.on_poll, app.polls_until_end = _thread.interrupt_main, 100
    result = design_backend("run", "order-service.md")
    assert result.exit_code == 130
    assert [what for what, _ in hosts.log] == ["start", "stop"]
    assert "run the same command again, or design-backend serve" in result.stderr
    assert app.requests("DELETE", f"/api/runs/{RUN_ID}") == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_a_live_table_is_drawn(app: FakeDesignApp, folder: Path) -> None:
    app.polls_until_end = 2
    master, slave = os.openpty()
    program = [sys.executable, "-c", "from cli.main import main; main()"]
    arguments = ["run", "order-service.md", "--url", app.url]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "150", "LINES": "40", "NO_PROXY": "*"}
    with subprocess.Popen([*program, *arguments], stdin=slave, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        shown = _read_all(master)
    assert process.returncode == 0, shown
    assert "\x1b[?25l" in shown
    assert "drafting" in shown
    assert "Tokens out" in shown
    assert f"Manifest: {MANIFEST}" in shown.splitlines()[-1]


def _read_all(descriptor: int) -> str:
    received = b""
    with open(descriptor, "rb", buffering=0) as terminal:
        while True:
            try:
                chunk = terminal.read(4096)
            except OSError:  # Linux: the other end was closed
                break
            if not chunk:
                break
            received += chunk
    return received.decode()
