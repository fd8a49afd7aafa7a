"""Renews the good packs from the offline drafts of our example PRDs. Read the difference before you keep it."""

from local.drafts.drafting import answer_prompt
from local.drafts.prompt import parse_prompt
from shared.agents.agent_files import catalogue
from shared.agents.prompts import Assignment, Reading, Text, compose
from shared.prd import read_prd
from shared.prd.requirements.extraction import annotated, extract_requirements
from tests.golden import DATABASES, FOLDER, agents

EXAMPLES = {"python": "order-service.md", "csharp": "clinic-booking.md"}


def write(stack: str) -> None:
    """Draft every deliverable of one pack as a run would."""
    source = FOLDER.parents[1] / "examples" / "prds" / EXAMPLES[stack]
    prd = read_prd(source.name, source.read_bytes(), max_bytes=1_000_000)
    requirements = annotated(extract_requirements(prd.text))
    documents: list[Text] = []
    folder = FOLDER / stack
    folder.mkdir(exist_ok=True)
    (folder / "prd.md").write_text(prd.text, encoding="utf-8")
    for agent in agents(stack):
        reading = Reading(catalogue().system, Text(prd.name, prd.text), requirements, documents[:1])
        prompt = compose(reading, Assignment(agent, agent.tasks["draft"], prd.project, stack, DATABASES[stack]))
        text = answer_prompt(parse_prompt([block.text for block in prompt.blocks])).strip() + "\n"
        documents.append(Text(agent.deliverable, text, agent.name))
        (folder / agent.deliverable).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in EXAMPLES:
        write(each)
