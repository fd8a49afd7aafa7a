"""The listing of runs: pages and filters that read no history, however many runs there were."""

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.services import Services
from shared.storage import run_index
from shared.storage.run_index import Listed
from tests.triggers.conftest import Door

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
PAST_RUNS = [2_000, pytest.param(20_000, marks=pytest.mark.long)]


class Past:
    """Runs that all ended, of a project of their own, each a minute before the other."""

    def __init__(self, services: Services, door: Door) -> None:
        self.project = f"past-{uuid.uuid4().hex[:8]}"
        self._services = services
        self._door = door

    async def add(self, count: int, status: str = "completed", since: datetime = NOW) -> list[str]:
        """The ids of `count` runs, newest first."""
        runs = [self._run(number, since) for number in range(count)]
        free = asyncio.Semaphore(32)

        async def close(run: Listed) -> None:
            async with free:
                await run_index.close(self._services.blobs, run, status, run.created_at)

        await asyncio.gather(*map(close, runs))
        return [run.run_id for run in runs]

    def _run(self, number: int, since: datetime) -> Listed:
        created = (since - timedelta(minutes=number)).isoformat(timespec="milliseconds")
        return Listed(f"{self.project}-{uuid.uuid4().hex[:8]}", self.project, f"Título {number}", "é.md", created)

    async def page(self, **asked: str) -> dict[str, Any]:
        query = "&".join(f"{name}={value}" for name, value in {"project": self.project, **asked}.items())
        answer = await self._door.ask("list_runs", url=f"http://localhost/api/runs?{query}")
        assert answer.status_code == 200, answer.get_body()
        return json.loads(answer.get_body())


@pytest.fixture
def past(services: Services, door: Door) -> Past:
    return Past(services, door)


async def all_pages(past: Past, **asked: str) -> list[list[str]]:
    pages, cursor = list[list[str]](), dict[str, str]()
    while True:
        page = await past.page(**asked, **cursor)
        pages.append([run["id"] for run in page["runs"]])
        if page["next"] is None:
            return pages
        cursor = {"cursor": page["next"]}


async def test_pages_show_every_run_once_newest_first_also_over_midnight(past: Past):
    ids = await past.add(25, since=NOW.replace(hour=0, minute=9))
    pages = await all_pages(past, limit="10")
    assert [run_id for page in pages for run_id in page] == ids
    assert [len(page) for page in pages] == [10, 10, 5]


async def test_runs_that_begin_between_two_pages_move_nothing(past: Past):
    ids = await past.add(4)
    first = await past.page(limit="2")
    await past.add(3, since=NOW + timedelta(minutes=10))
    second = await past.page(limit="2", cursor=first["next"])
    assert [run["id"] for run in first["runs"] + second["runs"]] == ids


async def test_filters_leave_what_was_asked_for(past: Past):
    done = await past.add(3, since=NOW)
    failed = await past.add(2, "failed", since=NOW - timedelta(days=2))
    assert await all_pages(past, status="failed") == [failed]
    assert await all_pages(past, since="2031-05-06") == [done]
    assert await all_pages(past, since="2031-05-06T07:07:09%2B00:00") == [done[:2]]
    assert await all_pages(past, status="failed", since="2031-05-06") == [[]]


async def test_a_run_as_listed_says_what_it_was(past: Past):
    (run_id,) = await past.add(1, "partial")
    (run,) = (await past.page())["runs"]
    assert run == {
        "id": run_id, "status": "partial", "ahead": None, "project": past.project, "title": "Título 0", "prd": "é.md",
        "created_at": "2031-05-06T07:08:09.000+00:00", "updated_at": "2031-05-06T07:08:09.000+00:00",
        "cost_usd": None, "verdict": None,
        "links": {"self": f"/api/runs/{run_id}", "files": f"/api/runs/{run_id}/files", "cancel": f"/api/runs/{run_id}"},
    }  # fmt: skip


async def test_runs_are_found_by_words_of_their_names(past: Past):
    await past.add(3, "completed")
    found = (await past.page(q="TÍTULO 1", project=past.project))["runs"]
    assert [run["title"] for run in found] == ["Título 1"]
    assert (await past.page(q="nowhere", project=past.project))["runs"] == []


async def test_how_a_run_ended_is_listed_with_its_cost_and_verdict(past: Past, services: Services):
    (run_id,) = await past.add(1)
    (run,) = [each async for each in run_index.runs(services.blobs) if each.run_id == run_id]
    await run_index.close(services.blobs, run, "completed", run.created_at, 0.42, "Complete. " + "x" * 400)
    (shown,) = (await past.page())["runs"]
    assert (shown["status"], shown["cost_usd"], len(shown["verdict"])) == ("completed", 0.42, 300)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("limit=0", "bad-limit"),
        ("limit=101", "bad-limit"),
        ("limit=%D9%A3", "bad-limit"),
        ("cursor=x", "bad-cursor"),
        ("cursor=aW5kZXgvLi4vLi4", "bad-cursor"),
        ("cursor=%00", "bad-cursor"),
        ("status=ended", "bad-status"),
        (f"q={'x' * 201}", "bad-q"),
        ("since=yesterday", "bad-since"),
        ("since=0001-01-01T00:00:00%2B14:00", "bad-since"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_its_name(door: Door, asked: str, code: str):
    answer = await door.ask("list_runs", url=f"http://localhost/api/runs?{asked}")
    assert answer.status_code == 400
    assert json.loads(answer.get_body())["type"].endswith(code)


@pytest.mark.parametrize("count", PAST_RUNS)
async def test_a_page_costs_the_same_however_many_runs_there_were(past: Past, services: Services, count: int):
    """The store's client of these tests cannot list: whatever is asked of it is one run at a time."""
    ids = await past.add(count)
    began = asyncio.get_running_loop().time()
    page = await past.page()
    took = asyncio.get_running_loop().time() - began
    assert [run["id"] for run in page["runs"]] == ids[:100]
    assert len(json.dumps(page)) < 60_000
    assert took < 2, f"{took:.2f} s"
