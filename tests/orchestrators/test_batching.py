"""When a run has its calls made in a batch, and when it looks at it."""

from datetime import timedelta
from typing import Any, cast

import pytest

from orchestrators.active_run import ActiveRun
from orchestrators.batching import in_batch, seconds_to_next_look
from orchestrators.spending import Spending
from shared.contracts import AgentRequest, BlobRef, Call, Cap, Folders, Options, Polling, RunInput, Usage


def test_looks_become_rarer_up_to_the_longest_wait():
    polling = Polling(first_seconds=30, growth=2, longest_seconds=100)
    waits = [seconds_to_next_look(polling, looks) for looks in (0, 1, 2, 3, 9_999)]
    assert waits == [timedelta(seconds=seconds) for seconds in (30, 60, 100, 100, 100)]


PRD = BlobRef("runs", "r1/prd.md", "ab" * 32, 12)
CALL = Call("system-architect", "draft", "system_architect", 2, "integration-architecture.md", "Design", (), 100)
REQUEST = AgentRequest("r1", "system-architect", "draft", "p", "python", None, PRD, "p.md")


@pytest.mark.parametrize(("economy", "spent"), [(False, 0), (True, 100)])
def test_no_batch_is_sent_without_economy_or_at_the_cap(economy: bool, spent: int):
    options = Options("python", "asked for", economy=economy)
    run = RunInput("r1", "p", "P", PRD, "p.md", None, options, "designs", (), cap=Cap(tokens=100))
    active = ActiveRun(cast(Any, None), run, Folders("s", "p", "a", "p"), cast(Any, None), Spending(run))
    active.spending.add(Usage(output_tokens=spent), "claude-sonnet-5-5")
    with pytest.raises(StopIteration) as ended:
        next(in_batch(active, "phase-2", (CALL, REQUEST)))  # with a task it would need the context
    assert ended.value.value is False
    assert not active.batches
