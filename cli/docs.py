"""Writes docs/cli.md from the commands themselves: `python -m cli.docs`. Touches nothing but its output."""

from collections.abc import Iterator
from typing import Any, cast

import typer

from cli.examples import examples_of
from cli.main import app

HEAD = """# Command line

`make docs` writes this page from `cli/`. `--help` after any command says the same. Everything that is asked of the app
goes to the running local host, or to a deployed app with `--url` (or `DESIGN_BACKEND_URL`) and `--key` (or
`DESIGN_BACKEND_KEY`). `--json` prints one object on standard output, and all else on standard error.

Exit codes: 0 completed; 1 failed, partial, cancelled or completed with findings (`check`: at least one error, `doctor`:
something is missing); 2 wrong usage or unusable input; 130 interrupted (the run goes on).

Live tables are for terminals alone: a pipe and `TERM=dumb` get plain lines. `NO_COLOR` takes the colours away.

Completion: `design-backend --install-completion` writes it for the shell that is running (bash, zsh, fish,
PowerShell); `--show-completion` prints it.
"""


def as_markdown() -> str:
    """The text of docs/cli.md."""
    root = cast(Any, typer.main.get_command(app))
    return "\n".join([HEAD, *_commands(root, "design-backend")])


def _commands(group: Any, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield f"## {name}\n\n{_plain(command.help)}\n"
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield _command(command, name, prefix)


def _command(command: Any, name: str, prefix: str) -> str:
    level = "##" if prefix == "design-backend" else "###"
    arguments = " ".join(_argument(each) for each in command.params if each.param_type_name == "argument")
    usage = " ".join(filter(None, (prefix, name, "[OPTIONS]", arguments)))
    parts = [f"{level} {name}", _plain(command.help), f"```text\n{usage}\n```"]
    rows = [row for each in command.params if (row := _row(each))]
    if rows:
        parts.append("\n".join(["| option | what |", "|---|---|", *rows]))
    if examples := examples_of(name):
        parts.append("\n".join(["```text", *examples, "```"]))
    return "\n\n".join(parts) + "\n"


def _argument(parameter: Any) -> str:
    shown = parameter.metavar or parameter.name.upper()
    return shown if parameter.required else f"[{shown}]"


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        shown = parameter.metavar or parameter.name.upper()
    else:
        shown = ", ".join(parameter.opts)
        shown += f" {parameter.metavar or parameter.name.upper()}" if not parameter.is_flag else ""
    variable = f" Else the variable `{parameter.envvar}`." if getattr(parameter, "envvar", None) else ""
    return f"| `{shown.replace('|', chr(92) + '|')}` | {_plain(parameter.help)}{variable} |"


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    print(as_markdown(), end="")
