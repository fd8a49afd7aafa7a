"""The agents as data: the seven shipped files, and what happens to malformed ones."""

import re
from pathlib import Path

import pytest

from shared.agents.agent_files import FOLDER, catalogue, fill, load
from shared.errors import AgentFileError

SEVEN = {
    "orchestrator": "MANIFEST.md",
    "system-architect": "integration-architecture.md",
    "api-backend-tester": "test-specifications.md",
    "azure-devops-pipelines-expert": "cicd-pipeline.md",
    "azure-monitor-logs-expert": "observability-plan.md",
    "python-backend-dev": "python-sample-implementation.md",
    "csharp-expert": "csharp-implementation.md",
}
GOOD = (FOLDER / "api-backend-tester.md").read_text(encoding="utf-8")


def test_there_are_seven_agents_with_one_deliverable_each():
    assert {agent.name: agent.deliverable for agent in catalogue().agents.values()} == SEVEN


@pytest.mark.parametrize(("stack", "specialist"), [("python", "python-backend-dev"), ("csharp", "csharp-expert")])
def test_a_run_makes_seven_calls_with_the_stacks_specialist(stack: str, specialist: str):
    calls = catalogue().calls_for(stack)
    assert [(call.phase, call.key) for call in calls] == [
        (1, "orchestrator:setup"),
        (2, "system-architect"),
        (3, "api-backend-tester"),
        (3, "azure-devops-pipelines-expert"),
        (3, "azure-monitor-logs-expert"),
        (3, specialist),
        (4, "orchestrator:synthesis"),
    ]


@pytest.mark.parametrize("name", SEVEN)
def test_a_prompt_walks_through_exactly_its_required_sections(name: str):
    for task in catalogue()[name].tasks.values():
        headings: list[str] = re.findall(r"^## (.+)$", task.prompt, re.MULTILINE)
        assert [heading for heading in headings if heading in task.sections] == list(task.sections)


def test_the_architect_and_all_specialists_are_of_one_tier():
    """They share what Claude has cached of PRD and architecture, and a cache belongs to one model."""
    writers = [agent for agent in catalogue().agents.values() if agent.name != "orchestrator"]
    assert {agent.tier for agent in writers} == {"strong"}


def test_a_new_specialist_is_one_file(tmp_path: Path):
    (tmp_path / "system.md").write_text("shared", encoding="utf-8")
    (tmp_path / "continue.md").write_text("more", encoding="utf-8")
    (tmp_path / "revise.md").write_text((FOLDER / "revise.md").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "security-reviewer.md").write_text(
        GOOD.replace("api-backend-tester", "security-reviewer").replace("test-specifications.md", "threats.md"),
        encoding="utf-8",
    )
    (tmp_path / "api-backend-tester.md").write_text(GOOD, encoding="utf-8")
    assert [call.activity for call in load(tmp_path).calls_for("python")] == ["api_backend_tester", "security_reviewer"]


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("+++\n", "", 1, "front matter between two"),
        ("phase = 3", "phase = three", "phase", "not valid TOML"),
        ("phase = 3", 'phase = "3"', "phase", "'phase' must be int, not str"),
        ('name = "api-backend-tester"', 'name = "tester"', "name", "must equal the file's name"),
        ("phase = 3", "phase = 3\nfaze = 4", "faze", "unknown key 'faze'"),
        ("title = ", "titel = ", 1, "'title' is missing"),
        ("sections = [", "sections = [3, ", "sections", "must be a list of texts"),
        ('tier = "strong"', 'tier = "best"', "tier", "tier 'best' is not one of strong, balanced, fast"),
    ],
)
def test_a_malformed_agent_file_fails_with_file_and_line(
    tmp_path: Path, old: str, new: str, at: str | int, message: str
):
    broken = GOOD.replace(old, new, 1)
    (tmp_path / "api-backend-tester.md").write_text(broken, encoding="utf-8")
    with pytest.raises(AgentFileError, match=re.escape(message)) as failed:
        load(tmp_path)
    assert failed.value.file == "api-backend-tester.md"
    assert failed.value.line == (at if isinstance(at, int) else line_of(broken, at))


def test_an_unknown_variable_in_a_prompt_fails_with_its_line(tmp_path: Path):
    broken = GOOD + "\nUse {{ databse }}.\n"
    (tmp_path / "api-backend-tester.md").write_text(broken, encoding="utf-8")
    with pytest.raises(AgentFileError, match="unknown variable 'databse'") as failed:
        load(tmp_path)
    assert failed.value.line == len(broken.splitlines())


def test_a_prompt_needs_every_variable_it_uses():
    assert fill("{{ project }} on {{stack}}", {"project": "orders", "stack": "python"}) == "orders on python"
    with pytest.raises(KeyError):
        fill("{{ project }}", {})


@pytest.mark.parametrize("old", ["<!-- task: again -->", "<!-- task: whole -->\n"])
def test_a_revision_prompt_that_lacks_a_part_is_refused(tmp_path: Path, old: str):
    for name in ("system.md", "continue.md"):
        (tmp_path / name).write_text("text", encoding="utf-8")
    (tmp_path / "revise.md").write_text((FOLDER / "revise.md").read_text(encoding="utf-8").replace(old, ""), "utf-8")
    with pytest.raises(AgentFileError, match=r"revise\.md.*again"):
        load(tmp_path)
