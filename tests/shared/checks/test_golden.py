"""Good packs pass every rule: no error anywhere, in both stacks."""

import pytest

from shared.checks import PACK_CHECKS, run
from tests.golden import STACKS, agents, context_for, golden


@pytest.mark.parametrize("stack", STACKS)
def test_a_good_pack_has_no_error(stack: str):
    pack = golden(stack)
    findings = [finding for agent in agents(stack) for finding in run(agent.checks, context_for(pack, agent))]
    findings += run(PACK_CHECKS, pack)
    assert [finding for finding in findings if finding.severity == "error"] == []
