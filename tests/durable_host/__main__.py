"""`python -m tests.durable_host --state DIR`: the app on Microsoft's engine, until interrupted; as `python -m local`."""

import argparse
import asyncio
import signal
from pathlib import Path

from local.state import PROJECT
from tests.durable_host.host import AzureHost


async def serve(state: Path, instances: int) -> None:
    """Run until SIGINT or SIGTERM."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    host = AzureHost(PROJECT, state, instances=instances)
    info = await host.start()
    print("Ready:", *host.urls, f"(storage: {info.storage})", flush=True)
    await told.wait()
    await host.stop()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.durable_host", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder for storage and logs")
    parser.add_argument("--instances", type=int, default=1, help="hosts on the one storage account")
    options = parser.parse_args()
    asyncio.run(serve(options.state, options.instances))


if __name__ == "__main__":
    main()
