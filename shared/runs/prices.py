"""What calls to Claude cost: a dated table of prices, and the arithmetic. Pure.

No price is guessed: what a model that is not in the table costs is None, "price unknown", while its tokens are counted
all the same. Some models price their cache or long prompts off the usual multiples, so each row says its own.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

from shared.contracts import Cap, ModelPrice, Prices, Usage

AS_OF = "2026-10-24"
"""Day of the price list (platform.claude.com/docs/en/about-claude/pricing) that the table below follows."""
CACHE_WRITE, CACHE_READ = 1.25, 0.1
"""Price of the five-minute cache as a multiple of plain input, where a model has no other."""
BATCH = Decimal("0.5")
"""Price of whatever comes in a batch, cached or not, as a multiple of the same sent at once."""
PER = 1_000_000
CAP_REACHED = "cap-reached"
"""Code of the failure that means: the run's cap forbids the call."""
_DATED = re.compile(r"-20\d{6}$")
_FIELDS = ("input", "output", "cache_write", "cache_read", "long_prompt_tokens", "long_prompt_factor")


def _row(model: str, input_price: float, output_price: float, cache_read: float = CACHE_READ) -> ModelPrice:
    """A model's row; `cache_read` is the multiple of its input price."""
    write, read = (float(_exact(input_price) * _exact(times)) for times in (CACHE_WRITE, cache_read))
    return ModelPrice(model, input_price, output_price, write, read)


def _exact(number: float) -> Decimal:
    """The decimal that was written down, not its nearest binary fraction."""
    return Decimal(str(number))


DEFAULT = Prices(
    AS_OF,
    (
        _row("claude-fable-5-1", 10.0, 50.0, cache_read=0.025),
        _row("claude-mythos-5-1", 10.0, 50.0, cache_read=0.025),
        _row("claude-fable-5", 10.0, 50.0),
        _row("claude-mythos-5", 10.0, 50.0),
        _row("claude-opus-5-5", 4.0, 20.0, cache_read=0.05),
        _row("claude-opus-5", 5.0, 25.0),
        _row("claude-opus-4-8", 5.0, 25.0),
        _row("claude-opus-4-7", 5.0, 25.0),
        _row("claude-opus-4-6", 5.0, 25.0),
        _row("claude-opus-4-5", 5.0, 25.0),
        _row("claude-sonnet-5-5", 2.0, 10.0, cache_read=0.05),
        _row("claude-sonnet-5", 2.0, 10.0),
        _row("claude-sonnet-4-6", 3.0, 15.0),
        ModelPrice("claude-haiku-5-5", 0.1, 0.5, 0.125, 0.01, long_prompt_tokens=100_000, long_prompt_factor=5.0),
        _row("claude-haiku-4-5", 1.0, 5.0),
    ),
)
"""US dollars per million tokens. Left out: what the list did not price (claude-fable-5-2), and claude-sonnet-4-5, whose
input and output differ in what a long prompt costs."""


def price_of(model: str, prices: Prices) -> ModelPrice | None:
    """A model's row: under its own id, or for a dated snapshot under the id without its date."""
    rows = {row.model: row for row in prices.models}
    return rows.get(model) or rows.get(_DATED.sub("", model))


def cost(usage: Usage, model: str, prices: Prices) -> Decimal | None:
    """US dollars for what calls of one model took; None where the model's price is unknown.

    Calls that are added up in one usage are priced by the longest prompt among them.
    """
    if not usage.tokens:
        return Decimal(0)
    row = price_of(model, prices)
    if row is None:
        return None
    dollars = _at_once(usage, row)
    if usage.batched:
        dollars -= _at_once(usage.batched, row) * (1 - BATCH)
    is_long = 0 < row.long_prompt_tokens < usage.longest_prompt_tokens
    return dollars * _exact(row.long_prompt_factor) if is_long else dollars


def _at_once(usage: Usage, row: ModelPrice) -> Decimal:
    """What short prompts would cost had none of them come in a batch."""
    parts = (
        (usage.input_tokens, row.input),
        (usage.cache_write_tokens, row.cache_write),
        (usage.cache_read_tokens, row.cache_read),
        (usage.output_tokens, row.output),
    )
    return sum((tokens * _exact(price) for tokens, price in parts), Decimal(0)) / PER


def total(spent: Iterable[tuple[Usage, str]], prices: Prices) -> Decimal | None:
    """The cost of usages of several models together; None where any part's price is unknown."""
    parts = [cost(usage, model, prices) for usage, model in spent]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None


def reached(cap: Cap, spent: Iterable[tuple[Usage, str]], prices: Prices) -> str | None:
    """How the cap has been reached, in words; None where there is room. What cannot be priced cannot be capped."""
    spent = list(spent)
    tokens = sum(usage.tokens for usage, _ in spent)
    if 0 < cap.tokens <= tokens:
        return f"The run's cap of {cap.tokens:,} tokens is reached: {tokens:,} were used."
    if not cap.usd:
        return None
    dollars = total(spent, prices)
    if dollars is None:
        unknown = sorted({model for usage, model in spent if cost(usage, model, prices) is None})
        return f"The run's cap of ${cap.usd:,.2f} cannot be kept: the price of {', '.join(unknown)} is unknown."
    if dollars >= _exact(cap.usd):
        return f"The run's cap of ${cap.usd:,.2f} is reached: {in_words(dollars)} was spent."
    return None


def in_words(dollars: Decimal | None) -> str:
    """An amount for people: cents, or as many digits as a small amount needs."""
    if dollars is None:
        return "price unknown"
    return f"${dollars:,.2f}" if dollars == 0 or dollars >= Decimal("0.10") else f"${dollars:,.4f}"


def as_number(dollars: Decimal | None) -> float | None:
    """An amount for JSON: US dollars to the millionth."""
    return None if dollars is None else float(round(dollars, 6))


def read_prices(text: str) -> Prices:
    """The default table with the rows of the setting PRICES over it. `ValueError` says what is wrong with the setting.

    `{"as_of": "2026-11-01", "models": {"claude-x": {"input": 2, "output": 10}}}`; `cache_write` and `cache_read` are
    the usual multiples of `input` where they are not given.
    """
    if not text:
        return DEFAULT
    given = _object(_parsed(text), "it")
    as_of, models = given.get("as_of"), _object(given.get("models"), "`models`")
    if not isinstance(as_of, str) or not _is_day(as_of):
        raise ValueError("`as_of` must be the day of the price list, such as 2026-11-01")
    own = {name: _given_row(name, _object(row, f"`{name}`")) for name, row in models.items()}
    kept = [row for row in DEFAULT.models if row.model not in own]
    return Prices(as_of, (*own.values(), *kept))


def priced_for(models: Iterable[str], prices: Prices) -> Prices:
    """As much of a table as a run of these models needs: their rows.

    Where a name is in no row, all rows: it may be a deployment's, whose answers say which model it is.
    """
    rows = [price_of(model, prices) for model in dict.fromkeys(models)]
    known = {row.model: row for row in rows if row is not None}
    return Prices(prices.as_of, tuple(known.values()) if None not in rows else prices.models)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a JSON object")
    return cast(dict[str, Any], value)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _given_row(model: str, given: Mapping[str, Any]) -> ModelPrice:
    unknown = sorted(given.keys() - set(_FIELDS))
    missing = [name for name in ("input", "output") if name not in given]
    wrong = [name for name in _FIELDS if name in given and not _is_amount(given[name])]
    for names, what in ((unknown, "unknown"), (missing, "missing"), (wrong, "no number of 0 or more")):
        if names:
            raise ValueError(f"`{names[0]}` of {model} is {what}")
    row = _row(model, float(given["input"]), float(given["output"]))
    return ModelPrice(
        model,
        row.input,
        row.output,
        float(given.get("cache_write", row.cache_write)),
        float(given.get("cache_read", row.cache_read)),
        int(given.get("long_prompt_tokens", 0)),
        float(given.get("long_prompt_factor", 1.0)),
    )


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
