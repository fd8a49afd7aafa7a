"""Which documents a call reads, and whether all of them are there. Pure."""

from shared.contracts import Call, Document, Outcome, RunInput


def documents_for(call: Call, run: RunInput, outcomes: dict[str, Outcome]) -> tuple[Document, ...]:
    """The published drafts that `call` reads, in planned order."""
    return tuple(
        document for document in all_documents(run, outcomes) if "*" in call.needs or document.name in call.needs
    )


def all_documents(run: RunInput, outcomes: dict[str, Outcome]) -> tuple[Document, ...]:
    """Every published draft, in planned order."""
    found: list[Document] = []
    for call in run.calls:
        outcome = outcomes.get(call.key)
        if outcome and outcome.draft and outcome.file:
            found.append(Document(call.deliverable, call.agent, outcome.draft))
    return tuple(found)


def has_what_it_needs(call: Call, run: RunInput, outcomes: dict[str, Outcome]) -> bool:
    """Whether `call` can start; "*" needs at least one document."""
    documents = documents_for(call, run, outcomes)
    if "*" in call.needs:
        return bool(documents)
    return {document.name for document in documents} == set(call.needs)


def is_built_on(call: Call, run: RunInput) -> bool:
    """Whether another call reads what `call` writes by name, and builds on it."""
    return any(call.deliverable in other.needs for other in run.calls)
