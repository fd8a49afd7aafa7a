"""A local host in a process of its own, whose app reaches storage over a proxy, and which may die by plan.

`python -m tests.faults.host_process STATE PROXY_URL [COUNT before|after]`: with COUNT, it ends itself with SIGKILL at
the COUNT-th transaction of its durable engine, before it is written or right after.
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from durabletask.testing.in_memory_backend import OrchestrationInstance

from local import host, platform
from local.engine_store import EngineStore


class DyingStore(EngineStore):
    """The engine's store, which takes the process along."""

    left = 0
    when = ""

    def save(self, instances: Mapping[str, OrchestrationInstance | None]) -> None:
        """As inherited, unless it is the last one."""
        if instances and DyingStore.when:
            DyingStore.left -= 1
        dies = DyingStore.left == 0 and bool(instances)
        if dies and DyingStore.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().save(instances)
        if dies and DyingStore.when == "after":
            os.kill(os.getpid(), signal.SIGKILL)


def main(state: str, proxy: str, count: str = "0", when: str = "") -> None:
    """Serve until told to stop."""
    DyingStore.left, DyingStore.when = int(count), when
    platform.EngineStore = DyingStore

    def way_to_storage(connection: str) -> str:
        found = re.search(r"BlobEndpoint=(http://[^/;]+)", connection)
        assert found
        way = Path(state) / "way.new"
        way.write_text(json.dumps(found[1]))
        way.replace(Path(state) / "way.json")
        return connection.replace(found[1], proxy)

    asyncio.run(host.serve(state_dir=Path(state), way_to_storage=way_to_storage))


if __name__ == "__main__":
    main(*sys.argv[1:])
