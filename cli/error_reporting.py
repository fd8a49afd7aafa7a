"""Reports expected errors: one line on stderr, an object on stdout for --json, and the exit code."""

import json
from collections.abc import Generator
from contextlib import contextmanager

import typer

from cli.errors import CliError, Interrupted, Refused
from cli.records import Json
from cli.terminal import clean


@contextmanager
def reporting_errors(as_json: bool = False) -> Generator[None]:
    """Turn expected errors into one line on stderr (and an object on stdout for --json) and an exit code."""
    try:
        yield
    except CliError as error:
        line = clean(" ".join(str(error).split()))
        typer.echo(line if isinstance(error, Interrupted) else f"Error: {line}", err=True)
        if as_json:
            print_json({"error": _error_object(error)})
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        raise typer.Exit(130) from None


def print_json(value: Json) -> None:
    """An object, for programs."""
    typer.echo(json.dumps(value, indent=2))


def _error_object(error: CliError) -> Json:
    if isinstance(error, Refused):
        return {"status": error.status, "title": error.title, "detail": error.detail, "mend": error.mend}
    return {"title": type(error).__name__, "detail": str(error)}
