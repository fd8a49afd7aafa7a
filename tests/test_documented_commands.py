"""Every command that README and docs show works for somebody who has only Python 3 and make.

The commands run in a fresh copy of the project, whose PATH holds python3, make and a shell's basic programs. Setting the
copy up is left out, since it needs a package registry: uv, packages and the storage emulator are those of this checkout.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.package import PROJECT
from tests.e2e.conftest import FAST, prd_text

DOCUMENTS = (
    "README.md",
    "AGENTS.md",
    "SECURITY.md",
    *(f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md")),
)
WITH_UV = "README.md"
"""The one place that shows commands for whoever has uv already."""
PROGRAMS = ("sh", "env", "dirname", "touch", "mkdir", "rm", "cat")
"""What every POSIX system has, and make's recipes use."""
_OURS = re.compile(r"(?:[A-Z_]+=\S+ )?(make|\./dev|uv|uvx|python3?|pytest|ruff|pyright|design-backend) (?=\S)")
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("make") is None,
    reason="Windows, or no make: these are commands for a shell",
)


@dataclass(frozen=True)
class Shown:
    """A command of a document; `block` where it stands in one of its own."""

    document: str
    command: str
    block: bool


def shown() -> Iterator[Shown]:
    """Every command of ours that a document shows, comments left out."""
    for name in DOCUMENTS:
        text = (PROJECT / name).read_text(encoding="utf-8")
        blocks = r"```(?:sh|bash|console)\n(.*?)```"
        for block in re.findall(blocks, text, re.S):
            for line in block.replace("\\\n", " ").splitlines():
                if command := re.sub(r"\s+#.*", "", line).strip():
                    yield Shown(name, command, block=True)
        for inline in re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S)):
            command = " ".join(inline.split())
            if _OURS.match(command):
                yield Shown(name, command, block=False)


ALL = list(shown())


def program(command: str) -> str:
    return re.sub(r"^(?:[A-Z_]+=\S+ )+", "", command).split()[0]


def test_commands_begin_with_make_or_the_launcher_or_are_azures():
    found = {(each.document, program(each.command)) for each in ALL if each.block}
    assert found <= {(name, word) for name in DOCUMENTS for word in ("make", "./dev", "az", "azd")} | {(WITH_UV, "uv")}
    with_uv = [each.command for each in ALL if program(each.command) in ("uv", "uvx")]
    assert [command.split()[:2] for command in with_uv] == [["uv", "run"]] * len(with_uv)
    assert {each.document for each in ALL if program(each.command) == "uv"} == {WITH_UV}


def test_commands_in_sentences_begin_with_make_or_the_launcher_too():
    """`design-backend` alone is the name of a command there, and `python -m module` that of a module."""
    named = {"make", "./dev", "uv", "design-backend", "python"}
    assert {program(each.command) for each in ALL if not each.block} <= named


@dataclass(frozen=True)
class Machine:
    """A copy of the project on a machine with Python 3 and make."""

    project: Path
    path: Path
    home: Path

    def run(self, command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as it is shown, in the project's folder."""
        environment = {"PATH": str(self.path), "HOME": str(self.home), "PYTHONPATH": str(self.project), **FAST, **more}
        return subprocess.run(
            ["/bin/sh", "-c", command], cwd=self.project, env=environment, capture_output=True, text=True, timeout=240
        )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    root = tmp_path_factory.mktemp("bare")
    project, path, home = root / "design-backend", root / "bin", root / "home"
    left_out = shutil.ignore_patterns(
        ".git", ".venv", ".uv", ".local", ".claude", "dist", "__pycache__", ".*_cache", "tests"
    )
    shutil.copytree(PROJECT, project, ignore=left_out)
    path.mkdir()
    home.mkdir()
    (path / "python3").symlink_to(sys.executable)
    for name in ("make", *PROGRAMS):
        (path / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    uv = os.environ.get("UV") or shutil.which("uv") or str(PROJECT / ".uv/bin/uv")
    (project / ".uv/bin").mkdir(parents=True)
    (project / ".uv/bin/uv").symlink_to(uv)
    (project / ".venv").symlink_to(PROJECT / ".venv")
    (project / ".local").mkdir()
    (project / ".local/azurite").symlink_to(PROJECT / ".local/azurite")
    for name in ("pyproject.toml", "uv.lock"):  # else make would set the linked environment up anew, for the copy
        os.utime(project / name, (0, 0))
    return Machine(project, path, home)


def targets() -> set[str]:
    """Every `make` command that is shown."""
    return {each.command for each in ALL if program(each.command) == "make"}


@pytest.mark.parametrize("command", sorted(targets()))
def test_a_make_target_that_is_shown_is_there(machine: Machine, command: str):
    dry = machine.run(f"{command} --dry-run")
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout


def launched() -> set[str]:
    """Every `./dev` command that is shown."""
    found = {each.command for each in ALL if program(each.command) == "./dev"}
    return found - {"./dev COMMAND"}  # how README introduces it


@pytest.mark.parametrize("command", sorted(launched()))
def test_what_the_launcher_is_given_is_there(machine: Machine, command: str):
    """The command line's own commands with `--help`; modules by name, since some of them have no harmless option."""
    words = command[command.index("./dev") :].split()
    if words[1:3] == ["python", "-m"]:
        assert importlib.util.find_spec(words[3]), command
        return
    tried = " ".join([*words[:3], "--help"] if words[1] == "design-backend" else [*words[:2], "--version"])
    done = machine.run(tried)
    assert done.returncode == 0, done.stderr


def test_the_readmes_first_commands_work_as_they_stand(machine: Machine):
    """A design of the example, a design with options, and the check of what came out."""
    commands = [each.command for each in ALL if each.document == "README.md" and each.block]
    run = machine.run("make run")
    assert "make run" in commands
    assert run.returncode == 0, run.stdout + run.stderr
    (machine.project / "docs/prd").mkdir()
    (machine.project / "docs/prd/billing.md").write_text(prd_text("Billing"), encoding="utf-8")
    (own,) = [command for command in commands if command.startswith("./dev design-backend run")]
    done = machine.run(own)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((machine.project / "designs").rglob("MANIFEST.md"))
    (check,) = [command for command in commands if command.startswith("./dev design-backend check")]
    (made,) = (machine.project / ".claude/outputs/design/projects/order-service").iterdir()
    shown_folder = check.split()[-1]
    assert Path(shown_folder).parent == made.relative_to(machine.project).parent
    checked = machine.run(check.replace(Path(shown_folder).name, made.name))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_launcher_hands_on_what_its_command_says(machine: Machine):
    done = machine.run("./dev python -c 'import sys; print(*sys.argv[1:]); sys.exit(3)' 'a b' --c")
    assert (done.returncode, done.stdout) == (3, "a b --c\n")
