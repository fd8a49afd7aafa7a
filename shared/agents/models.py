"""Which model answers how: an agent's tier, what a tier stands for, and what a model's own facts forbid. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

type Tier = Literal["strong", "balanced", "fast"]
TIERS: tuple[str, ...] = get_args(Tier.__value__)
DEFAULT_TIER = "balanced"
EFFORTS = ("low", "medium", "high", "xhigh", "max")
THINKING = ("adaptive", "between_tools", "disabled")
SMALLEST_THINKING_BUDGET = 1_024
"""The API's own bound for `budget_tokens`."""


@dataclass(frozen=True)
class ModelSettings:
    """How one call is made. Effort and thinking are the model's own default where they are None.

    `thinking` is one of `THINKING`, or a number of tokens to think with. Calls share a cached prefix only where all
    of this is the same.
    """

    model: str
    max_tokens: int
    effort: str | None = None
    thinking: str | None = None

    @property
    def thinking_budget(self) -> int | None:
        """Tokens to think with, where that is what is set."""
        return int(self.thinking) if self.thinking and self.thinking.isdecimal() else None

    @property
    def parameters(self) -> dict[str, Any]:
        """The Messages API's parameters besides model, length and texts."""
        chosen: dict[str, Any] = {}
        if self.effort:
            chosen["output_config"] = {"effort": self.effort}
        if self.thinking_budget is not None:
            chosen["thinking"] = {"type": "enabled", "budget_tokens": self.thinking_budget}
        elif self.thinking:
            chosen["thinking"] = {"type": self.thinking}
        return chosen

    @property
    def can_be_warmed(self) -> bool:
        """Whether a request with `max_tokens=0` is allowed: not with a budget for thinking."""
        return self.thinking_budget is None

    def contradictions(self) -> list[str]:
        """What is wrong with these settings whatever the model."""
        problems: list[str] = []
        if self.effort is not None and self.effort not in EFFORTS:
            problems.append(f"effort {self.effort!r} is not one of {', '.join(EFFORTS)}")
        budget = self.thinking_budget
        if budget is None and self.thinking is not None and self.thinking not in THINKING:
            allowed = ", ".join(THINKING)
            problems.append(f"thinking {self.thinking!r} is not one of {allowed}, or a number of tokens")
        if budget is not None and not SMALLEST_THINKING_BUDGET <= budget < self.max_tokens:
            bounds = f"{SMALLEST_THINKING_BUDGET:,} tokens and fewer than the answer's {self.max_tokens:,}"
            problems.append(f"thinking with {budget:,} tokens must be at least {bounds}")
        return problems


@dataclass(frozen=True)
class ModelFacts:
    """What the Models API tells of a model; None and empty where it does not say."""

    model: str
    max_tokens: int | None = None
    max_input_tokens: int | None = None
    lifecycle: str | None = None
    retires: str | None = None
    refused: frozenset[str] = frozenset()
    """Efforts and kinds of thinking that it does not accept: `effort=max`, `thinking=disabled`, ..."""


def facts_of(model: str, info: Mapping[str, Any]) -> ModelFacts:
    """Read the Models API's answer, which may leave anything out."""
    retires, most, read = info.get("retires_at"), info.get("max_tokens"), info.get("max_input_tokens")
    return ModelFacts(
        model=model,
        max_tokens=most if isinstance(most, int) else None,
        max_input_tokens=read if isinstance(read, int) else None,
        lifecycle=info.get("lifecycle"),
        retires=str(retires)[:10] if retires else None,
        refused=frozenset(_refused(_table(info, "capabilities"))),
    )


def _refused(capabilities: Mapping[str, Any]) -> list[str]:
    efforts = _table(capabilities, "effort")
    kinds = _table(_table(capabilities, "thinking"), "types")
    refused = [f"effort={name}" for name in EFFORTS if _table(efforts, name).get("supported") is False]
    names = (*THINKING, "enabled")
    return refused + [f"thinking={name}" for name in names if _table(kinds, name).get("supported") is False]


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}


def conflicts(chosen: ModelSettings, facts: ModelFacts) -> list[str]:
    """What the model would refuse of these settings, each said with its mend."""
    problems: list[str] = []
    if facts.lifecycle == "retired":
        problems.append(f"{facts.model} is retired: name another model")
    if facts.max_tokens is not None and chosen.max_tokens > facts.max_tokens:
        asked = f"{chosen.max_tokens:,} output tokens are asked for"
        problems.append(f"{asked}, {facts.model} writes {facts.max_tokens:,} at most: lower MAX_OUTPUT_TOKENS")
    kind = "enabled" if chosen.thinking_budget is not None else chosen.thinking
    wanted = (f"effort={chosen.effort}", f"thinking={kind}")
    problems += [f"{facts.model} does not accept {name}" for name in wanted if name in facts.refused]
    return problems
