"""docs/cli.md is what the commands say, its examples parse, and shells complete them."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import typer

from cli.docs import as_markdown
from cli.examples import EXAMPLES, examples_of
from cli.main import app

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, Any] = cast(Any, typer.main.get_command(app)).commands


def test_the_page_is_generated_from_the_commands():
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == as_markdown(), "run `make docs`"


def test_every_command_but_those_of_pipelines_has_examples():
    assert set(EXAMPLES) == set(COMMANDS) - {"pipeline"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_parse(name: str):
    for example in examples_of(name):
        program, command, *arguments = shlex.split(example)
        assert (program, command) == ("design-backend", name)
        COMMANDS[name].make_context(name, arguments)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name: str):
    for parameter in COMMANDS[name].params:
        assert parameter.help, parameter.name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "pwsh"])
def test_each_shell_gets_a_script_that_completes(shell: str):
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'design-backend'; from cli.main import main; main()"],
        env={**os.environ, "_DESIGN_BACKEND_COMPLETE": f"source_{shell}"}, cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "_DESIGN_BACKEND_COMPLETE" in done.stdout
    assert "design-backend" in done.stdout


def test_bash_completes_commands():
    environment = {"_DESIGN_BACKEND_COMPLETE": "complete_bash", "COMP_WORDS": "design-backend st", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'design-backend'; from cli.main import main; main()"],
        env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["status"]
