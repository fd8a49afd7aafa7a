"""The drafts meet the rules that every deliverable is held against: the good packs of the offline run."""

from dataclasses import replace
from pathlib import Path

import pytest

from local.drafts.drafting import answer_prompt
from local.drafts.prompt import parse_prompt
from shared.agents.agent_files import Agent, Task, catalogue
from shared.agents.prompts import Assignment, Reading, Revision, Text, compose
from shared.checks import PACK_CHECKS, Context, Pack, PackDocument, run
from shared.contracts import Finding
from shared.pack.edits import Revised, revise
from shared.pack.extraction import extract_files
from shared.prd.requirements.extraction import annotated, extract_requirements
from tests.local.drafts.samples import PRDS

EXAMPLES = Path(__file__).parents[3] / "examples" / "prds"
ALL_PRDS = PRDS | {path.stem: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.md"))}
EXPECTED = {"permits": ("LED-006",), "empty": ("LED-006",)}
"""Findings about the PRD itself: one that asks for nothing."""
RUNS = [
    *((name, "python", None) for name in PRDS),
    *((name, stack, None) for name in ("order-service", "clinic-booking") for stack in ("python", "csharp")),
    ("order-service", "python", "mongodb"),
    ("order-service", "python", "some-store"),
    ("clinic-booking", "csharp", "sqlite"),
]


def written(prd: str, stack: str, db: str | None) -> list[tuple[Agent, Task, str]]:
    """Every text of a run, in the order of the catalogue, asked for with the project's own prompts."""
    agents = catalogue()
    reading = Reading(agents.system, Text("sample.md", prd), annotated(extract_requirements(prd)), [])
    texts: list[tuple[Agent, Task, str]] = []
    for agent in agents.agents.values():
        for task in agent.tasks.values() if agent.stack in (None, stack) else ():
            prompt = compose(reading, Assignment(agent, task, "sample", stack, db))
            texts.append((agent, task, answer_prompt(parse_prompt([block.text for block in prompt.blocks]))))
    return texts


def findings_of(texts: list[tuple[Agent, Task, str]], prd: str, stack: str, db: str | None) -> list[Finding]:
    found: list[Finding] = []
    for agent, task, text in texts:
        whole = task.name == "draft"
        context = Context(agent.deliverable, text, task.sections, whole=whole, stack=stack, db=db, prd=prd)
        found += run(agent.checks, context)
    documents = tuple(PackDocument(agent.deliverable, text) for agent, task, text in texts if task.name == "draft")
    return found + run(PACK_CHECKS, Pack(documents, prd, stack, db))


@pytest.mark.parametrize(("name", "stack", "db"), RUNS)
def test_a_pack_of_drafts_has_no_finding(name: str, stack: str, db: str | None) -> None:
    found = findings_of(written(ALL_PRDS[name], stack, db), ALL_PRDS[name], stack, db)
    assert [one for one in found if one.rule not in EXPECTED.get(name, ()) and one.severity != "unjudged"] == []


@pytest.mark.parametrize("stack", ["python", "csharp"])
@pytest.mark.parametrize("name", ALL_PRDS)
def test_the_files_of_a_pack_come_out_under_the_names_the_drafts_give_them(name: str, stack: str) -> None:
    texts = written(ALL_PRDS[name], stack, None)
    extraction = extract_files({agent.deliverable: text for agent, task, text in texts if task.name == "draft"})
    assert extraction.findings == ()
    paths = {file.path for file in extraction.files}
    assert {"openapi.yaml", "pipelines/azure-pipelines.yml", "tests/conftest.py", "tests/compose.yaml"} <= paths
    assert any(path.startswith("queries/slo-1-") for path in paths)


@pytest.mark.parametrize("task", ["setup", "synthesis"])
def test_the_orchestrator_is_asked_to_revise_the_text_it_wrote(task: str) -> None:
    agents, prd = catalogue(), ALL_PRDS["library"]
    agent = agents["orchestrator"]
    reading = Reading(agents.system, Text("sample.md", prd), annotated(extract_requirements(prd)), [])
    assignment = Assignment(agent, agent.tasks[task], "sample", "python", None)
    first = answer_prompt(parse_prompt([block.text for block in compose(reading, assignment).blocks]))
    finding = Finding("STR-003", "error", "MANIFEST.md", 3, "Empty.", "Fill it.")
    revision = Revision(Text("MANIFEST.md", first, "orchestrator"), [finding], agents.revision)
    again = answer_prompt(parse_prompt([block.text for block in compose(reading, assignment, revision).blocks]))
    assert again == first
    by_edits = compose(reading, assignment, replace(revision, by_edits=True))
    answer = answer_prompt(parse_prompt([block.text for block in by_edits.blocks]))
    assert revise(first, [answer]) == Revised(first)
