"""`python -m local.drafts --port N`: run the offline model on its own, until interrupted."""

import argparse
import asyncio
import contextlib

from local.drafts.messages_api.faults import parse_fault
from local.drafts.messages_api.server import DraftsServer


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m local.drafts", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--seconds-per-answer", type=float, default=0.3, help="how long each answer streams")
    parser.add_argument("--seconds-per-batch", type=float, default=2.0, help="how long each batch takes")
    parser.add_argument("--fault", type=parse_fault, action="append", default=[], help="AGENT=KIND[xTIMES]")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            _serve(
                DraftsServer(
                    seconds_per_answer=options.seconds_per_answer,
                    seconds_per_batch=options.seconds_per_batch,
                    faults=options.fault,
                ),
                options.port,
            )
        )


async def _serve(server: DraftsServer, port: int) -> None:
    print(f"ANTHROPIC_BASE_URL={await server.start(port)}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()


if __name__ == "__main__":
    main()
