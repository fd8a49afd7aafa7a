"""The Execution Plan Summary: what a run will do, shown before it starts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts import Call, Options

CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English prose; `count_tokens` is exact but needs a call."""
OUTPUT_TOKENS_PER_SECOND = 70
"""Streaming pace assumed for the estimate."""
SECONDS_PER_CALL = 5
"""Time to the first token and storage work around a call."""
PROMPT_TOKENS = 2_500
"""The shared system text and a role prompt."""
_TITLES = {1: "Setup", 2: "Architecture", 3: "Specialists", 4: "Synthesis"}


@dataclass(frozen=True)
class Phase:
    """Calls that are scheduled together."""

    number: int
    title: str
    calls: tuple[Call, ...]

    @property
    def parallel(self) -> bool:
        """Whether the phase has more than one call; they then run at the same time."""
        return len(self.calls) > 1


@dataclass(frozen=True)
class Plan:
    """Phases with their calls and estimates (seconds, tokens)."""

    phases: tuple[Phase, ...]
    options: Options
    estimated_seconds: int
    estimated_input_tokens: int
    estimated_output_tokens: int

    @property
    def calls(self) -> int:
        """Number of agent calls."""
        return sum(len(phase.calls) for phase in self.phases)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that HTTP answers carry."""
        return {
            "phases": [
                {
                    "number": phase.number,
                    "title": phase.title,
                    "agents": [call.agent for call in phase.calls],
                    "parallel": phase.parallel,
                }
                for phase in self.phases
            ],
            "calls": self.calls,
            "estimated_seconds": self.estimated_seconds,
            "estimated_tokens": {
                "input": self.estimated_input_tokens,
                "output": self.estimated_output_tokens,
            },
            "stack": self.options.stack,
            "stack_reason": self.options.stack_reason,
            "db": self.options.db,
            "text": self.text(),
        }

    def text(self) -> str:
        """The summary in the form people know from the command."""
        lines = ["Execution Plan Summary:"]
        lines += [_phase_line(phase) for phase in self.phases]
        tokens = f"{_thousands(self.estimated_input_tokens)} in, {_thousands(self.estimated_output_tokens)} out"
        lines += [
            f"Total Task calls: {self.calls}",
            f"Stack: {self.options.stack} ({self.options.stack_reason})",
            f"Database: {self.options.db or 'chosen by the architect'}",
            f"Estimated completion: {_duration(self.estimated_seconds)}",
            f"Estimated tokens: {tokens}",
        ]
        return "\n".join(lines)


def make_plan(calls: Sequence[Call], options: Options, prd_characters: int) -> Plan:
    """Group `calls` by phase and estimate from the PRD's length and the agents' typical outputs."""
    numbers = sorted({call.phase for call in calls})
    phases = tuple(
        Phase(
            number,
            _TITLES.get(number, f"Phase {number}"),
            tuple(call for call in calls if call.phase == number),
        )
        for number in numbers
    )
    outputs = {call.deliverable: call.estimated_output_tokens for call in calls if call.task == "draft"}
    prd_tokens = prd_characters // CHARACTERS_PER_TOKEN
    return Plan(
        phases=phases,
        options=options,
        estimated_seconds=sum(max(map(_seconds, phase.calls)) for phase in phases),
        estimated_input_tokens=sum(PROMPT_TOKENS + prd_tokens + _read_tokens(call, outputs) for call in calls),
        estimated_output_tokens=sum(call.estimated_output_tokens for call in calls),
    )


def _seconds(call: Call) -> int:
    return SECONDS_PER_CALL + call.estimated_output_tokens // OUTPUT_TOKENS_PER_SECOND


def _read_tokens(call: Call, outputs: dict[str, int]) -> int:
    if "*" in call.needs:
        return sum(outputs.values())
    return sum(outputs.get(need, 0) for need in call.needs)


def _phase_line(phase: Phase) -> str:
    tasks = " + ".join(f"Task({call.agent})" for call in phase.calls)
    return f"Phase {phase.number}: {tasks} — {'Parallel' if phase.parallel else phase.calls[0].summary}"


def _thousands(tokens: int) -> str:
    return f"{round(tokens / 1000)}k" if tokens >= 1000 else str(tokens)


def _duration(seconds: int) -> str:
    return f"about {round(seconds / 60)} min" if seconds >= 90 else f"about {seconds} s"
