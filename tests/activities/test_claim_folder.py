"""Two runs never share a folder."""

import asyncio
import uuid

from activities.claim_folder import claim_folder
from shared.contracts import FolderRequest
from shared.services import Services

STARTED = "2026-03-01T10:20:30.500+00:00"


def request(run_id: str, project: str, output: str | None = None) -> FolderRequest:
    return FolderRequest(run_id, project, "designs", output, STARTED)


async def test_runs_of_one_second_get_seconds_of_their_own(services: Services):
    project = f"p-{uuid.uuid4()}"
    claimed = await asyncio.gather(*(claim_folder(services, request(f"run-{n}", project)) for n in range(5)))
    assert sorted(folders.stamp for folders in claimed) == [f"20260301-10203{second}" for second in range(5)]


async def test_a_repeated_claim_is_the_same_claim(services: Services):
    project = f"p-{uuid.uuid4()}"
    first = await claim_folder(services, request("run-1", project))
    await claim_folder(services, request("run-2", project))
    assert await claim_folder(services, request("run-1", project)) == first
    assert first.project_folder == f"designs/projects/{project}/20260301-102030"


async def test_a_custom_folder_shared_by_two_projects_is_not_shared_by_two_runs(services: Services):
    output = f"custom/{uuid.uuid4()}"
    one = await claim_folder(services, request("run-1", f"a-{uuid.uuid4()}", output))
    two = await claim_folder(services, request("run-2", f"b-{uuid.uuid4()}", output))
    assert one.project_folder == f"{output}/20260301-102030"
    assert two.project_folder == f"{output}/20260301-102031"


async def test_a_custom_folder_leaves_the_agents_folders_apart(services: Services):
    project = f"p-{uuid.uuid4()}"
    one = await claim_folder(services, request("run-1", project))
    two = await claim_folder(services, request("run-2", project, f"custom/{uuid.uuid4()}"))
    assert one.stamp != two.stamp, "both would write to agents/*/{project}-{stamp}"
