"""Answers a prompt with the draft of its agent and task. Pure: the same prompt always gets the same text."""

from collections.abc import Callable, Sequence

from local.drafts.design.decisions import design_backend
from local.drafts.design.model import Design
from local.drafts.documents.architecture import render_architecture
from local.drafts.documents.csharp_sample import render_csharp
from local.drafts.documents.manifest_sections import render_setup, render_synthesis
from local.drafts.documents.observability import render_observability
from local.drafts.documents.pipelines import render_pipelines
from local.drafts.documents.python_sample import render_python
from local.drafts.documents.tests_spec import render_tests
from local.drafts.edits import edits_between
from local.drafts.prompt import Prompt
from local.drafts.seeded_defects import SeededDefect, seed_defects

FOREIGN = "This is the offline drafts server: no model is behind it, and it only answers the project's own prompts."

_RENDERERS: dict[str, Callable[[Design], str]] = {
    "system-architect": render_architecture,
    "api-backend-tester": render_tests,
    "azure-devops-pipelines-expert": render_pipelines,
    "azure-monitor-logs-expert": render_observability,
    "python-backend-dev": render_python,
    "csharp-expert": render_csharp,
    "orchestrator/setup": render_setup,
    "orchestrator/synthesis": render_synthesis,
}


def answer_prompt(prompt: Prompt | None, defects: Sequence[SeededDefect] = ()) -> str:
    """The Markdown for one prompt; a short honest sentence for a prompt that is not ours.

    A revision gets the draft again, free of the planted defects that mend, or the edits that make it of the text
    before. Raises DefectNotPlacedError."""
    if prompt is None:
        return FOREIGN
    agent, task = prompt.assignment.agent, prompt.task
    render = _RENDERERS.get(f"{agent}/{task}" if agent == "orchestrator" else agent)
    if render is None:
        return FOREIGN
    wanted = [defect for defect in defects if defect.meets(agent, task, revises=prompt.revises)]
    text = seed_defects(render(design_backend(prompt)), wanted)
    return edits_between(prompt.previous, text.strip() + "\n", prompt.mark) if prompt.mark else text
