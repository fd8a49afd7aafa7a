"""What an incremental run does with each text of the earlier pack: carry it over, or have its agent update it. Pure.

A text that a changed requirement reaches is updated. A specialist's is too where it uses a name of the architecture
that moved; the manifest's last part where what it sums up of any document did. All others are carried over to the byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestrators.revising import is_same, request_for
from shared.contracts import EDITS, SURE, AgentRequest, BaseText, Call, Document, Moves, Outcome, RunInput

MOST_NAMED = 60
"""Names that moved which an agent is told of."""
NOTHING_MOVED = Moves()


@dataclass(frozen=True)
class Intent:
    """What is done for one call: the earlier text, if there is one, and whether it is updated or carried over."""

    earlier: BaseText | None = None
    updates: bool = False
    moved: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether its agent is asked at all."""
        return self.earlier is None or self.updates

    def request(self, run: RunInput, call: Call, documents: tuple[Document, ...]) -> AgentRequest:
        """What the agent is asked first: a draft, or edits to the earlier text."""
        asked = request_for(run, call, documents)
        if self.earlier is None or run.base is None:
            return asked
        earlier = self.earlier
        return replace(asked, previous=earlier.text, form=EDITS, changes=run.base.changes, moved=self.moved)


def intent_for(call: Call, run: RunInput, outcomes: Mapping[str, Outcome], moves: Moves = NOTHING_MOVED) -> Intent:
    """What is done for a call, given what the calls before it became."""
    earlier = run.base.text_of(call.key) if run.base else None
    if earlier is None or earlier.level == SURE:
        return Intent(earlier, updates=True, moved=moves.names[:MOST_NAMED])
    if "*" in call.needs:
        return Intent(earlier, updates=any(_has_other_gist(run, outcome) for outcome in outcomes.values()))
    return Intent(earlier, updates=call.deliverable in moves.deliverables, moved=moves.names[:MOST_NAMED])


def is_carried(outcome: Outcome, run: RunInput) -> bool:
    """Whether a text is still the earlier pack's."""
    earlier = run.base.text_of(outcome.key) if run.base else None
    return earlier is not None and is_same(outcome.draft, earlier.text)


def earlier_documents(run: RunInput, call: Call) -> tuple[Document, ...]:
    """The earlier pack's documents but for that of `call`."""
    found = ((other, run.base.text_of(other.key)) for other in run.calls if run.base and other.task == "draft")
    return tuple(
        Document(other.deliverable, other.agent, text.text)
        for other, text in found
        if text is not None and other.key != call.key
    )


def errors_before(key: str, run: RunInput) -> int:
    """The errors that the earlier pack was delivered with in this text: no reason to ask its agent now."""
    earlier = run.base.text_of(key) if run.base else None
    return earlier.errors if earlier else 0


def _has_other_gist(run: RunInput, outcome: Outcome) -> bool:
    """Whether a document says something else now; one that is new does."""
    if outcome.file is None:
        return False
    earlier = run.base.text_of(outcome.key) if run.base else None
    return earlier is None or earlier.gist != outcome.gist
