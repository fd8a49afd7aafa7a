"""The Execution Plan Summary: what a run will do and cost, shown before it starts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from shared.agents import SMALLEST_CACHED_TOKENS
from shared.contracts import Base, Call, Converted, Options, Prices, RunInput, Usage
from shared.runs.base_view import base_in_words, base_json
from shared.runs.prices import as_number, in_words, price_of, total

OUTPUT_TOKENS_PER_SECOND = 70
"""Streaming pace assumed for the estimate."""
SECONDS_PER_CALL = 5
"""Time to the first token and storage work around a call."""
SECONDS_PER_BATCH = 3_600
"""Most batches end within the hour."""
HOURS_PER_BATCH = 24
"""Every batch has ended by then."""
ROLE_TOKENS = 2_000
"""An assignment with its role prompt."""
CHARACTERS_PER_TOKEN = 4
EDITS_SHARE = 10
"""One in so many tokens of a document is what edits to it take, as a rule."""
FEWEST_TOKENS = 200
NO_PRICES = Prices()
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
    """Phases with their calls and estimates (seconds, tokens, US dollars), each without revisions.

    `counted` says that Claude has counted what all calls read; `prices` are those that the cost rests on.
    `requirements` were found in the PRD; those from line `untraced_from` on (0: none) are not traced. With a `base`,
    the calls are those that the PRD's changes reach, at most: what only may be stale is counted among them.
    """

    phases: tuple[Phase, ...]
    options: Options
    estimated_seconds: int
    estimated_input_tokens: int
    estimated_output_tokens: int
    estimated_cost: Decimal | None
    counted: bool
    prices: Prices
    requirements: int = 0
    untraced_from: int = 0
    converted: Converted | None = None
    base: Base | None = None

    @property
    def basis(self) -> str:
        """How the input was measured."""
        return "counted" if self.counted else "estimated"

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
                "basis": self.basis,
            },
            "estimated_cost_usd": as_number(self.estimated_cost),
            "prices_as_of": self.prices.as_of or None,
            "requirements": {"found": self.requirements, "untraced_from_line": self.untraced_from or None},
            "stack": self.options.stack,
            "stack_reason": self.options.stack_reason,
            "db": self.options.db,
            "economy": self.options.economy,
            **({"notes": [self.converted.in_words()]} if self.converted else {}),
            "base": base_json(self.base) if self.base else None,
            "text": self.text(),
        }

    def text(self) -> str:
        """The summary in the form people know from the command."""
        lines = ["Execution Plan Summary:"]
        lines += [_phase_line(phase) for phase in self.phases]
        tokens = f"{_thousands(self.estimated_input_tokens)} in, {_thousands(self.estimated_output_tokens)} out"
        how = "PRD counted by the model" if self.counted else "PRD estimated from its length"
        lines += [
            f"Total Task calls: {self.calls}",
            f"Stack: {self.options.stack} ({self.options.stack_reason})",
            f"Database: {self.options.db or 'chosen by the architect'}",
            f"Requirements: {self._requirements_in_words()}",
            *(base_in_words(self.base) if self.base else ()),
            f"Estimated completion: {_duration(self.estimated_seconds)}{self._patience()}",
            f"Estimated tokens: {tokens} ({how})",
            f"Estimated cost: {self._cost_in_words()}",
        ]
        if self.converted:
            lines.insert(-5, f"PRD: {self.converted.in_words()}")
        return "\n".join(lines)

    def _requirements_in_words(self) -> str:
        if not self.untraced_from:
            return f"{self.requirements:,} found"
        from shared.prd.requirements import beyond_tracing  # here: indexing the app reads no PRD

        return beyond_tracing(self.requirements, self.untraced_from)

    def _patience(self) -> str:
        """What economy mode asks of those who wait."""
        if not self.options.economy:
            return ""
        return f" (economy: {len(self.phases)} batches one after another, each of up to {HOURS_PER_BATCH} h)"

    def _cost_in_words(self) -> str:
        if self.estimated_cost is None:
            calls = [call for phase in self.phases for call in phase.calls]
            unknown = dict.fromkeys(call.model for call in calls if price_of(call.model, self.prices) is None)
            return f"price unknown ({', '.join(filter(None, unknown)) or 'no model named'})"
        half = ", half price in batches" if self.options.economy else ""
        return f"about {in_words(self.estimated_cost)} (prices of {self.prices.as_of}{half})"


def plan_of(run: RunInput) -> Plan:
    """The plan of a run, as it was shown before it started."""
    counted, prices = run.prefix_counted, run.prices
    plan = make_plan(run.calls, run.options, run.prefix_tokens, counted=counted, prices=prices, base=run.base)
    return replace(plan, requirements=run.requirements, untraced_from=run.untraced_from, converted=run.converted)


def make_plan(
    calls: Sequence[Call],
    options: Options,
    prefix_tokens: int,
    *,
    counted: bool = False,
    prices: Prices = NO_PRICES,
    base: Base | None = None,
) -> Plan:
    """Group `calls` by phase and estimate from the length of what all read and the agents' typical outputs.

    With a `base`, calls that nothing reaches are left out, and the others are edits to a text that is there.
    """
    drafts = {call.deliverable: call.estimated_output_tokens for call in calls if call.task == "draft"}
    own = dict[str, int]()
    if base is not None:
        own = {text.key: text.text.size // CHARACTERS_PER_TOKEN for text in base.texts}
        drafts |= {call.deliverable: own[call.key] for call in calls if call.task == "draft" and call.key in own}
        calls = [_edited(call, base) for call in calls if call.key not in own or _level(base, call)]
    numbers = sorted({call.phase for call in calls})
    phases = tuple(
        Phase(
            number,
            _TITLES.get(number, f"Phase {number}"),
            tuple(call for call in calls if call.phase == number),
        )
        for number in numbers
    )
    usages = _usages(calls, prefix_tokens, drafts, own)
    if options.economy:
        usages = [_batched(usage) for usage in usages]
    return Plan(
        phases=phases,
        options=options,
        estimated_seconds=len(phases) * SECONDS_PER_BATCH
        if options.economy
        else sum(max(map(_seconds, phase.calls)) for phase in phases),
        estimated_input_tokens=sum(usage.all_input_tokens for usage in usages),
        estimated_output_tokens=sum(usage.output_tokens for usage in usages),
        estimated_cost=total(zip(usages, (call.model for call in calls), strict=True), prices),
        counted=counted,
        prices=prices,
        base=base,
    )


def _level(base: Base, call: Call) -> str:
    text = base.text_of(call.key)
    return text.level if text else ""


def _edited(call: Call, base: Base) -> Call:
    """A call that edits what there is writes a small part of it."""
    if base.text_of(call.key) is None:
        return call
    return replace(call, estimated_output_tokens=max(call.estimated_output_tokens // EDITS_SHARE, FEWEST_TOKENS))


def _usages(
    calls: Sequence[Call], prefix_tokens: int, drafts: Mapping[str, int], own: Mapping[str, int]
) -> list[Usage]:
    """What each call will take: whatever a call of the same model has read before comes from Claude's cache.

    `drafts` are the lengths of the documents, `own` those of the texts that calls edit and read besides.
    """
    cached: dict[str, set[str]] = {}
    usages: list[Usage] = []
    for call in calls:
        pieces = {"": prefix_tokens} | {name: tokens for name, tokens in drafts.items() if _reads(call, name)}
        known = cached.setdefault(call.model, set())
        read = sum(tokens for name, tokens in pieces.items() if name in known)
        new = sum(pieces.values()) - read
        written = new if read + new >= SMALLEST_CACHED_TOKENS else 0
        if written:
            known.update(pieces)
        usages.append(
            Usage(
                input_tokens=ROLE_TOKENS + own.get(call.key, 0) + new - written,
                cache_write_tokens=written,
                cache_read_tokens=read,
                output_tokens=call.estimated_output_tokens,
                longest_prompt_tokens=ROLE_TOKENS + own.get(call.key, 0) + read + new,
            )
        )
    return usages


def _batched(usage: Usage) -> Usage:
    """The same call in a batch: at half the price, and without hope for what another has cached."""
    tokens = usage.all_input_tokens
    uncached = replace(usage, input_tokens=tokens, cache_write_tokens=0, cache_read_tokens=0)
    return replace(uncached, batched=uncached)


def _reads(call: Call, name: str) -> bool:
    return "*" in call.needs or name in call.needs


def _seconds(call: Call) -> int:
    return SECONDS_PER_CALL + call.estimated_output_tokens // OUTPUT_TOKENS_PER_SECOND


def _phase_line(phase: Phase) -> str:
    tasks = " + ".join(f"Task({call.agent})" for call in phase.calls)
    return f"Phase {phase.number}: {tasks} — {'Parallel' if phase.parallel else phase.calls[0].summary}"


def _thousands(tokens: int) -> str:
    return f"{round(tokens / 1000)}k" if tokens >= 1000 else str(tokens)


def _duration(seconds: int) -> str:
    return f"about {round(seconds / 60)} min" if seconds >= 90 else f"about {seconds} s"
