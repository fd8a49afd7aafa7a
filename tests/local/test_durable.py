"""Orchestrations through the whole local host: worker library, protocol, engine."""

import asyncio
import os
import signal

from tests.local.conftest import Site, eventually_true


async def test_activities_run_side_by_side_and_their_results_come_back_in_order(site: Site) -> None:
    assert await site.start("fan", "fan-1", {"key": "fan-1", "seconds": 0.1}) == 202
    ended = await site.ended("fan-1")
    assert ended["runtimeStatus"] == "Completed"
    assert [result["key"] for result in ended["output"]] == ["fan-1-a", "fan-1-0", "fan-1-1", "fan-1-2"]
    assert ended["customStatus"] == "waiting"


async def test_a_failing_activity_is_tried_again_as_its_policy_says(site: Site) -> None:
    await site.start("retrying", "retry-1", {"key": "retry-1", "pause": 100})
    assert (await site.ended("retry-1"))["output"] == 3


async def test_a_failure_without_a_policy_fails_the_orchestration_with_its_message(site: Site) -> None:
    await site.start("failing", "failing-1", "failing-1")
    ended = await site.ended("failing-1")
    assert ended["runtimeStatus"] == "Failed"
    assert "not yet, 1" in ended["error"]


async def test_an_external_event_is_waited_for_and_delivered(site: Site) -> None:
    await site.start("approval", "approval-1", 60)
    async with site.http.post("/api/event/approval-1/approve", json={"by": "a reviewer"}) as response:
        assert response.status == 202
    assert (await site.ended("approval-1"))["output"] == {"approved": {"by": "a reviewer"}}


async def test_a_durable_timer_ends_a_wait(site: Site) -> None:
    await site.start("approval", "approval-2", 0.3)
    assert (await site.ended("approval-2"))["output"] == {"approved": None}


async def test_a_sub_orchestration_hands_its_result_to_its_parent(site: Site) -> None:
    await site.start("parent", "parent-1", {"key": "parent-1", "seconds": 0})
    assert len((await site.ended("parent-1"))["output"]["child"]) == 4


async def test_a_terminated_orchestration_ends(site: Site) -> None:
    await site.start("approval", "approval-3", 60)
    async with site.http.post("/api/terminate/approval-3") as response:
        assert response.status == 202
    assert (await site.ended("approval-3"))["runtimeStatus"] == "Terminated"


async def test_the_history_of_an_orchestration_can_be_read(site: Site) -> None:
    await site.start("noops", "noops-1")
    await site.ended("noops-1")
    async with site.http.get("/api/history/noops-1") as response:
        events = await response.json()
    assert events[:2] == ["OrchestratorStartedEvent", "ExecutionStartedEvent"]
    assert events.count("TaskCompletedEvent") == 6
    assert events[-1] == "ExecutionCompletedEvent"


async def test_an_id_is_refused_while_its_orchestration_is_alive_and_free_afterwards(site: Site) -> None:
    await site.start("approval", "approval-4", 60)
    assert await site.start("approval", "approval-4", 60) == 500
    async with site.http.post("/api/event/approval-4/approve", json=1):
        pass
    await site.ended("approval-4")
    assert await site.start("approval", "approval-4", 0.1) == 202
    assert (await site.ended("approval-4"))["output"] == {"approved": None}


async def test_many_orchestrations_at_once_all_complete(site: Site) -> None:
    names = [f"many-{number}" for number in range(40)]
    for name in names:
        await site.start("noops", name)
    assert [(await site.ended(name))["output"] for name in names] == [7] * 40


async def test_what_a_killed_worker_was_doing_is_done_by_the_next_one(site: Site) -> None:
    await site.start("fan", "killed-worker", {"key": "killed-worker", "seconds": 1.5})
    await eventually_true(lambda: all(site.lines(f"wait-killed-worker-{n}") for n in range(3)))
    pid = site.host.worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    ended = await site.ended("killed-worker")
    assert ended["runtimeStatus"] == "Completed"
    assert [result["times"] for result in ended["output"]] == [1, 2, 2, 2]
    assert site.host.worker.pid != pid


async def test_as_many_activities_run_at_once_as_host_json_says(site: Site) -> None:
    for number in range(3):
        await site.start("fan", f"at-once-{number}", {"key": f"at-once-{number}", "seconds": 1.0})
    begun = [f"wait-at-once-{number}-{n}" for number in range(3) for n in range(3)]
    await eventually_true(lambda: sum(bool(site.lines(mark)) for mark in begun) == 8)
    await asyncio.sleep(0.5)
    assert sum(bool(site.lines(mark)) for mark in begun) == 8
    for number in range(3):
        assert (await site.ended(f"at-once-{number}"))["runtimeStatus"] == "Completed"
