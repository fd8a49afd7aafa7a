"""The C# solution that the documents of a pack show, read once for all rules that ask. Pure."""

from collections.abc import Iterator
from functools import lru_cache

from shared.checks import Pack
from shared.checks.pack_model import model_of
from shared.contracts import Finding, Rule, unjudged
from shared.pack.model import CSHARP_SAMPLE, CSharpSolution


def solution_of(pack: Pack) -> CSharpSolution | None:
    """The solution; None where the pack has no C# sample."""
    if pack.text(CSHARP_SAMPLE) is None:
        return None
    return _read(pack)


@lru_cache(maxsize=2)
def _read(pack: Pack) -> CSharpSolution:
    return CSharpSolution(model_of(pack).documents)


class Undecided:
    """What one rule could not follow, by document: one finding with a count for each."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.places: dict[str, list[tuple[int, str]]] = {}

    def note(self, document: str, line: int, what: str) -> None:
        """One thing that was not followed."""
        self.places.setdefault(document, []).append((line, what))

    def findings(self) -> Iterator[Finding]:
        """One finding a document."""
        for document, places in self.places.items():
            line, what = places[0]
            more = f" and {len(places) - 1} more" if len(places) > 1 else ""
            yield unjudged(self.rule, document, line, f"Not judged: {what}{more}.")
