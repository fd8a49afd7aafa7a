"""Tiers, and what a model's own facts forbid."""

from typing import Any

import pytest

from shared.agents.models import ModelSettings, conflicts, facts_of

SONNET: dict[str, Any] = {
    "max_tokens": 64_000,
    "lifecycle": "active",
    "capabilities": {
        "effort": {"supported": True, "max": {"supported": False}, "high": {"supported": True}},
        "thinking": {"types": {"enabled": {"supported": False}, "adaptive": {"supported": True}}},
    },
}


@pytest.mark.parametrize(
    ("chosen", "parameters"),
    [
        (ModelSettings("m", 100), {}),
        (ModelSettings("m", 100, "high"), {"output_config": {"effort": "high"}}),
        (ModelSettings("m", 100, None, "adaptive"), {"thinking": {"type": "adaptive"}}),
        (ModelSettings("m", 9_000, "low", "2048"), {
            "output_config": {"effort": "low"}, "thinking": {"type": "enabled", "budget_tokens": 2_048},
        }),
    ],
)  # fmt: skip
def test_settings_become_parameters_of_the_api(chosen: ModelSettings, parameters: dict[str, Any]):
    assert chosen.parameters == parameters
    assert chosen.contradictions() == []
    assert chosen.can_be_warmed == ("budget" not in str(parameters))


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (ModelSettings("m", 100, "huge"), "effort 'huge' is not one of low, medium, high, xhigh, max"),
        (ModelSettings("m", 100, None, "deep"), "thinking 'deep' is not one of adaptive"),
        (ModelSettings("m", 9_000, None, "1000"), "must be at least 1,024 tokens"),
        (ModelSettings("m", 2_000, None, "2000"), "fewer than the answer's 2,000"),
    ],
)
def test_settings_that_no_model_takes_are_contradictions(chosen: ModelSettings, said: str):
    (problem,) = chosen.contradictions()
    assert said in problem


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (ModelSettings("m", 64_001), "64,001 output tokens are asked for, m writes 64,000 at most"),
        (ModelSettings("m", 100, "max"), "m does not accept effort=max"),
        (ModelSettings("m", 9_000, None, "2048"), "m does not accept thinking=enabled"),
    ],
)
def test_what_a_model_does_not_take_is_a_conflict(chosen: ModelSettings, said: str):
    (problem,) = conflicts(chosen, facts_of("m", SONNET))
    assert said in problem


def test_what_the_api_does_not_tell_is_no_conflict():
    chosen = ModelSettings("m", 10**6, "max", "disabled")
    assert conflicts(chosen, facts_of("m", {})) == []
    assert conflicts(chosen, facts_of("m", {"capabilities": None, "max_tokens": None})) == []


def test_a_retired_model_is_a_conflict():
    (problem,) = conflicts(ModelSettings("m", 100), facts_of("m", {"lifecycle": "retired"}))
    assert problem == "m is retired: name another model"
