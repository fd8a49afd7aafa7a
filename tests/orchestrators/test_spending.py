"""A run stops at its cap: decided from its input and the results so far."""

import pytest

from orchestrators.spending import Spending
from shared.contracts import BlobRef, Cap, Options, RunInput, Usage
from shared.runs.prices import DEFAULT

SONNET = "claude-sonnet-5-5"


def spending(cap: Cap) -> Spending:
    prd = BlobRef("runs", "r1/prd.md", "ab" * 32, 12)
    options = Options("python", "asked for")
    return Spending(RunInput("r1", "p", "P", prd, "p.md", None, options, "designs", (), cap=cap, prices=DEFAULT))


@pytest.mark.parametrize("cap", [Cap(tokens=100), Cap(usd=0.001)])
def test_nothing_spent_is_no_reason_to_stop(cap: Cap):
    assert spending(cap).refusal() is None


def test_every_try_counts_whether_it_was_answered_or_not():
    run = spending(Cap(tokens=100))
    run.add(Usage(attempts=1, input_tokens=60), SONNET)
    assert run.refusal() is None
    run.add(Usage(attempts=1, input_tokens=60), SONNET)
    refusal = run.refusal()
    assert refusal
    assert (refusal.code, refusal.detail) == ("cap-reached", "The run's cap of 100 tokens is reached: 120 were used.")
    assert "RUN_TOKEN_CAP" in refusal.mend


def test_reused_answers_spend_nothing():
    run = spending(Cap(tokens=1))
    run.add(Usage(reused=1), SONNET)
    assert run.refusal() is None


def test_without_a_cap_there_is_no_limit():
    run = spending(Cap())
    run.add(Usage(output_tokens=10**9), "claude-next")
    assert run.refusal() is None
