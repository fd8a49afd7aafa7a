"""What is extracted from labelled PRDs: enough of what they ask for, little else, of the right kind and family."""

import pytest

from tests.real.prds.measure import figures, measure, names

LEAST_FOUND, MOST_SPURIOUS = 0.92, 0.06
MOST_OF_ANOTHER_KIND, MOST_OF_ANOTHER_FAMILY = 0.08, 0.03


@pytest.mark.parametrize("kept_out", [False, True])
def test_what_prds_ask_for_is_found_and_little_else(kept_out: bool):
    shares = figures(one for one in map(measure, names()) if one.kept_out == kept_out)
    assert shares.found >= LEAST_FOUND
    assert shares.spurious <= MOST_SPURIOUS
    assert shares.kind <= MOST_OF_ANOTHER_KIND
    assert shares.family <= MOST_OF_ANOTHER_FAMILY


@pytest.mark.parametrize("name", names())
def test_no_prd_loses_many_of_its_requirements(name: str):
    one = measure(name)
    assert len(one.missed) <= max(1, one.asked // 8)
    assert len(one.spurious) <= max(1, one.extracted // 12)
