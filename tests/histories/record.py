"""Records one orchestration history per path of each orchestrator, on the real engine with the real app.

`./dev python -m tests.histories.record` rewrites the JSON files beside this module, or those that it is given the
names of. Record anew only when runs in
flight may break: a changed history means that yesterday's runs do not replay on today's code (docs/upgrades.md).
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Protocol

from durabletask.internal.orchestrator_service_pb2 import HistoryChunk, HistoryEvent
from google.protobuf import json_format

from local.drafts.messages_api.faults import Fault
from local.drafts.seeded_defects import SeededDefect
from local.state import PROJECT
from tests.e2e.conftest import prd_text
from tests.histories import callbacks
from tests.histories.recording_host import RecordingHost, set_up

FOLDER = Path(__file__).parent
IN_AZURE = "/home/site/wwwroot"
"""Where stack traces of failures find the app there; the recording machine's own folder is nobody's concern."""

WRITERS = (
    "system-architect",
    "api-backend-tester",
    "azure-devops-pipelines-expert",
    "azure-monitor-logs-expert",
    "python-backend-dev",
)
BROKEN = "\n```python\nnever closed\n"
"""Fails a document's own checks."""
CITES_NOTHING = "\nThis also serves [R-999].\n"
"""Passes a document's own checks, and fails when it is held against the PRD."""


class Scenario(Protocol):
    """A way an orchestration can go. `settings` are the host's."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    async def play(self, host: RecordingHost) -> str:
        """Let it go so; the id of the orchestration, which has ended."""
        ...


@dataclass(frozen=True)
class RunStory:
    """A way a run can go, and what makes it go so: faults of the API, defects of the drafts, settings of the host.

    With `changes`, the run goes on from one whose PRD had those words in place of these.
    """

    name: str
    faults: tuple[Fault, ...] = ()
    defects: tuple[SeededDefect, ...] = ()
    cancelled: bool = False
    queued: bool = False
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    economy: bool = False
    changes: tuple[str, str] = ("", "")

    async def play(self, host: RecordingHost) -> str:
        """Start a run, see to it that it goes so, and wait until it has ended; its id."""
        product = host.product
        assert product.host.drafts
        product.host.drafts.order(self.faults)
        product.host.drafts.seed(self.defects)
        product.host.drafts.pace = 1.0 if self.cancelled or self.queued else 0.05
        if self.queued:
            await product.post(prd_text("Whoever came before"))
        text = prd_text(f"Story {self.name}")
        if self.changes[0]:
            await product.ended((await product.post(text))["id"], within=300)
        run_id: str = (await product.post(text.replace(*self.changes), economy=self.economy))["id"]
        if self.cancelled:
            while (await product.run(run_id))["phase"] != 3:
                await asyncio.sleep(0.05)
            await product.http.delete(f"/api/runs/{run_id}")
        if self.queued:
            while (await product.run(run_id))["ahead"] is None:
                await asyncio.sleep(0.05)
            product.host.drafts.pace = 0.05
        await product.ended(run_id, within=300)
        return run_id


EARLIER = ("revised", "revision-refused", "reconciled", "longest")
"""Histories of runs that were started before revisions were edits: no host can play them any more."""
SCENARIOS: tuple[Scenario, ...] = (
    RunStory("completed"),
    RunStory("retried", (Fault("system-architect", "529", times=1), Fault("python-backend-dev", "500", times=2))),
    RunStory("specialist-refused", (Fault("api-backend-tester", "400", times=1),)),
    RunStory("specialist-interrupted", (Fault("azure-monitor-logs-expert", "529", times=9),)),
    RunStory("architect-refused", (Fault("system-architect", "refusal", times=1),)),
    RunStory("setup-refused", (Fault("orchestrator", "400", times=1, task="setup"),)),
    RunStory("synthesis-refused", (Fault("orchestrator", "400", times=1, task="synthesis"),)),
    RunStory("cancelled", cancelled=True),
    RunStory("throttled", tuple(Fault(writer, "429", times=1) for writer in WRITERS)),
    RunStory("edited", defects=(SeededDefect("azure-devops-pipelines-expert", "", CITES_NOTHING),)),
    RunStory(
        "edited-again",
        (Fault("azure-monitor-logs-expert", "misquote", times=2, task="revise"),),
        (SeededDefect("azure-monitor-logs-expert", "", BROKEN),),
    ),
    RunStory(
        "edits-refused",
        (Fault("api-backend-tester", "400", times=1, task="revise"),),
        (SeededDefect("api-backend-tester", "", BROKEN),),
    ),
    RunStory(
        "architect-first",
        defects=tuple(SeededDefect(writer, "", CITES_NOTHING) for writer in WRITERS[:3]),
    ),
    RunStory(
        "longest-edited",
        (
            *(Fault(writer, "529", times=1) for writer in WRITERS),
            *(Fault(writer, "misquote", task="revise") for writer in WRITERS),
        ),
        tuple(SeededDefect(writer, "", text, mends=False) for writer in WRITERS for text in (CITES_NOTHING, BROKEN)),
    ),
    RunStory("economy", (Fault("python-backend-dev", "expired", times=1),), economy=True),
    RunStory("carried-over", changes=("- A", "*  A")),
    RunStory("updated", changes=("200 ms", "100 ms")),
    RunStory("updated-economy", economy=True, changes=("200 ms", "100 ms")),
    RunStory("capped", settings={"RUN_TOKEN_CAP": "12000"}),
    RunStory("unlimited", settings={"MAX_ACTIVE_RUNS": "0"}),
    RunStory("queued", queued=True, settings={"MAX_ACTIVE_RUNS": "1"}),
    *callbacks.SCENARIOS,
)


async def record(*wanted: str) -> None:
    """Run every scenario, or those wanted, and write its history as `{scenario}.json`.

    Where an orchestration began anew, each generation has a file of its own: `{scenario}-1.json` and so on.
    """
    chosen = [scenario for scenario in SCENARIOS if not wanted or scenario.name in wanted]
    for settings, scenarios in groupby(chosen, key=lambda scenario: scenario.settings):
        with tempfile.TemporaryDirectory() as state:
            async with set_up(Path(state), settings) as host:
                for scenario in scenarios:
                    _write(scenario.name, host.engine.generations(await scenario.play(host)))


def _write(name: str, generations: list[list[HistoryEvent]]) -> None:
    for number, events in enumerate(generations, 1):
        chunk = HistoryChunk(events=events)
        path = FOLDER / (f"{name}-{number}.json" if len(generations) > 1 else f"{name}.json")
        text = json_format.MessageToJson(chunk, indent=1).replace(str(PROJECT), IN_AZURE)
        path.write_text(text + "\n", encoding="utf-8")
        print(f"{path.name}: {len(chunk.events)} events, {chunk.ByteSize():,} bytes")


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
