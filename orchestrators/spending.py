"""What a run has spent so far, and whether its cap lets it spend more. Pure: results in, an answer out."""

from shared.contracts import Failure, RunInput, Usage
from shared.runs import CAP_REACHED, reached

_MEND = (
    "Raise RUN_TOKEN_CAP or RUN_COST_CAP_USD and start the run again: what Claude has answered is not paid for twice."
)


class Spending:
    """Adds up what calls took. Calls that are under way count when they end."""

    def __init__(self, run: RunInput) -> None:
        self._run = run
        self._spent: list[tuple[Usage, str]] = []

    def add(self, usage: Usage, model: str) -> None:
        """Note what one call of a model took."""
        self._spent.append((usage, model))

    def refusal(self) -> Failure | None:
        """Why no further call may be made; None while there is room."""
        over = reached(self._run.cap, self._spent, self._run.prices)
        return Failure(CAP_REACHED, over, _MEND) if over else None
