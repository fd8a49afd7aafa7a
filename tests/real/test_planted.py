"""Rules find in real documents what they find in our own drafts."""

import pytest

from tests.real.planted import PLANTED, Planted


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.rule}-{planted.pack}")
def test_a_defect_planted_in_a_real_pack_is_found_by_its_rule(planted: Planted):
    assert planted.told()
