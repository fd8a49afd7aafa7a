"""Good packs, one a stack: every rule passes on them. `python -m tests.golden.write` renews them from the drafts."""

from pathlib import Path

from shared.agents.agent_files import Agent, catalogue
from shared.checks import Context, Pack, PackDocument

FOLDER = Path(__file__).parent
STACKS = ("python", "csharp")


def agents(stack: str) -> list[Agent]:
    """The agents of a run on `stack` that write a deliverable of their own."""
    return [catalogue()[call.agent] for call in catalogue().calls_for(stack) if call.task == "draft"]


def golden(stack: str) -> Pack:
    """The good pack of a stack."""
    folder = FOLDER / stack
    documents = [
        PackDocument(agent.deliverable, (folder / agent.deliverable).read_text(encoding="utf-8"))
        for agent in agents(stack)
    ]
    return Pack(tuple(documents), (folder / "prd.md").read_text(encoding="utf-8"), stack, DATABASES[stack])


DATABASES = {"python": "postgres", "csharp": "sqlserver"}


def changed(pack: Pack, name: str, old: str, new: str) -> Pack:
    """The pack with the first `old` in one of its documents replaced; `old` must be there."""
    text = pack.text(name)
    assert text is not None
    assert old in text, old
    mutated = [
        PackDocument(each.name, text.replace(old, new, 1) if each.name == name else each.text)
        for each in pack.documents
    ]
    return Pack(tuple(mutated), pack.prd, pack.stack, pack.db)


def context_for(pack: Pack, agent: Agent) -> Context:
    """One deliverable of the pack as its agent's checks see it."""
    text = pack.text(agent.deliverable)
    assert text is not None
    return Context(agent.deliverable, text, agent.tasks["draft"].sections, True, pack.stack, pack.db, pack.prd)
