"""`python -m local`: runs the local host in the foreground."""

import argparse
import asyncio
import sys
from pathlib import Path

from local.errors import HostError
from local.state import DEFAULT_STATE, PROJECT


def main() -> int:
    """0 when it was told to stop, 1 when it could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m local", description="Runs the app as Azure would, on this machine."
    )
    parser.add_argument("--port", type=int, default=0, help="HTTP port; a free one by default")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="folder for storage and durable state")
    parser.add_argument("--app", type=Path, default=PROJECT, help="the app folder: function_app.py and host.json")
    parser.add_argument("--quiet", action="store_true", help="warnings and errors only")
    parser.add_argument("--until-stdin-ends", action="store_true", help="also stop when stdin is closed")
    parser.add_argument("--word", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    from local.host import serve  # after the arguments: it takes a second to import

    try:
        asyncio.run(
            serve(
                options.app,
                options.state,
                port=options.port,
                quiet=options.quiet,
                until_stdin_ends=options.until_stdin_ends,
                word=options.word,
            )
        )
    except HostError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
