"""The accounts of a run: what each call took, and all of them together, in tokens and money. Pure.

Money is reckoned here from tokens and the prices that the run was started with; nothing else stores it.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from shared.contracts import Cap, ManifestRequest, Usage
from shared.runs.prices import as_number, cost, in_words, total

_COLUMNS = (
    "call", "model", "attempts", "input", "cache write", "cache read", "output", "thinking", "seconds", "first token",
    "cost",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the accounts: a planned call with all its tries and revisions, or the cache warm-up."""

    key: str
    model: str
    usage: Usage
    cost: Decimal | None


def entries(request: ManifestRequest) -> list[Entry]:
    """A line for each planned call for which a model was called, or its earlier answer taken."""
    prices = request.run.prices
    return [
        Entry(outcome.key, outcome.model, outcome.usage, cost(outcome.usage, outcome.model, prices))
        for outcome in request.outcomes
        if outcome.usage != Usage()
    ]


def total_usage(request: ManifestRequest) -> Usage:
    """What all calls took, warming included."""
    return sum((outcome.usage for outcome in request.outcomes), request.warming)


def total_cost(request: ManifestRequest) -> Decimal | None:
    """What all calls cost; None where the price of any is unknown."""
    spent = [(outcome.usage, outcome.model) for outcome in request.outcomes]
    return total([*spent, (request.warming, request.warming_model)], request.run.prices)


def accounting_table(request: ManifestRequest) -> str:
    """The section of MANIFEST.md."""
    warming = _warming(request)
    lines = [*entries(request), *([warming] if warming.usage.tokens else [])]
    whole = Entry("**all calls**", "", total_usage(request), total_cost(request))
    rows = [f"| {' | '.join(_COLUMNS)} |", "|---|---|" + "---:|" * (len(_COLUMNS) - 2)]
    rows += [_row(line) for line in (*lines, whole)]
    return "\n".join(["## Accounting", "", *rows, "", *_remarks(request)])


def accounting_json(request: ManifestRequest) -> dict[str, Any]:
    """The same for manifest.json."""
    calls = {call.key: call for call in request.run.calls}
    run, whole = request.run, total_cost(request)
    return {
        "calls": [
            {
                "key": entry.key,
                "agent": calls[entry.key].agent,
                "task": calls[entry.key].task,
                "model": entry.model or None,
                "usage": asdict(entry.usage),
                "cost_usd": as_number(entry.cost),
            }
            for entry in entries(request)
        ],
        "warming": asdict(request.warming),
        "total": asdict(total_usage(request)),
        "total_cost_usd": as_number(whole),
        "prices_as_of": run.prices.as_of or None,
        "cap": {"tokens": run.cap.tokens or None, "usd": run.cap.usd or None},
    }


def _warming(request: ManifestRequest) -> Entry:
    usage, model = request.warming, request.warming_model
    return Entry("cache warm-up", model, usage, cost(usage, model, request.run.prices))


def _row(entry: Entry) -> str:
    usage = entry.usage
    tokens = (
        usage.attempts,
        usage.input_tokens,
        usage.cache_write_tokens,
        usage.cache_read_tokens,
        usage.output_tokens,
        usage.thinking_tokens,
    )
    streamed = usage.calls - _batched(usage)
    first_token = f"{usage.first_token_seconds / streamed:.1f}" if streamed > 0 else ""
    model = re.sub(r"[^\w.@:/-]", "_", entry.model)  # the API's own words, in a table
    cells = [_name(entry), model, *(f"{number:,}" for number in tokens)]
    cells += [f"{usage.seconds:.1f}", first_token, _price(entry)]
    return f"| {' | '.join(cells)} |"


def _name(entry: Entry) -> str:
    """The call, and how much of it came in batches."""
    usage, batched = entry.usage, _batched(entry.usage)
    if not batched:
        return entry.key
    return f"{entry.key} (batch)" if batched == usage.calls else f"{entry.key} (batch: {batched} of {usage.calls})"


def _batched(usage: Usage) -> int:
    return usage.batched.calls if usage.batched else 0


def _price(entry: Entry) -> str:
    if entry.usage.reused and not entry.usage.tokens:
        return "reused"
    return in_words(entry.cost)


def _remarks(request: ManifestRequest) -> Iterator[str]:
    """How to read the table."""
    usage, prices = total_usage(request), request.run.prices
    yield f"{usage.calls} call(s) answered in {usage.attempts} attempt(s); `first token` is a call's mean, in seconds."
    if usage.reused:
        yield f"{usage.reused} answer(s) were reused: an earlier run had paid for the same question."
    if batched := _batched(usage):
        yield f"{batched} call(s) came in batches, at half the price; their `seconds` are their batch's."
    if prices.as_of:
        yield f"US dollars at the prices of {prices.as_of}."
    if request.run.cap != Cap():
        yield f"The run's cap: {_cap_in_words(request.run.cap)}."


def _cap_in_words(cap: Cap) -> str:
    parts = [f"{cap.tokens:,} tokens"] if cap.tokens else []
    parts += [f"${cap.usd:,.2f}"] if cap.usd else []
    return " and ".join(parts)
