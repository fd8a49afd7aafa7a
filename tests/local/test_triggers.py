"""Blobs and timers through the local host."""

import os
import signal

from tests.local.conftest import Site, eventually_true


async def test_a_dropped_blob_starts_an_orchestration(site: Site) -> None:
    await site.drop("folder/order.md")
    await eventually_true(lambda: site.drops("folder/order.md"))
    assert (await site.ended("drop-order.md"))["runtimeStatus"] == "Completed"


async def test_the_function_is_told_what_azure_tells_about_a_blob(site: Site) -> None:
    await site.drop("told.md", b"# Told", stack="python")
    await eventually_true(lambda: site.drops("told.md"))
    assert site.drops("told.md")[0] == {
        "name": "prds/told.md",
        "length": 6,
        "uri": site.storage.get_blob_client("prds", "told.md").url,
        "metadata": {"stack": "python"},
        "etag": {},
        "content": 6,
    }


async def test_a_blob_that_is_written_again_is_a_new_one(site: Site) -> None:
    await site.drop("twice.md", b"one")
    await eventually_true(lambda: len(site.drops("twice.md")) == 1)
    await site.drop("twice.md", b"two!")
    await eventually_true(lambda: len(site.drops("twice.md")) == 2)
    assert [told["length"] for told in site.drops("twice.md")] == [3, 4]


async def test_a_blob_whose_function_fails_is_given_up_after_the_tries_of_host_json(site: Site) -> None:
    await site.drop("poison.md")
    await eventually_true(lambda: len(site.drops("poison.md")) == 3)
    await site.drop("next.md")
    await eventually_true(lambda: site.drops("next.md"))
    assert len(site.drops("poison.md")) == 3


async def test_a_timer_fires_by_the_schedule_that_a_setting_names(site: Site) -> None:
    await eventually_true(lambda: len(site.lines("tick")) >= 2)
    assert set(site.lines("tick")) == {"False"}


async def test_storage_that_ends_comes_back_where_it_was_with_what_it_held(site: Site) -> None:
    await site.drop("before.md", b"kept")
    await eventually_true(lambda: site.drops("before.md"))
    pid = site.host.storage.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    await eventually_true(lambda: site.host.storage.pid != pid)
    await site.drop("after.md")
    await eventually_true(lambda: site.drops("after.md"))
    kept = await site.storage.get_blob_client("prds", "before.md").download_blob()
    assert await kept.readall() == b"kept"
