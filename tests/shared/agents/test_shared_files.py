"""What the prompts say of files that several documents need, and what they cost."""

import re
from fnmatch import fnmatch
from itertools import combinations

import pytest

from shared.agents.agent_files import CONTINUATION_PROMPT, FOLDER, REVISION_PROMPT, catalogue

OWNERS = {
    "system-architect": "architect",
    "api-backend-tester": "test expert",
    "azure-devops-pipelines-expert": "pipeline expert",
    "azure-monitor-logs-expert": "observability expert",
    "python-backend-dev": "language expert",
    "csharp-expert": "language expert",
}
MOST_CHARACTERS = 63_732
"""What system text and role files came to when they were first measured against real documents."""


def owned() -> dict[str, list[str]]:
    """The files and folders that the system text gives to each owner; a folder has no suffix."""
    rows: list[tuple[str, str]] = re.findall(r"^\| ([a-z ]+ expert|architect) \| (.+) \|$", catalogue().system, re.M)
    names = {owner: re.findall(r"`([\w./*-]+)`", files) for owner, files in rows}
    return {owner: [name for name in found if "/" in name or "." in name] for owner, found in names.items()}


def covers(name: str, path: str) -> bool:
    """Whether a name of the table, a file, a pattern or a folder, stands for this path."""
    return path == name or fnmatch(path, name) or path.startswith(name.rstrip("/") + "/")


def named_as_own(agent: str) -> list[str]:
    """The paths that a role prompt gives as those of whole files."""
    prompts = "\n".join(task.prompt for task in catalogue()[agent].tasks.values())
    return [path for path in re.findall(r"\*\*`([\w./-]+)`\*\*", prompts) if "." in path]


def test_every_specialist_owns_files_and_no_file_has_two_owners():
    assert set(owned()) == set(OWNERS.values())
    entries = [(owner, name) for owner, names in owned().items() for name in names]
    for (one, name), (other, path) in combinations(entries, 2):
        assert one == other or not (covers(name, path) or covers(path, name)), f"{one} and {other} write {path}"


@pytest.mark.parametrize("agent", OWNERS)
def test_a_role_shows_no_file_of_a_colleague(agent: str):
    shown = named_as_own(agent)
    assert shown
    for owner, names in owned().items():
        if owner != OWNERS[agent]:
            assert not [path for path in shown if any(covers(name, path) for name in names)]


@pytest.mark.parametrize(
    "path",
    [
        "tests/support.py",
        "tests/service.env",
        "compose.yaml",
        "infra/main.bicep",
        "infra/monitoring.bicep",
        "infra/release.sh",
        "queries/slo-1-availability.kql",
        "app/worker.py",
        "src/Worker/Program.cs",
        "migrations/env.py",
        "schemathesis.toml",
    ],
)
def test_a_file_that_real_documents_used_and_nobody_wrote_has_an_owner(path: str):
    assert [owner for owner, names in owned().items() if any(covers(name, path) for name in names)] != []


def test_a_role_has_no_heading_that_its_document_must_not_have():
    for agent in catalogue().agents.values():
        for task in agent.tasks.values():
            assert re.findall(r"^## (.+)$", task.prompt, re.MULTILINE) == list(task.sections)


def test_prompts_have_not_grown():
    apart = (CONTINUATION_PROMPT, REVISION_PROMPT)
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.md") if path.name not in apart}
    assert sum(sizes.values()) <= MOST_CHARACTERS, sizes
