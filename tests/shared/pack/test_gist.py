"""What the manifest sums up of a document is told from everything else in it."""

from pathlib import Path

import pytest

from shared.agents import catalogue
from shared.pack.gist import SUMMED_UP, gist_of

TEXT = (Path(__file__).parents[2] / "golden" / "python" / "integration-architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("operationId: getOrder", "operationId: readOrder"),
        ("  /v1/orders/{orderId}:\n", "  /v1/orders/{id}:\n"),
        ("## Deployment and environments\n", "## Deployment and environments\n\nAlso in `brazilsouth`.\n"),
        ("## Security\n", "## Security\n\n**Open question:** who rotates keys? Default: nobody.\n"),
    ],
)
def test_what_is_summed_up_changes_the_gist(old: str, new: str) -> None:
    assert old in TEXT
    assert gist_of(TEXT.replace(old, new, 1)) != gist_of(TEXT)


@pytest.mark.parametrize(
    ("old", "new"),
    [("maxItems: 100", "maxItems: 200"), ("## Security\n", "## Security\n\nKeys turn in 30 days [R-035].\n")],
)
def test_what_is_not_summed_up_leaves_it(old: str, new: str) -> None:
    assert old in TEXT
    assert gist_of(TEXT.replace(old, new, 1)) == gist_of(TEXT)


def test_the_sections_that_are_summed_up_are_those_of_agents() -> None:
    titles = {
        title for agent in catalogue().agents.values() for task in agent.tasks.values() for title in task.sections
    }
    assert set(SUMMED_UP) <= titles
